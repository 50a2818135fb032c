-- Schedules as a ledger: every due time becomes a row, and one transaction both enqueues it and says so.
--
-- Any number of coordinators call note_due() and fire(), and may be killed between any two statements: a due time is
-- noted once by its key, and fired under its flow's row lock. Errors: AK003 invalid_request, AK005 not_found,
-- AK006 wrong_state, AK007 not_leader.

-- The clock of schedules. Tests set aker.schedule_clock to 'real instant,its instant here,how much faster'; nothing
-- else of aker looks at it, and only whoever may trigger a flow anyway can make use of it.
CREATE FUNCTION schedule._now() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN coalesce(current_setting('aker.schedule_clock', true), '') = '' THEN clock_timestamp()
    ELSE split_part(c.text, ',', 2)::timestamptz
      + (clock_timestamp() - split_part(c.text, ',', 1)::timestamptz) * split_part(c.text, ',', 3)::double precision END
  FROM (SELECT current_setting('aker.schedule_clock', true) AS text) c
$$;
COMMENT ON FUNCTION schedule._now IS 'Now, as schedules see it.';

-- By local days. A fixed hour that a day does not have (a change to summer time) is due at the moment that stands for
-- it; one that a day has twice is due once. Where the hour is not restricted, each real hour counts: none is left out,
-- none is double.
CREATE FUNCTION schedule._due_times(f schedule.flow, after_at timestamptz, until_at timestamptz, max_count integer)
RETURNS SETOF timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date := (after_at AT TIME ZONE f.time_zone)::date - 1;
  last_day date := (until_at AT TIME ZONE f.time_zone)::date + 1;
  last_at timestamptz := after_at;
  due_at timestamptz;
  is_day boolean;
  is_weekday boolean;
  found_count integer := 0;
BEGIN
  WHILE f.expression IS NOT NULL AND day <= last_day AND found_count < max_count LOOP
    is_day := extract(day FROM day)::integer = ANY (f.days);
    is_weekday := extract(dow FROM day)::integer = ANY (f.weekdays);
    IF extract(month FROM day)::integer = ANY (f.months)
      AND (is_day AND is_weekday OR f.either_day AND (is_day OR is_weekday))
    THEN
      FOR due_at IN
        SELECT DISTINCT (day + make_time(h, m, 0)) AT TIME ZONE f.time_zone AS t
        FROM unnest(f.hours) AS h CROSS JOIN unnest(f.minutes) AS m WHERE NOT f.every_hour
        UNION ALL
        SELECT t FROM generate_series(
          day::timestamp AT TIME ZONE f.time_zone, (day + 1)::timestamp AT TIME ZONE f.time_zone - interval '1 minute',
          interval '1 minute') AS t
        WHERE f.every_hour AND extract(minute FROM t AT TIME ZONE f.time_zone)::integer = ANY (f.minutes)
        ORDER BY t
      LOOP
        CONTINUE WHEN due_at <= last_at;
        IF due_at > until_at OR found_count >= max_count THEN
          RETURN;
        END IF;
        RETURN NEXT due_at;
        last_at := due_at;
        found_count := found_count + 1;
      END LOOP;
    END IF;
    day := day + 1;
  END LOOP;
END
$$;
COMMENT ON FUNCTION schedule._due_times IS
  'When a flow is due after one instant and until another, in order; at most so many.';

-- Twelve years: longer than from one 29th of February to the next, over a century's end.
CREATE FUNCTION schedule._next_due(f schedule.flow, after_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT t FROM schedule._due_times(f, after_at, after_at + interval '12 years', 1) AS t
$$;
COMMENT ON FUNCTION schedule._next_due IS 'When a flow is due next; NULL for never.';

CREATE FUNCTION schedule._years(f schedule.flow, due_at timestamptz) RETURNS integer[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT array_agg(y + extract(year FROM due_at AT TIME ZONE f.time_zone)::integer ORDER BY y)
  FROM generate_series(f.first_year, f.last_year) AS y
$$;
COMMENT ON FUNCTION schedule._years IS
  'The years that a due time refreshes: those of its own calendar, however late it fires.';

-- The same for each try, and spread evenly.
CREATE FUNCTION schedule._fires_at(f schedule.flow, due_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT due_at + f.jitter
    * ((hashtextextended(f.flow || extract(epoch FROM due_at), 0) & 65535) / 65536.0::double precision)
$$;
COMMENT ON FUNCTION schedule._fires_at IS 'A due time with its jitter.';

-- Leadership ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION schedule.lead(holder uuid, name text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  my_term bigint;
BEGIN
  -- Whoever finds the row taken is no leader now, and asks again in a second.
  PERFORM FROM schedule.leader l WHERE l.singleton FOR NO KEY UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE schedule.leader l SET
      term = l.term + CASE WHEN l.holder = $1 AND l.expires_at > clock_timestamp() THEN 0 ELSE 1 END,
      began_at = CASE WHEN l.holder = $1 AND l.expires_at > clock_timestamp() THEN l.began_at
        ELSE clock_timestamp() END,
      unled_from = CASE WHEN l.expires_at < clock_timestamp() - interval '1 minute' THEN l.expires_at
        ELSE l.unled_from END,
      unled_until = CASE WHEN l.expires_at < clock_timestamp() - interval '1 minute' THEN clock_timestamp()
        ELSE l.unled_until END,
      holder = $1, name = $2, expires_at = clock_timestamp() + interval '4 seconds'
    WHERE l.singleton AND (l.holder = $1 OR l.holder IS NULL OR l.expires_at <= clock_timestamp())
    RETURNING l.term INTO my_term;
  RETURN my_term;
END
$$;
COMMENT ON FUNCTION schedule.lead IS
  'Takes or renews the lead for four seconds, and notes where nobody led for longer than a minute. Returns the term, '
  'which what a leader does must carry; NULL while another leads.';

CREATE FUNCTION schedule.abdicate(holder uuid) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE schedule.leader l SET holder = NULL, name = NULL,
      expires_at = least(l.expires_at, clock_timestamp())
    WHERE l.holder = $1
$$;
COMMENT ON FUNCTION schedule.abdicate IS 'Gives the lead up at once, where the caller has it.';

-- Held to the end of the transaction: no other can begin its term meanwhile.
CREATE FUNCTION schedule._require_term(term bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM FROM schedule.leader l WHERE l.term = $1 AND l.expires_at > clock_timestamp() FOR SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'term % is over: another coordinator leads', $1 USING ERRCODE = 'AK007';
  END IF;
END
$$;
COMMENT ON FUNCTION schedule._require_term IS 'AK007 unless this is the term of now.';

-- Flows ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION schedule._flow_of(definition jsonb) RETURNS schedule.flow
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f schedule.flow := jsonb_populate_record(NULL::schedule.flow, definition);
BEGIN
  IF NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = f.time_zone) THEN
    RAISE EXCEPTION 'flow %: there is no time zone %', f.flow, f.time_zone USING ERRCODE = 'AK003',
      HINT = 'An IANA name such as Europe/Berlin; pg_timezone_names lists them.';
  END IF;
  RETURN f;
END
$$;
COMMENT ON FUNCTION schedule._flow_of IS
  'A flow out of what schedule.apply_flows() is given. AK003 for a time zone that is not known.';

CREATE FUNCTION schedule.apply_flows(term bigint, definitions jsonb) RETURNS TABLE (flow text, change text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  definition jsonb;
  new schedule.flow;
  old schedule.flow;
  now_at timestamptz := schedule._now();
  -- What is not of the definition.
  kept constant text[] := ARRAY['next_due_at', 'defined_at', 'removed_at', 'paused_at', 'pause_reason', 'paused_by',
    'trouble', 'trouble_since'];
BEGIN
  PERFORM schedule._require_term(term);
  FOR definition IN SELECT d FROM jsonb_array_elements(definitions) AS d ORDER BY d ->> 'flow' LOOP
    new := schedule._flow_of(definition);
    SELECT * INTO old FROM schedule.flow f WHERE f.flow = new.flow FOR UPDATE;
    IF old.flow IS NULL THEN
      -- What was due before it was known is not.
      new.next_due_at := schedule._next_due(new, now_at);
      new.defined_at := clock_timestamp();
      INSERT INTO schedule.flow SELECT (new).*;
      RETURN QUERY SELECT new.flow, 'new';
      CONTINUE;
    END IF;
    CONTINUE WHEN old.removed_at IS NULL AND to_jsonb(old) - kept = to_jsonb(new) - kept;
    -- What fell due by the old times stays due; by the new ones, only what is yet to come.
    PERFORM schedule._note_due(old, now_at);
    IF old.removed_at IS NOT NULL
      OR (old.expression, old.time_zone) IS DISTINCT FROM (new.expression, new.time_zone)
    THEN
      new.next_due_at := schedule._next_due(new, now_at);
    ELSE
      SELECT f.next_due_at INTO new.next_due_at FROM schedule.flow f WHERE f.flow = new.flow;
    END IF;
    UPDATE schedule.flow f SET
        title = new.title, datasets = new.datasets, regions = new.regions, first_year = new.first_year,
        last_year = new.last_year, expression = new.expression, minutes = new.minutes, hours = new.hours,
        days = new.days, months = new.months, weekdays = new.weekdays, every_hour = new.every_hour,
        either_day = new.either_day, time_zone = new.time_zone, catch_up = new.catch_up,
        catch_up_window = new.catch_up_window, overlap = new.overlap, jitter = new.jitter,
        next_due_at = new.next_due_at, defined_at = clock_timestamp(), removed_at = NULL
      WHERE f.flow = new.flow;
    RETURN QUERY SELECT new.flow, CASE WHEN old.removed_at IS NULL THEN 'changed' ELSE 'new' END;
  END LOOP;
  RETURN QUERY
    WITH gone AS (
      UPDATE schedule.flow f SET removed_at = clock_timestamp(), next_due_at = NULL
      WHERE f.removed_at IS NULL AND f.flow NOT IN (SELECT d ->> 'flow' FROM jsonb_array_elements(definitions) AS d)
      RETURNING f.flow),
    left_over AS (
      UPDATE schedule.due d SET fate = 'skipped', reason = 'the flow was taken out of flows.yml', settled_at = now_at
      FROM gone g WHERE d.flow = g.flow AND d.fate = 'waiting')
    SELECT g.flow, 'removed' FROM gone g;
END
$$;
COMMENT ON FUNCTION schedule.apply_flows IS
  'Makes these the flows there are: an array of objects with the columns of schedule.flow. Returns what changed. A '
  'changed expression or time zone holds from now on: nothing that was due is due again. AK007 unless the caller '
  'leads.';

-- Due times -----------------------------------------------------------------------------------------------------------

-- A thousand at a time: the next call goes on.
CREATE FUNCTION schedule._note_due(f schedule.flow, now_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  batch constant integer := 1000;
  times timestamptz[];
BEGIN
  IF f.next_due_at IS NULL OR f.next_due_at > now_at THEN
    RETURN 0;
  END IF;
  times := ARRAY(SELECT t FROM schedule._due_times(f, f.next_due_at - interval '1 microsecond', now_at, batch) AS t);
  INSERT INTO schedule.due (flow, due_at, fate, reason, noted_at, settled_at)
    SELECT f.flow, t, v.fate, v.reason, now_at, CASE WHEN v.fate <> 'waiting' THEN now_at END
    FROM unnest(times) AS t CROSS JOIN LATERAL (
      SELECT
        CASE WHEN f.paused_at IS NOT NULL THEN 'skipped'
          WHEN t < now_at - f.catch_up_window THEN 'missed' ELSE 'waiting' END AS fate,
        CASE WHEN f.paused_at IS NOT NULL THEN 'paused: ' || f.pause_reason
          WHEN t < now_at - f.catch_up_window THEN 'nobody served for longer than its catch-up window' END AS reason
    ) AS v
    ON CONFLICT (flow, due_at) DO NOTHING;
  UPDATE schedule.flow w SET next_due_at = schedule._next_due(f, coalesce(times[cardinality(times)], now_at))
    WHERE w.flow = f.flow;
  RETURN cardinality(times);
END
$$;
COMMENT ON FUNCTION schedule._note_due IS
  'Writes the due times of a flow up to now into the ledger, and when it is due next. Its row is locked by the '
  'caller.';

CREATE FUNCTION schedule.note_due() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f schedule.flow;
  now_at timestamptz := schedule._now();
  total bigint := 0;
BEGIN
  FOR f IN
    SELECT * FROM schedule.flow w WHERE w.next_due_at <= now_at ORDER BY w.flow FOR UPDATE SKIP LOCKED
  LOOP
    total := total + schedule._note_due(f, now_at);
  END LOOP;
  RETURN total;
END
$$;
COMMENT ON FUNCTION schedule.note_due IS
  'Notes all due times up to now, of all flows; returns how many. Those that another call is noting are left to it.';

-- Leaves of what waits what its flow's catch_up allows.
CREATE FUNCTION schedule._coalesce(f schedule.flow, now_at timestamptz) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  UPDATE schedule.due d SET fate = 'missed', settled_at = now_at,
    reason = 'nobody served when it was due, and the flow does not catch up'
    WHERE d.flow = f.flow AND d.fate = 'waiting' AND d.triggered_by IS NULL AND f.catch_up = 'none'
      AND d.noted_at > d.due_at + interval '10 minutes';
  UPDATE schedule.due d SET fate = 'coalesced', settled_at = now_at,
      reason = 'the one due at ' || to_char(n.due_at AT TIME ZONE f.time_zone, 'YYYY-MM-DD HH24:MI') || ' stands for it'
    FROM (
      SELECT max(w.due_at) AS due_at FROM schedule.due w
      WHERE w.flow = f.flow AND w.fate = 'waiting' AND w.triggered_by IS NULL) AS n
    WHERE d.flow = f.flow AND d.fate = 'waiting' AND d.triggered_by IS NULL AND f.catch_up <> 'all'
      AND d.due_at < n.due_at
$$;
COMMENT ON FUNCTION schedule._coalesce IS 'Settles those waiting due times of a flow that are not to fire.';

CREATE FUNCTION schedule._open_backfill(flow text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT b.backfill_id FROM schedule.due d JOIN queue.backfill b USING (backfill_id)
  WHERE d.flow = $1 AND d.fate = 'fired' AND b.finished_at IS NULL AND b.cancelled_at IS NULL
  ORDER BY d.due_at DESC LIMIT 1
$$;
COMMENT ON FUNCTION schedule._open_backfill IS 'The last backfill of a flow that has not ended.';

CREATE FUNCTION schedule._enqueue(f schedule.flow, due_at timestamptz, regions text[],
  now_at timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text := f.flow || ' ' || to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
  made record;
BEGIN
  SELECT e.backfill_id, e.enqueued INTO made FROM queue.enqueue_backfill(
    f.datasets, schedule._years(f, due_at), regions => coalesce(f.regions, $3), mode => 'all',
    backfill_key => name, note => 'flow ' || f.flow) AS e;
  UPDATE schedule.due d SET fate = 'fired', backfill_id = made.backfill_id, settled_at = now_at, reason = NULL
    WHERE d.flow = f.flow AND d.due_at = $2;
  RETURN made.enqueued;
END
$$;
COMMENT ON FUNCTION schedule._enqueue IS 'Enqueues a due time, and says so in the ledger: one transaction.';

CREATE FUNCTION schedule.fire(flow text, regions text[] DEFAULT NULL)
RETURNS TABLE (due_at timestamptz, fate text, reason text, backfill_id bigint, task_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  f schedule.flow;
  now_at timestamptz := schedule._now();
  due schedule.due;
  open_id bigint;
  tasks bigint;
BEGIN
  SELECT * INTO f FROM schedule.flow w WHERE w.flow = $1 AND w.removed_at IS NULL FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  PERFORM schedule._coalesce(f, now_at);
  SELECT * INTO due FROM schedule.due d
    WHERE d.flow = $1 AND d.fate = 'waiting' AND schedule._fires_at(f, d.due_at) <= now_at ORDER BY d.due_at LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  open_id := schedule._open_backfill($1);
  IF open_id IS NOT NULL AND f.overlap = 'queue' THEN
    RETURN;
  ELSIF open_id IS NOT NULL AND f.overlap = 'skip' THEN
    UPDATE schedule.due d SET fate = 'skipped', settled_at = now_at,
      reason = format('backfill %s of this flow had not ended', open_id)
      WHERE d.flow = $1 AND d.due_at = due.due_at;
  ELSE
    IF open_id IS NOT NULL THEN
      PERFORM queue.cancel_backfill(open_id, format('flow %s was due again', $1));
    END IF;
    tasks := schedule._enqueue(f, due.due_at, $2, now_at);
  END IF;
  UPDATE schedule.flow w SET trouble = NULL, trouble_since = NULL WHERE w.flow = $1 AND w.trouble IS NOT NULL;
  RETURN QUERY SELECT d.due_at, d.fate, d.reason, d.backfill_id, tasks FROM schedule.due d WHERE d.flow = $1
    AND d.due_at = due.due_at;
END
$$;
COMMENT ON FUNCTION schedule.fire IS
  'Settles the oldest due time of a flow whose moment has come: enqueues it, or skips it, as the flow''s catch_up and '
  'overlap say. Returns what became of it; nothing where none is due, where it waits, or where another call is at '
  'this flow. `regions` are for flows that name none.';

CREATE FUNCTION schedule.note_trouble(flow text, reason text) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE schedule.flow f SET trouble = left($2, 2000), trouble_since = coalesce(f.trouble_since, clock_timestamp())
  WHERE f.flow = $1 AND f.trouble IS DISTINCT FROM left($2, 2000)
$$;
COMMENT ON FUNCTION schedule.note_trouble IS 'Keeps why a due time of the flow could not fire, until one does.';

-- An operator's acts --------------------------------------------------------------------------------------------------

CREATE FUNCTION schedule._require_flow(flow text) RETURNS schedule.flow
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f schedule.flow;
BEGIN
  SELECT * INTO f FROM schedule.flow w WHERE w.flow = $1 AND w.removed_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no flow %', $1 USING ERRCODE = 'AK005',
      HINT = 'aker flow ls lists them; those of flows.yml are known once aker serve has read it.';
  END IF;
  RETURN f;
END
$$;
COMMENT ON FUNCTION schedule._require_flow IS 'A flow by its name, locked. AK005 where there is none.';

CREATE FUNCTION schedule.pause_flow(flow text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM schedule._require_flow($1);
  UPDATE schedule.flow f SET paused_at = clock_timestamp(), pause_reason = coalesce($2, 'paused by operator'),
    paused_by = session_user
    WHERE f.flow = $1;
  INSERT INTO queue.event (kind, message) VALUES ('paused', format('flow %s: %s', $1, coalesce($2, '')));
END
$$;
COMMENT ON FUNCTION schedule.pause_flow IS
  'Until it is resumed, its due times are skipped, each with this reason. What it enqueued before runs on.';

CREATE FUNCTION schedule.resume_flow(flow text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f schedule.flow := schedule._require_flow($1);
BEGIN
  -- What fell due until now was so while it was paused, noticed or not.
  PERFORM schedule._note_due(f, schedule._now());
  UPDATE schedule.flow w SET paused_at = NULL, pause_reason = NULL, paused_by = NULL WHERE w.flow = $1;
  INSERT INTO queue.event (kind, message) VALUES ('resumed', 'flow ' || $1);
END
$$;
COMMENT ON FUNCTION schedule.resume_flow IS
  'Ends schedule.pause_flow(). What was skipped meanwhile stays skipped: schedule.trigger_flow() does it now.';

CREATE FUNCTION schedule.trigger_flow(flow text, regions text[] DEFAULT NULL) RETURNS TABLE (backfill_id bigint,
  task_count bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  f schedule.flow := schedule._require_flow($1);
  now_at timestamptz := schedule._now();
  open_id bigint := schedule._open_backfill($1);
  tasks bigint;
BEGIN
  IF open_id IS NOT NULL AND f.overlap <> 'cancel' THEN
    RAISE EXCEPTION 'backfill % of flow % has not ended', open_id, $1 USING ERRCODE = 'AK006',
      HINT = format('Watch it: aker watch %s. Or cancel it first: aker cancel --backfill %s', open_id, open_id);
  ELSIF open_id IS NOT NULL THEN
    PERFORM queue.cancel_backfill(open_id, format('flow %s was triggered again', $1));
  END IF;
  INSERT INTO schedule.due (flow, due_at, noted_at, triggered_by) VALUES ($1, now_at, now_at, session_user);
  tasks := schedule._enqueue(f, now_at, $2, now_at);
  RETURN QUERY SELECT d.backfill_id, tasks FROM schedule.due d WHERE d.flow = $1 AND d.due_at = now_at;
END
$$;
COMMENT ON FUNCTION schedule.trigger_flow IS
  'Enqueues a flow now, paused or not, with the years of now. AK006 where its backfill before has not ended, unless '
  'the flow''s overlap is cancel.';

CREATE FUNCTION schedule.prune(term bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  pruned bigint;
BEGIN
  PERFORM schedule._require_term(term);
  DELETE FROM schedule.due d WHERE d.fate <> 'waiting' AND d.due_at < schedule._now() - interval '3 years'
    AND d.ctid = ANY (ARRAY(SELECT o.ctid FROM schedule.due o
      WHERE o.fate <> 'waiting' AND o.due_at < schedule._now() - interval '3 years' LIMIT 10000));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  RETURN pruned;
END
$$;
COMMENT ON FUNCTION schedule.prune IS
  'Deletes due times of more than three years ago, at most 10,000; returns how many. AK007 unless the caller leads.';
