-- What a worker calls: register, claim, heartbeat, fence, complete, fail, release, snooze. One round trip each; all
-- time is the database's. Errors have SQLSTATEs of their own, listed in docs/queue.md: AK001 lease_lost AK002
-- worker_ended AK003 invalid_request AK004 dependency_cycle AK005 not_found AK006 wrong_state
--
-- Functions whose names begin with an underscore are internal: no role may call them.
--
-- Lock order, which keeps the whole schema free of deadlocks:
-- 1. queue.source rows by source_id, then queue.backfill rows by backfill_id (claims of limited lanes, which take no
-- lock of 3 to 5) 2. queue.lease rows; whoever is not the holder takes them with SKIP LOCKED 3. the advisory lock of a
-- backfill: shared to put tasks back or to unblock them, exclusive to cancel, retry, add or close 4. queue.blocked rows
-- by task_id, queue.lane rows, and then queue.backfill rows 5. queue.progress rows (tidy and enqueue); after them,
-- advisory locks are only tried

-- Advisory locks: every role that may connect can hold any of them, so those that others wait for have keys that nobody
-- can foresee (queue._lock_key). Workers' session locks are for all to see, (1634428274, worker_id), 'aker' in ASCII:
-- nobody waits for those without a limit.


CREATE FUNCTION queue._lock_key(purpose text) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.hashtextextended($1, s.salt) FROM queue.lock_space s
$$;
COMMENT ON FUNCTION queue._lock_key IS 'The key of an advisory lock: of this database, and known to its owner only.';

-- A row that another process made is not mine, whatever its numbers: an older snapshot of the database's disk gives
-- them again (docs/decisions/0024-incarnations.md).
CREATE FUNCTION queue._incarnation() RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('aker.incarnation', true), '')::uuid $$;
COMMENT ON FUNCTION queue._incarnation IS
  'The process that calls, as its sessions state it: a random uuid. NULL where none is stated, as in psql.';

-- Called by functions that run with their owner's rights: the role that the session itself acts as.
CREATE FUNCTION queue._caller_operates() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT has_function_privilege(
    CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END,
    'queue.pause_queue(text)', 'EXECUTE')
$$;
COMMENT ON FUNCTION queue._caller_operates IS 'Whether the caller may do what aker_admin may.';

CREATE FUNCTION queue._lock_backfill_shared(backfill_id bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock_shared(queue._lock_key('backfill ' || backfill_id))
$$;

CREATE FUNCTION queue._lock_backfill(backfill_id bigint) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock(queue._lock_key('backfill ' || backfill_id))
$$;

CREATE FUNCTION queue._notify(task_count bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  -- From a random one on, so that not always the same are woken.
  first_id integer := (SELECT floor(random() * (max(w.worker_id) + 1)) FROM queue.worker w);
  woken integer;
BEGIN
  PERFORM pg_notify('aker_queue', '');
  FOR woken IN
    WITH idle AS (
      SELECT w.worker_id FROM queue.worker w
        LEFT JOIN (SELECT l.worker_id, count(*) AS busy FROM queue.lease l GROUP BY l.worker_id) b USING (worker_id)
      WHERE w.ended_at IS NULL AND w.state = 'running' AND w.host_trouble IS NULL AND w.slots > coalesce(b.busy, 0)
        AND w.heartbeat_at > clock_timestamp() - interval '8 seconds')
    SELECT i.worker_id FROM idle i ORDER BY i.worker_id < first_id, i.worker_id LIMIT task_count
  LOOP
    PERFORM pg_notify('aker_queue_' || woken, '');
  END LOOP;
END
$$;
COMMENT ON FUNCTION queue._notify(bigint) IS
  'Wakes workers with a free slot, as many as there are tasks (NULL: all), each by a channel of its own, '
  'aker_queue_<id>. On aker_queue everybody hears that there may be work: workers that take only some datasets, and '
  'who watches. Once per statement, since Postgres folds equal notifications of one transaction.';

CREATE FUNCTION queue._rank(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT (extract(epoch FROM at) * 1000000)::bigint $$;

CREATE FUNCTION queue._counted(number bigint, noun text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog,
  pg_temp AS $$ SELECT format('%s %s%s', $1, $2, CASE WHEN $1 = 1 THEN '' ELSE 's' END) $$;
COMMENT ON FUNCTION queue._counted IS 'A number with what it counts, for people to read: 1 row, 2 rows.';

CREATE FUNCTION queue._task_name(task_id bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.dataset || ' ' || p.data_year || CASE WHEN p.region <> '' THEN ' ' || p.region ELSE '' END
  FROM queue.planned_task p JOIN queue.lane a USING (lane_id) WHERE p.task_id = $1
$$;

-- By which definition a task's attempt at this time is made; planned is its lane's. One that was named for the task
-- stays; else the later counts: what the task was tried again by, or what was applied while it waited.
-- PL/pgSQL, which keeps its plan: a function in SQL was planned anew with each claim.
CREATE FUNCTION queue._definition_of(task_id bigint, at timestamptz, planned text) RETURNS text
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN coalesce((
    SELECT n.definition_hash FROM (
      (SELECT d.definition_hash, d.since, d.is_named FROM queue.task_definition d
        WHERE d.task_id = $1 AND d.since <= $2 ORDER BY d.since DESC LIMIT 1)
      UNION ALL
      (SELECT a.definition_hash, a.since, false FROM queue.planned_task p JOIN queue.lane_definition a USING (lane_id)
        WHERE p.task_id = $1 AND a.since <= $2 ORDER BY a.since DESC LIMIT 1)) n
    ORDER BY n.is_named DESC, n.since DESC LIMIT 1), $3);
END
$$;
COMMENT ON FUNCTION queue._definition_of IS 'By which definition an attempt of the task at this time is made.';

CREATE FUNCTION queue.follow_definition(dataset text) RETURNS TABLE (waiting bigint, running bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  applied catalog.dataset;
  lanes integer[];
BEGIN
  PERFORM pg_advisory_xact_lock(queue._lock_key('enqueue')); -- or a lane that is being made would be missed
  SELECT * INTO applied FROM catalog.dataset d WHERE d.name = $1;
  lanes := ARRAY(
    SELECT l.lane_id FROM queue.lane l
    WHERE l.dataset = $1 AND l.closed_at IS NULL AND applied.definition_hash <> coalesce((
      SELECT n.definition_hash FROM queue.lane_definition n WHERE n.lane_id = l.lane_id ORDER BY n.since DESC LIMIT 1),
      l.definition_hash)
    ORDER BY l.lane_id);
  -- Counted before, since a claim may come between.
  SELECT coalesce(sum(p.ready + p.blocked), 0), coalesce(sum(p.running), 0) INTO waiting, running
    FROM queue.progress_now p WHERE p.lane_id = ANY (lanes);
  INSERT INTO queue.lane_definition (lane_id, definition_hash) SELECT u, applied.definition_hash FROM unnest(lanes) u;
  -- What they ask now is what they count against.
  UPDATE queue.lane l SET source_ids = s.ids
    FROM (SELECT CASE WHEN applied.primary_source_id IS NULL THEN applied.source_ids
      ELSE applied.primary_source_id || array_remove(applied.source_ids, applied.primary_source_id) END AS ids) s
    WHERE l.lane_id = ANY (lanes) AND l.source_ids <> s.ids;
  INSERT INTO queue.event (backfill_id, kind, message)
    SELECT l.backfill_id, 'definition', format('what waits of %s is built by definition %s from now on', $1,
      left(applied.definition_hash, 12))
    FROM queue.lane l WHERE l.lane_id = ANY (lanes);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION queue.follow_definition IS
  'Has what waits of a dataset, in every open backfill, built by the definition that is applied now: called last in '
  'the transaction that applied it. What runs ends by the one that it began with, and a task for which a definition '
  'was named keeps that. Returns how many tasks wait and run that had another.';
