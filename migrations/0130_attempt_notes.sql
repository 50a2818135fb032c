-- What an attempt did, told while it runs and after it ended without a word of its own: cancelled, taken away, its worker dead.

CREATE TABLE queue.attempt_note (
  task_id bigint NOT NULL,
  lease_token bigint NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  detail jsonb NOT NULL CHECK (jsonb_typeof(detail) = 'object'),
  PRIMARY KEY (task_id, lease_token)
);
COMMENT ON TABLE queue.attempt_note IS 'Steps and documents of attempts, as their worker last told. An attempt that failed has them in queue.outcome.detail.';
COMMENT ON COLUMN queue.attempt_note.noted_at IS 'Workers tell with their tick, once a second, where something changed.';
GRANT SELECT ON queue.attempt_note TO aker_admin, aker_worker, aker_reader;

CREATE FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO queue.attempt_note (task_id, lease_token, detail)
    SELECT g.task_id, g.lease_token, g.detail FROM unnest($1, $2, $3) AS g(task_id, lease_token, detail)
    WHERE EXISTS (SELECT FROM queue.lease l WHERE l.task_id = g.task_id AND l.lease_token = g.lease_token)
      OR EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = g.task_id AND o.lease_token = g.lease_token)
    ON CONFLICT (task_id, lease_token) DO UPDATE SET detail = EXCLUDED.detail, noted_at = EXCLUDED.noted_at
$$;
COMMENT ON FUNCTION queue.note_attempts IS 'Keeps what is known of attempts, in place of what was noted before; attempts that never were are left out. Decides nothing: a lost lease is no error here.';
REVOKE ALL ON FUNCTION queue.note_attempts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue.note_attempts TO aker_admin, aker_worker;

CREATE OR REPLACE VIEW queue.attempt AS
SELECT o.lease_token AS attempt_id, o.task_id, a.backfill_id, a.dataset, o.data_year::integer AS data_year, t.region, o.attempt_number::integer AS attempt_number,
  o.kind::text AS state, o.started_at, o.finished_at, o.finished_at - o.started_at AS ran_for, o.worker_id, w.name AS worker_name, w.host,
  o.error_class, o.reason, CASE WHEN o.kind = 'completed' THEN o.detail ELSE coalesce(n.detail || o.detail, o.detail, n.detail) END AS detail, o.result,
  CASE WHEN o.kind <> 'completed' THEN coalesce(o.detail ->> 'step', n.detail ->> 'step') END AS step,
  o.detail -> 'causes' AS causes
FROM queue.outcome o JOIN queue.planned_task t USING (task_id) JOIN queue.lane a ON a.lane_id = o.lane_id LEFT JOIN queue.worker w ON w.worker_id = o.worker_id
  LEFT JOIN queue.attempt_note n ON n.task_id = o.task_id AND n.lease_token = o.lease_token
WHERE o.lease_token IS NOT NULL
UNION ALL
SELECT l.lease_token, l.task_id, a.backfill_id, a.dataset, l.data_year, t.region, l.attempt_count, 'running', l.started_at, NULL,
  clock_timestamp() - l.started_at, l.worker_id, w.name, w.host, NULL, NULL, n.detail, NULL, n.detail ->> 'step', NULL
FROM queue.lease l JOIN queue.planned_task t USING (task_id) JOIN queue.lane a ON a.lane_id = l.lane_id LEFT JOIN queue.worker w ON w.worker_id = l.worker_id
  LEFT JOIN queue.attempt_note n ON n.task_id = l.task_id AND n.lease_token = l.lease_token;
COMMENT ON COLUMN queue.attempt.detail IS 'advice, error (its type), causes, step, steps (each with after and seconds), inputs (the documents it had). Steps of what was published are in lineage.publication.';
COMMENT ON COLUMN queue.attempt.step IS 'The step that it is in, or was in when it ended; NULL where it was between two.';
COMMENT ON COLUMN queue.attempt.causes IS 'What lies beneath the reason, from near to far: ["HTTP 503 from api.census.gov", ...].';
COMMENT ON COLUMN queue.outcome.detail IS 'What an operator needs to understand the failure, from the handler: advice, error, causes, step, steps, inputs.';

CREATE OR REPLACE FUNCTION queue.prune(older_than interval DEFAULT NULL, batch_size integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  old queue.backfill;
  tasks bigint[];
BEGIN
  IF coalesce($2, 0) < 1 THEN
    RAISE EXCEPTION 'batch_size must be at least 1' USING ERRCODE = 'AK003';
  END IF;
  SELECT b.* INTO old FROM queue.backfill b CROSS JOIN queue.setting g
    WHERE b.finished_at < clock_timestamp() - coalesce($1, g.retention_interval) ORDER BY b.finished_at LIMIT 1 FOR UPDATE OF b SKIP LOCKED;
  IF NOT FOUND THEN
    DELETE FROM queue.worker w USING queue.setting g WHERE w.ended_at < clock_timestamp() - coalesce($1, g.retention_interval);
    DELETE FROM queue.event e USING queue.setting g WHERE e.at < clock_timestamp() - coalesce($1, g.retention_interval);
    RETURN 0;
  END IF;
  tasks := ARRAY(SELECT p.task_id FROM queue.lane a JOIN queue.planned_task p USING (lane_id) WHERE a.backfill_id = old.backfill_id LIMIT $2);
  IF cardinality(tasks) > 0 THEN
    DELETE FROM queue.attempt_note n WHERE n.task_id = ANY (tasks);
    DELETE FROM queue.outcome o WHERE o.task_id = ANY (tasks);
    DELETE FROM queue.dependency d WHERE d.task_id = ANY (tasks) OR d.upstream_task_id = ANY (tasks);
    DELETE FROM queue.planned_task p WHERE p.task_id = ANY (tasks);
  ELSE
    DELETE FROM queue.progress p USING queue.lane a WHERE a.backfill_id = old.backfill_id AND p.lane_id = a.lane_id;
    DELETE FROM queue.progress_delta p USING queue.lane a WHERE a.backfill_id = old.backfill_id AND p.lane_id = a.lane_id;
    DELETE FROM queue.event e WHERE e.backfill_id = old.backfill_id;
    DELETE FROM queue.backfill b WHERE b.backfill_id = old.backfill_id; -- lanes and skipped partitions with it
  END IF;
  RETURN greatest(cardinality(tasks), 1);
END
$$;
