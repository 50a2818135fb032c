-- The reasons why tasks wait say "1 worker" and "2 workers".

CREATE FUNCTION queue._counted(number bigint, noun text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT format('%s %s%s', $1, $2, CASE WHEN $1 = 1 THEN '' ELSE 's' END) $$;
COMMENT ON FUNCTION queue._counted IS 'A number with what it counts, for people to read: 1 row, 2 rows.';
REVOKE ALL ON FUNCTION queue._counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue._counted TO aker_admin, aker_worker, aker_reader;

CREATE OR REPLACE VIEW queue.waiting AS
WITH lane_reason AS (
  SELECT a.lane_id, a.backfill_id, a.dataset, b.as_of, CASE
    WHEN g.paused_at IS NOT NULL THEN 'the queue is paused: ' || g.pause_reason
    WHEN b.paused_at IS NOT NULL THEN format('backfill %s is paused: %s', b.backfill_id, b.pause_reason)
    WHEN dp.paused_at IS NOT NULL THEN format('dataset %s is paused: %s', a.dataset, dp.pause_reason)
    WHEN a.paused_at IS NOT NULL THEN format('dataset %s is paused in this backfill: %s', a.dataset, a.pause_reason)
    ELSE (
      SELECT CASE
        WHEN s.paused_at IS NOT NULL THEN format('source %s is paused: %s', s.source_id, s.pause_reason)
        WHEN s.cool_down_until > clock_timestamp() THEN format('source %s is cooling down for %s: %s', s.source_id,
          date_trunc('second', s.cool_down_until - clock_timestamp()), s.cool_down_reason)
        WHEN t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
          THEN format('source %s has used its daily quota of %s', s.source_id, queue._counted(s.daily_quota, 'request'))
        ELSE format('source %s is at its limit of %s', s.source_id, queue._counted(s.max_running, 'running task')) END
      FROM queue.source s LEFT JOIN queue.token_bucket t USING (source_id)
      WHERE s.source_id = ANY (a.source_ids) AND (
        s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
        OR t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
        OR s.max_running <= (SELECT count(*) FROM queue.lane n JOIN queue.lease l USING (lane_id) WHERE s.source_id = ANY (n.source_ids)))
      ORDER BY s.paused_at IS NULL, s.source_id LIMIT 1)
    END AS reason,
    CASE WHEN b.max_running <= (SELECT count(*) FROM queue.lane n JOIN queue.lease l USING (lane_id) WHERE n.backfill_id = b.backfill_id)
      THEN format('backfill %s is at its limit of %s', b.backfill_id, queue._counted(b.max_running, 'running task')) END AS backfill_reason
  FROM queue.lane a JOIN queue.backfill b USING (backfill_id) CROSS JOIN queue.setting g LEFT JOIN queue.dataset_pause dp USING (dataset)
  WHERE a.closed_at IS NULL),
worker_reason AS (
  SELECT CASE
    WHEN count(*) = 0 THEN 'no worker is alive'
    WHEN sum(w.slots) <= (SELECT count(*) FROM queue.lease) THEN CASE WHEN sum(w.slots) = 1 THEN 'the only slot is busy' ELSE format('all %s slots of %s are busy', sum(w.slots), queue._counted(count(*), 'worker')) END
    ELSE 'next in line' END AS reason
  FROM queue.worker w WHERE w.state = 'running')
SELECT r.task_id, n.backfill_id, n.dataset, r.data_year::integer AS data_year, 'ready'::queue.task_state AS state,
  to_timestamp(r.rank / 1000000.0) AS run_at, coalesce(n.reason, n.backfill_reason, w.reason) AS reason
FROM queue.ready r JOIN lane_reason n USING (lane_id) CROSS JOIN worker_reason w
UNION ALL
SELECT d.task_id, n.backfill_id, n.dataset, d.data_year, 'ready', d.run_at,
  format('%s until %s (%s)', CASE WHEN d.reason LIKE 'snoozed%' THEN 'snoozed' ELSE 'backing off' END, to_char(d.run_at, 'YYYY-MM-DD HH24:MI:SS'), d.reason)
  || coalesce('; and ' || n.reason, '')
FROM queue.delayed d JOIN lane_reason n USING (lane_id)
UNION ALL
SELECT k.task_id, n.backfill_id, n.dataset, k.data_year, 'blocked', NULL,
  format('waits for %s: %s', queue._counted(k.remaining, 'task'), (
    SELECT string_agg(u.task_id || ' (' || queue._task_name(u.task_id) || ')', ', ') FROM (
      SELECT d.upstream_task_id AS task_id FROM queue.dependency d WHERE d.task_id = k.task_id AND NOT EXISTS (
        SELECT FROM queue.outcome o WHERE o.task_id = d.upstream_task_id AND o.final AND o.kind = 'completed') ORDER BY 1 LIMIT 3) u))
FROM queue.blocked k JOIN lane_reason n USING (lane_id);
