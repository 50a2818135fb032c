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

-- Advisory locks: every role that may connect can hold any of them, so those that others wait for have keys that nobody
-- can foresee (queue._lock_key). Workers' session locks are for all to see, (1634428274, worker_id), 'aker' in ASCII: nobody
-- waits for those without a limit.


CREATE FUNCTION queue._lock_key(purpose text) RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.hashtextextended($1, s.salt) FROM queue.lock_space s
$$;
COMMENT ON FUNCTION queue._lock_key IS 'The key of an advisory lock: of this database, and known to its owner only.';

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
      WHERE w.ended_at IS NULL AND w.state = 'running' AND w.slots > coalesce(b.busy, 0)
        AND w.heartbeat_at > clock_timestamp() - interval '8 seconds')
    SELECT i.worker_id FROM idle i ORDER BY i.worker_id < first_id, i.worker_id LIMIT task_count
  LOOP
    PERFORM pg_notify('aker_queue_' || woken, '');
  END LOOP;
END
$$;
COMMENT ON FUNCTION queue._notify(bigint) IS
  'Wakes workers with a free slot, as many as there are tasks (NULL: all), each by a channel of its own, aker_queue_<id>. '
  'On aker_queue everybody hears that there may be work: workers that take only some datasets, and who watches. Once per '
  'statement, since Postgres folds equal notifications of one transaction.';

CREATE FUNCTION queue._rank(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT (extract(epoch FROM at) * 1000000)::bigint $$;

CREATE FUNCTION queue._counted(number bigint, noun text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT format('%s %s%s', $1, $2, CASE WHEN $1 = 1 THEN '' ELSE 's' END) $$;
COMMENT ON FUNCTION queue._counted IS 'A number with what it counts, for people to read: 1 row, 2 rows.';

CREATE FUNCTION queue._task_name(task_id bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.dataset || ' ' || p.data_year || CASE WHEN p.region <> '' THEN ' ' || p.region ELSE '' END
  FROM queue.planned_task p JOIN queue.lane a USING (lane_id) WHERE p.task_id = $1
$$;

-- By which definition a task's attempt at this time is made; planned is its lane's.
CREATE FUNCTION queue._definition_of(task_id bigint, at timestamptz, planned text) RETURNS text
LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT n.definition_hash FROM queue.task_definition n WHERE n.task_id = $1 AND n.since <= $2
    ORDER BY n.since DESC LIMIT 1), $3)
$$;
COMMENT ON FUNCTION queue._definition_of IS 'By which definition an attempt of the task at this time is made.';
