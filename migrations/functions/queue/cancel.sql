-- Cancel: final at once, for one task or all of a backfill.

CREATE FUNCTION queue.cancel_backfill(backfill_id bigint, reason text DEFAULT 'cancelled by operator') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  b queue.backfill;
  cancelled_count bigint;
BEGIN
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill($1);
  UPDATE queue.backfill f SET cancelled_at = clock_timestamp(), cancel_reason = $2
    WHERE f.backfill_id = $1 AND f.cancelled_at IS NULL AND f.finished_at IS NULL;
  IF NOT FOUND THEN
    RETURN 0; -- ended or cancelled already
  END IF;
  -- In the order in which tasks move, so that one moving now is met where it arrives; leases that are locked are being
  -- published or given back at this moment, and whoever does that sees the cancellation.
  WITH a AS (SELECT l.lane_id FROM queue.lane l WHERE l.backfill_id = $1),
  waiting AS (
    DELETE FROM queue.ready r USING a WHERE r.lane_id = a.lane_id
      RETURNING r.task_id, r.lane_id, r.data_year, r.attempt_count, false AS was_blocked),
  delayed AS (
    DELETE FROM queue.delayed r USING a WHERE r.lane_id = a.lane_id
      RETURNING r.task_id, r.lane_id, r.data_year, r.attempt_count, false),
  blocked AS (
    DELETE FROM queue.blocked r USING a WHERE r.lane_id = a.lane_id
      RETURNING r.task_id, r.lane_id, r.data_year, r.attempt_count, true),
  gone AS (SELECT * FROM waiting UNION ALL SELECT * FROM delayed UNION ALL SELECT * FROM blocked),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked, cancelled)
    SELECT g.lane_id, g.data_year, -count(*) FILTER (WHERE g.was_blocked), count(*) FROM gone g
      GROUP BY g.lane_id, g.data_year)
  INSERT INTO queue.outcome (task_id, finished_at, lane_id, kind, attempt_number, data_year, final, reason)
    SELECT g.task_id, clock_timestamp(), g.lane_id, 'cancelled', g.attempt_count, g.data_year, true, $2 FROM gone g;
  GET DIAGNOSTICS cancelled_count = ROW_COUNT;
  WITH held AS (
    SELECT l.task_id FROM queue.lease l JOIN queue.lane a USING (lane_id)
      WHERE a.backfill_id = $1 FOR UPDATE OF l SKIP LOCKED),
  gone AS (DELETE FROM queue.lease l USING held WHERE l.task_id = held.task_id RETURNING l.*),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, cancelled)
    SELECT g.lane_id, g.data_year, count(*) FROM gone g GROUP BY g.lane_id, g.data_year)
  INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number,
    data_year, final, reason)
    SELECT g.task_id, g.lease_token, g.started_at, clock_timestamp(), g.worker_id, g.lane_id, 'cancelled',
      g.attempt_count, g.data_year, true, $2
    FROM gone g;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'cancelled', $2);
  PERFORM pg_notify('aker_cancel', '');
  -- Tasks of other backfills that wait for this one's.
  PERFORM queue._fail_dependents(d.upstream_task_id,
    format('upstream task %s (%s) cancelled: %s', d.upstream_task_id, queue._task_name(d.upstream_task_id), $2))
    FROM (SELECT DISTINCT d.upstream_task_id FROM queue.dependency d JOIN queue.blocked k ON k.task_id = d.task_id
      JOIN queue.planned_task u ON u.task_id = d.upstream_task_id JOIN queue.lane a ON a.lane_id = u.lane_id
      WHERE a.backfill_id = $1) d;
  RETURN cancelled_count + (SELECT count(*) FROM queue.outcome o JOIN queue.lane a USING (lane_id)
    WHERE a.backfill_id = $1 AND o.final AND o.kind = 'cancelled' AND o.lease_token IS NOT NULL
      AND o.finished_at >= now());
END
$$;
COMMENT ON FUNCTION queue.cancel_backfill IS
  'Cancels all tasks of a backfill that have not ended, the running ones too: their workers are told at once, and '
  'their attempts are fenced off. Returns how many; 0 when it had ended already.';

CREATE FUNCTION queue.cancel_task(task_id bigint, reason text DEFAULT 'cancelled by operator') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
  l queue.lease;
  waiting_attempts smallint;
  was_blocked boolean := false;
BEGIN
  SELECT p.task_id, p.lane_id, p.data_year, a.backfill_id INTO t FROM queue.planned_task p JOIN queue.lane a
    USING (lane_id) WHERE p.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill(t.backfill_id);
  DELETE FROM queue.ready r WHERE r.task_id = $1 RETURNING r.attempt_count INTO waiting_attempts;
  IF waiting_attempts IS NULL THEN
    DELETE FROM queue.delayed r WHERE r.task_id = $1 RETURNING r.attempt_count INTO waiting_attempts;
  END IF;
  IF waiting_attempts IS NULL THEN
    DELETE FROM queue.blocked r WHERE r.task_id = $1 RETURNING r.attempt_count, true INTO waiting_attempts, was_blocked;
  END IF;
  IF waiting_attempts IS NULL THEN
    DELETE FROM queue.lease d WHERE d.task_id = (SELECT h.task_id FROM queue.lease h
      WHERE h.task_id = $1 FOR UPDATE SKIP LOCKED) RETURNING d.* INTO l;
    IF NOT FOUND THEN
      IF EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = $1 AND o.final) THEN
        RAISE EXCEPTION 'task % has ended', $1 USING ERRCODE = 'AK006';
      END IF;
      RAISE EXCEPTION 'task % is being published or given back at this moment', $1
        USING ERRCODE = 'AK006', HINT = 'Look again in a moment.';
    END IF;
    PERFORM pg_notify('aker_cancel', '');
  END IF;
  INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number,
    data_year, final, reason)
    VALUES ($1, l.lease_token, l.started_at, clock_timestamp(), l.worker_id, t.lane_id, 'cancelled',
      coalesce(l.attempt_count, waiting_attempts), t.data_year, true, $2);
  INSERT INTO queue.progress_delta (lane_id, data_year, blocked, cancelled)
    VALUES (t.lane_id, t.data_year, -coalesce(was_blocked, false)::integer, 1);
  INSERT INTO queue.event (backfill_id, task_id, kind, message) VALUES (t.backfill_id, $1, 'cancelled', $2);
  PERFORM queue._fail_dependents($1, format('upstream task %s (%s) cancelled: %s', $1, queue._task_name($1), $2));
END
$$;
COMMENT ON FUNCTION queue.cancel_task IS
  'Cancels one task, running or waiting. AK006 when it has ended, or is being published at this very moment.';
