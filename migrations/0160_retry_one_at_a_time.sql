-- A retry and an enqueueing, or two retries, of one partition at the same moment: the second sees what the first opened, and leaves
-- it alone. Until now each looked before the other had committed, and both built the partition.

CREATE OR REPLACE FUNCTION queue.retry_task(task_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
  ended queue.outcome;
  upstream bigint;
  holder text;
  reopened bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1634428276, 1); -- as enqueueing, and before the backfill's own, as enqueueing
  SELECT a.backfill_id, b.cancelled_at INTO t
    FROM queue.planned_task p JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id) WHERE p.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill(t.backfill_id);
  SELECT b.backfill_id, b.cancelled_at INTO t FROM queue.backfill b WHERE b.backfill_id = t.backfill_id;
  SELECT * INTO ended FROM queue.outcome o WHERE o.task_id = $1 AND o.final;
  IF ended.kind IS DISTINCT FROM 'failed' THEN
    RAISE EXCEPTION 'task % has not failed: it %', $1, coalesce('is ' || ended.kind, 'has not ended') USING ERRCODE = 'AK006';
  END IF;
  IF t.cancelled_at IS NOT NULL THEN
    RAISE EXCEPTION 'the backfill of task % was cancelled', $1 USING ERRCODE = 'AK006', HINT = 'Enqueue a new backfill, with mode => ''failed''.';
  END IF;
  holder := queue._held_elsewhere($1);
  IF holder IS NOT NULL THEN
    RAISE EXCEPTION 'task % is not tried again: %', $1, holder USING ERRCODE = 'AK006', HINT = 'Wait for that one, or cancel it first.';
  END IF;
  reopened := queue._reopen(t.backfill_id, ARRAY[$1]);
  IF reopened = 0 THEN
    SELECT d.upstream_task_id INTO upstream FROM queue.dependency d
      JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final AND o.kind <> 'completed' WHERE d.task_id = $1 LIMIT 1;
    RAISE EXCEPTION 'task % waits for task %, which did not complete', $1, upstream USING ERRCODE = 'AK006', HINT = format('SELECT queue.retry_task(%s)', upstream);
  END IF;
  INSERT INTO queue.event (backfill_id, task_id, kind, message) VALUES (t.backfill_id, $1, 'retried', format('%s tasks tried again', reopened));
  RETURN reopened;
END
$$;

CREATE OR REPLACE FUNCTION queue.retry_backfill(backfill_id bigint, error_class text DEFAULT NULL, dataset text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  b queue.backfill;
  chosen bigint[];
  held bigint;
  reopened bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(1634428276, 1); -- as enqueueing, and before the backfill's own, as enqueueing
  PERFORM queue._lock_backfill($1); -- first, so that a cancellation in flight is seen
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  IF b.cancelled_at IS NOT NULL THEN
    RAISE EXCEPTION 'backfill % was cancelled', $1 USING ERRCODE = 'AK006', HINT = 'Enqueue a new backfill, with mode => ''failed''.';
  END IF;
  chosen := ARRAY(
    SELECT o.task_id FROM queue.lane a JOIN queue.planned_task p USING (lane_id) JOIN queue.outcome o ON o.task_id = p.task_id AND o.final
    WHERE a.backfill_id = $1 AND o.kind = 'failed' AND ($2 IS NULL OR o.error_class = $2) AND ($3 IS NULL OR a.dataset = $3));
  SELECT count(*) INTO held FROM unnest(chosen) c WHERE queue._held_elsewhere(c) IS NOT NULL;
  reopened := queue._reopen($1, chosen);
  INSERT INTO queue.event (backfill_id, kind, message)
    VALUES ($1, 'retried', format('%s failed tasks tried again%s%s%s', reopened, ' of class ' || $2, ' of dataset ' || $3,
      CASE WHEN held > 0 THEN format('; %s left to the open backfills that build the same partitions', held) END));
  RETURN reopened;
END
$$;

CREATE FUNCTION queue.held_elsewhere(task_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ SELECT queue._held_elsewhere($1) $$;
COMMENT ON FUNCTION queue.held_elsewhere IS 'Why a failed task would not be tried again now: which task of another open backfill builds its partition; NULL where none does.';
REVOKE ALL ON FUNCTION queue.held_elsewhere FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue.held_elsewhere TO aker_admin, aker_worker, aker_reader;
