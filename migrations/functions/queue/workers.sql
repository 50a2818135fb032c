-- One life of a worker process: it registers, is heard of, drains and stops.

CREATE FUNCTION queue.register_worker(
  name text, host text, pid integer, version text, slots integer, session_lock boolean DEFAULT false,
  contract integer DEFAULT 1
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id integer;
  held boolean := false;
BEGIN
  IF coalesce($5, 0) < 1 THEN
    RAISE EXCEPTION 'a worker needs at least one slot' USING ERRCODE = 'AK003';
  END IF;
  PERFORM queue.require_contract($7, $4);
  PERFORM queue._enter_life();
  -- A number whose lock somebody holds already is passed over. Who holds a hundred in advance can make the death of a
  -- worker show by its silence only, and nothing else.
  FOR try IN 1..100 LOOP
    new_id := nextval(pg_get_serial_sequence('queue.worker', 'worker_id'));
    EXIT WHEN NOT $6;
    held := pg_try_advisory_lock(1634428274, new_id);
    EXIT WHEN held;
  END LOOP;
  INSERT INTO queue.worker (worker_id, name, host, pid, incarnation, version, slots, session_lock, contract)
    VALUES (new_id, $1, $2, $3, queue._incarnation(), $4, $5, held, $7);
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION queue.register_worker IS
  'Starts an incarnation and returns its worker_id. With session_lock, this session holds an advisory lock that shows '
  'at once when it dies; leave it false behind a pooler in transaction mode. AK008 when its contract is not served.';

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
      LEFT JOIN LATERAL (
        SELECT l.lane_id FROM queue.lease l WHERE l.lease_token = t AND l.worker_id = $1 OFFSET 0) l ON true
      LEFT JOIN LATERAL (SELECT n.backfill_id FROM queue.lane n WHERE n.lane_id = l.lane_id OFFSET 0) a ON true
      LEFT JOIN LATERAL (
        SELECT true AS is_held FROM queue.backfill b
        WHERE b.backfill_id = a.backfill_id AND b.cancelled_at IS NULL OFFSET 0) b ON true
      WHERE b.is_held IS NULL;
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
  'After a broken connection: releases what this worker holds besides the lease tokens that it knows of. Returns how '
  'many.';

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
    SELECT FROM pg_locks k WHERE k.locktype = 'advisory' AND k.classid = 1634428274 AND k.objid = $1::oid
      AND k.pid = pg_backend_pid())
  THEN
    PERFORM pg_advisory_unlock(1634428274, $1);
  END IF;
  RETURN given_back;
END
$$;
COMMENT ON FUNCTION queue.stop_worker IS
  'Ends an incarnation in order: releases whatever it still holds (returns how many) and gives up its session lock.';

CREATE FUNCTION queue.report_host(worker_id integer, trouble text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  before text;
  w queue.worker;
BEGIN
  SELECT v.host_trouble INTO before FROM queue.worker v
    WHERE v.worker_id = $1 AND v.ended_at IS NULL
      AND v.incarnation IS NOT DISTINCT FROM queue._incarnation() FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % has ended', $1
      USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  UPDATE queue.worker v SET host_trouble = nullif($2, ''),
      host_trouble_since = CASE WHEN nullif($2, '') IS NOT NULL
        THEN coalesce(v.host_trouble_since, clock_timestamp()) END
    WHERE v.worker_id = $1 RETURNING * INTO w;
  IF (before IS NULL) <> (w.host_trouble IS NULL) THEN
    INSERT INTO queue.event (kind, message) VALUES (
      CASE WHEN w.host_trouble IS NULL THEN 'host_well' ELSE 'host_unwell' END,
      format('worker %s (%s on %s) %s', w.worker_id, w.name, w.host,
        CASE WHEN w.host_trouble IS NULL THEN 'is well again' ELSE 'claims nothing: ' || w.host_trouble END));
  END IF;
END
$$;
COMMENT ON FUNCTION queue.report_host IS
  'A worker tells what is wrong with its host, which keeps it from claiming, or (NULL) that all is well. AK002 when '
  'the worker was given up.';

-- When the server last began to serve: started, or initialised anew after one of its processes had crashed, when it
-- throws its statistics away.
CREATE FUNCTION queue._server_began_at() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT greatest(pg_postmaster_start_time(), (SELECT b.stats_reset FROM pg_stat_bgwriter b))
$$;
COMMENT ON FUNCTION queue._server_began_at IS
  'When the server last began to serve: a worker that was not heard of since then may have been cut off by that '
  'alone.';

CREATE FUNCTION queue.excuse_loss(worker_id integer, reason text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  w queue.worker;
  lost record;
  excused integer := 0;
BEGIN
  UPDATE queue.worker v SET loss_excused_at = clock_timestamp()
    WHERE v.worker_id = $1 AND v.state = 'lost' AND v.loss_excused_at IS NULL
      AND v.incarnation IS NOT DISTINCT FROM queue._incarnation() RETURNING * INTO w;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  FOR lost IN
    SELECT o.task_id, o.final FROM queue.outcome o
    WHERE o.worker_id = $1 AND o.error_class = 'worker_lost' AND o.finished_at >= w.ended_at ORDER BY o.task_id
  LOOP
    excused := excused + 1;
    IF lost.final THEN
      BEGIN
        PERFORM queue.retry_task(lost.task_id);
      EXCEPTION WHEN SQLSTATE 'AK006' THEN
        NULL; -- built elsewhere since, or cancelled: it stays as it is
      END;
      CONTINUE;
    END IF;
    UPDATE queue.ready r SET lost_count = r.lost_count - 1 WHERE r.task_id = lost.task_id AND r.lost_count > 0;
    CONTINUE WHEN FOUND;
    UPDATE queue.delayed d SET lost_count = d.lost_count - 1 WHERE d.task_id = lost.task_id AND d.lost_count > 0;
    CONTINUE WHEN FOUND;
    -- Not waiting for a publication that holds its lease: it ends its task, and the count with it.
    UPDATE queue.lease l SET lost_count = l.lost_count - 1
      WHERE l.lost_count > 0 AND l.task_id = (
        SELECT n.task_id FROM queue.lease n WHERE n.task_id = lost.task_id FOR UPDATE SKIP LOCKED);
  END LOOP;
  INSERT INTO queue.event (kind, message)
    VALUES ('loss_excused',
      format('worker %s (%s on %s) lives, and was cut off from the database (%s): %s counts no more',
      w.worker_id, w.name, w.host, $2, 'the loss of ' || queue._counted(excused, 'task')));
  RETURN excused;
END
$$;
COMMENT ON FUNCTION queue.excuse_loss IS
  'The process of a lost incarnation lives, and it was the database that it could not reach: what its loss counted '
  'toward the quarantine of its tasks is taken back, once. Returns of how many tasks.';
