-- What a worker calls: register, claim, heartbeat, fence, complete, fail, release, snooze. One round trip each; all time is the
-- database's. Errors have SQLSTATEs of their own, listed in docs/queue.md:
--   AK001 lease_lost   AK002 worker_ended   AK003 invalid_request   AK004 dependency_cycle   AK005 not_found   AK006 wrong_state
--
-- Functions whose names begin with an underscore are internal: no role may call them.
--
-- Lock order, which keeps the whole schema free of deadlocks:
--   1. queue.source rows by source_id, then queue.backfill rows by backfill_id (claims of limited lanes, which take no lock of 3 to 5)
--   2. queue.lease rows; whoever is not the holder takes them with SKIP LOCKED
--   3. the advisory lock of a backfill: shared to put tasks back or to unblock them, exclusive to cancel, retry, add or close
--   4. queue.blocked rows by task_id, queue.lane rows, and then queue.backfill rows
--   5. queue.progress rows (tidy and enqueue); after them, advisory locks are only tried

-- Advisory locks (class, key): 1634428274 is 'aker' in ASCII, for workers by worker_id; 1634428275 for backfills; 1634428276 for single tasks
-- of the queue itself (1 enqueue, 2 tidy).

CREATE FUNCTION queue._lock_backfill_shared(backfill_id bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock_shared(1634428275, (backfill_id % 2147483647)::integer)
$$;

CREATE FUNCTION queue._lock_backfill(backfill_id bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock(1634428275, (backfill_id % 2147483647)::integer)
$$;

CREATE FUNCTION queue._notify() RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$ SELECT pg_notify('aker_queue', '') $$;
COMMENT ON FUNCTION queue._notify IS 'Wakes idle workers: once per statement, since Postgres folds equal notifications of one transaction.';

CREATE FUNCTION queue._rank(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT (extract(epoch FROM at) * 1000000)::bigint $$;

-- Workers -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION queue.register_worker(
  name text, host text, pid integer, version text, slots integer, session_lock boolean DEFAULT false
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id integer;
BEGIN
  IF coalesce($5, 0) < 1 THEN
    RAISE EXCEPTION 'a worker needs at least one slot' USING ERRCODE = 'AK003';
  END IF;
  INSERT INTO queue.worker (name, host, pid, version, slots, session_lock) VALUES ($1, $2, $3, $4, $5, $6)
    RETURNING worker_id INTO new_id;
  IF $6 THEN
    PERFORM pg_advisory_lock(1634428274, new_id);
  END IF;
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION queue.register_worker IS 'Starts an incarnation and returns its worker_id. With session_lock, this session holds an advisory lock that shows at once when it dies; leave it false behind a pooler in transaction mode.';

CREATE FUNCTION queue.hold_worker_lock(worker_id integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM pg_advisory_lock(1634428274, $1);
  UPDATE queue.worker w SET lock_missing_since = NULL, session_lock = true, heartbeat_at = clock_timestamp()
    WHERE w.worker_id = $1 AND w.ended_at IS NULL;
  IF NOT FOUND THEN
    PERFORM pg_advisory_unlock(1634428274, $1);
    RAISE EXCEPTION 'worker % has ended', $1 USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
END
$$;
COMMENT ON FUNCTION queue.hold_worker_lock IS 'Takes the worker''s session lock again after a reconnection. AK002 when the worker was meanwhile given up.';

CREATE FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[] DEFAULT '{}') RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lost bigint[];
BEGIN
  UPDATE queue.worker w SET heartbeat_at = clock_timestamp() WHERE w.worker_id = $1 AND w.ended_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % has ended', $1 USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  IF cardinality($2) > 0 THEN
    SELECT coalesce(array_agg(t), '{}') INTO lost FROM unnest($2) t
      WHERE NOT EXISTS (
        SELECT FROM queue.lease l JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
        WHERE l.worker_id = $1 AND l.lease_token = t AND b.cancelled_at IS NULL);
  END IF;
  RETURN coalesce(lost, '{}');
END
$$;
COMMENT ON FUNCTION queue.heartbeat IS 'Keeps the worker''s leases for another lease_interval. Returns those of the given lease tokens that it no longer holds (cancelled, or taken away): stop working on them. AK002 when the worker was given up.';

CREATE FUNCTION queue.drain_worker(worker_id integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE queue.worker w SET state = 'draining' WHERE w.worker_id = $1 AND w.state = 'running'
$$;
COMMENT ON FUNCTION queue.drain_worker IS 'The worker claims no more and ends when its tasks have.';

-- Claim ---------------------------------------------------------------------------------------------------------------

CREATE VIEW queue.claimable_lane AS
SELECT l.lane_id, l.backfill_id, l.dataset, l.source_ids, l.priority,
  (b.max_running IS NOT NULL OR EXISTS (
    SELECT FROM queue.source s WHERE s.source_id = ANY (l.source_ids) AND s.max_running IS NOT NULL)) AS limited
FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.setting g ON g.singleton
WHERE l.closed_at IS NULL AND l.paused_at IS NULL AND b.paused_at IS NULL AND b.cancelled_at IS NULL AND g.paused_at IS NULL
  AND NOT EXISTS (SELECT FROM queue.dataset_pause p WHERE p.dataset = l.dataset)
  AND NOT EXISTS (
    SELECT FROM queue.source s LEFT JOIN queue.token_bucket t USING (source_id)
    WHERE s.source_id = ANY (l.source_ids)
      AND (s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()
        OR (t.quota_used >= s.daily_quota AND t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date)));
COMMENT ON VIEW queue.claimable_lane IS 'Lanes that a claim may look into: open, not paused at any level, no source cooling down or out of quota.';
COMMENT ON COLUMN queue.claimable_lane.limited IS 'Whether a concurrency limit applies, so that a claim must count under lock.';

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
COMMENT ON FUNCTION queue.claim IS 'Leases up to `slots` tasks to the worker: by priority with ageing, then time, then id, from lanes whose sources have room. Each row''s lease_token fences what the attempt writes. AK002 when the worker was given up.';

-- The ends of an attempt ----------------------------------------------------------------------------------------------

CREATE FUNCTION queue._raise_lease_lost(task_id bigint, lease_token bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  holder queue.lease;
  ended queue.outcome;
BEGIN
  SELECT * INTO holder FROM queue.lease l WHERE l.task_id = $1;
  SELECT * INTO ended FROM queue.outcome o WHERE o.task_id = $1 AND (o.lease_token = $2 OR o.final) ORDER BY o.final LIMIT 1;
  RAISE EXCEPTION 'lease % of task % is lost', $2, $1
    USING ERRCODE = 'AK001',
      DETAIL = CASE
        WHEN holder.lease_token <> $2 THEN format('Attempt %s of worker %s holds the task now.', holder.lease_token, holder.worker_id)
        WHEN ended.kind IS NOT NULL THEN format('It ended as %s%s.', ended.kind, ': ' || ended.reason)
        WHEN holder.lease_token IS NOT NULL THEN 'Its backfill was cancelled.'
        ELSE 'No attempt holds the task now.' END,
      HINT = 'Discard this attempt''s work: it must not be published.';
END
$$;

CREATE FUNCTION queue.fence(task_id bigint, lease_token bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane integer;
BEGIN
  SELECT l.lane_id INTO lane FROM queue.lease l WHERE l.task_id = $1 AND l.lease_token = $2 FOR UPDATE;
  IF NOT FOUND OR EXISTS (
    SELECT FROM queue.lane a JOIN queue.backfill b USING (backfill_id) WHERE a.lane_id = lane AND b.cancelled_at IS NOT NULL)
  THEN
    PERFORM queue._raise_lease_lost($1, $2);
  END IF;
END
$$;
COMMENT ON FUNCTION queue.fence IS 'First statement of a publication: proves that this attempt still holds the task, and locks that until the transaction ends. AK001 otherwise.';

CREATE FUNCTION queue._open_upstream_count(task_id bigint, done bigint[]) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*)::integer FROM queue.dependency d
  WHERE d.task_id = $1 AND NOT d.upstream_task_id = ANY ($2)
    AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = d.upstream_task_id AND o.final AND o.kind = 'completed')
$$;
COMMENT ON FUNCTION queue._open_upstream_count IS 'How many of a task''s upstream tasks have not completed, besides those given as done.';

CREATE FUNCTION queue._release_dependents(done bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM queue._lock_backfill_shared(f.backfill_id) FROM (
    SELECT DISTINCT a.backfill_id FROM queue.dependency d JOIN queue.blocked k ON k.task_id = d.task_id JOIN queue.lane a USING (lane_id)
    WHERE d.upstream_task_id = ANY (done) ORDER BY 1) f;
  PERFORM FROM queue.blocked k
    WHERE k.task_id IN (SELECT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = ANY (done)) ORDER BY k.task_id FOR UPDATE;
  -- Counted anew under the lock, rather than counted down: so that calling this twice does no harm.
  UPDATE queue.blocked k SET remaining = n.open_count
    FROM (SELECT d.task_id, queue._open_upstream_count(d.task_id, done) AS open_count
      FROM (SELECT DISTINCT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = ANY (done)) d) n
    WHERE k.task_id = n.task_id AND n.open_count > 0;
  WITH freed AS (
    DELETE FROM queue.blocked k
    USING (SELECT DISTINCT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = ANY (done)) n
    WHERE k.task_id = n.task_id AND queue._open_upstream_count(k.task_id, done) = 0
    RETURNING k.task_id, k.lane_id, k.data_year, k.attempt_count),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked)
    SELECT f.lane_id, f.data_year, -count(*) FROM freed f GROUP BY f.lane_id, f.data_year)
  INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count)
    SELECT queue._rank(clock_timestamp()), f.task_id, f.lane_id, f.data_year, f.attempt_count FROM freed f;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved > 0 THEN
    PERFORM queue._notify();
  END IF;
END
$$;

CREATE FUNCTION queue._fail_dependents(upstream_task_id bigint, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM queue.dependency d WHERE d.upstream_task_id = $1) THEN
    RETURN;
  END IF;
  PERFORM queue._lock_backfill_shared(f.backfill_id) FROM (
    WITH RECURSIVE below(task_id) AS (
      SELECT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = $1
      UNION SELECT d.task_id FROM queue.dependency d JOIN below ON d.upstream_task_id = below.task_id)
    SELECT DISTINCT a.backfill_id FROM below JOIN queue.blocked USING (task_id) JOIN queue.lane a USING (lane_id) ORDER BY 1) f;
  WITH RECURSIVE below(task_id) AS (
    SELECT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = $1
    UNION SELECT d.task_id FROM queue.dependency d JOIN below ON d.upstream_task_id = below.task_id),
  locked AS (
    SELECT k.task_id FROM queue.blocked k WHERE k.task_id IN (SELECT task_id FROM below) ORDER BY k.task_id FOR UPDATE),
  gone AS (
    DELETE FROM queue.blocked k WHERE k.task_id IN (SELECT task_id FROM locked) RETURNING k.*),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked, failed)
    SELECT g.lane_id, g.data_year, -count(*), count(*) FROM gone g GROUP BY g.lane_id, g.data_year)
  INSERT INTO queue.outcome (task_id, finished_at, lane_id, kind, attempt_number, data_year, final, error_class, reason)
    SELECT g.task_id, clock_timestamp(), g.lane_id, 'failed', 0, g.data_year, true, 'dependency', $2 FROM gone g;
END
$$;

CREATE FUNCTION queue._task_name(task_id bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.dataset || ' ' || p.data_year || CASE WHEN p.region <> '' THEN ' ' || p.region ELSE '' END
  FROM queue.planned_task p JOIN queue.lane a USING (lane_id) WHERE p.task_id = $1
$$;

-- Where a task goes that was deleted from queue.lease and did not complete. `run_at` is for retried, throttled and snoozed.
CREATE FUNCTION queue._settle(
  l queue.lease, kind queue.outcome_kind, error_class text, reason text, detail jsonb, run_at timestamptz DEFAULT NULL
) RETURNS queue.outcome_kind
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane record;
  ended queue.outcome_kind := $2;
  ended_because text := $4;
  is_final boolean;
  given_back boolean := $2 IN ('throttled', 'released', 'snoozed', 'worker_lost');
  at timestamptz := clock_timestamp();
BEGIN
  SELECT a.backfill_id INTO lane FROM queue.lane a WHERE a.lane_id = l.lane_id;
  PERFORM queue._lock_backfill_shared(lane.backfill_id);
  -- After the lock, so that a cancellation in flight is seen.
  SELECT b.cancelled_at, b.cancel_reason INTO lane FROM queue.lane a JOIN queue.backfill b USING (backfill_id) WHERE a.lane_id = l.lane_id;
  IF lane.cancelled_at IS NOT NULL THEN
    ended := 'cancelled';
    ended_because := lane.cancel_reason;
  END IF;
  is_final := ended IN ('failed', 'cancelled');
  INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number, data_year, final, error_class, reason, detail)
    VALUES (l.task_id, l.lease_token, l.started_at, at, l.worker_id, l.lane_id, ended, l.attempt_count, l.data_year, is_final,
      CASE WHEN ended = 'cancelled' THEN NULL ELSE $3 END, ended_because, $5);
  IF is_final THEN
    INSERT INTO queue.progress_delta (lane_id, data_year, failed, cancelled)
      VALUES (l.lane_id, l.data_year, (ended = 'failed')::integer, (ended = 'cancelled')::integer);
    PERFORM queue._fail_dependents(l.task_id,
      format('upstream task %s (%s) %s: %s', l.task_id, queue._task_name(l.task_id), ended, ended_because));
  ELSIF $6 > at THEN
    INSERT INTO queue.delayed (run_at, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count, reason)
      VALUES ($6, l.task_id, l.lane_id, l.data_year, l.attempt_count - given_back::integer, l.lost_count,
        l.throttle_count + (ended = 'throttled')::integer, ended || coalesce(': ' || $4, ''));
  ELSE
    INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
      VALUES (queue._rank(at), l.task_id, l.lane_id, l.data_year, l.attempt_count - given_back::integer,
        l.lost_count + (ended = 'worker_lost')::integer, l.throttle_count + (ended = 'throttled')::integer);
    PERFORM queue._notify();
  END IF;
  RETURN ended;
END
$$;

-- Returns the lease tokens that it completed.
CREATE FUNCTION queue._complete(task_ids bigint[], lease_tokens bigint[], results jsonb[]) RETURNS bigint[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  done bigint[];
  tokens bigint[];
  lanes integer[];
  lane record;
BEGIN
  WITH given AS (SELECT * FROM unnest($1, $2, $3) AS u(task_id, lease_token, result)),
  gone AS (
    DELETE FROM queue.lease l USING given g WHERE l.task_id = g.task_id AND l.lease_token = g.lease_token
    RETURNING l.task_id, l.lease_token, l.started_at, l.worker_id, l.lane_id, l.attempt_count, l.data_year, g.result),
  written AS (
    INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number, data_year, final, result)
    SELECT g.task_id, g.lease_token, g.started_at, greatest(t.at, g.started_at), g.worker_id, g.lane_id, 'completed', g.attempt_count,
      g.data_year, true, g.result
    FROM gone g CROSS JOIN (SELECT clock_timestamp() AS at OFFSET 0) t),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, completed)
    SELECT g.lane_id, g.data_year, count(*) FROM gone g GROUP BY g.lane_id, g.data_year
    RETURNING lane_id)
  SELECT array_agg(g.task_id), array_agg(g.lease_token), (SELECT array_agg(DISTINCT c.lane_id) FROM counted c)
    INTO done, tokens, lanes FROM gone g;

  -- First what may wait for a backfill's lock, then the lanes' rows: see the lock order above.
  IF EXISTS (SELECT FROM queue.lane a WHERE a.lane_id = ANY (lanes) AND a.has_dependents) THEN
    PERFORM queue._release_dependents(done);
  END IF;
  FOR lane IN SELECT a.lane_id FROM queue.lane a WHERE a.lane_id = ANY (lanes) AND a.breaker_count > 0 ORDER BY a.lane_id LOOP
    UPDATE queue.lane a SET breaker_count = 0, breaker_fingerprint = NULL WHERE a.lane_id = lane.lane_id;
  END LOOP;
  RETURN coalesce(tokens, '{}');
END
$$;

CREATE FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[], results jsonb[] DEFAULT NULL) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  done bigint[] := queue._complete($1, $2, $3);
BEGIN
  IF cardinality(done) = cardinality($2) THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT g.lease_token FROM unnest($1, $2) AS g(task_id, lease_token)
    WHERE g.lease_token <> ALL (done) AND NOT EXISTS (
      SELECT FROM queue.outcome o WHERE o.task_id = g.task_id AND o.lease_token = g.lease_token AND o.final AND o.kind = 'completed'));
END
$$;
COMMENT ON FUNCTION queue.complete_many IS 'Completes many tasks in one round trip. Returns the lease tokens that were lost and so completed nothing; does not raise for them. Repeating it, after an answer that never came, is harmless.';

CREATE FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF queue._complete(ARRAY[$1], ARRAY[$2], ARRAY[$3]) = '{}' THEN
    PERFORM queue._raise_lease_lost($1, $2);
  END IF;
END
$$;
COMMENT ON FUNCTION queue.complete IS 'Completes a task, and unblocks what waits for it, in the caller''s transaction. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue._take_back(task_id bigint, lease_token bigint) RETURNS queue.lease
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
BEGIN
  DELETE FROM queue.lease d WHERE d.task_id = $1 AND d.lease_token = $2 RETURNING d.* INTO l;
  IF NOT FOUND THEN
    PERFORM queue._raise_lease_lost($1, $2);
  END IF;
  RETURN l;
END
$$;

CREATE FUNCTION queue.fail(
  task_id bigint, lease_token bigint, error_class text, reason text,
  detail jsonb DEFAULT NULL, retry_after interval DEFAULT NULL, fingerprint text DEFAULT NULL
) RETURNS TABLE (kind queue.outcome_kind, run_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
  g queue.setting;
  lane queue.lane;
  ended queue.outcome_kind;
  again_at timestamptz;
  backoff interval;
  print text;
BEGIN
  IF $3 IS NULL OR $3 NOT IN ('transient', 'rate_limited', 'data', 'permanent') THEN
    RAISE EXCEPTION 'error class % is not one a handler may give', coalesce($3, 'NULL')
      USING ERRCODE = 'AK003', HINT = 'transient, rate_limited, data or permanent';
  END IF;
  l := queue._take_back($1, $2);
  SELECT * INTO g FROM queue.setting n WHERE n.singleton;
  SELECT * INTO lane FROM queue.lane a WHERE a.lane_id = l.lane_id;
  -- Full jitter: tasks that failed together do not come back together.
  backoff := random() * least(g.retry_cap_interval, g.retry_base_interval * power(2, least(l.attempt_count - 1, 20)));
  IF $3 = 'transient' THEN
    ended := CASE WHEN l.attempt_count >= lane.max_attempts THEN 'failed' ELSE 'retried' END;
    again_at := clock_timestamp() + greatest(backoff, $6);
  ELSIF $3 = 'rate_limited' THEN
    ended := CASE WHEN l.throttle_count + 1 >= g.max_throttles THEN 'failed' ELSE 'throttled' END;
    again_at := clock_timestamp() + greatest($6, (
      SELECT max(s.cool_down_until) FROM queue.source s WHERE s.source_id = ANY (lane.source_ids)) - clock_timestamp(), '0') + backoff;
  ELSE
    ended := 'failed';
  END IF;
  IF ended = 'failed' THEN
    again_at := NULL;
  END IF;
  ended := queue._settle(l, ended, $3, coalesce(nullif($4, ''), 'no reason given'), $5, again_at);

  IF $3 = 'data' THEN
    print := coalesce($7, regexp_replace($4, '[0-9]+', '#', 'g'));
    UPDATE queue.lane a SET breaker_fingerprint = print,
        breaker_count = CASE WHEN a.breaker_fingerprint = print THEN a.breaker_count + 1 ELSE 1 END
      WHERE a.lane_id = l.lane_id RETURNING * INTO lane;
    IF g.breaker_threshold > 0 AND lane.breaker_count >= g.breaker_threshold AND lane.paused_at IS NULL THEN
      UPDATE queue.lane a SET paused_at = clock_timestamp(),
          pause_reason = format('circuit breaker: %s partitions in a row failed alike: %s', lane.breaker_count, $4)
        WHERE a.lane_id = l.lane_id RETURNING * INTO lane;
      INSERT INTO queue.event (backfill_id, task_id, kind, message)
        VALUES (lane.backfill_id, $1, 'breaker_opened', lane.dataset || ' paused: ' || lane.pause_reason);
    END IF;
  END IF;
  RETURN QUERY SELECT ended, CASE WHEN ended IN ('retried', 'throttled') THEN again_at END;
END
$$;
COMMENT ON FUNCTION queue.fail IS 'Ends an attempt with an error. transient: retried with backoff until max_attempts; rate_limited: again after retry_after, the attempt given back; data, permanent: the task has failed. Returns what became of the task. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.release(task_id bigint, lease_token bigint, reason text DEFAULT 'released') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM queue._settle(queue._take_back($1, $2), 'released', NULL, $3, NULL);
END
$$;
COMMENT ON FUNCTION queue.release IS 'Gives a task back, for any worker to claim at once; the attempt is not counted. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval, reason text DEFAULT 'snoozed') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF $3 IS NULL OR $3 <= '0' THEN
    RAISE EXCEPTION 'a task is snoozed for a positive interval' USING ERRCODE = 'AK003';
  END IF;
  PERFORM queue._settle(queue._take_back($1, $2), 'snoozed', NULL, $4, NULL, clock_timestamp() + $3);
END
$$;
COMMENT ON FUNCTION queue.snooze IS 'Gives a task back until wait_interval has passed; the attempt is not counted. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
  given_back integer := 0;
BEGIN
  FOR l IN DELETE FROM queue.lease d WHERE d.worker_id = $1 AND d.lease_token <> ALL ($2) RETURNING d.* LOOP
    PERFORM queue._settle(l, 'released', NULL, 'its worker never got the answer to its claim', NULL);
    given_back := given_back + 1;
  END LOOP;
  RETURN given_back;
END
$$;
COMMENT ON FUNCTION queue.release_unknown IS 'After a broken connection: releases what this worker holds besides the lease tokens that it knows of. Returns how many.';

CREATE FUNCTION queue.stop_worker(worker_id integer, reason text DEFAULT 'stopped') RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
  given_back integer := 0;
BEGIN
  UPDATE queue.worker w SET state = 'stopped', ended_at = clock_timestamp(), end_reason = $2 WHERE w.worker_id = $1 AND w.ended_at IS NULL;
  FOR l IN DELETE FROM queue.lease d WHERE d.worker_id = $1 RETURNING d.* LOOP
    PERFORM queue._settle(l, 'released', NULL, $2, NULL);
    given_back := given_back + 1;
  END LOOP;
  IF EXISTS (
    SELECT FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = 1634428274 AND k.objid = $1::oid AND k.pid = pg_backend_pid())
  THEN
    PERFORM pg_advisory_unlock(1634428274, $1);
  END IF;
  RETURN given_back;
END
$$;
COMMENT ON FUNCTION queue.stop_worker IS 'Ends an incarnation in order: releases whatever it still holds (returns how many) and gives up its session lock.';
