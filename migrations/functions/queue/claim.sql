-- Claims: which tasks a worker gets, and how many.

-- Leases that ended while a snapshot is held elsewhere cannot be removed, and a count steps over each of them: 10 ms
-- for a hundred thousand. So where a count stepped over many, a session remembers, for each limit, up to which token it
-- knows all leases, and the tasks that ran then: what is left to look at are these, and the tokens drawn since. For a
-- limit whose row the caller has locked that is exact, since every claim draws its tokens under that lock; '*' stands
-- for all limits without a lock, is a guess, and is forgotten first. A fact about the table, as the floor below is.
-- Kept as the setting aker.leases: {"floors": {limit: [token, forgotten_at]}, "held": [task_id]}, in microseconds.
CREATE FUNCTION queue._running(limits text[]) RETURNS TABLE (lane_id integer, running bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  memory jsonb := nullif(current_setting('aker.leases', true), '')::jsonb;
  began_at bigint := extract(epoch FROM clock_timestamp()) * 1000000;
  newest bigint := (SELECT s.last_value - (NOT s.is_called)::integer FROM queue.lease_token s);
  floors jsonb := '{}';
  floor bigint := 0;
  held bigint[] := '{}';
  lanes integer[];
  counts bigint[];
  -- Entries of the index that this transaction read before: what is stepped over is counted, and not timed.
  read_before bigint := pg_stat_get_xact_tuples_returned('queue.lease_by_token'::regclass);
BEGIN
  IF memory IS NOT NULL THEN
    SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') INTO floors
      FROM jsonb_each(memory -> 'floors') f WHERE (f.value ->> 1)::bigint > began_at;
    IF floors ?& limits THEN
      floor := (SELECT min((floors -> k ->> 0)::bigint) FROM unnest(limits) k);
      held := ARRAY(SELECT h::bigint FROM jsonb_array_elements_text(memory -> 'held') h);
    END IF;
  END IF;
  SELECT array_agg(n.lane_id), array_agg(n.running) INTO lanes, counts FROM (
    SELECT k.lane_id, count(*) AS running FROM (
      SELECT l.lane_id FROM queue.lease l WHERE l.lease_token > floor
      UNION ALL SELECT l.lane_id FROM queue.lease l WHERE l.task_id = ANY (held) AND l.lease_token <= floor) k
    GROUP BY k.lane_id) n;
  -- A thousand take a tenth of a millisecond.
  IF pg_stat_get_xact_tuples_returned('queue.lease_by_token'::regclass) - read_before
    > 1000 + (SELECT coalesce(sum(c), 0) FROM unnest(counts) c)
  THEN
    held := ARRAY(
      SELECT l.task_id FROM queue.lease l WHERE l.lease_token > floor
      UNION ALL SELECT l.task_id FROM queue.lease l WHERE l.task_id = ANY (held) AND l.lease_token <= floor);
    -- Of limits that are remembered from below `floor`, what was looked at does not hold all.
    SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}') INTO floors FROM jsonb_each(floors) f
      WHERE (f.value ->> 0)::bigint >= floor;
    SELECT floors || jsonb_object_agg(k, jsonb_build_array(newest, began_at + CASE WHEN k = '*' THEN greatest(
          extract(epoch FROM g.floor_interval)::bigint * 1000000,
          20 * ((extract(epoch FROM clock_timestamp()) * 1000000)::bigint - began_at)) ELSE 60000000 END))
      INTO floors FROM unnest(limits) k CROSS JOIN queue.setting g WHERE g.singleton;
    PERFORM set_config('aker.leases', jsonb_build_object('floors', floors, 'held', to_jsonb(held))::text, false);
  END IF;
  RETURN QUERY SELECT u.lane_id, u.running FROM unnest(lanes, counts) AS u(lane_id, running);
END
$$;
COMMENT ON FUNCTION queue._running IS
  'How many tasks run, by lane. limits: those whose rows are locked, by source_id or #backfill_id; or ''*''.';

-- In plpgsql, which keeps its plans: an SQL function that is not inlined is planned at each call.
CREATE FUNCTION queue._rooms(sources text[] DEFAULT NULL, backfills bigint[] DEFAULT NULL)
RETURNS TABLE (source_id text, backfill_id bigint, room bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
  -- Leases are counted once, however many limits there are: there are never more of them than slots.
  RETURN QUERY
    WITH busy AS MATERIALIZED (
      SELECT a.source_ids, a.backfill_id, n.running
      FROM queue._running(
          CASE WHEN $1 IS NULL THEN '{*}' ELSE $1 || ARRAY(SELECT '#' || b FROM unnest($2) b) END) n
        CROSS JOIN LATERAL (
          SELECT l.source_ids, l.backfill_id FROM queue.lane l WHERE l.lane_id = n.lane_id OFFSET 0) a),
    by_source AS MATERIALIZED (
      SELECT u AS source_id, sum(b.running)::bigint AS running FROM busy b CROSS JOIN unnest(b.source_ids) u
        GROUP BY u),
    by_backfill AS MATERIALIZED (
      SELECT b.backfill_id, sum(b.running)::bigint AS running FROM busy b GROUP BY b.backfill_id)
    SELECT s.source_id, NULL::bigint, s.max_running - coalesce(n.running, 0)
    FROM queue.source s LEFT JOIN by_source n USING (source_id)
    WHERE s.max_running IS NOT NULL AND ($1 IS NULL OR s.source_id = ANY ($1))
    UNION ALL
    SELECT NULL, b.backfill_id, b.max_running - coalesce(n.running, 0)
    FROM queue.backfill b LEFT JOIN by_backfill n USING (backfill_id)
    WHERE b.finished_at IS NULL AND b.max_running IS NOT NULL AND ($2 IS NULL OR b.backfill_id = ANY ($2));
END
$$;
COMMENT ON FUNCTION queue._rooms IS
  'How many more tasks each limit lets run: of these sources and backfills, or of all. What has no limit is left out.';

CREATE FUNCTION queue._room(source_ids text[], backfill_id bigint) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(min(r.room), 2147483647)::integer FROM queue._rooms($1, ARRAY[$2]) r
$$;
COMMENT ON FUNCTION queue._room IS 'How many more tasks the tightest limit of a lane lets run.';

-- The floor: a session remembers, per lane, up to where it has claimed, and scans above it. Rows that a long
-- transaction elsewhere keeps from being vacuumed (a COPY pins them for minutes) would otherwise be stepped over by
-- every claim. The memory is used only where a scan from the start was slow; whatever was inserted below the floor is
-- found when it is dropped: after floor_interval, or 20 × what the scan from the start took, whichever is longer. It
-- is a fact about the table, not about the caller, so it may be shared by whoever shares the session (a pooler).
-- Kept as the setting aker.floor_<lane>: 'rank task_id dropped_at keep_for', times in microseconds.
CREATE FUNCTION queue._floor(lane_id integer, now_at bigint) RETURNS queue.claim_floor
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kept text := current_setting('aker.floor_' || $1, true);
  memory bigint[];
BEGIN
  IF kept <> '' THEN
    memory := string_to_array(kept, ' ');
    IF now_at BETWEEN memory[3] AND memory[3] + memory[4] THEN
      RETURN ROW(memory[1], memory[2], memory[3], memory[4])::queue.claim_floor;
    END IF;
  END IF;
  RETURN ROW(-9223372036854775808, 0, now_at, NULL)::queue.claim_floor;
END
$$;
COMMENT ON FUNCTION queue._floor IS
  'Where this session begins to look in a lane; keep_for is NULL where that is its beginning.';

CREATE FUNCTION queue._shares(
  slots integer, now_at bigint, only_datasets text[], only_sources text[], full_sources text[], full_backfills bigint[]
) RETURNS SETOF queue.claim_share
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  ageing bigint := (SELECT extract(epoch FROM g.ageing_interval) * 1000000 FROM queue.setting g WHERE g.singleton);
  -- More than there are datasets, mostly: the lanes of one backfill have one bound.
  looked integer := 64;
  lanes integer[];
  bounds bigint[];
  found_lanes integer[];
  found_ranks bigint[];
BEGIN
  LOOP
    -- Of each priority the first lanes, by an index: a thousand others cost nothing. One more than is looked at.
    WITH RECURSIVE level(priority) AS (
      SELECT max(l.priority) FROM queue.lane l WHERE l.closed_at IS NULL
      UNION ALL
      SELECT (SELECT max(l.priority) FROM queue.lane l WHERE l.closed_at IS NULL AND l.priority < v.priority)
      FROM level v WHERE v.priority IS NOT NULL)
    SELECT array_agg(o.lane_id ORDER BY o.head_bound, o.lane_id),
        array_agg(o.head_bound ORDER BY o.head_bound, o.lane_id)
      INTO lanes, bounds FROM (
        SELECT f.lane_id, f.head_bound FROM level v CROSS JOIN LATERAL (
          SELECT c.lane_id, c.head_bound FROM queue.claimable_lane c
          WHERE c.priority = v.priority
            AND (only_datasets IS NULL OR c.dataset = ANY (only_datasets))
            AND (only_sources IS NULL OR c.source_ids <@ only_sources)
            AND NOT c.source_ids && full_sources AND c.backfill_id <> ALL (full_backfills)
          ORDER BY c.head_rank, c.lane_id LIMIT looked + 1) f
        ORDER BY f.head_bound, f.lane_id LIMIT looked + 1) o;
    IF lanes IS NULL THEN
      RETURN;
    ELSIF cardinality(lanes) = 1 THEN
      -- One lane needs no look at its head.
      RETURN NEXT ROW(lanes[1], slots, 0)::queue.claim_share;
      RETURN;
    END IF;
    SELECT array_agg(best.lane_id), array_agg(best.merge_rank) INTO found_lanes, found_ranks FROM (
      SELECT n.lane_id, head.rank - n.priority * ageing AS merge_rank
      FROM unnest(lanes[1:looked]) AS u(lane_id)
      CROSS JOIN LATERAL (SELECT l.lane_id, l.priority FROM queue.lane l WHERE l.lane_id = u.lane_id OFFSET 0) n
      -- Asked only of lanes that have one: else a call for each lane takes as long as the looks at all heads.
      CROSS JOIN LATERAL (
        SELECT CASE WHEN current_setting('aker.floor_' || n.lane_id, true) <> ''
          THEN queue._floor(n.lane_id, now_at) END AS floor OFFSET 0) AS f
      CROSS JOIN LATERAL (
        SELECT r.rank, r.task_id FROM queue.ready r
        WHERE r.lane_id = n.lane_id
          AND (r.rank, r.task_id) > (coalesce((f.floor).rank, -9223372036854775808), coalesce((f.floor).task_id, 0))
        ORDER BY r.rank, r.task_id LIMIT slots) AS head
      ORDER BY merge_rank, head.task_id LIMIT slots) AS best;
    -- The lanes are in the order of their bounds: none of the others can have anything that goes before these.
    EXIT WHEN cardinality(lanes) <= looked
      OR cardinality(found_ranks) = slots AND found_ranks[slots] < bounds[looked + 1];
    looked := looked * 4;
  END LOOP;
  RETURN QUERY
    SELECT b.lane_id, count(*)::integer, min(b.rank) FROM unnest(found_lanes, found_ranks) AS b(lane_id, rank)
      GROUP BY b.lane_id;
END
$$;
COMMENT ON FUNCTION queue._shares IS
  'How many of the next `slots` tasks are in which lane: a look at the heads, without locks, of lanes in the order of '
  'what no task of them goes before, until no other can have any of them.';

CREATE FUNCTION queue._take(worker_id integer, lane_id integer, wanted integer, now_at bigint) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
-- The tables may have been empty when they were last analyzed, or hold a million rows a second later: the plan must
-- not depend on it. Nor is a plan that takes microseconds worth compiling. Where tables are joined, a LATERAL with
-- OFFSET 0 (or = ANY (ARRAY[...]), for the table that is written) leaves nothing but the index for each row.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  f queue.claim_floor := queue._floor($2, $4);
  scan_at bigint := extract(epoch FROM clock_timestamp()) * 1000000;
  scan_took bigint;
  taken bigint[];
  first_time boolean := f.keep_for IS NULL;
BEGIN
  WITH gone AS (
    DELETE FROM queue.ready d
    WHERE d.ctid = ANY (ARRAY(
      SELECT r.ctid FROM queue.ready r
      WHERE r.lane_id = $2 AND (r.rank, r.task_id) > (f.rank, f.task_id)
      ORDER BY r.rank, r.task_id LIMIT wanted FOR UPDATE SKIP LOCKED))
    RETURNING d.rank, d.task_id, d.lane_id, d.data_year, d.attempt_count, d.lost_count, d.throttle_count),
  leased AS (
    INSERT INTO queue.lease AS i (lease_token, task_id, started_at, deadline_at, worker_id, lane_id, data_year,
      attempt_count, lost_count, throttle_count, incarnation)
    SELECT nextval('queue.lease_token'), g.task_id, t.at, t.at + l.task_timeout_interval, $1, g.lane_id, g.data_year,
      g.attempt_count + 1, g.lost_count, g.throttle_count, t.incarnation
    FROM (SELECT * FROM gone ORDER BY rank, task_id) g CROSS JOIN (
        SELECT clock_timestamp() AS at, queue._incarnation() AS incarnation OFFSET 0) t
      JOIN queue.lane l ON l.lane_id = $2
    RETURNING i.task_id)
  SELECT (SELECT array_agg(l.task_id) FROM leased l), g.rank, g.task_id INTO taken, f.rank, f.task_id
    FROM gone g ORDER BY g.rank DESC, g.task_id DESC LIMIT 1;
  IF cardinality(taken) > 0 THEN
    IF first_time THEN
      scan_took := extract(epoch FROM clock_timestamp()) * 1000000 - scan_at;
      -- 1 ms and 40 µs a task: what a claim takes that steps over nothing.
      IF scan_took > 1000 + 40 * cardinality(taken) THEN
        SELECT greatest(extract(epoch FROM g.floor_interval) * 1000000, 20 * scan_took) INTO f.keep_for
          FROM queue.setting g WHERE g.singleton;
      END IF;
    END IF;
    -- Of a quick scan nothing need be known; what may be kept of an earlier one is over.
    IF f.keep_for > 0 THEN
      PERFORM set_config('aker.floor_' || $2, concat_ws(' ', f.rank, f.task_id, f.dropped_at, f.keep_for), false);
    END IF;
  END IF;
  RETURN coalesce(taken, '{}');
END
$$;
COMMENT ON FUNCTION queue._take IS
  'Leases up to `wanted` tasks of one lane, the first that nobody else is taking; returns them in order.';

CREATE FUNCTION queue.claim(
  worker_id integer, slots integer, only_datasets text[] DEFAULT NULL, only_sources text[] DEFAULT NULL
) RETURNS TABLE (
  task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer,
    region text,
  as_of text, definition_hash text, source_ids text[], started_at timestamptz, deadline_at timestamptz,
    max_attempts integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
  now_at bigint := extract(epoch FROM clock_timestamp()) * 1000000;
  left_over integer := $2;
  full_sources text[];
  full_backfills bigint[];
  chosen queue.claim_share[];
  chosen_sources text[];
  chosen_backfills bigint[];
  is_limited boolean;
  rooms jsonb := '{}';
  lane record;
  wanted bigint;
  taken bigint[];
  is_redefined boolean;
BEGIN
  PERFORM queue._enter_life();
  -- Shared with the heartbeat, but not with a reaper that gives this worker up.
  PERFORM FROM queue.worker w
    WHERE w.worker_id = $1 AND w.state = 'running'
      AND w.incarnation IS NOT DISTINCT FROM queue._incarnation() FOR KEY SHARE;
  IF NOT FOUND THEN
    IF EXISTS (
      SELECT FROM queue.worker w
      WHERE w.worker_id = $1 AND w.state = 'draining' AND w.incarnation IS NOT DISTINCT FROM queue._incarnation())
    THEN
      RETURN;
    END IF;
    RAISE EXCEPTION 'worker % has ended, or is another process''s', $1
      USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  IF coalesce($2, 0) < 1 THEN
    RAISE EXCEPTION 'slots must be at least 1' USING ERRCODE = 'AK003';
  END IF;

  SELECT coalesce(array_agg(r.source_id) FILTER (WHERE r.source_id IS NOT NULL), '{}'),
      coalesce(array_agg(r.backfill_id) FILTER (WHERE r.backfill_id IS NOT NULL), '{}')
    INTO full_sources, full_backfills FROM queue._rooms() r WHERE r.room <= 0;
  chosen := ARRAY(SELECT s FROM queue._shares($2, now_at, $3, $4, full_sources, full_backfills) s);
  IF chosen = '{}' THEN
    RETURN;
  END IF;
  -- Exact across hosts: the limits' rows are locked (all at once and in order, so that two claims never wait for each
  -- other), and whoever counts next sees these leases.
  SELECT coalesce(array_agg(DISTINCT u) FILTER (WHERE u IS NOT NULL), '{}'), array_agg(DISTINCT l.backfill_id)
    INTO chosen_sources, chosen_backfills
    FROM unnest(chosen) s
      CROSS JOIN LATERAL (SELECT * FROM queue.lane n WHERE n.lane_id = s.lane_id OFFSET 0) l
      LEFT JOIN LATERAL unnest(l.source_ids) u ON true;
  PERFORM FROM queue.source s WHERE s.max_running IS NOT NULL AND s.source_id = ANY (chosen_sources)
    ORDER BY s.source_id FOR NO KEY UPDATE;
  is_limited := FOUND;
  PERFORM FROM queue.backfill b WHERE b.max_running IS NOT NULL AND b.backfill_id = ANY (chosen_backfills)
    ORDER BY b.backfill_id FOR NO KEY UPDATE;
  IF is_limited OR FOUND THEN
    -- Once per source, and counted down from here: nobody else adds leases to these before we commit.
    SELECT coalesce(jsonb_object_agg(coalesce(r.source_id, '#' || r.backfill_id), r.room), '{}') INTO rooms
      FROM queue._rooms(chosen_sources, chosen_backfills) r;
  END IF;

  FOR lane IN
    SELECT l.lane_id, s.wanted, l.source_ids || ('#' || l.backfill_id) AS limits
    FROM unnest(chosen) s CROSS JOIN LATERAL (SELECT * FROM queue.lane n WHERE n.lane_id = s.lane_id OFFSET 0) l
    ORDER BY s.first_rank, l.lane_id
  LOOP
    wanted := least(lane.wanted, left_over, (SELECT min((rooms ->> k)::bigint) FROM unnest(lane.limits) k));
    CONTINUE WHEN wanted <= 0;
    taken := queue._take($1, lane.lane_id, wanted::integer, now_at);
    CONTINUE WHEN taken = '{}';
    left_over := left_over - cardinality(taken);
    rooms := rooms || (
      SELECT coalesce(jsonb_object_agg(k, (rooms ->> k)::bigint - cardinality(taken)), '{}') FROM unnest(lane.limits) k
        WHERE rooms ? k);
    -- One look for all of them: to ask for each took half of a claim of a hundred.
    is_redefined := EXISTS (SELECT FROM queue.lane_definition n WHERE n.lane_id = lane.lane_id)
      OR EXISTS (SELECT FROM queue.task_definition d WHERE d.task_id = ANY (taken));
    RETURN QUERY
      SELECT i.task_id, i.lease_token, i.attempt_count::integer, b.backfill_id, l.dataset, i.data_year::integer,
        p.region, b.as_of, CASE WHEN is_redefined
          THEN queue._definition_of(i.task_id, i.started_at, l.definition_hash) ELSE l.definition_hash END,
        l.source_ids, i.started_at, i.deadline_at, l.max_attempts::integer
      -- OFFSET 0: see _take; a join's plan would read all leases for each task if it was made when there was one.
      FROM unnest(taken) WITH ORDINALITY AS t(task_id, place)
        CROSS JOIN LATERAL (SELECT * FROM queue.lease e WHERE e.task_id = t.task_id OFFSET 0) i
        CROSS JOIN LATERAL (SELECT k.region FROM queue.planned_task k WHERE k.task_id = t.task_id OFFSET 0) p
        JOIN queue.lane l ON l.lane_id = lane.lane_id JOIN queue.backfill b ON b.backfill_id = l.backfill_id
      ORDER BY t.place;
    EXIT WHEN left_over <= 0;
  END LOOP;
END
$$;
COMMENT ON FUNCTION queue.claim IS
  'Leases up to `slots` tasks to the worker: by priority with ageing, then time, then id, from lanes whose sources '
  'have room. Each row''s lease_token fences what the attempt writes. AK002 when the worker was given up.';

CREATE FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) RETURNS TABLE (
  task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer,
    region text,
  as_of text, definition_hash text, source_ids text[], started_at timestamptz, deadline_at timestamptz,
    max_attempts integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane queue.claimable_lane;
  waiting queue.ready;
BEGIN
  PERFORM queue._enter_life();
  PERFORM FROM queue.worker w
    WHERE w.worker_id = $1 AND w.state = 'running'
      AND w.incarnation IS NOT DISTINCT FROM queue._incarnation() FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % does not run, or is another process''s', $1
      USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  -- The same conditions as for queue.claim(): no pause, no cool-down, budget left, and room within the limits.
  SELECT c.* INTO lane FROM queue.claimable_lane c JOIN queue.planned_task p USING (lane_id) WHERE p.task_id = $2;
  IF FOUND THEN
    PERFORM FROM queue.source s WHERE s.max_running IS NOT NULL AND s.source_id = ANY (lane.source_ids)
      ORDER BY s.source_id FOR NO KEY UPDATE;
    PERFORM FROM queue.backfill b WHERE b.max_running IS NOT NULL
      AND b.backfill_id = lane.backfill_id FOR NO KEY UPDATE;
  END IF;
  IF lane.lane_id IS NOT NULL AND queue._room(lane.source_ids, lane.backfill_id) > 0 THEN
    DELETE FROM queue.ready d WHERE d.task_id = $2 AND d.lane_id = lane.lane_id
      AND d.ctid = ANY (ARRAY(SELECT r.ctid FROM queue.ready r WHERE r.task_id = $2
        AND r.lane_id = lane.lane_id FOR UPDATE SKIP LOCKED))
      RETURNING d.* INTO waiting;
  END IF;
  IF waiting.task_id IS NULL THEN
    RAISE EXCEPTION 'task % cannot run now: %', $2, coalesce(queue.why($2), 'it just changed state')
      USING ERRCODE = 'AK006', HINT = 'aker status shows pauses, cool-downs and what else runs.';
  END IF;
  RETURN QUERY
    WITH leased AS (
      INSERT INTO queue.lease AS i (lease_token, task_id, started_at, deadline_at, worker_id, lane_id, data_year,
        attempt_count, lost_count, throttle_count, incarnation)
      SELECT nextval('queue.lease_token'), waiting.task_id, t.at, t.at + l.task_timeout_interval, $1, waiting.lane_id,
        waiting.data_year,
        waiting.attempt_count + 1, waiting.lost_count, waiting.throttle_count, queue._incarnation()
      FROM (SELECT clock_timestamp() AS at OFFSET 0) t JOIN queue.lane l ON l.lane_id = waiting.lane_id
      RETURNING i.*)
    SELECT i.task_id, i.lease_token, i.attempt_count::integer, b.backfill_id, l.dataset, i.data_year::integer, p.region,
      b.as_of,
      queue._definition_of(i.task_id, i.started_at, l.definition_hash), l.source_ids, i.started_at, i.deadline_at,
        l.max_attempts::integer
    FROM leased i JOIN queue.planned_task p ON p.task_id = i.task_id
      JOIN queue.lane l ON l.lane_id = i.lane_id JOIN queue.backfill b ON b.backfill_id = l.backfill_id;
END
$$;
COMMENT ON FUNCTION queue.claim_task IS
  'Leases one certain task to the worker, under the same conditions as queue.claim(). AK006, with the reason why it '
  'waits, when it cannot run now; AK002 when the worker was given up.';
