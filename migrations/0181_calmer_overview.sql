-- The overview leaves out what is nought, names a backfill's state in plain words, and lists the newest backfill first.

CREATE OR REPLACE VIEW queue.overview AS
SELECT n, item, value, detail FROM (
  SELECT 1 AS n, 0::bigint AS place, 'queue' AS item, CASE WHEN g.paused_at IS NULL THEN 'running' ELSE 'paused' END AS value, g.pause_reason AS detail FROM queue.setting g
  UNION ALL
  SELECT 2, 0, 'workers', count(*)::text, CASE WHEN count(*) > 0 THEN concat_ws(', ', queue._counted(sum(w.slots), 'slot'),
      (SELECT nullif(count(*), 0) || ' busy' FROM queue.lease), nullif(count(*) FILTER (WHERE w.state = 'draining'), 0) || ' draining') END
    FROM queue.worker w WHERE w.ended_at IS NULL
  UNION ALL
  SELECT 3, -p.backfill_id, 'backfill ' || p.backfill_id, replace(p.state, '_', ' '),
    format('%s of %s done', p.completed + p.failed + p.cancelled, p.total)
    || coalesce(': ' || nullif(concat_ws(', ', nullif(p.completed, 0) || ' completed', nullif(p.failed, 0) || ' failed', nullif(p.cancelled, 0) || ' cancelled',
      nullif(p.running, 0) || ' running', nullif(p.ready, 0) || ' ready', nullif(p.blocked, 0) || ' blocked'), ''), '')
    || coalesce('; ' || p.reason, '')
    FROM queue.backfill_progress p WHERE p.finished_at IS NULL OR p.finished_at > clock_timestamp() - interval '1 hour'
  UNION ALL
  SELECT 4, 0, 'dataset ' || d.dataset, 'paused', d.pause_reason FROM queue.dataset_pause d
  UNION ALL
  SELECT 5, 0, 'source ' || s.source_id, CASE WHEN s.paused_at IS NOT NULL THEN 'paused' ELSE 'cooling down' END,
    CASE WHEN s.paused_at IS NOT NULL THEN s.pause_reason ELSE format('until %s: %s', date_trunc('second', s.cool_down_until), s.cool_down_reason) END
    FROM queue.source s WHERE s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
  UNION ALL
  SELECT 6, 0, 'dataset ' || a.dataset, 'paused in backfill ' || a.backfill_id, a.pause_reason FROM queue.lane a WHERE a.paused_at IS NOT NULL AND a.closed_at IS NULL
) AS lines ORDER BY n, place, item;
