-- What the exploration calls and looks at: steps on the real functions of schema queue, the state that they leave in a
-- canonical form, and what must hold in every state.

CREATE SCHEMA explore;
-- As if the server had served for long: heartbeats are put back further than it has, and losses count.
CREATE OR REPLACE FUNCTION queue._server_began_at() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT timestamptz '-infinity' $$;
-- The two workers by their place; whoever is lost is followed by another in the same place.
CREATE TABLE explore.worker (place integer PRIMARY KEY, worker_id integer NOT NULL);
-- Every lease that was ever given, also those that are lost.
CREATE TABLE explore.held (task_id bigint NOT NULL, lease_token bigint PRIMARY KEY);
-- What an attempt publishes in the transaction that completes its task.
CREATE TABLE explore.effect (task_id bigint NOT NULL, lease_token bigint NOT NULL);

CREATE FUNCTION explore.register(place integer) RETURNS void LANGUAGE sql AS $$
  INSERT INTO explore.worker VALUES ($1, queue.register_worker('w', 'h', 1, 'v', 2))
  ON CONFLICT (place) DO UPDATE SET worker_id = EXCLUDED.worker_id
$$;

-- The latest lease of a task, or the oldest, which a slow attempt may still believe in.
CREATE FUNCTION explore.token(task bigint, is_oldest boolean) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT CASE WHEN $2 THEN min(h.lease_token) ELSE max(h.lease_token) END FROM explore.held h WHERE h.task_id = $1);
END
$$;

-- One call. `a` is a worker's place, a task or a backfill; returns what is wrong with the answer, if anything.
CREATE FUNCTION explore.call(op text, a bigint, is_oldest boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  worker integer := (SELECT w.worker_id FROM explore.worker w WHERE w.place = a);
  token bigint := explore.token(a, is_oldest);
  is_of_lease boolean := op IN ('complete', 'publish', 'fence', 'fail', 'fail_data', 'throttle', 'release', 'give_back',
    'snooze');
  is_live boolean := EXISTS (SELECT FROM queue.lease l WHERE l.task_id = a AND l.lease_token = token);
  lease record;
BEGIN
  IF is_of_lease AND token IS NULL THEN RETURN NULL; END IF;
  CASE op
    WHEN 'claim', 'claim_two' THEN
      -- What a session remembers of a table is not true of one that was put back to what it was.
      PERFORM set_config('aker.floor_' || l.lane_id, '', false) FROM queue.lane l;
      PERFORM set_config('aker.leases', '', false);
      FOR lease IN SELECT * FROM queue.claim(worker, CASE op WHEN 'claim_two' THEN 2 ELSE 1 END) LOOP
        IF lease.lease_token <= (SELECT max(h.lease_token) FROM explore.held h) THEN
          RETURN format('token %s of task %s is not higher than all before', lease.lease_token, lease.task_id);
        END IF;
        INSERT INTO explore.held VALUES (lease.task_id, lease.lease_token);
        IF EXISTS (
          SELECT FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.planned_task p USING (lane_id)
            LEFT JOIN queue.source s ON s.source_id = ANY (l.source_ids)
          WHERE p.task_id = lease.task_id AND (l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL
            OR b.cancelled_at IS NOT NULL OR s.paused_at IS NOT NULL OR s.cool_down_until > clock_timestamp()))
        THEN
          RETURN format('task %s was claimed, and may not run', lease.task_id);
        END IF;
        IF lease.attempt_number NOT BETWEEN 1 AND lease.max_attempts THEN
          RETURN format('attempt %s of %s', lease.attempt_number, lease.max_attempts);
        END IF;
      END LOOP;
    WHEN 'fence' THEN PERFORM queue.fence(a, token);
    WHEN 'complete' THEN
      INSERT INTO explore.effect VALUES (a, token);
      PERFORM queue.complete(a, token);
    WHEN 'fail' THEN PERFORM queue.fail(a, token, 'transient', 'x');
    WHEN 'fail_data' THEN PERFORM queue.fail(a, token, 'data', 'x');
    WHEN 'throttle' THEN PERFORM queue.fail(a, token, 'rate_limited', 'x');
    WHEN 'release' THEN PERFORM queue.release(a, token);
    WHEN 'give_back' THEN PERFORM queue.give_back(a, token, 'x');
    WHEN 'snooze' THEN PERFORM queue.snooze(a, token, '1 hour');
    WHEN 'lose' THEN
      UPDATE queue.worker w SET heartbeat_at = w.heartbeat_at - interval '1 hour' WHERE w.worker_id = worker;
      PERFORM queue.reap();
      PERFORM explore.register(a::integer);
    WHEN 'stop' THEN
      PERFORM queue.stop_worker(worker);
      PERFORM explore.register(a::integer);
    WHEN 'overdue' THEN
      UPDATE queue.lease l SET started_at = l.started_at - interval '1 day', deadline_at = l.started_at - interval '1 hour'
        WHERE l.task_id = a;
      PERFORM set_config('aker.lease_scan_at', '', true);
      PERFORM queue.reap();
    WHEN 'hurry' THEN
      UPDATE queue.delayed d SET run_at = clock_timestamp();
      PERFORM queue.promote_due();
    WHEN 'tidy' THEN PERFORM queue.tidy();
    WHEN 'cancel_task' THEN PERFORM queue.cancel_task(a);
    WHEN 'cancel_backfill' THEN PERFORM queue.cancel_backfill(a);
    WHEN 'retry_task' THEN PERFORM queue.retry_task(a);
    WHEN 'retry_backfill' THEN PERFORM queue.retry_backfill(a);
    WHEN 'pause_backfill' THEN PERFORM queue.pause_backfill(a, 'x');
    WHEN 'resume_backfill' THEN PERFORM queue.resume_backfill(a);
    WHEN 'pause_source' THEN PERFORM queue.pause_source('a_source', 'x');
    WHEN 'resume_source' THEN PERFORM queue.resume_source('a_source');
    WHEN 'prioritize_task' THEN PERFORM queue.prioritize_task(a);
    WHEN 'prioritize_backfill' THEN PERFORM queue.prioritize_backfill(a, 5);
    WHEN 'enqueue_again' THEN
      PERFORM queue.enqueue_backfill(array_agg(DISTINCT l.dataset), array_agg(DISTINCT p.data_year::integer), b.as_of,
          backfill_key => b.backfill_key)
        FROM queue.backfill b JOIN queue.lane l USING (backfill_id) JOIN queue.planned_task p USING (lane_id)
        WHERE b.backfill_id = a GROUP BY b.backfill_id;
    WHEN 'prune' THEN PERFORM queue.prune('0 seconds');
  END CASE;
  RETURN CASE WHEN is_of_lease AND NOT is_live THEN format('%s of task %s without its lease', op, a) END;
EXCEPTION
  WHEN SQLSTATE 'AK001' THEN
    RETURN CASE WHEN is_live THEN format('%s of task %s is refused, and its lease lives: %s', op, a, SQLERRM) END;
  WHEN SQLSTATE 'AK002' OR SQLSTATE 'AK003' OR SQLSTATE 'AK005' OR SQLSTATE 'AK006' THEN
    RETURN CASE WHEN is_of_lease OR op LIKE 'claim%' THEN format('%s %s: %s', op, a, SQLERRM) END;
END
$$;

-- Where each task is, in words that leave out numbers and times. The workers are A and B: no other word has capitals.
CREATE FUNCTION explore.describe() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN concat_ws(E'\n',
    (SELECT string_agg(concat_ws(' ', p.task_id,
        (SELECT format('ready %s%s%s %s', r.attempt_count, r.lost_count, r.throttle_count,
            (SELECT count(*) FROM queue.ready o WHERE o.lane_id = r.lane_id AND (o.rank, o.task_id) < (r.rank, r.task_id)))
          FROM queue.ready r WHERE r.task_id = p.task_id),
        (SELECT format('delayed %s%s%s', d.attempt_count, d.lost_count, d.throttle_count)
          FROM queue.delayed d WHERE d.task_id = p.task_id),
        (SELECT format('blocked %s%s', b.remaining, b.attempt_count) FROM queue.blocked b WHERE b.task_id = p.task_id),
        (SELECT format('lease %s%s%s %s %s', l.attempt_count, l.lost_count, l.throttle_count,
            chr(64 + w.place), l.lease_token = explore.token(l.task_id, false))
          FROM queue.lease l LEFT JOIN explore.worker w USING (worker_id) WHERE l.task_id = p.task_id),
        (SELECT format('%s %s', o.kind, o.error_class) FROM queue.outcome o WHERE o.task_id = p.task_id AND o.final),
        (SELECT format('held %s', least(count(*), 2)) FROM explore.held h WHERE h.task_id = p.task_id)), E'\n' ORDER BY p.task_id)
      FROM queue.planned_task p),
    (SELECT string_agg(format('lane %s %s %s %s %s', l.lane_id, l.priority, l.paused_at IS NULL, l.closed_at IS NULL,
        l.breaker_count), E'\n' ORDER BY l.lane_id) FROM queue.lane l),
    (SELECT string_agg(format('backfill %s %s %s %s', b.backfill_id, b.paused_at IS NULL, b.finished_at IS NULL,
        b.cancelled_at IS NULL), E'\n' ORDER BY b.backfill_id) FROM queue.backfill b),
    (SELECT string_agg(format('source %s %s', s.source_id, s.paused_at IS NULL), E'\n' ORDER BY s.source_id)
      FROM queue.source s),
    (SELECT format('deltas %s', count(DISTINCT d.lane_id)) FROM queue.progress_delta d));
END
$$;

-- Two states in which the workers have but changed places are one.
CREATE FUNCTION explore.state() RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  described text := explore.describe();
BEGIN
  RETURN least(described COLLATE "C", translate(described, 'AB', 'BA') COLLATE "C");
END
$$;

-- What is wrong with the state, whatever led to it.
CREATE FUNCTION explore.wrong() RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
    SELECT format('task %s is in %s places: %s', t.task_id, count(p.place), string_agg(p.place, ', '))
    FROM queue.planned_task t LEFT JOIN (
      SELECT task_id, 'ready' AS place FROM queue.ready UNION ALL SELECT task_id, 'delayed' FROM queue.delayed
      UNION ALL SELECT task_id, 'blocked' FROM queue.blocked UNION ALL SELECT task_id, 'lease' FROM queue.lease
      UNION ALL SELECT task_id, o.kind::text FROM queue.outcome o WHERE o.final) p USING (task_id)
    GROUP BY t.task_id HAVING count(p.place) <> 1;
  RETURN QUERY
    SELECT format('%s tasks of a_source run, and one may', count(*))
    FROM queue.lease l JOIN queue.lane a USING (lane_id) WHERE 'a_source' = ANY (a.source_ids) HAVING count(*) > 1;
  RETURN QUERY
    SELECT format('task %s waits for nothing, and its upstream %s has not completed', d.task_id, d.upstream_task_id)
    FROM queue.dependency d
    WHERE d.task_id NOT IN (SELECT task_id FROM queue.blocked UNION ALL SELECT o.task_id FROM queue.outcome o WHERE o.final)
      AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = d.upstream_task_id AND o.final AND o.kind = 'completed');
  RETURN QUERY
    SELECT format('task %s waits for %s tasks of %s', b.task_id, b.remaining, n.open)
    FROM queue.blocked b CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE o.kind IS NULL) AS open, count(*) FILTER (WHERE o.kind <> 'completed') AS failed
      FROM queue.dependency d LEFT JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final
      WHERE d.task_id = b.task_id) n
    WHERE n.open <> b.remaining OR n.failed > 0;
  RETURN QUERY
    SELECT format('task %s is tried again after %s attempts, %s lost workers, %s throttles', o.task_id, o.attempts, o.lost,
      o.throttled)
    FROM (
      SELECT task_id, attempt_count AS attempts, lost_count AS lost, throttle_count AS throttled FROM queue.ready
      UNION ALL SELECT task_id, attempt_count, lost_count, throttle_count FROM queue.delayed
      UNION ALL SELECT task_id, attempt_count - 1, lost_count, throttle_count FROM queue.lease) o
    CROSS JOIN queue.setting g
    WHERE o.attempts >= g.max_attempts OR o.lost >= g.max_lost_workers OR o.throttled >= g.max_throttles;
  RETURN QUERY
    SELECT format('task %s is leased to worker %s, which is %s', l.task_id, l.worker_id, w.state)
    FROM queue.lease l LEFT JOIN queue.worker w USING (worker_id) WHERE w.ended_at IS NOT NULL OR w.worker_id IS NULL;
  RETURN QUERY
    SELECT format('task %s has %s effects, and is %s', t.task_id, count(e.lease_token), max(o.kind::text))
    FROM queue.planned_task t LEFT JOIN explore.effect e USING (task_id)
      LEFT JOIN queue.outcome o ON o.task_id = t.task_id AND o.final AND o.kind = 'completed'
    GROUP BY t.task_id
    HAVING count(e.lease_token) <> count(DISTINCT o.lease_token) OR min(e.lease_token) <> min(o.lease_token);
  RETURN QUERY
    SELECT format('task %s is %s, and its backfill %s has %s', p.task_id, 'open', b.backfill_id,
      CASE WHEN b.finished_at IS NULL THEN 'been cancelled' ELSE 'finished' END)
    FROM queue.backfill b JOIN queue.lane l USING (backfill_id) JOIN queue.planned_task p USING (lane_id)
    WHERE (b.finished_at IS NOT NULL OR b.cancelled_at IS NOT NULL)
      AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = p.task_id AND o.final);
  RETURN QUERY
    SELECT format('counts of lane %s in %s: %s', p.lane_id, p.data_year,
      ARRAY[p.total, p.blocked, p.completed, p.failed, p.cancelled] || ARRAY[n.total, n.blocked, n.completed, n.failed, n.cancelled])
    FROM (
      SELECT lane_id, data_year, p.total, p.blocked + coalesce(d.blocked, 0) AS blocked,
        p.completed + coalesce(d.completed, 0) AS completed, p.failed + coalesce(d.failed, 0) AS failed,
        p.cancelled + coalesce(d.cancelled, 0) AS cancelled
      FROM queue.progress p LEFT JOIN (
        SELECT lane_id, data_year, sum(blocked) AS blocked, sum(completed) AS completed, sum(failed) AS failed,
          sum(cancelled) AS cancelled FROM queue.progress_delta GROUP BY 1, 2) d USING (lane_id, data_year)) p
    JOIN (
      SELECT t.lane_id, t.data_year, count(*) AS total, count(b.task_id) AS blocked,
        count(*) FILTER (WHERE o.kind = 'completed') AS completed, count(*) FILTER (WHERE o.kind = 'failed') AS failed,
        count(*) FILTER (WHERE o.kind = 'cancelled') AS cancelled
      FROM queue.planned_task t LEFT JOIN queue.blocked b USING (task_id)
        LEFT JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
      GROUP BY 1, 2) n USING (lane_id, data_year)
    WHERE (p.total, p.blocked, p.completed, p.failed, p.cancelled)
      IS DISTINCT FROM (n.total, n.blocked, n.completed, n.failed, n.cancelled);
END
$$;

-- How many rows of the state this transaction has written, also those that were put back since.
DO $do$
BEGIN
  EXECUTE format($$
    CREATE FUNCTION explore.written() RETURNS bigint LANGUAGE plpgsql AS %L $$,
    (SELECT 'BEGIN RETURN ' || string_agg(format(
        'pg_stat_get_xact_tuples_inserted(%1$s) + pg_stat_get_xact_tuples_updated(%1$s) + pg_stat_get_xact_tuples_deleted(%1$s)',
        c.oid), ' + ') || '; END'
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND n.nspname IN ('queue', 'explore')));
END
$do$;

-- A call as one text: what, on what, and whether by the oldest lease.
CREATE FUNCTION explore.call(step text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN explore.call(split_part(step, ' ', 1), split_part(step, ' ', 2)::bigint, split_part(step, ' ', 3)::boolean);
END
$$;

-- These calls, one after the other, and the state that they lead to.
CREATE FUNCTION explore.follow(path text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  step text;
BEGIN
  FOREACH step IN ARRAY path LOOP
    PERFORM explore.call(step);
  END LOOP;
  RETURN explore.state();
END
$$;

-- Each of these calls by itself, in a session that is alone, from the state that there is, which is put back after each: the
-- state after it, and what is wrong with the answer, the state and the way there. A call that has written nothing has left
-- the state as it was, and what was found of it holds: there is none then.
CREATE FUNCTION explore.try_each(steps text[]) RETURNS TABLE (state text, wrong text) LANGUAGE plpgsql AS $$
DECLARE
  before jsonb := (SELECT jsonb_object_agg(o.task_id, o.kind) FROM queue.outcome o WHERE o.final);
  open bigint[] := ARRAY(SELECT t.task_id FROM queue.planned_task t
    WHERE NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final));
  step text;
  op text;
  written bigint;
BEGIN
  FOREACH step IN ARRAY steps LOOP
    op := split_part(step, ' ', 1);
    state := NULL;
    BEGIN
      written := explore.written();
      wrong := coalesce(explore.call(step), '');
      IF explore.written() > written THEN
        state := explore.state();
        wrong := concat_ws('; ', nullif(wrong, ''), (SELECT string_agg(w, '; ') FROM explore.wrong() w), (
          SELECT string_agg(format('task %s was %s and no longer is', b.key, b.value), '; ') FROM jsonb_each_text(before) b
          WHERE NOT EXISTS (
              SELECT FROM queue.outcome o WHERE o.task_id = b.key::bigint AND o.final AND o.kind::text = b.value)
            AND NOT (b.value = 'failed' AND op IN ('retry_task', 'retry_backfill')) AND op <> 'prune'), (
          SELECT string_agg(format('task %s was open, and is no more', u), '; ') FROM unnest(open) u
          WHERE NOT EXISTS (SELECT FROM queue.planned_task t WHERE t.task_id = u)));
      END IF;
      IF op = 'tidy' AND wrong = '' THEN
        wrong := concat_ws('; ', (
          SELECT string_agg(format('backfill %s has ended, and is not closed', b.backfill_id), '; ') FROM queue.backfill b
          WHERE b.finished_at IS NULL AND NOT EXISTS (
            SELECT FROM queue.lane l JOIN queue.planned_task p USING (lane_id)
            WHERE l.backfill_id = b.backfill_id
              AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = p.task_id AND o.final))));
      END IF;
      RAISE EXCEPTION 'put back' USING ERRCODE = 'EX000';
    EXCEPTION
      WHEN SQLSTATE 'EX000' THEN NULL;
      WHEN OTHERS THEN
        state := NULL;
        wrong := concat_ws(' ', SQLSTATE, SQLERRM);
    END;
    RETURN NEXT;
  END LOOP;
END
$$;

-- Keeps everything as it is, in a schema whose function restore() puts it back: what pairs of transactions begin from.
CREATE FUNCTION explore.save(place text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  t record;
  body text := '';
BEGIN
  EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE; CREATE SCHEMA %1$I', place);
  FOR t IN SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I.%I', place, n.nspname || '_' || c.relname) AS copy,
      string_agg(quote_ident(a.attname), ', ') AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    WHERE c.relkind = 'r' AND n.nspname IN ('queue', 'explore') GROUP BY n.nspname, c.relname
  LOOP
    EXECUTE format('CREATE TABLE %s AS SELECT %s FROM %s', t.copy, t.columns, t.name);
    body := body || format('DELETE FROM %1$s; INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM %3$s; ',
      t.name, t.columns, t.copy);
  END LOOP;
  -- A function, whose statements are planned once.
  EXECUTE format('CREATE FUNCTION %I.restore() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS %L',
    place, 'BEGIN ' || body || 'END');
END
$$;

-- What is wrong when two transactions have ended. What is only seen to be amiss at the next tick is for that to mend.
CREATE FUNCTION explore.settle() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('aker.lease_scan_at', '', false);
  PERFORM queue.reap();
  PERFORM queue.tidy();
  RETURN (SELECT coalesce(string_agg(w, '; '), '') FROM explore.wrong() w);
END
$$;
