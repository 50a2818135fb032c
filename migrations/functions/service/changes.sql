-- What the service tells its listeners of, in one query a second for all of them, which waits here for what changes.

-- Of cells, which are by far the most, it reads those that transactions changed which the snapshot before did not see,
-- and those of which another number runs than the caller knows.
CREATE FUNCTION service.changes(after_event bigint DEFAULT NULL, since pg_snapshot DEFAULT NULL,
  running_lanes integer[] DEFAULT '{}', running_years integer[] DEFAULT '{}', running_counts bigint[] DEFAULT '{}')
RETURNS TABLE (kind text, key text, data text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  RETURN QUERY
  WITH running AS MATERIALIZED (
    SELECT l.lane_id, l.data_year::integer AS data_year, count(*) AS count FROM queue.lease l
    GROUP BY l.lane_id, l.data_year),
  changed AS MATERIALIZED (
    SELECT c.lane_id, c.data_year FROM service._changed_counts($2) c
    UNION
    SELECT c.lane_id, c.data_year FROM service._changed_runs($3, $4, $5) c WHERE $2 IS NOT NULL),
  cell AS (
    SELECT g.* FROM changed c JOIN queue.lane a USING (lane_id)
      JOIN queue.grid g ON g.backfill_id = a.backfill_id AND g.dataset = a.dataset AND g.data_year = c.data_year)
  -- The caller's next since: of this statement, so that what it does not see is told the next time.
  SELECT 'snapshot', pg_current_snapshot()::text, NULL::text
  UNION ALL
  -- Events get their numbers before they are committed: the last ones are told again, and the caller knows them.
  SELECT 'event', e.event_id::text, json_build_object('event_id', e.event_id, 'at', e.at, 'kind', e.kind,
    'backfill_id', e.backfill_id, 'task_id', e.task_id, 'actor', e.actor, 'message', e.message)::text
  FROM queue.event e
  WHERE e.event_id > coalesce($1, (SELECT max(n.event_id) - 1 FROM queue.event n)) - CASE WHEN $1 IS NULL THEN 0
    ELSE 100 END
  UNION ALL
  SELECT 'running', concat_ws(' ', r.lane_id, r.data_year), r.count::text FROM running r
  UNION ALL
  SELECT 'cell', concat_ws(' ', g.backfill_id, g.dataset, g.data_year), json_build_object('backfill_id', g.backfill_id,
    'dataset', g.dataset, 'data_year', g.data_year, 'state', g.state, 'total', g.total, 'ready', g.ready,
    'blocked', g.blocked, 'running', g.running, 'completed', g.completed, 'failed', g.failed,
    'cancelled', g.cancelled)::text
  FROM cell g
  UNION ALL
  SELECT 'worker', w.worker_id::text, json_build_object('worker_id', w.worker_id, 'name', w.name, 'host', w.host,
    'state', w.state, 'slots', w.slots, 'busy', w.busy, 'host_trouble', w.host_trouble)::text
  FROM queue.workers w WHERE w.ended_at IS NULL
  UNION ALL
  SELECT 'source', s.source_id, json_build_object('source_id', s.source_id, 'pause_reason', s.pause_reason,
    'cool_down_until', s.cool_down_until)::text
  FROM queue.source s WHERE s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
  UNION ALL
  SELECT 'alert', a.alert_id::text, json_build_object('alert_id', a.alert_id, 'kind', a.kind, 'subject', a.subject,
    'severity', a.severity, 'summary', a.summary)::text
  FROM service.alert a WHERE a.ended_at IS NULL AND a.fired_at IS NOT NULL
  UNION ALL
  SELECT 'batch', b.batch_id::text, json_build_object('batch_id', b.batch_id, 'act', b.act, 'total', b.total,
    'done', b.done, 'left_alone', b.left_alone, 'finished_at', b.finished_at)::text
  FROM service.batch b WHERE b.finished_at IS NULL OR b.finished_at > clock_timestamp() - interval '1 minute';
END
$$;
COMMENT ON FUNCTION service.changes IS
  'What a listener is told of, as it is now: what differs from the last time is what changed. Events are those after '
  'after_event and the hundred before it. A row snapshot is the next since: without one no cells are told, then those '
  'that changed. Rows running (a lane and year) are how many tasks run of each, which the caller gives back.';

CREATE FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[])
RETURNS TABLE (lane_id integer, data_year integer)
LANGUAGE sql STABLE AS $$
  SELECT lane_id, data_year
  FROM (
    SELECT l.lane_id, l.data_year::integer AS data_year, count(*) AS count FROM queue.lease l
    GROUP BY l.lane_id, l.data_year) r
    FULL JOIN unnest($1, $2, $3) AS k (lane_id, data_year, count) USING (lane_id, data_year)
  WHERE r.count IS DISTINCT FROM k.count
$$;
COMMENT ON FUNCTION service._changed_runs IS 'Lanes and years of which another number runs than the caller knows.';

-- Who claims or ends a task tells nobody, since that would cost each of them. To look is cheap where nothing changed:
-- three indexes, and what runs.
CREATE FUNCTION service.await_changes(patience interval, after_event bigint, since pg_snapshot,
  running_lanes integer[], running_years integer[], running_counts bigint[])
RETURNS TABLE (kind text, key text, data text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  began timestamptz := clock_timestamp();
  -- A change is seen so much later at the most.
  pause constant interval := '0.15 s';
  waited interval;
BEGIN
  -- Each statement sees what was committed before it began.
  WHILE $3 IS NOT NULL AND clock_timestamp() < began + $1 AND NOT (
    EXISTS (SELECT FROM service._changed_counts($3)) OR EXISTS (SELECT FROM service._changed_runs($4, $5, $6))
    OR EXISTS (SELECT FROM queue.event e WHERE e.event_id > $2))
  LOOP
    PERFORM pg_sleep(extract(epoch FROM greatest('0', least(pause, began + $1 - clock_timestamp()))));
  END LOOP;
  waited := clock_timestamp() - began;
  RETURN QUERY
    SELECT 'waited', round(extract(epoch FROM waited) * 1000)::text, NULL::text
    UNION ALL SELECT c.* FROM service.changes($2, $3, $4, $5, $6) c;
END
$$;
COMMENT ON FUNCTION service.await_changes IS
  'service.changes(), as soon as a cell changed or something happened that is told as an event, and after so much time '
  'at the most. A row waited tells how many milliseconds that took.';
