-- What is: lanes, tasks, attempts, counts, what runs and what waits.

-- What is closed is listed once, and not asked for per lane: there may be a thousand of them.
CREATE VIEW queue.claimable_lane AS
SELECT l.lane_id, l.backfill_id, l.dataset, l.source_ids, l.priority,
  l.head_rank - l.priority * (
    SELECT extract(epoch FROM g.ageing_interval) * 1000000 FROM queue.setting g
    WHERE g.singleton)::bigint AS head_bound,
  l.head_rank
FROM queue.lane l
WHERE l.closed_at IS NULL AND l.paused_at IS NULL
  AND (SELECT g.paused_at IS NULL FROM queue.setting g WHERE g.singleton)
  AND l.backfill_id <> ALL (ARRAY(
    SELECT b.backfill_id FROM queue.backfill b
    WHERE b.finished_at IS NULL AND (b.paused_at IS NOT NULL OR b.cancelled_at IS NOT NULL)))
  AND l.dataset <> ALL (ARRAY(SELECT p.dataset FROM queue.dataset_pause p))
  AND NOT l.source_ids && ARRAY(
    SELECT s.source_id FROM queue.source s LEFT JOIN queue.token_bucket t USING (source_id)
    WHERE s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
      OR (t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date));
COMMENT ON VIEW queue.claimable_lane IS
  'Lanes that a claim may look into: open, not paused at any level, no source cooling down or out of quota.';
COMMENT ON COLUMN queue.claimable_lane.head_bound IS 'No task of it goes before this, priority and ageing included.';

CREATE VIEW queue.task AS
SELECT t.task_id, a.backfill_id, b.backfill_key, a.dataset, t.data_year::integer AS data_year, t.region, b.as_of,
  CASE
    WHEN o.kind IS NOT NULL THEN o.kind::text::queue.task_state
    WHEN l.task_id IS NOT NULL THEN 'running'
    WHEN k.task_id IS NOT NULL THEN 'blocked'
    ELSE 'ready'
  END AS state,
  a.priority::integer AS priority,
  coalesce(l.attempt_count, o.attempt_number, r.attempt_count, d.attempt_count, k.attempt_count,
    0)::integer AS attempt_count,
  a.max_attempts::integer AS max_attempts,
  coalesce(d.run_at, to_timestamp(r.rank / 1000000.0)) AS run_at,
  coalesce(l.started_at, o.started_at) AS started_at, o.finished_at, l.deadline_at,
  coalesce(l.worker_id, o.worker_id) AS worker_id, coalesce(l.lease_token, o.lease_token) AS lease_token,
  a.source_ids[1] AS source_id, a.source_ids,
    queue._definition_of(t.task_id, 'infinity', a.definition_hash) AS definition_hash, o.error_class,
    coalesce(o.reason, d.reason) AS reason, o.detail, o.result,
  b.created_at
FROM queue.planned_task t
  JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
  LEFT JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
  LEFT JOIN queue.lease l ON l.task_id = t.task_id
  LEFT JOIN queue.blocked k ON k.task_id = t.task_id
  LEFT JOIN queue.delayed d ON d.task_id = t.task_id
  LEFT JOIN queue.ready r ON r.task_id = t.task_id;
COMMENT ON VIEW queue.task IS
  'Every task and its state. Filter by task_id, backfill_id, dataset or state; for counts read queue.grid or '
  'queue.backfill_progress.';
COMMENT ON COLUMN queue.task.run_at IS 'From when on a waiting task may be claimed; 1970 for one moved to the front.';

CREATE VIEW queue.uncompleted AS
SELECT o.task_id, o.lane_id, o.data_year, 'failed' AS state, o.error_class
FROM queue.outcome o WHERE o.final AND o.kind = 'failed'
UNION ALL SELECT o.task_id, o.lane_id, o.data_year, 'cancelled', o.error_class
FROM queue.outcome o WHERE o.final AND o.kind = 'cancelled'
UNION ALL SELECT l.task_id, l.lane_id, l.data_year, 'running', NULL FROM queue.lease l
UNION ALL SELECT k.task_id, k.lane_id, k.data_year, 'blocked', NULL FROM queue.blocked k
UNION ALL SELECT r.task_id, r.lane_id, r.data_year, 'ready', NULL FROM queue.ready r
UNION ALL SELECT d.task_id, d.lane_id, d.data_year, 'ready', NULL FROM queue.delayed d;
COMMENT ON VIEW queue.uncompleted IS
  'Tasks in any state but completed. A condition on queue.task.state reads every task there is: ask here first, and '
  'queue.task for those of task_id = ANY (ARRAY(SELECT ...)).';

CREATE VIEW queue.attempt AS
SELECT o.lease_token AS attempt_id, o.task_id, a.backfill_id, a.dataset, o.data_year::integer AS data_year, t.region,
  o.attempt_number::integer AS attempt_number,
  o.kind::text AS state, o.started_at, o.finished_at, o.finished_at - o.started_at AS ran_for, o.worker_id,
    w.name AS worker_name, w.host,
  o.error_class, o.reason, CASE WHEN o.kind = 'completed' THEN o.detail
    ELSE coalesce(n.detail || o.detail, o.detail, n.detail) END AS detail, o.result,
  CASE WHEN o.kind <> 'completed' THEN coalesce(o.detail ->> 'step', n.detail ->> 'step') END AS step,
  o.detail -> 'causes' AS causes,
  queue._definition_of(o.task_id, o.started_at, a.definition_hash) AS definition_hash,
  coalesce(o.detail -> 'log', n.detail -> 'log') AS log
FROM queue.outcome o JOIN queue.planned_task t USING (task_id) JOIN queue.lane a ON a.lane_id = o.lane_id
  LEFT JOIN queue.worker w ON w.worker_id = o.worker_id
  LEFT JOIN queue.attempt_note n ON n.task_id = o.task_id AND n.lease_token = o.lease_token
WHERE o.lease_token IS NOT NULL AND (o.final OR NOT o.final)
UNION ALL
SELECT l.lease_token, l.task_id, a.backfill_id, a.dataset, l.data_year, t.region, l.attempt_count, 'running',
  l.started_at, NULL,
  clock_timestamp() - l.started_at, l.worker_id, w.name, w.host, NULL, NULL, n.detail, NULL, n.detail ->> 'step', NULL,
  queue._definition_of(l.task_id, l.started_at, a.definition_hash), n.detail -> 'log'
FROM queue.lease l JOIN queue.planned_task t USING (task_id) JOIN queue.lane a ON a.lane_id = l.lane_id
  LEFT JOIN queue.worker w ON w.worker_id = l.worker_id
  LEFT JOIN queue.attempt_note n ON n.task_id = l.task_id AND n.lease_token = l.lease_token;
COMMENT ON VIEW queue.attempt IS
  'Every try of every task, running ones too. attempt_id is the attempt''s lease token. state is running, or how it '
  'ended.';
COMMENT ON COLUMN queue.attempt.log IS
  'What it logged, in order: objects with after (seconds from its start), level and text; a hundred lines at most. '
  'Of a running attempt, as its worker last told.';
COMMENT ON COLUMN queue.attempt.detail IS
  'advice, error (its type), causes, step, steps (each with after and seconds), inputs (the documents it had). Steps '
  'of what was published are in lineage.publication.';
COMMENT ON COLUMN queue.attempt.step IS
  'The step that it is in, or was in when it ended; NULL where it was between two.';
COMMENT ON COLUMN queue.attempt.definition_hash IS
  'What it was made by: the definition that was applied when its task was enqueued or last tried again, or one that '
  'was named.';
COMMENT ON COLUMN queue.attempt.causes IS
  'What lies beneath the reason, from near to far: ["HTTP 503 from api.census.gov", ...].';

CREATE VIEW queue.progress_now AS
SELECT p.lane_id, p.data_year::integer AS data_year, p.total,
  p.total - (p.blocked + coalesce(d.blocked, 0)) - coalesce(l.running, 0) - (p.completed + coalesce(d.completed, 0))
    - (p.failed + coalesce(d.failed, 0)) - (p.cancelled + coalesce(d.cancelled, 0)) AS ready,
  p.blocked + coalesce(d.blocked, 0) AS blocked, coalesce(l.running, 0) AS running,
    p.completed + coalesce(d.completed, 0) AS completed,
  p.failed + coalesce(d.failed, 0) AS failed, p.cancelled + coalesce(d.cancelled, 0) AS cancelled
FROM queue.progress p
  LEFT JOIN (
    SELECT lane_id, data_year, sum(blocked) AS blocked, sum(completed) AS completed, sum(failed) AS failed,
      sum(cancelled) AS cancelled
    FROM queue.progress_delta GROUP BY lane_id, data_year) d USING (lane_id, data_year)
  LEFT JOIN (SELECT lane_id, data_year, count(*) AS running FROM queue.lease GROUP BY lane_id, data_year) l
    USING (lane_id, data_year);
COMMENT ON VIEW queue.progress_now IS
  'Exact counts per lane and year: the kept ones, what is not folded in yet, and what runs.';

CREATE VIEW queue.grid AS
SELECT a.backfill_id, a.dataset, p.data_year, p.total::bigint, p.ready::bigint, p.blocked::bigint, p.running::bigint,
  p.completed::bigint, p.failed::bigint, p.cancelled::bigint,
  CASE
    WHEN p.failed > 0 THEN 'failed'
    WHEN p.running > 0 THEN 'running'
    WHEN p.completed = p.total THEN 'completed'
    WHEN p.cancelled > 0 THEN 'cancelled'
    WHEN p.completed > 0 THEN 'partly'
    WHEN p.ready > 0 THEN 'ready'
    ELSE 'blocked' END AS state
FROM queue.progress_now p JOIN queue.lane a USING (lane_id);
COMMENT ON VIEW queue.grid IS
  'Dataset × year of each backfill: counts per cell and the state that matters most in it. Kept, not counted.';

CREATE VIEW queue.backfill_progress AS
SELECT b.backfill_id, b.backfill_key, b.as_of,
  CASE
    WHEN b.cancelled_at IS NOT NULL THEN 'cancelled'
    WHEN b.finished_at IS NOT NULL AND n.failed > 0 THEN 'finished_with_failures'
    WHEN b.finished_at IS NOT NULL THEN 'finished'
    WHEN b.paused_at IS NOT NULL THEN 'paused'
    ELSE 'open' END AS state,
  coalesce(n.total, 0) AS total, coalesce(n.ready, 0) AS ready, coalesce(n.blocked, 0) AS blocked,
    coalesce(n.running, 0) AS running,
  coalesce(n.completed, 0) AS completed, coalesce(n.failed, 0) AS failed, coalesce(n.cancelled, 0) AS cancelled,
  (SELECT count(*) FROM queue.skipped_partition s JOIN queue.lane a USING (lane_id)
    WHERE a.backfill_id = b.backfill_id) AS skipped,
  b.mode, b.max_running, b.requested_by, b.note, b.created_at, b.finished_at,
    coalesce(b.cancel_reason, b.pause_reason) AS reason
FROM queue.backfill b LEFT JOIN LATERAL (
  SELECT sum(p.total)::bigint AS total, sum(p.ready)::bigint AS ready, sum(p.blocked)::bigint AS blocked,
    sum(p.running)::bigint AS running,
    sum(p.completed)::bigint AS completed, sum(p.failed)::bigint AS failed, sum(p.cancelled)::bigint AS cancelled
  FROM queue.lane a JOIN queue.progress_now p USING (lane_id) WHERE a.backfill_id = b.backfill_id) n ON true;
COMMENT ON VIEW queue.backfill_progress IS 'One row per backfill: its state and its counts.';

CREATE VIEW queue.running AS
SELECT l.task_id, a.backfill_id, a.dataset, l.data_year::integer AS data_year, t.region, w.name AS worker_name, w.host,
  w.pid, l.worker_id, l.lease_token,
  l.attempt_count::integer AS attempt_number, date_trunc('second', clock_timestamp() - l.started_at) AS running_for,
  date_trunc('second', l.deadline_at - clock_timestamp()) AS deadline_in,
    date_trunc('milliseconds', clock_timestamp() - w.heartbeat_at) AS last_heard
FROM queue.lease l JOIN queue.lane a USING (lane_id) JOIN queue.planned_task t ON t.task_id = l.task_id
  LEFT JOIN queue.worker w ON w.worker_id = l.worker_id
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
          THEN format('source %s has used its daily quota of %s', s.source_id, queue._counted(s.daily_quota, 'request'))
        ELSE format('source %s is at its limit of %s', s.source_id, queue._counted(s.max_running, 'running task')) END
      FROM queue.source s LEFT JOIN queue.token_bucket t USING (source_id)
      WHERE s.source_id = ANY (a.source_ids) AND (
        s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
        OR t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
        OR s.max_running <= (SELECT count(*) FROM queue.lane n JOIN queue.lease l USING (lane_id)
          WHERE s.source_id = ANY (n.source_ids)))
      ORDER BY s.paused_at IS NULL, s.source_id LIMIT 1)
    END AS reason,
    CASE WHEN b.max_running <= (SELECT count(*) FROM queue.lane n JOIN queue.lease l USING (lane_id)
      WHERE n.backfill_id = b.backfill_id)
      THEN format('backfill %s is at its limit of %s', b.backfill_id,
        queue._counted(b.max_running, 'running task')) END AS backfill_reason
  FROM queue.lane a JOIN queue.backfill b USING (backfill_id) CROSS JOIN queue.setting g
    LEFT JOIN queue.dataset_pause dp USING (dataset)
  WHERE a.closed_at IS NULL),
worker_reason AS (
  SELECT CASE
    WHEN count(*) = 0 THEN 'no worker is alive'
    WHEN count(*) = count(w.host_trouble)
      THEN min(format('no worker''s host is well: %s on %s: %s', w.name, w.host, w.host_trouble))
    WHEN sum(w.slots) FILTER (WHERE w.host_trouble IS NULL) <= (SELECT count(*) FROM queue.lease) THEN CASE
      WHEN sum(w.slots) = 1 THEN 'the only slot is busy'
      ELSE format('all %s slots of %s are busy', sum(w.slots), queue._counted(count(*), 'worker')) END
    ELSE 'next in line' END AS reason
  FROM queue.worker w WHERE w.state = 'running')
SELECT r.task_id, n.backfill_id, n.dataset, r.data_year::integer AS data_year, 'ready'::queue.task_state AS state,
  to_timestamp(r.rank / 1000000.0) AS run_at, coalesce(n.reason, n.backfill_reason, w.reason) AS reason
FROM queue.ready r JOIN lane_reason n USING (lane_id) CROSS JOIN worker_reason w
UNION ALL
SELECT d.task_id, n.backfill_id, n.dataset, d.data_year, 'ready', d.run_at,
  format('%s until %s (%s)', CASE WHEN d.reason LIKE 'snoozed%' THEN 'snoozed'
    ELSE 'backing off' END, to_char(d.run_at, 'YYYY-MM-DD HH24:MI:SS'), d.reason)
  || coalesce('; and ' || n.reason, '')
FROM queue.delayed d JOIN lane_reason n USING (lane_id)
UNION ALL
SELECT k.task_id, n.backfill_id, n.dataset, k.data_year, 'blocked', NULL,
  format('waits for %s: %s', queue._counted(k.remaining, 'task'), (
    SELECT string_agg(u.task_id || ' (' || queue._task_name(u.task_id) || ')', ', ') FROM (
      SELECT d.upstream_task_id AS task_id FROM queue.dependency d WHERE d.task_id = k.task_id AND NOT EXISTS (
        SELECT FROM queue.outcome o WHERE o.task_id = d.upstream_task_id AND o.final AND o.kind = 'completed')
          ORDER BY 1 LIMIT 3) u))
FROM queue.blocked k JOIN lane_reason n USING (lane_id);
COMMENT ON VIEW queue.waiting IS
  'Every waiting task and why it waits: paused, a source''s limit or cool-down, backoff, other tasks, or no free '
  'slot.';

CREATE VIEW queue.superseded AS SELECT * FROM queue._superseded();
COMMENT ON VIEW queue.superseded IS
  'Tasks whose failure is history: their partition was published since at its vintage, or a later backfill has a task '
  'for it.';

CREATE VIEW queue.history AS
SELECT a.backfill_id, count(*) AS tasks
FROM queue.superseded s JOIN queue.planned_task t USING (task_id) JOIN queue.lane a USING (lane_id)
  GROUP BY a.backfill_id;
COMMENT ON VIEW queue.history IS 'Of each backfill how many tasks failed and are history: see queue.superseded.';
