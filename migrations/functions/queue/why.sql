-- Why a task waits, in a sentence.

CREATE FUNCTION queue.why(task_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
BEGIN
  SELECT * INTO t FROM queue.task k WHERE k.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  IF t.state IN ('completed', 'failed', 'cancelled') THEN
    RETURN format('%s %s%s: %s %s%s', t.dataset, t.data_year, CASE WHEN t.region <> '' THEN ' ' || t.region
      ELSE '' END, t.state,
      to_char(t.finished_at, 'YYYY-MM-DD HH24:MI:SS'), ': ' || t.reason);
  ELSIF t.state = 'running' THEN
    RETURN (SELECT format('%s %s runs on worker %s (%s) for %s', t.dataset, t.data_year, r.worker_name, r.host,
      r.running_for) FROM queue.running r WHERE r.task_id = $1);
  END IF;
  RETURN (SELECT format('%s %s %s', t.dataset, t.data_year, CASE WHEN w.state = 'blocked' THEN w.reason
    ELSE 'waits: ' || w.reason END) FROM queue.waiting w WHERE w.task_id = $1);
END
$$;
COMMENT ON FUNCTION queue.why IS 'Why does this task wait, or how did it end? One sentence.';

-- What keeps a backfill from going on though nothing of it runs, and nothing will before somebody acts. A cool-down, a
-- quota and a backoff end by themselves, and are no standstill.
CREATE FUNCTION queue.standstill(backfill_id bigint)
RETURNS TABLE (tasks bigint, task_id bigint, reason text, resume text)
LANGUAGE sql STABLE AS $$
  WITH lane AS (
    SELECT a.lane_id, a.backfill_id,
      CASE
        WHEN g.paused_at IS NOT NULL THEN 'the queue is paused: ' || g.pause_reason
        WHEN b.paused_at IS NOT NULL THEN format('backfill %s is paused: %s', b.backfill_id, b.pause_reason)
        WHEN p.paused_at IS NOT NULL THEN format('dataset %s is paused: %s', a.dataset, p.pause_reason)
        WHEN a.paused_at IS NOT NULL THEN format('dataset %s is paused in this backfill: %s', a.dataset, a.pause_reason)
        WHEN s.source_id IS NOT NULL THEN format('source %s is paused: %s', s.source_id, s.pause_reason)
      END AS reason,
      CASE
        WHEN g.paused_at IS NOT NULL THEN '--queue'
        WHEN b.paused_at IS NOT NULL THEN '--backfill ' || b.backfill_id
        WHEN p.paused_at IS NOT NULL THEN '--dataset ' || a.dataset
        WHEN a.paused_at IS NOT NULL THEN '--backfill ' || b.backfill_id
        WHEN s.source_id IS NOT NULL THEN '--source ' || s.source_id
      END AS resume
    FROM queue.lane a JOIN queue.backfill b ON b.backfill_id = a.backfill_id CROSS JOIN queue.setting g
    LEFT JOIN queue.dataset_pause p ON p.dataset = a.dataset
    LEFT JOIN LATERAL (
      SELECT n.source_id, n.pause_reason FROM queue.source n
      WHERE n.source_id = ANY (a.source_ids) AND n.paused_at IS NOT NULL ORDER BY n.source_id LIMIT 1) AS s ON true
    WHERE b.finished_at IS NULL AND a.closed_at IS NULL),
  waiting AS (
    SELECT w.lane_id, count(*) AS tasks, min(w.task_id) AS task_id
    FROM (SELECT r.lane_id, r.task_id FROM queue.ready r UNION ALL SELECT d.lane_id, d.task_id
      FROM queue.delayed d) AS w
    GROUP BY w.lane_id),
  blocked AS (
    SELECT count(*) AS tasks, min(k.task_id) AS task_id FROM queue.blocked k JOIN lane n USING (lane_id)
    WHERE n.backfill_id = $1),
  -- Blocked tasks may wait for other backfills, which must stand still, too.
  moving AS (
    SELECT EXISTS (
      SELECT FROM lane n WHERE (n.backfill_id = $1 OR (SELECT k.tasks > 0 FROM blocked k)) AND (
        n.reason IS NULL AND EXISTS (SELECT FROM waiting w WHERE w.lane_id = n.lane_id)
        OR EXISTS (SELECT FROM queue.lease l WHERE l.lane_id = n.lane_id))) AS is_so)
  SELECT sum(w.tasks)::bigint, min(w.task_id), n.reason, n.resume
  FROM lane n JOIN waiting w USING (lane_id)
  WHERE n.backfill_id = $1 AND NOT (SELECT m.is_so FROM moving m)
  GROUP BY n.reason, n.resume
  UNION ALL
  SELECT k.tasks, k.task_id, 'waits for tasks that stand still themselves', NULL
  FROM blocked k WHERE k.tasks > 0 AND NOT (SELECT m.is_so FROM moving m)
  ORDER BY 1 DESC
$$;
COMMENT ON FUNCTION queue.standstill IS
  'Why nothing of a backfill will run before somebody acts, with what aker resume takes; no rows while something runs '
  'or will.';
