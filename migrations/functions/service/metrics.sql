-- The figures of the whole queue, as a scrape of the service reads them: one call, of what is kept rather than counted.

CREATE FUNCTION service._table_metrics() RETURNS TABLE (name text, labels text[], value double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'aker_table_bytes', ARRAY['table', n.nspname || '.' || c.relname], pg_table_size(c.oid)::float8
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND (n.nspname = 'queue' AND c.relname IN ('ready', 'lease', 'outcome', 'planned_task',
      'attempt_note', 'event', 'progress', 'progress_delta')
    OR n.nspname = 'lineage' AND c.relname IN ('publication', 'input', 'outbox'))
  UNION ALL
  SELECT 'aker_oldest_snapshot_transactions', '{}', coalesce(max(age(a.backend_xmin)), 0) FROM pg_stat_activity a
  UNION ALL
  SELECT 'aker_wal_bytes_total', '{}', (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
    ELSE pg_current_wal_lsn() END - '0/0')::float8
$$;
COMMENT ON FUNCTION service._table_metrics IS 'What the server says of sizes and of what holds back its vacuum.';

CREATE FUNCTION service._source_metrics() RETURNS TABLE (name text, labels text[], value double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH busy AS (
    SELECT u AS source_id, sum(n.running) AS running
    FROM (SELECT l.lane_id, count(*) AS running FROM queue.lease l GROUP BY l.lane_id) n
      JOIN queue.lane a USING (lane_id) CROSS JOIN unnest(a.source_ids) u GROUP BY u)
  SELECT m.name, ARRAY['source', s.source_id], m.value
  FROM queue.source s JOIN queue.token_bucket t USING (source_id) LEFT JOIN busy b USING (source_id)
    CROSS JOIN LATERAL (SELECT CASE WHEN t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
      THEN t.quota_used ELSE 0 END AS used) q
    CROSS JOIN LATERAL (VALUES
      ('aker_source_requests_total', t.granted_total::float8),
      ('aker_source_running', coalesce(b.running, 0)::float8),
      ('aker_source_running_limit', s.max_running::float8),
      ('aker_source_tokens', least(s.burst, t.tokens + s.tokens_per_second
        * greatest(extract(epoch FROM clock_timestamp() - t.refilled_at), 0)::float8)),
      ('aker_source_quota_left', CASE WHEN s.daily_quota >= 0 THEN greatest(s.daily_quota - q.used, 0) END::float8),
      ('aker_source_cooling_down_seconds',
        greatest(extract(epoch FROM s.cool_down_until - clock_timestamp()), 0)::float8),
      ('aker_source_paused', (s.paused_at IS NOT NULL)::int::float8)) AS m(name, value)
  WHERE m.value IS NOT NULL
$$;
COMMENT ON FUNCTION service._source_metrics IS 'Requests, limits, quotas and cool-downs by source.';

CREATE FUNCTION service._flow_metrics() RETURNS TABLE (name text, labels text[], value double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT m.name, ARRAY['flow', f.flow], m.value
  FROM schedule.flow f CROSS JOIN LATERAL (VALUES
    ('aker_flow_missed_total',
      (SELECT count(*) FROM schedule.due d WHERE d.flow = f.flow AND d.fate = 'missed')::float8),
    ('aker_flow_next_due_timestamp_seconds', extract(epoch FROM f.next_due_at)::float8),
    ('aker_flow_late_seconds', coalesce((
      SELECT greatest(extract(epoch FROM max(schedule._now() - schedule._fires_at(f, d.due_at))), 0)
      FROM schedule.due d WHERE d.flow = f.flow AND d.fate = 'waiting'
        AND schedule._open_backfill(f.flow) IS NULL), 0)::float8),
    ('aker_flow_paused', (f.paused_at IS NOT NULL)::int::float8)) AS m(name, value)
  WHERE f.removed_at IS NULL AND m.value IS NOT NULL
  UNION ALL
  SELECT 'aker_leader', ARRAY['holder', coalesce(l.name, '')],
    coalesce(l.holder IS NOT NULL AND l.expires_at > clock_timestamp(), false)::int FROM schedule.leader l
  UNION ALL
  SELECT 'aker_leader_term', '{}', l.term FROM schedule.leader l
$$;
COMMENT ON FUNCTION service._flow_metrics IS 'When flows are due, what was missed, and who leads.';

CREATE FUNCTION service._queue_metrics() RETURNS TABLE (name text, labels text[], value double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH lane AS MATERIALIZED (
    SELECT a.lane_id, a.dataset, a.paused_at, sum(p.total) AS total, sum(p.blocked) AS blocked,
      sum(p.completed) AS completed, sum(p.failed) AS failed, sum(p.cancelled) AS cancelled
    FROM queue.lane a JOIN queue.progress p USING (lane_id) WHERE a.closed_at IS NULL
    GROUP BY a.lane_id, a.dataset, a.paused_at),
  delta AS MATERIALIZED (
    SELECT d.lane_id, sum(d.blocked) AS blocked, sum(d.completed) AS completed, sum(d.failed) AS failed,
      sum(d.cancelled) AS cancelled
    FROM queue.progress_delta d GROUP BY d.lane_id),
  busy AS MATERIALIZED (SELECT l.lane_id, count(*) AS running FROM queue.lease l GROUP BY l.lane_id),
  delayed AS MATERIALIZED (
    SELECT n.lane_id, count(*) AS delayed FROM (SELECT d.lane_id FROM queue.delayed d LIMIT 10000) n
      GROUP BY n.lane_id),
  counts AS MATERIALIZED (
    SELECT n.dataset, sum(n.blocked + coalesce(d.blocked, 0)) AS blocked, sum(coalesce(b.running, 0)) AS running,
      sum(coalesce(y.delayed, 0)) AS delayed,
      sum(n.total - n.blocked - n.completed - n.failed - n.cancelled - coalesce(b.running, 0) - coalesce(y.delayed, 0)
        - coalesce(d.blocked + d.completed + d.failed + d.cancelled, 0)) AS ready,
      sum((n.paused_at IS NOT NULL)::int) AS breakers
    FROM lane n LEFT JOIN delta d USING (lane_id) LEFT JOIN busy b USING (lane_id) LEFT JOIN delayed y USING (lane_id)
    GROUP BY n.dataset)
  SELECT 'aker_tasks', ARRAY['dataset', c.dataset, 'state', s.state], s.value::float8
  FROM counts c CROSS JOIN LATERAL (VALUES ('ready', c.ready), ('delayed', c.delayed), ('blocked', c.blocked),
    ('running', c.running)) AS s(state, value)
  UNION ALL
  SELECT 'aker_breaker_open', ARRAY['dataset', c.dataset], c.breakers FROM counts c
  UNION ALL
  -- A rank that is no time is that of a task that was moved to the front.
  SELECT 'aker_oldest_ready_seconds', ARRAY['dataset', n.dataset],
    max(greatest(extract(epoch FROM clock_timestamp()) - h.rank / 1000000.0, 0))
  FROM lane n CROSS JOIN LATERAL (SELECT r.rank FROM queue.ready r WHERE r.lane_id = n.lane_id AND r.rank > 0
    ORDER BY r.rank, r.task_id LIMIT 1) h
  GROUP BY n.dataset
  UNION ALL
  SELECT 'aker_wanted_slots', ARRAY['dataset', w.dataset], sum(w.running + w.startable) FROM queue.wanted() w
  GROUP BY w.dataset
$$;
COMMENT ON FUNCTION service._queue_metrics IS 'Depth, age and wanted slots by dataset, of open lanes.';

CREATE FUNCTION service._fleet_metrics() RETURNS TABLE (name text, labels text[], value double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'aker_workers', ARRAY['state', s.state], count(w.worker_id)
  FROM unnest(ARRAY['running', 'draining']) AS s(state) LEFT JOIN queue.worker w ON w.state = s.state
  GROUP BY s.state
  UNION ALL
  SELECT 'aker_workers_unwell', '{}', count(*) FROM queue.worker w
    WHERE w.ended_at IS NULL AND w.host_trouble IS NOT NULL
  UNION ALL
  SELECT 'aker_worker_slots', '{}', coalesce(sum(w.slots), 0) FROM queue.worker w WHERE w.state = 'running'
    AND w.host_trouble IS NULL
  UNION ALL
  SELECT 'aker_worker_slots_busy', '{}', count(*) FROM queue.lease
  UNION ALL
  SELECT 'aker_workers_lost', '{}', count(*) FROM queue.worker w WHERE w.state = 'lost'
    AND w.ended_at > clock_timestamp() - interval '1 hour'
  UNION ALL
  SELECT 'aker_queue_paused', '{}', (g.paused_at IS NOT NULL)::int FROM queue.setting g
  UNION ALL
  SELECT 'aker_database_life_began_timestamp_seconds', '{}', extract(epoch FROM g.life_began_at)
  FROM queue.setting g WHERE g.life_began_at IS NOT NULL
  UNION ALL
  SELECT 'aker_backfills_open', '{}', count(*) FROM queue.backfill b WHERE b.finished_at IS NULL
  UNION ALL
  SELECT 'aker_alerts', ARRAY['kind', a.kind, 'severity', a.severity], count(*) FROM service.alert a
  WHERE a.ended_at IS NULL AND a.fired_at IS NOT NULL GROUP BY a.kind, a.severity
  UNION ALL
  SELECT 'aker_notices_undelivered', '{}', count(*) FROM service.notice n WHERE n.delivered_at IS NULL
  UNION ALL
  SELECT 'aker_dataset_published_timestamp_seconds', ARRAY['dataset', f.dataset], extract(epoch FROM f.published_at)
  FROM service.freshness f
$$;
COMMENT ON FUNCTION service._fleet_metrics IS
  'Workers, backfills, alerts, the database''s life, and freshness by dataset.';

CREATE FUNCTION service.metrics() RETURNS TABLE (name text, labels text[], value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT m.name, m.labels, m.value FROM (
    SELECT * FROM service._queue_metrics() UNION ALL SELECT * FROM service._source_metrics()
    UNION ALL SELECT * FROM service._flow_metrics() UNION ALL SELECT * FROM service._fleet_metrics()
    UNION ALL SELECT * FROM service._table_metrics()) m
  ORDER BY m.name, m.labels
$$;
COMMENT ON FUNCTION service.metrics IS
  'Every figure of the queue that /metrics tells, with its labels as name, value, name, value: docs/metrics.md says '
  'what '
  'each means. What is asked of a scrape of the whole queue, by aker_monitor too.';
