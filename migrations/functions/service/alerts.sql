-- Alerts: what is wrong becomes a row, its notices go through an outbox, and its end is told as well.

CREATE FUNCTION service._is_silenced(alert_kind text, alert_subject text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM service.silence s WHERE s.ends_at > clock_timestamp()
    AND (s.kind IS NULL OR s.kind = $1) AND (s.subject IS NULL OR s.subject = $2))
$$;
COMMENT ON FUNCTION service._is_silenced IS 'Whether nobody is to be told of such an alert now.';

CREATE FUNCTION service.look_for_trouble(term bigint, destinations text[], of_host jsonb DEFAULT '[]')
RETURNS TABLE (kind text, subject text, change text, summary text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_at timestamptz := clock_timestamp();
  a service.alert;
BEGIN
  PERFORM schedule._require_term(term);
  CREATE TEMPORARY TABLE IF NOT EXISTS aker_trouble (
    kind text, subject text, severity text, holds_for interval, summary text, advice text);
  TRUNCATE pg_temp.aker_trouble;
  INSERT INTO pg_temp.aker_trouble SELECT t.kind, t.subject, t.severity, t.holds_for, t.summary, t.advice
    FROM service.trouble t;
  INSERT INTO pg_temp.aker_trouble SELECT t.kind, t.subject, t.severity, t.holds_for, t.summary, t.advice
    FROM jsonb_to_recordset($3) AS t(kind text, subject text, severity text, holds_for interval, summary text,
      advice text);
  INSERT INTO service.alert AS n (kind, subject, severity, summary, advice, began_at, last_seen_at)
    SELECT t.kind, left(t.subject, 200), t.severity, left(t.summary, 2000), left(t.advice, 500), now_at, now_at
    FROM pg_temp.aker_trouble t
    ON CONFLICT (kind, subject) WHERE ended_at IS NULL
    DO UPDATE SET last_seen_at = now_at, summary = EXCLUDED.summary, advice = EXCLUDED.advice,
      severity = EXCLUDED.severity;
  FOR a IN
    UPDATE service.alert n SET fired_at = now_at FROM pg_temp.aker_trouble t
    WHERE n.ended_at IS NULL AND n.fired_at IS NULL AND n.kind = t.kind AND n.subject = left(t.subject, 200)
      AND n.began_at <= now_at - t.holds_for AND NOT service._is_silenced(n.kind, n.subject) RETURNING n.*
  LOOP
    INSERT INTO service.notice (alert_id, destination, is_recovery) SELECT a.alert_id, u, false FROM unnest($2) u;
    RETURN QUERY SELECT a.kind, a.subject, 'firing', a.summary;
  END LOOP;
  FOR a IN
    UPDATE service.alert n SET ended_at = now_at WHERE n.ended_at IS NULL AND n.last_seen_at < now_at RETURNING n.*
  LOOP
    -- Whoever was told of it, or will be, is told of its end.
    INSERT INTO service.notice (alert_id, destination, is_recovery)
      SELECT a.alert_id, n.destination, true FROM service.notice n WHERE n.alert_id = a.alert_id;
    IF a.fired_at IS NOT NULL THEN
      RETURN QUERY SELECT a.kind, a.subject, 'ended', a.summary;
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION service.look_for_trouble IS
  'Makes alerts of what is wrong now, in the database and (of_host, the same columns) where the leader runs; tells '
  'each destination of what began and ended since the last look, through service.notice. Returns what changed. AK007 '
  'unless the caller leads.';

CREATE FUNCTION service.take_notices(destinations text[], wanted integer, hide_interval interval)
RETURNS TABLE (notice_id bigint, destination text, is_recovery boolean, kind text, subject text, severity text,
  summary text, advice text, began_at timestamptz, ended_at timestamptz, alert_id bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH taken AS (
    UPDATE service.notice n SET attempt_count = n.attempt_count + 1,
      next_attempt_at = clock_timestamp() + hide_interval
    WHERE n.notice_id IN (
      SELECT w.notice_id FROM service.notice w
      WHERE w.delivered_at IS NULL AND w.next_attempt_at <= clock_timestamp() AND w.destination = ANY (destinations)
        -- An end is told after its beginning.
        AND NOT (w.is_recovery AND EXISTS (SELECT FROM service.notice b WHERE b.alert_id = w.alert_id
          AND b.destination = w.destination AND NOT b.is_recovery AND b.delivered_at IS NULL))
      ORDER BY w.notice_id LIMIT wanted FOR UPDATE SKIP LOCKED)
    RETURNING n.*)
  SELECT t.notice_id, t.destination, t.is_recovery, a.kind, a.subject, a.severity, a.summary, a.advice, a.began_at,
    a.ended_at, a.alert_id
  FROM taken t JOIN service.alert a USING (alert_id) ORDER BY t.notice_id
$$;
COMMENT ON FUNCTION service.take_notices IS
  'Notices to deliver now; each comes again after hide_interval unless it is settled.';

CREATE FUNCTION service.settle_notice(notice bigint, failure text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE service.notice n SET delivered_at = CASE WHEN $2 IS NULL THEN clock_timestamp() END,
    last_error = left($2, 500),
    -- 5 s doubling to an hour, as for lineage.outbox.
    next_attempt_at = clock_timestamp()
      + least(interval '1 hour', interval '5 seconds' * 2 ^ least(n.attempt_count, 20))
  WHERE n.notice_id = $1
$$;
COMMENT ON FUNCTION service.settle_notice IS 'A notice was delivered (failure NULL), or not, and is tried again later.';

CREATE FUNCTION service.silence_alerts(kind text, subject text, silent_for interval, reason text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  until timestamptz := clock_timestamp() + $3;
BEGIN
  IF $3 IS NULL OR $3 > interval '90 days' THEN
    RAISE EXCEPTION 'alerts are silenced for 90 days at most' USING ERRCODE = 'AK003';
  END IF;
  IF $3 <= '0' THEN
    UPDATE service.silence s SET ends_at = clock_timestamp() WHERE s.ends_at > clock_timestamp()
      AND s.kind IS NOT DISTINCT FROM $1 AND s.subject IS NOT DISTINCT FROM $2;
    RETURN clock_timestamp();
  END IF;
  IF $2 IS NOT NULL AND $1 IS NULL THEN
    RAISE EXCEPTION 'a subject alone names no alert' USING ERRCODE = 'AK003', HINT = 'Name its kind, too.';
  END IF;
  INSERT INTO service.silence (kind, subject, reason, ends_at)
    VALUES ($1, $2, coalesce(left($4, 500), 'silenced by operator'), until);
  INSERT INTO queue.event (kind, message) VALUES ('silenced', format('alerts %s%s until %s: %s',
    coalesce($1, 'of all kinds'), ' of ' || $2, to_char(until AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI"Z"'), $4));
  RETURN until;
END
$$;
COMMENT ON FUNCTION service.silence_alerts IS
  'Nobody is told of alerts of this kind (NULL: of any) and subject (NULL: of any) for so long; 0 ends a silence. '
  'Returns until when. What holds on after that is told then.';
