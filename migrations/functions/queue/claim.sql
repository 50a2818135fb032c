-- Claims: which tasks a worker gets, and how many.

CREATE FUNCTION queue._room(source_ids text[], backfill_id bigint) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(min(room), 2147483647)::integer FROM (
    SELECT s.max_running - (
      SELECT count(*) FROM queue.lane a JOIN queue.lease l USING (lane_id)
      WHERE a.closed_at IS NULL AND s.source_id = ANY (a.source_ids)) AS room
    FROM queue.source s WHERE s.source_id = ANY ($1) AND s.max_running IS NOT NULL
    UNION ALL
    SELECT b.max_running - (
      SELECT count(*) FROM queue.lane a JOIN queue.lease l USING (lane_id)
      WHERE a.closed_at IS NULL AND a.backfill_id = b.backfill_id)
    FROM queue.backfill b WHERE b.backfill_id = $2 AND b.max_running IS NOT NULL) AS limits
$$;
COMMENT ON FUNCTION queue._room IS 'How many more tasks the tightest limit lets run.';

-- The floor: a session remembers, per lane, up to where it has claimed, and scans above it. Rows that a long transaction elsewhere keeps
-- from being vacuumed (a COPY pins them for minutes) would otherwise be stepped over by every claim. The memory is used only where a
-- scan from the start was slow; whatever was inserted below the floor is found when it is dropped: after floor_interval, or
-- 20 × what the scan from the start took, whichever is longer. It is a fact about the table, not about the caller, so it may be
-- shared by whoever shares the session (a pooler). Kept as the setting aker.floor_<lane>: 'rank task_id dropped_at keep_for', times
-- in microseconds.
CREATE FUNCTION queue._floor(lane_id integer, now_at bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  memory bigint[] := string_to_array(nullif(current_setting('aker.floor_' || $1, true), ''), ' ')::bigint[];
BEGIN
  IF memory IS NULL OR $2 - memory[3] > memory[4] OR $2 < memory[3] THEN
    RETURN ARRAY[-9223372036854775808, 0, $2, NULL]::bigint[];
  END IF;
  RETURN memory;
END
$$;

CREATE FUNCTION queue.claim(
  worker_id integer, slots integer, only_datasets text[] DEFAULT NULL, only_sources text[] DEFAULT NULL
) RETURNS TABLE (
  task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer, region text,
  as_of text, definition_hash text, source_ids text[], started_at timestamptz, deadline_at timestamptz, max_attempts integer
)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- The tables may have been empty when they were last analyzed, or hold a million rows a second later: the plan must not depend on it.
-- Nor is a plan that takes microseconds worth compiling.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  lane record;
  wanted integer;
  left_over integer := $2;
  taken integer;
  memory bigint[];
  now_at bigint := extract(epoch FROM clock_timestamp()) * 1000000;
  scan_at bigint;
  scan_took bigint;
  ageing bigint;
  floor_interval bigint;
  lanes integer[];
  limited_lanes integer[];
BEGIN
  -- Shared with the heartbeat, but not with a reaper that gives this worker up.
  PERFORM FROM queue.worker w WHERE w.worker_id = $1 AND w.state = 'running' FOR KEY SHARE;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM queue.worker w WHERE w.worker_id = $1 AND w.state = 'draining') THEN
      RETURN;
    END IF;
    RAISE EXCEPTION 'worker % has ended', $1 USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  IF coalesce($2, 0) < 1 THEN
    RAISE EXCEPTION 'slots must be at least 1' USING ERRCODE = 'AK003';
  END IF;
  SELECT extract(epoch FROM g.ageing_interval) * 1000000, extract(epoch FROM g.floor_interval) * 1000000
    INTO ageing, floor_interval FROM queue.setting g WHERE g.singleton;

  SELECT array_agg(c.lane_id), array_agg(c.lane_id) FILTER (WHERE c.limited) INTO lanes, limited_lanes FROM queue.claimable_lane c
    WHERE ($3 IS NULL OR c.dataset = ANY ($3)) AND ($4 IS NULL OR c.source_ids <@ $4)
      AND (NOT c.limited OR queue._room(c.source_ids, c.backfill_id) > 0);

  IF limited_lanes IS NOT NULL THEN
    -- Exact across hosts: the limits' rows are locked (all at once and in order, so that two claims never wait for each other), and
    -- whoever counts next sees these leases.
    PERFORM FROM queue.source s
      WHERE s.max_running IS NOT NULL
        AND s.source_id IN (SELECT unnest(l.source_ids) FROM queue.lane l WHERE l.lane_id = ANY (limited_lanes))
      ORDER BY s.source_id FOR NO KEY UPDATE;
    PERFORM FROM queue.backfill b
      WHERE b.max_running IS NOT NULL
        AND b.backfill_id IN (SELECT l.backfill_id FROM queue.lane l WHERE l.lane_id = ANY (limited_lanes))
      ORDER BY b.backfill_id FOR NO KEY UPDATE;
  END IF;

  FOR lane IN
    -- How many to take from each lane, and in which order: a look at the heads, without locks. One lane needs no look.
    SELECT l.lane_id, l.source_ids, l.backfill_id, share.wanted, l.lane_id = ANY (limited_lanes) AS limited
    FROM (
      SELECT unnest(lanes) AS lane_id, $2 AS wanted, 0::bigint AS first_rank WHERE cardinality(lanes) = 1
      UNION ALL
      SELECT best.lane_id, count(*)::integer, min(best.merge_rank) FROM (
        SELECT n.lane_id, head.rank - n.priority * ageing AS merge_rank
        FROM queue.lane n
        CROSS JOIN LATERAL queue._floor(n.lane_id, now_at) AS f(memory)
        CROSS JOIN LATERAL (
          SELECT r.rank, r.task_id FROM queue.ready r
          WHERE r.lane_id = n.lane_id AND (r.rank, r.task_id) > (f.memory[1], f.memory[2])
          ORDER BY r.rank, r.task_id LIMIT $2) AS head
        WHERE n.lane_id = ANY (lanes) AND cardinality(lanes) > 1
        ORDER BY merge_rank, head.task_id LIMIT $2) AS best
      GROUP BY best.lane_id) AS share
    JOIN queue.lane l USING (lane_id)
    ORDER BY share.first_rank, l.lane_id
  LOOP
    wanted := least(lane.wanted, left_over);
    IF lane.limited THEN
      wanted := least(wanted, queue._room(lane.source_ids, lane.backfill_id));
    END IF;
    CONTINUE WHEN wanted <= 0;

    memory := queue._floor(lane.lane_id, now_at);
    scan_at := extract(epoch FROM clock_timestamp()) * 1000000;
    RETURN QUERY
      WITH gone AS (
        DELETE FROM queue.ready d
        WHERE d.ctid = ANY (ARRAY(
          SELECT r.ctid FROM queue.ready r
          WHERE r.lane_id = lane.lane_id AND (r.rank, r.task_id) > (memory[1], memory[2])
          ORDER BY r.rank, r.task_id LIMIT wanted FOR UPDATE SKIP LOCKED))
        RETURNING d.rank, d.task_id, d.lane_id, d.data_year, d.attempt_count, d.lost_count, d.throttle_count),
      mark AS (
        SELECT set_config('aker.floor_' || lane.lane_id,
          g.rank || ' ' || g.task_id || ' ' || memory[3] || ' ' || coalesce(memory[4], floor_interval), false)
        FROM gone g ORDER BY g.rank DESC, g.task_id DESC LIMIT 1),
      leased AS (
        INSERT INTO queue.lease AS i (lease_token, task_id, started_at, deadline_at, worker_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
        SELECT nextval('queue.lease_token'), g.task_id, t.at, t.at + l.task_timeout_interval, $1, g.lane_id, g.data_year,
          g.attempt_count + 1, g.lost_count, g.throttle_count
        FROM (SELECT * FROM gone ORDER BY rank, task_id) g CROSS JOIN mark CROSS JOIN (SELECT clock_timestamp() AS at OFFSET 0) t
          JOIN queue.lane l ON l.lane_id = lane.lane_id
        RETURNING i.task_id, i.lease_token, i.attempt_count, i.data_year, i.started_at, i.deadline_at)
      SELECT i.task_id, i.lease_token, i.attempt_count::integer, b.backfill_id, l.dataset, i.data_year::integer, p.region, b.as_of,
        l.definition_hash, l.source_ids, i.started_at, i.deadline_at, l.max_attempts::integer
      FROM leased i JOIN queue.planned_task p ON p.task_id = i.task_id
        JOIN queue.lane l ON l.lane_id = lane.lane_id JOIN queue.backfill b ON b.backfill_id = l.backfill_id;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken > 0 AND memory[4] IS NULL THEN
      scan_took := extract(epoch FROM clock_timestamp()) * 1000000 - scan_at;
      memory := string_to_array(current_setting('aker.floor_' || lane.lane_id), ' ')::bigint[];
      -- 1 ms and 40 µs a task: what a claim takes that steps over nothing.
      PERFORM set_config('aker.floor_' || lane.lane_id, array_to_string(memory[1:3]
        || CASE WHEN scan_took > 1000 + 40 * taken THEN greatest(floor_interval, 20 * scan_took) ELSE -1 END, ' '), false);
    END IF;
    left_over := left_over - taken;
    EXIT WHEN left_over <= 0;
  END LOOP;
END
$$;
COMMENT ON FUNCTION queue.claim IS
  'Leases up to `slots` tasks to the worker: by priority with ageing, then time, then id, from lanes whose sources '
  'have room. Each row''s lease_token fences what the attempt writes. AK002 when the worker was given up.';

CREATE FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) RETURNS TABLE (
  task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer, region text,
  as_of text, definition_hash text, source_ids text[], started_at timestamptz, deadline_at timestamptz, max_attempts integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane queue.claimable_lane;
  waiting queue.ready;
BEGIN
  PERFORM FROM queue.worker w WHERE w.worker_id = $1 AND w.state = 'running' FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % does not run', $1 USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  -- The same conditions as for queue.claim(): no pause, no cool-down, budget left, and room within the limits.
  SELECT c.* INTO lane FROM queue.claimable_lane c JOIN queue.planned_task p USING (lane_id) WHERE p.task_id = $2;
  IF FOUND AND lane.limited THEN
    PERFORM FROM queue.source s WHERE s.max_running IS NOT NULL AND s.source_id = ANY (lane.source_ids)
      ORDER BY s.source_id FOR NO KEY UPDATE;
    PERFORM FROM queue.backfill b WHERE b.max_running IS NOT NULL AND b.backfill_id = lane.backfill_id FOR NO KEY UPDATE;
  END IF;
  IF lane.lane_id IS NOT NULL AND (NOT lane.limited OR queue._room(lane.source_ids, lane.backfill_id) > 0) THEN
    DELETE FROM queue.ready d WHERE d.task_id = $2 AND d.lane_id = lane.lane_id
      AND d.ctid = ANY (ARRAY(SELECT r.ctid FROM queue.ready r WHERE r.task_id = $2 AND r.lane_id = lane.lane_id FOR UPDATE SKIP LOCKED))
      RETURNING d.* INTO waiting;
  END IF;
  IF waiting.task_id IS NULL THEN
    RAISE EXCEPTION 'task % cannot run now: %', $2, coalesce(queue.why($2), 'it just changed state')
      USING ERRCODE = 'AK006', HINT = 'aker status shows pauses, cool-downs and what else runs.';
  END IF;
  RETURN QUERY
    WITH leased AS (
      INSERT INTO queue.lease AS i (lease_token, task_id, started_at, deadline_at, worker_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
      SELECT nextval('queue.lease_token'), waiting.task_id, t.at, t.at + l.task_timeout_interval, $1, waiting.lane_id, waiting.data_year,
        waiting.attempt_count + 1, waiting.lost_count, waiting.throttle_count
      FROM (SELECT clock_timestamp() AS at OFFSET 0) t JOIN queue.lane l ON l.lane_id = waiting.lane_id
      RETURNING i.*)
    SELECT i.task_id, i.lease_token, i.attempt_count::integer, b.backfill_id, l.dataset, i.data_year::integer, p.region, b.as_of,
      l.definition_hash, l.source_ids, i.started_at, i.deadline_at, l.max_attempts::integer
    FROM leased i JOIN queue.planned_task p ON p.task_id = i.task_id
      JOIN queue.lane l ON l.lane_id = i.lane_id JOIN queue.backfill b ON b.backfill_id = l.backfill_id;
END
$$;
COMMENT ON FUNCTION queue.claim_task IS
  'Leases one certain task to the worker, under the same conditions as queue.claim(). AK006, with the reason why it '
  'waits, when it cannot run now; AK002 when the worker was given up.';
