-- What the service tells its listeners of, in one query a second for all of them.

-- Cells are by far the most: of them it says what differs from what the caller knows, a dataset of a backfill at a
-- time.
CREATE FUNCTION service.changes(after_event bigint DEFAULT NULL, known_lanes text[] DEFAULT '{}',
  known_marks text[] DEFAULT '{}') RETURNS TABLE (kind text, key text, data text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH cell AS MATERIALIZED (
    SELECT concat_ws(' ', g.backfill_id, g.dataset) AS lane, g.* FROM queue.grid g
    WHERE g.backfill_id = ANY (ARRAY(
      SELECT b.backfill_id FROM queue.backfill b
      WHERE b.finished_at IS NULL OR b.finished_at > clock_timestamp() - interval '1 minute'))),
  lane AS MATERIALIZED (
    SELECT c.lane, md5(string_agg(concat_ws(' ', c.data_year, c.state, c.total, c.ready, c.blocked, c.running,
      c.completed, c.failed, c.cancelled), ',' ORDER BY c.data_year)) AS mark
    FROM cell c GROUP BY c.lane),
  known AS MATERIALIZED (SELECT k.lane, k.mark FROM unnest($2, $3) AS k (lane, mark)),
  changed AS MATERIALIZED (
    SELECT l.* FROM lane l LEFT JOIN known k USING (lane) WHERE k.mark IS DISTINCT FROM l.mark)
  -- Events get their numbers before they are committed: the last ones are told again, and the caller knows them.
  SELECT 'event', e.event_id::text, json_build_object('event_id', e.event_id, 'at', e.at, 'kind', e.kind,
    'backfill_id', e.backfill_id, 'task_id', e.task_id, 'actor', e.actor, 'message', e.message)::text
  FROM queue.event e
  WHERE e.event_id > coalesce($1, (SELECT max(n.event_id) - 1 FROM queue.event n)) - CASE WHEN $1 IS NULL THEN 0
    ELSE 100 END
  UNION ALL
  SELECT 'lane', n.lane, n.mark FROM changed n
  UNION ALL
  SELECT 'ended', k.lane, NULL FROM known k WHERE k.lane NOT IN (SELECT l.lane FROM lane l)
  UNION ALL
  SELECT 'cell', concat_ws(' ', g.lane, g.data_year), json_build_object('backfill_id', g.backfill_id,
    'dataset', g.dataset, 'data_year', g.data_year, 'state', g.state, 'total', g.total, 'ready', g.ready,
    'blocked', g.blocked, 'running', g.running, 'completed', g.completed, 'failed', g.failed,
    'cancelled', g.cancelled)::text
  FROM cell g JOIN changed n USING (lane)
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
  FROM service.batch b WHERE b.finished_at IS NULL OR b.finished_at > clock_timestamp() - interval '1 minute'
$$;
COMMENT ON FUNCTION service.changes IS
  'What a listener is told of, as it is now: what differs from the last time is what changed. Events are those after '
  'after_event and the hundred before it. Cells are those of the lanes (a backfill''s dataset) whose mark is not the '
  'known one; a row lane tells the new mark, a row ended that a known lane is no more.';
