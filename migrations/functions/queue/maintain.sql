-- What keeps the queue going, whoever calls it: every worker does, once a second, with queue.tick().

CREATE FUNCTION queue.reap() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- Half a second: a worker whose session was cut takes its lock again sooner. Not in the first seconds of the server,
  -- when all sessions are new.
  grace constant interval := CASE WHEN pg_postmaster_start_time() > clock_timestamp() - interval '15 seconds'
    THEN interval '10 seconds' ELSE interval '0.5 seconds' END;
  g queue.setting;
  w queue.worker;
  l queue.lease;
  held integer[];
  scanned_at double precision := nullif(current_setting('aker.lease_scan_at', true), '')::double precision;
  now_at double precision := extract(epoch FROM clock_timestamp());
  lost_any boolean := false;
  taken integer := 0;
BEGIN
  SELECT * INTO g FROM queue.setting n WHERE n.singleton;
  held := ARRAY(
    SELECT k.objid::bigint::integer FROM pg_locks k
    WHERE k.locktype = 'advisory' AND k.classid = 1634428274 AND k.objsubid = 2 AND k.granted
      AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()));
  UPDATE queue.worker n SET lock_missing_since = CASE WHEN n.worker_id = ANY (held) THEN NULL ELSE clock_timestamp() END
    WHERE n.worker_id IN (
      SELECT v.worker_id FROM queue.worker v
      WHERE v.ended_at IS NULL AND v.session_lock
        AND (v.lock_missing_since IS NULL) <> (v.worker_id = ANY (held)) FOR UPDATE SKIP LOCKED);

  FOR w IN
    SELECT * FROM queue.worker v
    WHERE v.ended_at IS NULL AND (v.heartbeat_at < clock_timestamp() - g.lease_interval
      OR v.session_lock AND v.lock_missing_since < clock_timestamp() - grace)
    ORDER BY v.worker_id FOR UPDATE SKIP LOCKED
  LOOP
    UPDATE queue.worker v SET state = 'lost', ended_at = clock_timestamp(),
        end_reason = CASE WHEN w.heartbeat_at < clock_timestamp() - g.lease_interval
          THEN 'silent for ' || g.lease_interval ELSE 'its session ended' END
      WHERE v.worker_id = w.worker_id RETURNING * INTO w;
    INSERT INTO queue.event (kind, message) VALUES ('worker_lost',
      format('worker %s (%s on %s, pid %s): %s', w.worker_id, w.name, w.host, w.pid, w.end_reason));
    lost_any := true;
  END LOOP;

  -- Leases without a living worker, and leases past their deadline. Looked for every few seconds per session: a lost
  -- worker starts a look at once.
  IF NOT lost_any AND scanned_at > now_at - 5 THEN
    RETURN 0;
  END IF;
  PERFORM set_config('aker.lease_scan_at', now_at::text, false);
  FOR l IN
    DELETE FROM queue.lease d USING (
      SELECT n.task_id FROM queue.lease n JOIN queue.worker v USING (worker_id)
      WHERE v.ended_at IS NOT NULL OR n.deadline_at < clock_timestamp() FOR UPDATE OF n SKIP LOCKED) AS due
    WHERE d.task_id = due.task_id RETURNING d.*
  LOOP
    taken := taken + 1;
    SELECT * INTO w FROM queue.worker v WHERE v.worker_id = l.worker_id;
    IF w.ended_at IS NULL THEN
      PERFORM queue._settle(l,
        CASE WHEN l.attempt_count >= a.max_attempts THEN 'failed' ELSE 'retried' END::queue.outcome_kind, 'transient',
        format('ran longer than %s on worker %s (%s)', a.task_timeout_interval, l.worker_id, w.name), NULL)
        FROM queue.lane a WHERE a.lane_id = l.lane_id;
      PERFORM pg_notify('aker_cancel', '');
    ELSIF queue._server_began_at() > w.heartbeat_at THEN
      -- Not the worker's doing, then, nor the task's.
      PERFORM queue._settle(l, 'released', NULL,
        format('worker %s (%s on %s): %s; the database server began anew meanwhile',
          l.worker_id, w.name, w.host, w.end_reason), NULL);
    ELSIF l.lost_count + 1 >= g.max_lost_workers THEN
      PERFORM queue._settle(l, 'failed', 'worker_lost',
        format('quarantined: %s workers were lost while they ran it, the last was %s (%s on %s): %s', l.lost_count + 1,
          l.worker_id, w.name, w.host, w.end_reason), NULL);
    ELSE
      PERFORM queue._settle(l, 'worker_lost', 'worker_lost',
        format('worker %s (%s on %s): %s', l.worker_id, w.name, w.host, w.end_reason), NULL);
    END IF;
  END LOOP;
  PERFORM warehouse.end_abandoned_sessions();
  RETURN taken;
END
$$;
COMMENT ON FUNCTION queue.reap IS
  'Takes tasks away from workers that died or fell silent, and from handlers past their deadline. Safe to call from '
  'everywhere at once. Returns how many.';

CREATE FUNCTION queue.promote_due(batch_size integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET jit = off AS $$
#variable_conflict use_column
DECLARE
  moved bigint;
BEGIN
  WITH due AS (
    DELETE FROM queue.delayed d WHERE d.ctid = ANY (ARRAY(
      SELECT n.ctid FROM queue.delayed n WHERE n.run_at <= clock_timestamp()
        ORDER BY n.run_at, n.task_id LIMIT $1 FOR UPDATE SKIP LOCKED))
    RETURNING d.*)
  INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
    SELECT (extract(epoch FROM d.run_at) * 1000000)::bigint, d.task_id, d.lane_id, d.data_year, d.attempt_count,
      d.lost_count, d.throttle_count
    FROM due d;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved > 0 THEN
    PERFORM queue._notify(moved);
  END IF;
  RETURN moved;
END
$$;
COMMENT ON FUNCTION queue.promote_due IS
  'Moves tasks whose backoff or snooze is over to where claims look. Returns how many.';

CREATE FUNCTION queue.tidy() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  folded bigint;
  lanes integer[];
  lane record;
BEGIN
  -- A task that began to wait for a task of another backfill at the very moment when that one ended would wait for
  -- ever.
  FOR lane IN
    SELECT DISTINCT d.upstream_task_id, o.kind, o.reason FROM queue.dependency d
      JOIN queue.blocked k ON k.task_id = d.task_id
      JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final
    WHERE d.across AND (o.kind <> 'completed' OR queue._open_upstream_count(k.task_id, '{}') <> k.remaining) LIMIT 100
  LOOP
    IF lane.kind = 'completed' THEN
      PERFORM queue._release_dependents(ARRAY[lane.upstream_task_id]);
    ELSE
      PERFORM queue._fail_dependents(lane.upstream_task_id,
        format('upstream task %s (%s) %s: %s', lane.upstream_task_id, queue._task_name(lane.upstream_task_id),
          lane.kind, lane.reason));
    END IF;
  END LOOP;

  IF NOT EXISTS (SELECT FROM queue.progress_delta) OR NOT pg_try_advisory_xact_lock(queue._lock_key('tidy')) THEN
    RETURN 0;
  END IF;
  WITH gone AS (
    DELETE FROM queue.progress_delta d WHERE d.ctid = ANY (ARRAY(SELECT n.ctid FROM queue.progress_delta n LIMIT 20000))
      RETURNING d.*),
  summed AS (
    SELECT g.lane_id, g.data_year, sum(g.blocked) AS blocked, sum(g.completed) AS completed, sum(g.failed) AS failed,
      sum(g.cancelled) AS cancelled,
      count(*) AS row_count
    FROM gone g GROUP BY g.lane_id, g.data_year),
  added AS (
    UPDATE queue.progress p SET blocked = p.blocked + s.blocked, completed = p.completed + s.completed,
      failed = p.failed + s.failed, cancelled = p.cancelled + s.cancelled,
      change_count = p.change_count + s.row_count, changed_in = pg_current_xact_id()
      FROM summed s WHERE p.lane_id = ANY (ARRAY[s.lane_id]) AND p.data_year = ANY (ARRAY[s.data_year]))
  SELECT sum(s.row_count), array_agg(DISTINCT s.lane_id) INTO folded, lanes FROM summed s;

  -- Close the lanes, and then the backfills, whose last task has ended.
  FOR lane IN
    SELECT a.lane_id, a.backfill_id FROM queue.lane a
    WHERE a.lane_id = ANY (lanes) AND a.closed_at IS NULL
      AND (SELECT sum(p.total - p.completed - p.failed - p.cancelled) FROM queue.progress p
        WHERE p.lane_id = a.lane_id) = 0
  LOOP
    IF NOT pg_try_advisory_xact_lock(queue._lock_key('backfill ' || lane.backfill_id)) THEN
      INSERT INTO queue.progress_delta (lane_id, data_year)
        -- look again at the next tick
        SELECT lane.lane_id, min(p.data_year) FROM queue.progress p WHERE p.lane_id = lane.lane_id;
      CONTINUE;
    END IF;
    -- Again, now that nobody can add or retry tasks.
    UPDATE queue.lane a SET closed_at = clock_timestamp()
      WHERE a.lane_id = lane.lane_id AND NOT EXISTS (SELECT FROM queue.progress_delta d WHERE d.lane_id = a.lane_id)
        AND (SELECT sum(p.total - p.completed - p.failed - p.cancelled) FROM queue.progress p
          WHERE p.lane_id = a.lane_id) = 0;
    UPDATE queue.backfill b SET finished_at = clock_timestamp()
      WHERE b.backfill_id = lane.backfill_id AND b.finished_at IS NULL
        AND NOT EXISTS (SELECT FROM queue.lane a WHERE a.backfill_id = b.backfill_id AND a.closed_at IS NULL);
    IF FOUND THEN
      INSERT INTO queue.event (backfill_id, kind, message)
        SELECT lane.backfill_id, 'finished', format('%s completed, %s failed, %s cancelled', sum(p.completed),
          sum(p.failed), sum(p.cancelled))
        FROM queue.progress p JOIN queue.lane a USING (lane_id) WHERE a.backfill_id = lane.backfill_id;
      PERFORM pg_notify('aker_finished', lane.backfill_id::text);
    END IF;
  END LOOP;

  RETURN folded;
END
$$;
COMMENT ON FUNCTION queue.tidy IS
  'Folds queue.progress_delta into queue.progress, and closes what has ended. Returns how many deltas were folded.';

CREATE FUNCTION queue._is_claimable() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  now_at bigint := extract(epoch FROM clock_timestamp()) * 1000000;
  full_sources text[];
  full_backfills bigint[];
BEGIN
  SELECT coalesce(array_agg(r.source_id) FILTER (WHERE r.source_id IS NOT NULL), '{}'),
      coalesce(array_agg(r.backfill_id) FILTER (WHERE r.backfill_id IS NOT NULL), '{}')
    INTO full_sources, full_backfills FROM queue._rooms() r WHERE r.room <= 0;
  RETURN EXISTS (
    SELECT FROM queue.claimable_lane c
      CROSS JOIN LATERAL (
        SELECT CASE WHEN current_setting('aker.floor_' || c.lane_id, true) <> ''
          THEN queue._floor(c.lane_id, now_at) END AS floor OFFSET 0) AS f
      CROSS JOIN LATERAL (
        SELECT FROM queue.ready r
        WHERE r.lane_id = c.lane_id
          AND (r.rank, r.task_id) > (coalesce((f.floor).rank, -9223372036854775808), coalesce((f.floor).task_id, 0))
        ORDER BY r.rank, r.task_id LIMIT 1) AS head
    WHERE NOT c.source_ids && full_sources AND c.backfill_id <> ALL (full_backfills));
END
$$;
COMMENT ON FUNCTION queue._is_claimable IS 'Whether a claim would find work.';

CREATE FUNCTION queue._look(OUT claimable boolean, OUT pending boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET jit = off AS $$
BEGIN
  claimable := queue._is_claimable();
  pending := claimable OR EXISTS (SELECT FROM queue.lease) OR EXISTS (
    SELECT FROM queue.delayed d JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
    WHERE a.paused_at IS NULL AND b.paused_at IS NULL);
END
$$;
COMMENT ON FUNCTION queue._look IS 'Whether a claim would find work, and whether something runs or will be due.';

-- Housekeeping costs what the whole queue is, so it is done in turns: whoever ticks first when the last round is most
-- of a second ago does it, and tells the others what it saw. The sequence holds when that was, in milliseconds, times
-- four, and two bits of what was found: it is read and written without a lock or a row's versions.
CREATE FUNCTION queue._round(OUT claimable boolean, OUT pending boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
  told bigint;
  age bigint;
BEGIN
  SELECT r.last_value INTO told FROM queue.round r;
  age := now_ms - told / 4;
  -- Sooner where a worker may just have died; and where there are few, since the one that did the last round may be the
  -- one that died after it, and the others tick once a second. Never, by its age, is one of the future: a clock was
  -- set back, or the database began a new life.
  IF age < 0 OR age >= (CASE WHEN queue._is_one_missing() THEN 400 ELSE queue._round_interval() END) THEN
    IF pg_try_advisory_xact_lock(queue._lock_key('round')) THEN
      PERFORM setval('queue.round', now_ms * 4 + told % 4);
      PERFORM queue.reap();
      PERFORM queue.promote_due();
      PERFORM queue.tidy();
      SELECT k.claimable, k.pending INTO claimable, pending FROM queue._look() k;
      PERFORM setval('queue.round', now_ms * 4 + claimable::int + 2 * pending::int);
      RETURN;
    ELSIF age >= 5000 THEN
      -- Whoever has it hangs: we keep nothing in order, and see for ourselves.
      SELECT k.claimable, k.pending INTO claimable, pending FROM queue._look() k;
      RETURN;
    END IF;
  END IF;
  claimable := told % 2 = 1;
  pending := told / 2 % 2 = 1;
  -- That nothing is to come must be true now: a worker may end for it.
  IF NOT pending THEN
    SELECT k.claimable, k.pending INTO claimable, pending FROM queue._look() k;
  END IF;
END
$$;
COMMENT ON FUNCTION queue._round IS
  'Reaps, promotes and tidies, if nobody has in the last 0.9 s, or less where workers are few; returns what was seen '
  'then.';

-- In plpgsql, which keeps its plan: an SQL function would be planned at each tick, for more than all the rest costs.
CREATE FUNCTION queue._round_interval() RETURNS integer
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN 100 * (SELECT count(*) FROM (SELECT FROM queue.worker v WHERE v.ended_at IS NULL LIMIT 9) few);
END
$$;
COMMENT ON FUNCTION queue._round_interval IS
  'Milliseconds from one round of housekeeping to the next: 100 for each living worker, 900 at most.';

CREATE FUNCTION queue._is_one_missing() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM queue.worker v WHERE v.ended_at IS NULL AND v.lock_missing_since IS NOT NULL);
END
$$;
COMMENT ON FUNCTION queue._is_one_missing IS 'Whether a worker''s session lock is gone, and it is not lost yet.';

CREATE FUNCTION queue.tick(worker_id integer DEFAULT NULL, lease_tokens bigint[] DEFAULT '{}')
RETURNS TABLE (lost_tokens bigint[], claimable boolean, pending boolean, again_soon boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off
  SET jit = off AS $$
#variable_conflict use_column
BEGIN
  -- Nothing is lost if a crash of the server undoes a tick; and an idle worker should not make the disk work each
  -- second.
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM queue._enter_life();
  IF $1 IS NOT NULL THEN
    lost_tokens := queue.heartbeat($1, $2);
    SELECT r.claimable, r.pending INTO claimable, pending FROM queue._round() r;
  ELSE
    -- Who asks without being a worker wants to know how it is now.
    PERFORM queue.reap();
    PERFORM queue.promote_due();
    PERFORM queue.tidy();
    SELECT k.claimable, k.pending INTO claimable, pending FROM queue._look() k;
  END IF;
  again_soon := queue._is_one_missing();
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION queue.tick IS
  'A worker''s one query a second: its heartbeat; and reaper, due tasks, counts, which one worker does for all. '
  'lost_tokens: leases it no longer holds; claimable: a claim would find work; pending: something runs or will be '
  'due; again_soon: a worker may just have died, look again in half a second.';

CREATE FUNCTION queue.prune(older_than interval DEFAULT NULL, batch_size integer DEFAULT 10000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  old queue.backfill;
  tasks bigint[];
BEGIN
  IF coalesce($2, 0) < 1 THEN
    RAISE EXCEPTION 'batch_size must be at least 1' USING ERRCODE = 'AK003';
  END IF;
  SELECT b.* INTO old FROM queue.backfill b CROSS JOIN queue.setting g
    WHERE b.finished_at < clock_timestamp() - coalesce($1, g.retention_interval)
      ORDER BY b.finished_at LIMIT 1 FOR UPDATE OF b SKIP LOCKED;
  IF NOT FOUND THEN
    DELETE FROM queue.worker w USING queue.setting g
      WHERE w.ended_at < clock_timestamp() - coalesce($1, g.retention_interval);
    DELETE FROM queue.event e USING queue.setting g WHERE e.at < clock_timestamp() - coalesce($1, g.retention_interval);
    PERFORM service.forget_cells();
    RETURN 0;
  END IF;
  -- In the order of the index by lane: for any of them, a planner may go through all other backfills' tasks.
  tasks := ARRAY(SELECT p.task_id FROM queue.planned_task p
    WHERE p.lane_id = ANY (ARRAY(SELECT a.lane_id FROM queue.lane a WHERE a.backfill_id = old.backfill_id))
    ORDER BY p.lane_id, p.data_year, p.region LIMIT $2);
  IF cardinality(tasks) > 0 THEN
    DELETE FROM queue.attempt_note n WHERE n.task_id = ANY (tasks);
    DELETE FROM queue.outcome o WHERE o.task_id = ANY (tasks) AND (o.final OR NOT o.final);
    DELETE FROM queue.dependency d WHERE d.task_id = ANY (tasks) OR d.upstream_task_id = ANY (tasks);
    DELETE FROM queue.planned_task p WHERE p.task_id = ANY (tasks);
  ELSE
    DELETE FROM queue.progress p USING queue.lane a WHERE a.backfill_id = old.backfill_id AND p.lane_id = a.lane_id;
    DELETE FROM queue.progress_delta p USING queue.lane a WHERE a.backfill_id = old.backfill_id
      AND p.lane_id = a.lane_id;
    DELETE FROM queue.event e WHERE e.backfill_id = old.backfill_id;
    DELETE FROM queue.backfill b WHERE b.backfill_id = old.backfill_id; -- lanes and skipped partitions with it
  END IF;
  RETURN greatest(cardinality(tasks), 1);
END
$$;
COMMENT ON FUNCTION queue.prune IS
  'Deletes one batch of what finished longer ago than older_than (default queue.setting.retention_interval), the '
  'oldest first. Returns how many tasks (or 1 for the emptied backfill itself): call it, in a transaction each, until '
  'it returns 0.';
