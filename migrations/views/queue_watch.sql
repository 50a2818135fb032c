-- What an operator looks at: stuck, failed, throughput, workers, when it ends. Built on the views of queue_state.sql.

CREATE VIEW queue.stuck AS
SELECT r.task_id, r.backfill_id, r.dataset, r.data_year, r.region, 'running'::queue.task_state AS state, r.worker_name,
  CASE
    WHEN r.last_heard > g.lease_interval / 2 THEN format('worker %s has not been heard of for %s', r.worker_name,
      r.last_heard)
    WHEN r.deadline_in < '0' THEN 'past its deadline'
    ELSE format('runs for %s, longer than all recent tasks of %s', r.running_for, r.dataset) END AS reason
FROM queue.running r CROSS JOIN queue.setting g
WHERE r.last_heard > g.lease_interval / 2 OR r.deadline_in < '0'
  -- First what is known, so that nothing is read for what has just begun.
  OR r.running_for > interval '1 minute' AND r.running_for > interval '1 minute' + 3 * (
    SELECT max(o.finished_at - o.started_at) FROM (
      SELECT n.finished_at, n.started_at FROM queue.outcome n JOIN queue.lane a USING (lane_id)
      WHERE a.dataset = r.dataset AND n.kind = 'completed'
        AND n.finished_at > clock_timestamp() - interval '1 day' LIMIT 1000) o)
UNION ALL
SELECT w.task_id, w.backfill_id, w.dataset, w.data_year, NULL, w.state, NULL, w.reason
FROM (SELECT DISTINCT ON (a.lane_id) r.task_id, a.lane_id FROM queue.lane a CROSS JOIN LATERAL (
    SELECT n.task_id FROM queue.ready n WHERE n.lane_id = a.lane_id ORDER BY n.rank, n.task_id LIMIT 1) r
  WHERE a.closed_at IS NULL AND (a.paused_at IS NOT NULL OR NOT EXISTS (
    SELECT FROM queue.worker v WHERE v.state = 'running' AND v.host_trouble IS NULL))) head
  JOIN queue.waiting w USING (task_id)
UNION ALL
SELECT s.task_id, a.backfill_id, a.dataset, p.data_year, p.region, NULL, NULL, format(
    'session %s loads rows for an attempt whose lease is over, and this server does not let the queue end it: SELECT '
    'pg_terminate_backend(%s), and GRANT pg_signal_backend TO the owner of the queue', b.pid, b.pid)
FROM warehouse.abandoned_sessions() b JOIN warehouse.staging s USING (table_name)
  JOIN queue.planned_task p USING (task_id) JOIN queue.lane a USING (lane_id)
-- Every worker looks each five seconds.
WHERE NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = s.task_id AND o.lease_token = s.lease_token
  AND o.finished_at > clock_timestamp() - interval '15 seconds');
COMMENT ON VIEW queue.stuck IS
  'What will not move by itself, or hardly: silent workers, tasks far over their usual time, opened circuit breakers, '
  'sessions of dead attempts and (the first task of each dataset) queues without a worker.';

CREATE VIEW queue.failures AS
SELECT a.backfill_id, a.dataset, o.error_class, regexp_replace(o.reason, '[0-9]+', '#', 'g') AS error, 
  count(*) FILTER (WHERE o.final AND s.task_id IS NULL) AS failed_count,
  count(*) FILTER (WHERE NOT o.final) AS retried_count, min(o.data_year)::integer AS first_year,
    max(o.data_year)::integer AS last_year,
  max(o.finished_at) AS last_at, (array_agg(o.task_id ORDER BY o.finished_at DESC))[1] AS example_task_id,
  (array_agg(o.reason ORDER BY o.finished_at DESC))[1] AS example
FROM queue.outcome o JOIN queue.lane a USING (lane_id) LEFT JOIN queue.superseded s USING (task_id)
WHERE o.error_class IS NOT NULL
GROUP BY a.backfill_id, a.dataset, o.error_class, regexp_replace(o.reason, '[0-9]+', '#', 'g')
ORDER BY failed_count DESC, retried_count DESC;
COMMENT ON VIEW queue.failures IS
  'What failed, grouped by error (numbers in the message left out), the most frequent first. failed_count is of what '
  'failed and is so now: without what was published since, or has a task of a later backfill.';

CREATE VIEW queue.throughput AS
SELECT date_trunc('minute', o.finished_at) AS minute, a.dataset,
  count(*) FILTER (WHERE o.kind = 'completed') AS completed,
  count(*) FILTER (WHERE o.kind = 'failed') AS failed,
    count(*) FILTER (WHERE NOT o.final AND o.kind <> 'failed') AS tried_again,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.finished_at - o.started_at)) FILTER (
    WHERE o.kind = 'completed') AS median_seconds
FROM queue.outcome o JOIN queue.lane a USING (lane_id)
WHERE o.finished_at > clock_timestamp() - interval '1 hour' AND o.kind <> 'cancelled'
GROUP BY 1, 2 ORDER BY 1 DESC, 2;
COMMENT ON VIEW queue.throughput IS 'Attempts ended per minute and dataset in the last hour.';

CREATE VIEW queue.workers AS
SELECT w.worker_id, w.name, w.host, w.pid, w.version, w.state, w.slots,
  (SELECT count(*) FROM queue.lease l WHERE l.worker_id = w.worker_id) AS busy,
  date_trunc('milliseconds', clock_timestamp() - w.heartbeat_at) AS last_heard, w.session_lock, w.started_at,
    w.ended_at, w.end_reason,
  w.host_trouble, date_trunc('second', clock_timestamp() - w.host_trouble_since) AS unwell_for, w.contract
FROM queue.worker w WHERE w.ended_at IS NULL OR w.ended_at > clock_timestamp() - interval '1 hour'
ORDER BY w.ended_at IS NOT NULL, w.worker_id;
COMMENT ON VIEW queue.workers IS 'Living workers, and those that ended in the last hour, with the reason.';
COMMENT ON COLUMN queue.workers.host_trouble IS 'What is wrong with its host: it claims nothing until that is over.';

CREATE VIEW queue.eta AS
SELECT p.backfill_id, p.backfill_key, p.state, p.ready + p.blocked + p.running AS remaining, r.per_minute,
  CASE WHEN r.per_minute > 0 THEN date_trunc('second',
    make_interval(
      secs => ((p.ready + p.blocked + p.running) / r.per_minute * 60)::double precision)) END AS remaining_interval,
  CASE WHEN r.per_minute > 0 THEN date_trunc('second',
    clock_timestamp() + make_interval(
      secs => ((p.ready + p.blocked + p.running) / r.per_minute * 60)::double precision)) END AS ends_at
FROM queue.backfill_progress p CROSS JOIN LATERAL (
  SELECT round((count(*) / greatest(extract(epoch FROM clock_timestamp() - greatest(p.created_at,
    clock_timestamp() - interval '10 minutes')) / 60, 0.05))::numeric, 1) AS per_minute
  FROM queue.outcome o JOIN queue.lane a USING (lane_id)
  WHERE a.backfill_id = p.backfill_id AND o.final AND o.finished_at > clock_timestamp() - interval '10 minutes') r
WHERE p.finished_at IS NULL;
COMMENT ON VIEW queue.eta IS 'When each open backfill will end, at its rate of the last ten minutes.';

CREATE VIEW queue.life AS
SELECT split_part(g.life, '/', 1) AS system_identifier, split_part(g.life, '/', 2) AS timeline,
  g.life_began_at AS began_at,
  (SELECT count(*) + 1 FROM queue.event e WHERE e.kind = 'new_life') AS number,
  (SELECT e.message FROM queue.event e WHERE e.kind = 'new_life' ORDER BY e.event_id DESC LIMIT 1) AS message
FROM queue.setting g WHERE g.life IS NOT NULL;
COMMENT ON VIEW queue.life IS
  'The life of the database that the queue is in: a fail-over, a restore or a copy begins another. No row before the '
  'first worker; number counts those whose events are still kept.';

CREATE VIEW queue.overview AS
SELECT n, item, value, detail FROM (
  SELECT 1 AS n, 0::bigint AS place, 'queue' AS item, CASE WHEN g.paused_at IS NULL THEN 'running'
    ELSE 'paused' END AS value, g.pause_reason AS detail FROM queue.setting g
  UNION ALL
  SELECT 1, 1, 'database', CASE WHEN f.message IS NULL THEN 'first life' ELSE 'life ' || f.number END,
    format('timeline %s since %s%s', ltrim(f.timeline, '0'),
      to_char(f.began_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), ': ' || f.message)
      FROM queue.life f
  UNION ALL
  SELECT 2, 0, 'workers', count(*)::text, CASE WHEN count(*) > 0
    THEN concat_ws(', ', queue._counted(sum(w.slots), 'slot'),
      (SELECT nullif(count(*), 0) || ' busy' FROM queue.lease), nullif(count(*) FILTER (WHERE w.state = 'draining'), 0)
        || ' draining', nullif(count(w.host_trouble), 0) || ' not well') END
    FROM queue.worker w WHERE w.ended_at IS NULL
  UNION ALL
  SELECT 3, -p.backfill_id, 'backfill ' || p.backfill_id, replace(p.state, '_', ' '),
    format('%s of %s done', p.completed + p.failed + p.cancelled, p.total)
    || coalesce(': ' || nullif(concat_ws(', ', nullif(p.completed, 0) || ' completed',
      nullif(p.failed - coalesce(h.tasks, 0), 0) || ' failed',
      h.tasks || ' failed and made since', nullif(p.cancelled, 0) || ' cancelled',
      nullif(p.running, 0) || ' running', nullif(p.ready, 0) || ' ready', nullif(p.blocked, 0) || ' blocked'), ''), '')
    || coalesce('; ' || p.reason, '')
    FROM queue.backfill_progress p LEFT JOIN queue.history h USING (backfill_id)
    WHERE p.finished_at IS NULL OR p.finished_at > clock_timestamp() - interval '1 hour'
  UNION ALL
  SELECT 4, 0, 'dataset ' || d.dataset, 'paused', d.pause_reason FROM queue.dataset_pause d
  UNION ALL
  SELECT 5, 0, 'source ' || s.source_id, CASE WHEN s.paused_at IS NOT NULL THEN 'paused' ELSE 'cooling down' END,
    CASE WHEN s.paused_at IS NOT NULL THEN s.pause_reason
      ELSE format('until %s: %s', date_trunc('second', s.cool_down_until), s.cool_down_reason) END
    FROM queue.source s WHERE s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
  UNION ALL
  SELECT 6, 0, 'dataset ' || a.dataset, 'paused in backfill ' || a.backfill_id, a.pause_reason FROM queue.lane a
    WHERE a.paused_at IS NOT NULL AND a.closed_at IS NULL
  UNION ALL
  SELECT 7, 0, 'warnings', queue._counted(sum(c.warned)::bigint, 'partition'),
    format('published with %s: aker warnings', queue._counted(sum(c.warning_count)::bigint, 'warning'))
    FROM quality.warned_cell c HAVING count(*) > 0
) AS lines ORDER BY n, place, item;
COMMENT ON VIEW queue.overview IS
  'The queue on one screen: workers, backfills, what is paused or cooling down, and how much is published with '
  'warnings.';

-- What sources are asked: the last sixty seconds are this minute and as much of the one before as is missing to them.
CREATE VIEW queue.source_usage AS
SELECT u.source_id, u.requests_today, u.requests_ever, u.daily_quota, u.requests_a_minute,
  CASE WHEN u.requests_today >= u.daily_quota THEN u.at
    WHEN u.requests_a_minute > 0 AND u.daily_quota IS NOT NULL THEN (
      SELECT e.ends FROM (SELECT u.at + make_interval(
        mins => least(ceil((u.daily_quota - u.requests_today) / u.requests_a_minute), 1440)::integer) AS ends) e
      WHERE e.ends < u.resets)
  END AS quota_ends_at,
  CASE WHEN u.daily_quota IS NOT NULL THEN u.resets END AS quota_resets_at
FROM (
  SELECT s.source_id, s.daily_quota, t.granted_total AS requests_ever, n.at,
    (date_trunc('day', n.at AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC' AS resets,
    CASE WHEN t.quota_day = (n.at AT TIME ZONE 'UTC')::date THEN t.quota_used ELSE 0 END AS requests_today,
    CASE WHEN t.minute_at = date_trunc('minute', n.at) THEN t.minute_count + t.minute_before * n.rest
      WHEN t.minute_at = date_trunc('minute', n.at) - interval '1 minute' THEN t.minute_count * n.rest
      ELSE 0 END AS requests_a_minute
  FROM queue.source s JOIN queue.token_bucket t USING (source_id)
    CROSS JOIN LATERAL (SELECT c.at, (1 - extract(second FROM c.at) / 60)::double precision AS rest
      FROM (SELECT clock_timestamp() AS at) c) n) u;
COMMENT ON VIEW queue.source_usage IS
  'Requests by source: today (UTC), ever, and within the last sixty seconds; with a daily quota, when it is used up at '
  'that rate and when it begins anew.';
COMMENT ON COLUMN queue.source_usage.quota_ends_at IS
  'Now where it is used up already; NULL where it lasts for the day.';
