-- What an operator reads. docs/queue.md shows each with example output.

CREATE VIEW queue.task AS
SELECT t.task_id, a.backfill_id, b.backfill_key, a.dataset, t.data_year::integer AS data_year, t.region, b.as_of,
  CASE
    WHEN o.kind IS NOT NULL THEN o.kind::text::queue.task_state
    WHEN l.task_id IS NOT NULL THEN 'running'
    WHEN k.task_id IS NOT NULL THEN 'blocked'
    ELSE 'ready'
  END AS state,
  a.priority::integer AS priority,
  coalesce(l.attempt_count, o.attempt_number, r.attempt_count, d.attempt_count, k.attempt_count, 0)::integer AS attempt_count,
  a.max_attempts::integer AS max_attempts,
  coalesce(d.run_at, to_timestamp(r.rank / 1000000.0)) AS run_at,
  coalesce(l.started_at, o.started_at) AS started_at, o.finished_at, l.deadline_at,
  coalesce(l.worker_id, o.worker_id) AS worker_id, coalesce(l.lease_token, o.lease_token) AS lease_token,
  a.source_ids[1] AS source_id, a.source_ids, a.definition_hash, o.error_class, coalesce(o.reason, d.reason) AS reason, o.detail, o.result,
  b.created_at
FROM queue.planned_task t
  JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
  LEFT JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
  LEFT JOIN queue.lease l ON l.task_id = t.task_id
  LEFT JOIN queue.blocked k ON k.task_id = t.task_id
  LEFT JOIN queue.delayed d ON d.task_id = t.task_id
  LEFT JOIN queue.ready r ON r.task_id = t.task_id;
COMMENT ON VIEW queue.task IS 'Every task and its state. Filter by task_id, backfill_id, dataset or state; for counts read queue.grid or queue.backfill_progress.';
COMMENT ON COLUMN queue.task.run_at IS 'From when on a waiting task may be claimed; 1970 for one moved to the front.';

CREATE VIEW queue.attempt AS
SELECT o.lease_token AS attempt_id, o.task_id, a.backfill_id, a.dataset, o.data_year::integer AS data_year, t.region, o.attempt_number::integer AS attempt_number,
  o.kind::text AS state, o.started_at, o.finished_at, o.finished_at - o.started_at AS ran_for, o.worker_id, w.name AS worker_name, w.host,
  o.error_class, o.reason, o.detail, o.result
FROM queue.outcome o JOIN queue.planned_task t USING (task_id) JOIN queue.lane a ON a.lane_id = o.lane_id LEFT JOIN queue.worker w ON w.worker_id = o.worker_id
WHERE o.lease_token IS NOT NULL
UNION ALL
SELECT l.lease_token, l.task_id, a.backfill_id, a.dataset, l.data_year, t.region, l.attempt_count, 'running', l.started_at, NULL,
  clock_timestamp() - l.started_at, l.worker_id, w.name, w.host, NULL, NULL, NULL, NULL
FROM queue.lease l JOIN queue.planned_task t USING (task_id) JOIN queue.lane a ON a.lane_id = l.lane_id LEFT JOIN queue.worker w ON w.worker_id = l.worker_id;
COMMENT ON VIEW queue.attempt IS 'Every try of every task, running ones too. attempt_id is the attempt''s lease token. state is running, or how it ended.';

CREATE VIEW queue.progress_now AS
SELECT p.lane_id, p.data_year::integer AS data_year, p.total,
  p.total - (p.blocked + coalesce(d.blocked, 0)) - coalesce(l.running, 0) - (p.completed + coalesce(d.completed, 0))
    - (p.failed + coalesce(d.failed, 0)) - (p.cancelled + coalesce(d.cancelled, 0)) AS ready,
  p.blocked + coalesce(d.blocked, 0) AS blocked, coalesce(l.running, 0) AS running, p.completed + coalesce(d.completed, 0) AS completed,
  p.failed + coalesce(d.failed, 0) AS failed, p.cancelled + coalesce(d.cancelled, 0) AS cancelled
FROM queue.progress p
  LEFT JOIN (
    SELECT lane_id, data_year, sum(blocked) AS blocked, sum(completed) AS completed, sum(failed) AS failed, sum(cancelled) AS cancelled
    FROM queue.progress_delta GROUP BY lane_id, data_year) d USING (lane_id, data_year)
  LEFT JOIN (SELECT lane_id, data_year, count(*) AS running FROM queue.lease GROUP BY lane_id, data_year) l USING (lane_id, data_year);
COMMENT ON VIEW queue.progress_now IS 'Exact counts per lane and year: the kept ones, what is not folded in yet, and what runs.';

CREATE VIEW queue.grid AS
SELECT a.backfill_id, a.dataset, p.data_year, p.total::bigint, p.ready::bigint, p.blocked::bigint, p.running::bigint, p.completed::bigint, p.failed::bigint, p.cancelled::bigint,
  CASE
    WHEN p.failed > 0 THEN 'failed'
    WHEN p.running > 0 THEN 'running'
    WHEN p.completed = p.total THEN 'completed'
    WHEN p.cancelled > 0 THEN 'cancelled'
    WHEN p.completed > 0 THEN 'partly'
    WHEN p.ready > 0 THEN 'ready'
    ELSE 'blocked' END AS state
FROM queue.progress_now p JOIN queue.lane a USING (lane_id);
COMMENT ON VIEW queue.grid IS 'Dataset × year of each backfill: counts per cell and the state that matters most in it. Kept, not counted.';

CREATE VIEW queue.backfill_progress AS
SELECT b.backfill_id, b.backfill_key, b.as_of,
  CASE
    WHEN b.cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN b.finished_at IS NOT NULL AND n.failed > 0 THEN 'finished_with_failures'
    WHEN b.finished_at IS NOT NULL THEN 'finished'
    WHEN b.paused_at IS NOT NULL THEN 'paused'
    ELSE 'open' END AS state,
  coalesce(n.total, 0) AS total, coalesce(n.ready, 0) AS ready, coalesce(n.blocked, 0) AS blocked, coalesce(n.running, 0) AS running,
  coalesce(n.completed, 0) AS completed, coalesce(n.failed, 0) AS failed, coalesce(n.cancelled, 0) AS cancelled,
  (SELECT count(*) FROM queue.skipped_partition s JOIN queue.lane a USING (lane_id) WHERE a.backfill_id = b.backfill_id) AS skipped,
  b.mode, b.max_running, b.requested_by, b.note, b.created_at, b.finished_at, coalesce(b.cancel_reason, b.pause_reason) AS reason
FROM queue.backfill b LEFT JOIN LATERAL (
  SELECT sum(p.total)::bigint AS total, sum(p.ready)::bigint AS ready, sum(p.blocked)::bigint AS blocked, sum(p.running)::bigint AS running,
    sum(p.completed)::bigint AS completed, sum(p.failed)::bigint AS failed, sum(p.cancelled)::bigint AS cancelled
  FROM queue.lane a JOIN queue.progress_now p USING (lane_id) WHERE a.backfill_id = b.backfill_id) n ON true;
COMMENT ON VIEW queue.backfill_progress IS 'One row per backfill: its state and its counts.';

CREATE VIEW queue.running AS
SELECT l.task_id, a.backfill_id, a.dataset, l.data_year::integer AS data_year, t.region, w.name AS worker_name, w.host, w.pid, l.worker_id, l.lease_token,
  l.attempt_count::integer AS attempt_number, date_trunc('second', clock_timestamp() - l.started_at) AS running_for,
  date_trunc('second', l.deadline_at - clock_timestamp()) AS deadline_in, date_trunc('milliseconds', clock_timestamp() - w.heartbeat_at) AS last_heard
FROM queue.lease l JOIN queue.lane a USING (lane_id) JOIN queue.planned_task t ON t.task_id = l.task_id LEFT JOIN queue.worker w ON w.worker_id = l.worker_id
ORDER BY l.started_at, l.task_id;
COMMENT ON VIEW queue.running IS 'What runs where, the longest-running first.';

CREATE VIEW queue.waiting AS
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
          THEN format('source %s has used its daily quota of %s requests', s.source_id, s.daily_quota)
        ELSE format('source %s is at its limit of %s running tasks', s.source_id, s.max_running) END
      FROM queue.source s LEFT JOIN queue.token_bucket t USING (source_id)
      WHERE s.source_id = ANY (a.source_ids) AND (
        s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
        OR t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
        OR s.max_running <= (SELECT count(*) FROM queue.lane n JOIN queue.lease l USING (lane_id) WHERE s.source_id = ANY (n.source_ids)))
      ORDER BY s.paused_at IS NULL, s.source_id LIMIT 1)
    END AS reason,
    CASE WHEN b.max_running <= (SELECT count(*) FROM queue.lane n JOIN queue.lease l USING (lane_id) WHERE n.backfill_id = b.backfill_id)
      THEN format('backfill %s is at its limit of %s running tasks', b.backfill_id, b.max_running) END AS backfill_reason
  FROM queue.lane a JOIN queue.backfill b USING (backfill_id) CROSS JOIN queue.setting g LEFT JOIN queue.dataset_pause dp USING (dataset)
  WHERE a.closed_at IS NULL),
worker_reason AS (
  SELECT CASE
    WHEN count(*) = 0 THEN 'no worker is alive'
    WHEN sum(w.slots) <= (SELECT count(*) FROM queue.lease) THEN format('all %s slots of %s workers are busy', sum(w.slots), count(*))
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
  format('waits for %s task%s: %s', k.remaining, CASE WHEN k.remaining > 1 THEN 's' ELSE '' END, (
    SELECT string_agg(u.task_id || ' (' || queue._task_name(u.task_id) || ')', ', ') FROM (
      SELECT d.upstream_task_id AS task_id FROM queue.dependency d WHERE d.task_id = k.task_id AND NOT EXISTS (
        SELECT FROM queue.outcome o WHERE o.task_id = d.upstream_task_id AND o.final AND o.kind = 'completed') ORDER BY 1 LIMIT 3) u))
FROM queue.blocked k JOIN lane_reason n USING (lane_id);
COMMENT ON VIEW queue.waiting IS 'Every waiting task and why it waits: paused, a source''s limit or cool-down, backoff, other tasks, or no free slot.';

CREATE VIEW queue.stuck AS
SELECT r.task_id, r.backfill_id, r.dataset, r.data_year, r.region, 'running'::queue.task_state AS state, r.worker_name, CASE
    WHEN r.last_heard > g.lease_interval / 2 THEN format('worker %s has not been heard of for %s', r.worker_name, r.last_heard)
    WHEN r.deadline_in < '0' THEN 'past its deadline'
    ELSE format('runs for %s, longer than all recent tasks of %s', r.running_for, r.dataset) END AS reason
FROM queue.running r CROSS JOIN queue.setting g
WHERE r.last_heard > g.lease_interval / 2 OR r.deadline_in < '0'
  OR r.running_for > interval '1 minute' + 3 * (
    SELECT max(o.finished_at - o.started_at) FROM (
      SELECT n.finished_at, n.started_at FROM queue.outcome n JOIN queue.lane a USING (lane_id)
      WHERE a.dataset = r.dataset AND n.kind = 'completed' AND n.finished_at > clock_timestamp() - interval '1 day' LIMIT 1000) o)
UNION ALL
SELECT w.task_id, w.backfill_id, w.dataset, w.data_year, NULL, w.state, NULL, w.reason
FROM (SELECT DISTINCT ON (a.lane_id) r.task_id, a.lane_id FROM queue.lane a CROSS JOIN LATERAL (
    SELECT n.task_id FROM queue.ready n WHERE n.lane_id = a.lane_id ORDER BY n.rank, n.task_id LIMIT 1) r
  WHERE a.closed_at IS NULL AND (a.paused_at IS NOT NULL OR NOT EXISTS (SELECT FROM queue.worker v WHERE v.state = 'running'))) head
  JOIN queue.waiting w USING (task_id);
COMMENT ON VIEW queue.stuck IS 'What will not move by itself, or hardly: silent workers, tasks far over their usual time, opened circuit breakers and (the first task of each dataset) queues without a worker.';

CREATE VIEW queue.failures AS
SELECT a.backfill_id, a.dataset, o.error_class, regexp_replace(o.reason, '[0-9]+', '#', 'g') AS error, count(*) FILTER (WHERE o.final) AS failed_count,
  count(*) FILTER (WHERE NOT o.final) AS retried_count, min(o.data_year)::integer AS first_year, max(o.data_year)::integer AS last_year,
  max(o.finished_at) AS last_at, (array_agg(o.task_id ORDER BY o.finished_at DESC))[1] AS example_task_id,
  (array_agg(o.reason ORDER BY o.finished_at DESC))[1] AS example
FROM queue.outcome o JOIN queue.lane a USING (lane_id)
WHERE o.error_class IS NOT NULL
GROUP BY a.backfill_id, a.dataset, o.error_class, regexp_replace(o.reason, '[0-9]+', '#', 'g')
ORDER BY failed_count DESC, retried_count DESC;
COMMENT ON VIEW queue.failures IS 'What failed, grouped by error (numbers in the message left out), the most frequent first.';

CREATE VIEW queue.throughput AS
SELECT date_trunc('minute', o.finished_at) AS minute, a.dataset, count(*) FILTER (WHERE o.kind = 'completed') AS completed,
  count(*) FILTER (WHERE o.kind = 'failed') AS failed, count(*) FILTER (WHERE NOT o.final AND o.kind <> 'failed') AS tried_again,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.finished_at - o.started_at)) FILTER (WHERE o.kind = 'completed') AS median_seconds
FROM queue.outcome o JOIN queue.lane a USING (lane_id)
WHERE o.finished_at > clock_timestamp() - interval '1 hour' AND o.kind <> 'cancelled'
GROUP BY 1, 2 ORDER BY 1 DESC, 2;
COMMENT ON VIEW queue.throughput IS 'Attempts ended per minute and dataset in the last hour.';

CREATE VIEW queue.workers AS
SELECT w.worker_id, w.name, w.host, w.pid, w.version, w.state, w.slots, (SELECT count(*) FROM queue.lease l WHERE l.worker_id = w.worker_id) AS busy,
  date_trunc('milliseconds', clock_timestamp() - w.heartbeat_at) AS last_heard, w.session_lock, w.started_at, w.ended_at, w.end_reason
FROM queue.worker w WHERE w.ended_at IS NULL OR w.ended_at > clock_timestamp() - interval '1 hour'
ORDER BY w.ended_at IS NOT NULL, w.worker_id;
COMMENT ON VIEW queue.workers IS 'Living workers, and those that ended in the last hour, with the reason.';

CREATE VIEW queue.eta AS
SELECT p.backfill_id, p.backfill_key, p.state, p.ready + p.blocked + p.running AS remaining, r.per_minute,
  CASE WHEN r.per_minute > 0 THEN date_trunc('second', make_interval(secs => ((p.ready + p.blocked + p.running) / r.per_minute * 60)::double precision)) END AS remaining_interval,
  CASE WHEN r.per_minute > 0 THEN date_trunc('second', clock_timestamp() + make_interval(secs => ((p.ready + p.blocked + p.running) / r.per_minute * 60)::double precision)) END AS ends_at
FROM queue.backfill_progress p CROSS JOIN LATERAL (
  SELECT round((count(*) / greatest(extract(epoch FROM clock_timestamp() - greatest(p.created_at, clock_timestamp() - interval '10 minutes')) / 60, 0.05))::numeric, 1) AS per_minute
  FROM queue.outcome o JOIN queue.lane a USING (lane_id)
  WHERE a.backfill_id = p.backfill_id AND o.final AND o.finished_at > clock_timestamp() - interval '10 minutes') r
WHERE p.finished_at IS NULL;
COMMENT ON VIEW queue.eta IS 'When each open backfill will end, at its rate of the last ten minutes.';

CREATE VIEW queue.overview AS
SELECT * FROM (
  SELECT 1 AS n, 'queue' AS item, CASE WHEN g.paused_at IS NULL THEN 'running' ELSE 'paused' END AS value, g.pause_reason AS detail FROM queue.setting g
  UNION ALL
  SELECT 2, 'workers', count(*)::text, format('%s slots, %s busy, %s draining', coalesce(sum(w.slots), 0), (SELECT count(*) FROM queue.lease), count(*) FILTER (WHERE w.state = 'draining'))
    FROM queue.worker w WHERE w.ended_at IS NULL
  UNION ALL
  SELECT 3, 'backfill ' || p.backfill_id, p.state, format('%s of %s done: %s completed, %s failed, %s cancelled; %s running, %s ready, %s blocked%s',
    p.completed + p.failed + p.cancelled, p.total, p.completed, p.failed, p.cancelled, p.running, p.ready, p.blocked, '; ' || p.reason)
    FROM queue.backfill_progress p WHERE p.finished_at IS NULL OR p.finished_at > clock_timestamp() - interval '1 hour'
  UNION ALL
  SELECT 4, 'dataset ' || d.dataset, 'paused', d.pause_reason FROM queue.dataset_pause d
  UNION ALL
  SELECT 5, 'source ' || s.source_id, CASE WHEN s.paused_at IS NOT NULL THEN 'paused' ELSE 'cooling down' END,
    CASE WHEN s.paused_at IS NOT NULL THEN s.pause_reason ELSE format('until %s: %s', s.cool_down_until, s.cool_down_reason) END
    FROM queue.source s WHERE s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
  UNION ALL
  SELECT 6, 'dataset ' || a.dataset, 'paused in backfill ' || a.backfill_id, a.pause_reason FROM queue.lane a WHERE a.paused_at IS NOT NULL AND a.closed_at IS NULL
) AS lines ORDER BY n, item;
COMMENT ON VIEW queue.overview IS 'The queue on one screen: workers, backfills, what is paused or cooling down.';

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
    RETURN format('%s %s%s: %s %s%s', t.dataset, t.data_year, CASE WHEN t.region <> '' THEN ' ' || t.region ELSE '' END, t.state,
      to_char(t.finished_at, 'YYYY-MM-DD HH24:MI:SS'), ': ' || t.reason);
  ELSIF t.state = 'running' THEN
    RETURN (SELECT format('%s %s runs on worker %s (%s) for %s', t.dataset, t.data_year, r.worker_name, r.host, r.running_for) FROM queue.running r WHERE r.task_id = $1);
  END IF;
  RETURN (SELECT format('%s %s %s', t.dataset, t.data_year, CASE WHEN w.state = 'blocked' THEN w.reason ELSE 'waits: ' || w.reason END) FROM queue.waiting w WHERE w.task_id = $1);
END
$$;
COMMENT ON FUNCTION queue.why IS 'Why does this task wait, or how did it end? One sentence.';
