-- How many slots the queue could use now: what an autoscaler asks.

CREATE FUNCTION queue.wanted() RETURNS TABLE (dataset text, running bigint, startable bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  -- More of what waits for its backoff is not looked at: see the comment.
  most_delayed CONSTANT integer := 10000;
  lane record;
  rooms jsonb;
  room bigint;
BEGIN
  -- What each limit has left: tasks by concurrency, and no more tasks than requests of today's quota.
  SELECT coalesce(jsonb_object_agg(r.name, greatest(r.room, 0)), '{}') INTO rooms FROM (
    SELECT n.name, min(n.room) AS room FROM (
      SELECT coalesce(k.source_id, '#' || k.backfill_id) AS name, k.room FROM queue._rooms() k
      UNION ALL
      SELECT s.source_id, s.daily_quota - CASE WHEN t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date
        THEN t.quota_used ELSE 0 END
      FROM queue.source s JOIN queue.token_bucket t USING (source_id) WHERE s.daily_quota IS NOT NULL) n
    GROUP BY n.name) r;
  FOR lane IN
    WITH delta AS MATERIALIZED (
      SELECT d.lane_id, sum(d.blocked + d.completed + d.failed + d.cancelled) AS gone
      FROM queue.progress_delta d GROUP BY d.lane_id),
    busy AS MATERIALIZED (
      SELECT l.lane_id, count(*) AS running FROM queue.lease l GROUP BY l.lane_id),
    delayed AS MATERIALIZED (
      SELECT n.lane_id, count(*) AS waiting FROM (
        SELECT d.lane_id FROM queue.delayed d WHERE d.run_at > clock_timestamp() ORDER BY d.run_at LIMIT most_delayed) n
      GROUP BY n.lane_id)
    SELECT a.lane_id, a.dataset, coalesce(b.running, 0) AS running,
      CASE WHEN c.lane_id IS NULL THEN 0
        ELSE greatest(p.waiting - coalesce(d.gone, 0) - coalesce(b.running, 0) - coalesce(y.waiting, 0), 0)
      END AS ready,
      a.source_ids || ('#' || a.backfill_id) AS limits
    FROM queue.lane a
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(g.total - g.blocked - g.completed - g.failed - g.cancelled), 0) AS waiting
        FROM queue.progress g WHERE g.lane_id = a.lane_id) p
      LEFT JOIN queue.claimable_lane c ON c.lane_id = a.lane_id
      LEFT JOIN delta d ON d.lane_id = a.lane_id
      LEFT JOIN busy b ON b.lane_id = a.lane_id
      LEFT JOIN delayed y ON y.lane_id = a.lane_id
    WHERE a.closed_at IS NULL
    ORDER BY c.head_bound, a.lane_id
  LOOP
    -- As claims do, in their order: what one lane takes of a limit, the next no longer has.
    startable := least(lane.ready, (SELECT min((rooms ->> k)::bigint) FROM unnest(lane.limits) k));
    IF startable > 0 THEN
      rooms := rooms || (SELECT coalesce(jsonb_object_agg(k, (rooms ->> k)::bigint - startable), '{}')
        FROM unnest(lane.limits) k WHERE rooms ? k);
    END IF;
    running := lane.running;
    IF running + startable > 0 THEN
      dataset := lane.dataset;
      RETURN NEXT;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION queue.wanted IS
  'Per lane that runs or could run something: tasks that run, and how many more could start now if there were slots '
  'without end. Pauses, cool-downs, limits of sources and backfills and quotas count as they do for claims. It reads '
  'what is kept per lane and year, and no task; of those in backoff only the first 10,000 are subtracted.';

CREATE FUNCTION queue.wanted_slots() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(sum(w.running + w.startable), 0)::bigint FROM queue.wanted() w
$$;
COMMENT ON FUNCTION queue.wanted_slots IS
  'How many slots the queue could use now, those that are busy included: 10,000 tasks behind a source that allows 4 '
  'want 4. Never NULL. What an autoscaler asks.';
