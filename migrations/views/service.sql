CREATE VIEW service.tokens AS
SELECT t.name, t.level, t.created_at, t.created_by, t.expires_at, t.last_used_at,
  CASE WHEN t.revoked_at IS NOT NULL THEN 'revoked' WHEN t.expires_at <= clock_timestamp() THEN 'expired'
    ELSE 'valid' END AS state,
  t.revoked_at, t.revoked_by
FROM service.token t;
COMMENT ON VIEW service.tokens IS 'Tokens of the API, past ones too, without their hashes.';

CREATE VIEW service.alerts AS
SELECT a.alert_id, a.kind, a.subject, a.severity, a.summary, a.advice, a.began_at, a.fired_at, a.ended_at,
  CASE WHEN a.ended_at IS NOT NULL THEN 'ended' WHEN a.fired_at IS NULL THEN 'pending' ELSE 'firing' END AS state,
  s.ends_at AS silenced_until, s.reason AS silence_reason,
  (SELECT count(*) FROM service.notice n WHERE n.alert_id = a.alert_id AND n.delivered_at IS NULL) AS undelivered,
  (SELECT n.last_error FROM service.notice n WHERE n.alert_id = a.alert_id AND n.delivered_at IS NULL
    AND n.last_error IS NOT NULL ORDER BY n.notice_id DESC LIMIT 1) AS delivery_error
FROM service.alert a LEFT JOIN LATERAL (
  SELECT x.ends_at, x.reason FROM service.silence x
  WHERE x.ends_at > clock_timestamp() AND (x.kind IS NULL OR x.kind = a.kind)
    AND (x.subject IS NULL OR x.subject = a.subject)
  ORDER BY x.ends_at DESC LIMIT 1) s ON true;
COMMENT ON VIEW service.alerts IS
  'What is wrong now and what was, whether it is silenced, and whether somebody was told.';

-- Looked up by dataset from the end of an index, however much was published.
CREATE VIEW service.freshness AS
SELECT d.name AS dataset, p.published_at
FROM catalog.dataset d CROSS JOIN LATERAL (
  SELECT n.published_at FROM lineage.publication n WHERE n.dataset = d.name
  ORDER BY n.published_at DESC LIMIT 1) p;
COMMENT ON VIEW service.freshness IS 'When each dataset was last published, whatever partition of it.';

-- What is wrong now, as the database can tell: one row each, however often it is looked at. holds_for is how long it
-- must hold before anybody is told.
CREATE VIEW service.trouble AS
SELECT 'backfill_failed' AS kind, b.backfill_id::text AS subject, 'warning' AS severity, interval '0' AS holds_for,
  format('backfill %s ended with %s', b.backfill_id, queue._counted(n.failed, 'failed task')) AS summary,
  format('aker tasks --backfill %s --state failed; then aker retry --backfill %s', b.backfill_id, b.backfill_id)
    AS advice
FROM queue.backfill b CROSS JOIN LATERAL (
  SELECT coalesce(sum(p.failed), 0) AS failed FROM queue.lane a JOIN queue.progress p USING (lane_id)
  WHERE a.backfill_id = b.backfill_id) n
WHERE b.finished_at > clock_timestamp() - interval '1 day' AND b.cancelled_at IS NULL AND n.failed > 0
UNION ALL
SELECT 'breaker_open', a.backfill_id || ' ' || a.dataset, 'critical', interval '0',
  format('%s is paused in backfill %s: %s', a.dataset, a.backfill_id, a.pause_reason),
  format('Mend the definition or its source, then: aker resume --backfill %s', a.backfill_id)
FROM queue.lane a WHERE a.closed_at IS NULL AND a.paused_at IS NOT NULL
UNION ALL
SELECT 'task_quarantined', o.task_id::text, 'critical', interval '0',
  format('task %s (%s) was given up: %s', o.task_id, queue._task_name(o.task_id), o.reason),
  format('aker task %s; then aker retry --task %s', o.task_id, o.task_id)
FROM queue.outcome o
WHERE o.final AND o.kind = 'failed' AND o.error_class = 'worker_lost'
  AND o.finished_at > clock_timestamp() - interval '1 day'
UNION ALL
SELECT 'flow_missed', d.flow || ' ' || to_char(d.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'), 'critical',
  interval '0', format('flow %s was due at %s and missed: %s', d.flow,
    to_char(d.due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'), d.reason),
  format('Enqueue it now: aker flow trigger %s', d.flow)
FROM schedule.due d JOIN schedule.flow f USING (flow)
WHERE d.fate = 'missed' AND d.noted_at > schedule._now() - interval '1 day'
UNION ALL
SELECT 'flow_late', d.flow, 'warning', interval '0',
  format('flow %s is due since %s%s', d.flow, to_char(min(d.due_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
    ': ' || f.trouble),
  format('aker flow history %s', d.flow)
FROM schedule.due d JOIN schedule.flow f USING (flow)
WHERE d.fate = 'waiting' AND f.removed_at IS NULL AND f.paused_at IS NULL
  AND schedule._fires_at(f, d.due_at) < schedule._now() - interval '15 minutes'
  AND schedule._open_backfill(d.flow) IS NULL
GROUP BY d.flow, f.time_zone, f.trouble
UNION ALL
-- The cadence is the gap between the next two due times of the flow that brings it.
SELECT 'dataset_stale', n.dataset, 'warning', interval '0',
  format('%s was last published at %s; its flow %s is due every %s days', n.dataset,
    to_char(s.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), n.flow, round(extract(epoch FROM n.cadence) / 86400)),
  format('aker flow history %s; aker status', n.flow)
FROM (
  SELECT u AS dataset, min(f.flow) AS flow, min(schedule._next_due(f, f.next_due_at) - f.next_due_at) AS cadence
  FROM schedule.flow f CROSS JOIN unnest(f.datasets) u
  WHERE f.removed_at IS NULL AND f.paused_at IS NULL AND f.next_due_at IS NOT NULL GROUP BY u) n
  JOIN service.freshness s USING (dataset)
WHERE s.published_at < schedule._now() - 2 * n.cadence
UNION ALL
SELECT 'source_cooling_down', s.source_id, 'warning', interval '1 hour',
  format('source %s has been cooling down for an hour: %s', s.source_id, s.cool_down_reason),
  format('aker sources %s; to ask it again: aker resume --source %s --cool-down', s.source_id, s.source_id)
FROM queue.source s WHERE s.cool_down_until > clock_timestamp()
UNION ALL
SELECT 'quota_gone', s.source_id, 'warning', interval '0',
  format('source %s has used its %s of today, and %s for it', s.source_id,
    queue._counted(s.daily_quota, 'request'), queue._counted(w.waiting, 'task') || CASE w.waiting WHEN 1 THEN ' waits'
      ELSE ' wait' END),
  'They go on at midnight UTC.'
FROM queue.source s JOIN queue.token_bucket t USING (source_id) CROSS JOIN LATERAL (
  SELECT coalesce(sum(p.total - p.blocked - p.completed - p.failed - p.cancelled), 0) AS waiting
  FROM queue.lane a JOIN queue.progress p USING (lane_id)
  WHERE a.closed_at IS NULL AND s.source_id = ANY (a.source_ids)) w
WHERE t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date AND w.waiting > 0
UNION ALL
SELECT 'no_worker', 'queue', 'critical', interval '1 minute',
  'tasks wait, and no worker takes any',
    'Start one on any host: aker-worker --slots 4. What became of the last: aker workers'
WHERE NOT EXISTS (SELECT FROM queue.worker v WHERE v.state = 'running' AND v.host_trouble IS NULL)
  AND queue.wanted_slots() > 0
UNION ALL
-- Whoever leads again tells of it: while nobody leads, nobody is there to tell.
SELECT 'no_leader', to_char(l.unled_from AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'critical', interval '0',
  format('no coordinator led from %s to %s (UTC)', to_char(l.unled_from AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
    to_char(l.unled_until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')),
  'Serve on two hosts. What fell due meanwhile is caught up with as each flow says: aker flow ls'
FROM schedule.leader l WHERE l.unled_until > clock_timestamp() - interval '1 hour'
UNION ALL
SELECT 'database_life', f.number::text, 'warning', interval '0',
  'the database began a new life: ' || coalesce(f.message, ''),
  'Whether publications were lost: aker lake repair --report'
FROM queue.life f WHERE f.number > 1 AND f.began_at > clock_timestamp() - interval '1 day';
COMMENT ON VIEW service.trouble IS
  'What is wrong now, as the database can tell, and what to do about it: alerts are made of it.';
