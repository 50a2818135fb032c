-- One life of a worker process: it registers, is heard of, drains and stops.

CREATE FUNCTION queue.register_worker(
  name text, host text, pid integer, version text, slots integer, session_lock boolean DEFAULT false
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id integer;
  held boolean := false;
BEGIN
  IF coalesce($5, 0) < 1 THEN
    RAISE EXCEPTION 'a worker needs at least one slot' USING ERRCODE = 'AK003';
  END IF;
  PERFORM queue._enter_life();
  -- A number whose lock somebody holds already is passed over. Who holds a hundred in advance can make the death of a
  -- worker show by its silence only, and nothing else.
  FOR try IN 1..100 LOOP
    new_id := nextval(pg_get_serial_sequence('queue.worker', 'worker_id'));
    EXIT WHEN NOT $6;
    held := pg_try_advisory_lock(1634428274, new_id);
    EXIT WHEN held;
  END LOOP;
  INSERT INTO queue.worker (worker_id, name, host, pid, incarnation, version, slots, session_lock)
    VALUES (new_id, $1, $2, $3, queue._incarnation(), $4, $5, held);
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION queue.register_worker IS
  'Starts an incarnation and returns its worker_id. With session_lock, this session holds an advisory lock that '
  'shows at once when it dies; leave it false behind a pooler in transaction mode.';

CREATE FUNCTION queue.hold_worker_lock(worker_id integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  held boolean;
BEGIN
  -- The server may not have noticed yet that the session before this one is gone. Three seconds, and then without: the
  -- worker's death shows by its silence only.
  FOR try IN 1..30 LOOP
    held := pg_try_advisory_lock(1634428274, $1);
    EXIT WHEN held;
    PERFORM pg_sleep(0.1);
  END LOOP;
  UPDATE queue.worker w SET lock_missing_since = NULL, session_lock = held, heartbeat_at = clock_timestamp()
    WHERE w.worker_id = $1 AND w.ended_at IS NULL AND w.incarnation IS NOT DISTINCT FROM queue._incarnation();
  IF NOT FOUND THEN
    IF held THEN PERFORM pg_advisory_unlock(1634428274, $1); END IF;
    RAISE EXCEPTION 'worker % has ended, or is another process''s', $1
      USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
END
$$;
COMMENT ON FUNCTION queue.hold_worker_lock IS
  'Takes the worker''s session lock again after a reconnection. AK002 when the worker was meanwhile given up.';

CREATE FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[] DEFAULT '{}') RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lost bigint[];
BEGIN
  -- Most of what a tick costs is this write: a worker that was heard of a moment ago need not be noted again.
  UPDATE queue.worker w SET heartbeat_at = clock_timestamp() FROM queue.setting g
    WHERE w.worker_id = $1 AND w.ended_at IS NULL AND w.incarnation IS NOT DISTINCT FROM queue._incarnation()
      AND w.heartbeat_at < clock_timestamp() - g.lease_interval / 12;
  IF NOT FOUND AND NOT EXISTS (
    SELECT FROM queue.worker w
    WHERE w.worker_id = $1 AND w.ended_at IS NULL AND w.incarnation IS NOT DISTINCT FROM queue._incarnation())
  THEN
    RAISE EXCEPTION 'worker % has ended, or is another process''s', $1
      USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
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
COMMENT ON FUNCTION queue.heartbeat IS
  'Keeps the worker''s leases for another lease_interval. Returns those of the given lease tokens that it no longer '
  'holds (cancelled, or taken away): stop working on them. AK002 when the worker was given up.';

CREATE FUNCTION queue.drain_worker(worker_id integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE queue.worker w SET state = 'draining' WHERE w.worker_id = $1 AND w.state = 'running'
    AND w.incarnation IS NOT DISTINCT FROM queue._incarnation()
$$;
COMMENT ON FUNCTION queue.drain_worker IS 'The worker claims no more and ends when its tasks have.';

CREATE FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
  given_back integer := 0;
BEGIN
  FOR l IN
    DELETE FROM queue.lease d WHERE d.worker_id = $1 AND d.lease_token <> ALL ($2)
      AND d.incarnation IS NOT DISTINCT FROM queue._incarnation() RETURNING d.*
  LOOP
    PERFORM queue._settle(l, 'released', NULL, 'its worker never got the answer to its claim', NULL);
    given_back := given_back + 1;
  END LOOP;
  RETURN given_back;
END
$$;
COMMENT ON FUNCTION queue.release_unknown IS
  'After a broken connection: releases what this worker holds besides the lease tokens that it knows of. Returns '
  'how many.';

CREATE FUNCTION queue.stop_worker(worker_id integer, reason text DEFAULT 'stopped') RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
  given_back integer := 0;
BEGIN
  UPDATE queue.worker w SET state = 'stopped', ended_at = clock_timestamp(), end_reason = $2
    WHERE w.worker_id = $1 AND w.ended_at IS NULL AND w.incarnation IS NOT DISTINCT FROM queue._incarnation();
  FOR l IN
    DELETE FROM queue.lease d WHERE d.worker_id = $1
      AND d.incarnation IS NOT DISTINCT FROM queue._incarnation() RETURNING d.*
  LOOP
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
COMMENT ON FUNCTION queue.stop_worker IS
  'Ends an incarnation in order: releases whatever it still holds (returns how many) and gives up its session lock.';
