-- Pause, resume, prioritize.

CREATE FUNCTION queue.pause_queue(reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE queue.setting g SET paused_at = clock_timestamp(), pause_reason = coalesce($1, 'paused by operator'),
    paused_by = session_user;
  INSERT INTO queue.event (kind, message) VALUES ('paused', 'the whole queue: ' || coalesce($1, ''));
END
$$;
COMMENT ON FUNCTION queue.pause_queue IS 'Nothing is claimed any more; what runs ends as it would.';

CREATE FUNCTION queue.resume_queue() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE queue.setting g SET paused_at = NULL, pause_reason = NULL, paused_by = NULL;
  INSERT INTO queue.event (kind, message) VALUES ('resumed', 'the whole queue');
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_queue IS 'Ends queue.pause_queue(). Other pauses stay.';

CREATE FUNCTION queue.pause_backfill(backfill_id bigint, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.backfill b SET paused_at = clock_timestamp(), pause_reason = coalesce($2, 'paused by operator'),
    paused_by = session_user
    WHERE b.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'paused', coalesce($2, ''));
END
$$;
COMMENT ON FUNCTION queue.pause_backfill IS 'No more tasks of this backfill are claimed; what runs ends as it would.';

CREATE FUNCTION queue.resume_backfill(backfill_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.lane a SET paused_at = NULL, pause_reason = NULL, breaker_count = 0, breaker_fingerprint = NULL
    WHERE a.backfill_id = $1 AND (a.paused_at IS NOT NULL OR a.breaker_count > 0);
  UPDATE queue.backfill b SET paused_at = NULL, pause_reason = NULL, paused_by = NULL WHERE b.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'resumed', '');
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_backfill IS
  'Ends a backfill''s pause, and closes the circuit breakers of its datasets.';

CREATE FUNCTION queue.pause_dataset(dataset text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM queue.lane a WHERE a.dataset = $1)
    AND NOT EXISTS (SELECT FROM catalog.dataset d WHERE d.name = $1) THEN
    RAISE EXCEPTION 'there is no dataset %', $1 USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.dataset_pause (dataset, paused_at, pause_reason, paused_by)
    VALUES ($1, clock_timestamp(), coalesce($2, 'paused by operator'), session_user)
    ON CONFLICT (dataset) DO UPDATE SET paused_at = EXCLUDED.paused_at, pause_reason = EXCLUDED.pause_reason,
      paused_by = EXCLUDED.paused_by;
  INSERT INTO queue.event (kind, message) VALUES ('paused', format('dataset %s: %s', $1, $2));
END
$$;
COMMENT ON FUNCTION queue.pause_dataset IS
  'No more tasks of this dataset are claimed, in any backfill; what runs ends as it would.';

CREATE FUNCTION queue.resume_dataset(dataset text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM queue.dataset_pause p WHERE p.dataset = $1;
  UPDATE queue.lane a SET paused_at = NULL, pause_reason = NULL, breaker_count = 0, breaker_fingerprint = NULL
    WHERE a.dataset = $1 AND (a.paused_at IS NOT NULL OR a.breaker_count > 0);
  INSERT INTO queue.event (kind, message) VALUES ('resumed', format('dataset %s', $1));
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_dataset IS
  'Ends a dataset''s pause, and closes its circuit breakers in all backfills.';

CREATE FUNCTION queue.pause_source(source_id text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.source s SET paused_at = clock_timestamp(), pause_reason = coalesce($2, 'paused by operator'),
    paused_by = session_user WHERE s.source_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005',
      HINT = 'SELECT queue.configure_source(...)';
  END IF;
  INSERT INTO queue.event (kind, message) VALUES ('paused', format('source %s: %s', $1, $2));
END
$$;
COMMENT ON FUNCTION queue.pause_source IS 'No more tasks that ask this source are claimed; what runs ends as it would.';

CREATE FUNCTION queue.resume_source(source_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.source s SET paused_at = NULL, pause_reason = NULL, paused_by = NULL WHERE s.source_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005',
      HINT = 'SELECT queue.configure_source(...)';
  END IF;
  INSERT INTO queue.event (kind, message) VALUES ('resumed', format('source %s', $1));
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_source IS 'Ends a source''s pause. A cool-down stays: queue.end_cool_down().';

CREATE FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.lane a SET priority = $2 WHERE a.backfill_id = $1 AND ($3 IS NULL OR a.dataset = $3);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 || coalesce(' with dataset ' || $3, '') USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.event (backfill_id, kind, message)
    VALUES ($1, 'prioritized', format('priority %s%s', $2, ' for dataset ' || $3));
END
$$;
COMMENT ON FUNCTION queue.prioritize_backfill IS
  'Sets the priority (-100 to 100, higher first) of a backfill''s tasks, or of one dataset in it.';

CREATE FUNCTION queue.prioritize_task(task_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  WITH due AS (DELETE FROM queue.delayed d WHERE d.task_id = $1 RETURNING d.*)
  INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
    SELECT 0, d.task_id, d.lane_id, d.data_year, d.attempt_count, d.lost_count, d.throttle_count FROM due d;
  IF NOT FOUND THEN
    UPDATE queue.ready r SET rank = 0 WHERE r.task_id = $1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'task % is not waiting for a worker', $1 USING ERRCODE = 'AK006';
    END IF;
  END IF;
  UPDATE queue.lane a SET head_rank = 0
    WHERE a.head_rank <> 0 AND a.lane_id = (SELECT p.lane_id FROM queue.planned_task p WHERE p.task_id = $1);
  INSERT INTO queue.event (task_id, kind, message) VALUES ($1, 'prioritized', 'to the front');
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.prioritize_task IS 'Puts a waiting task before all others; a backoff ends at once.';
