-- Limits per source, shared by all hosts: the registry's figures, token buckets, daily quota, cool-down.

CREATE FUNCTION queue.configure_source(
  source_id text, max_running integer DEFAULT NULL, tokens_per_second double precision DEFAULT NULL,
  burst double precision DEFAULT NULL, daily_quota integer DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  capacity double precision := CASE WHEN $3 IS NOT NULL THEN greatest(coalesce($4, $3), 1) END;
BEGIN
  INSERT INTO queue.source AS s (source_id, max_running, tokens_per_second, burst, daily_quota)
    VALUES ($1, $2, $3, capacity, $5)
    ON CONFLICT (source_id) DO UPDATE SET max_running = $2, tokens_per_second = $3, burst = capacity, daily_quota = $5
    WHERE (s.max_running, s.tokens_per_second, s.burst, s.daily_quota) IS DISTINCT FROM ($2, $3, capacity, $5);
  INSERT INTO queue.token_bucket (source_id, tokens, refilled_at, quota_day, quota_used)
    VALUES ($1, coalesce(capacity, 0), clock_timestamp(), (clock_timestamp() AT TIME ZONE 'UTC')::date, 0)
    ON CONFLICT (source_id) DO NOTHING;
END
$$;
COMMENT ON FUNCTION queue.configure_source IS
  'Sets a source''s limits; NULL is no limit. Its tokens, quota used, pause and cool-down stay as they are.';

CREATE FUNCTION queue.take_tokens(source_id text, wanted integer DEFAULT 1)
RETURNS TABLE (granted integer, wait_interval interval)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- Longer than a second, by as much as one request may take longer than another from here to the source. It costs 7 %
  -- of the limit.
  span CONSTANT interval := '1.08 s';
  s queue.source;
  t queue.token_bucket;
  at timestamptz;
  today date;
  given integer;
  most integer;
  pause interval := '0';
BEGIN
  IF coalesce($2, 0) < 1 THEN
    RAISE EXCEPTION 'at least one token must be wanted' USING ERRCODE = 'AK003';
  END IF;
  SELECT * INTO t FROM queue.token_bucket b WHERE b.source_id = $1 FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005',
      HINT = 'SELECT queue.configure_source(...)';
  END IF;
  SELECT * INTO s FROM queue.source c WHERE c.source_id = $1;
  at := clock_timestamp(); -- after the lock: two takers never refill for the same stretch of time
  today := (at AT TIME ZONE 'UTC')::date;
  IF s.cool_down_until > at THEN
    RETURN QUERY SELECT 0, s.cool_down_until - at;
    RETURN;
  END IF;
  IF t.quota_day < today THEN
    t.quota_day := today;
    t.quota_used := 0;
  END IF;
  given := $2;
  IF s.daily_quota IS NOT NULL THEN
    given := least(given, greatest(s.daily_quota - t.quota_used, 0));
    IF given = 0 THEN
      RETURN QUERY SELECT 0, ((today + 1)::timestamp AT TIME ZONE 'UTC') - at;
      RETURN;
    END IF;
  END IF;
  IF s.tokens_per_second IS NOT NULL THEN
    SELECT coalesce(array_agg(r.time ORDER BY r.time), '{}'), coalesce(array_agg(r.count ORDER BY r.time), '{}')
      INTO t.recent_times, t.recent_counts
      FROM unnest(t.recent_times, t.recent_counts) AS r (time, count) WHERE r.time > at - span;
    -- A source that allows less than its burst in a second is asked for the burst at once, and no more in that second.
    most := greatest(floor(s.tokens_per_second), floor(s.burst), 1)::integer;
    t.tokens := least(s.burst, t.tokens + s.tokens_per_second * greatest(extract(epoch FROM at - t.refilled_at), 0));
    given := least(given, floor(t.tokens)::integer);
    IF given < 1 THEN
      pause := make_interval(secs => (1 - t.tokens) / s.tokens_per_second);
    ELSE
      given := least(given, most - coalesce((SELECT sum(c) FROM unnest(t.recent_counts) AS c), 0)::integer);
      IF given < 1 THEN
        given := 0;
        pause := t.recent_times[1] + span - at;
      END IF;
    END IF;
    t.tokens := t.tokens - given;
    IF given > 0 THEN
      t.recent_times := t.recent_times || at;
      t.recent_counts := t.recent_counts || given;
    END IF;
  END IF;
  IF t.minute_at < date_trunc('minute', at) THEN
    t.minute_before := CASE WHEN t.minute_at >= date_trunc('minute', at) - interval '1 minute' THEN t.minute_count
      ELSE 0 END;
    t.minute_at := date_trunc('minute', at);
    t.minute_count := 0;
  END IF;
  UPDATE queue.token_bucket b SET tokens = t.tokens, refilled_at = greatest(at, b.refilled_at), quota_day = t.quota_day,
      quota_used = t.quota_used + given, granted_total = b.granted_total + given,
      recent_times = t.recent_times, recent_counts = t.recent_counts, minute_at = t.minute_at,
      minute_count = t.minute_count + given, minute_before = t.minute_before
    WHERE b.source_id = $1;
  RETURN QUERY SELECT given, pause;
END
$$;
COMMENT ON FUNCTION queue.take_tokens IS
  'Takes up to `wanted` requests from a source''s budget. granted 0 means: ask again after wait_interval. Take '
  'several at once where requests come quickly, and give back what is left with queue.return_tokens().';

CREATE FUNCTION queue.return_tokens(source_id text, unused integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF coalesce($2, 0) < 1 THEN
    RAISE EXCEPTION 'at least one token must be returned' USING ERRCODE = 'AK003';
  END IF;
  UPDATE queue.token_bucket b SET tokens = least(b.tokens + $2, coalesce(s.burst, b.tokens)),
    quota_used = greatest(b.quota_used - $2, 0), minute_count = greatest(b.minute_count - $2, 0),
      granted_total = b.granted_total - $2
    FROM queue.source s WHERE b.source_id = $1 AND s.source_id = $1;
END
$$;
COMMENT ON FUNCTION queue.return_tokens IS 'Gives back tokens that were taken and not used.';

CREATE FUNCTION queue.cool_down(source_id text, wait_interval interval, reason text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  until timestamptz := clock_timestamp() + least(greatest($2, '0'), '1 day');
BEGIN
  UPDATE queue.source s SET cool_down_until = until, cool_down_reason = $3
    WHERE s.source_id = $1 AND (s.cool_down_until IS NULL OR s.cool_down_until < until);
  IF NOT FOUND THEN
    SELECT s.cool_down_until INTO until FROM queue.source s WHERE s.source_id = $1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005',
        HINT = 'SELECT queue.configure_source(...)';
    END IF;
  END IF;
  RETURN until;
END
$$;
COMMENT ON FUNCTION queue.cool_down IS
  'Nobody asks the source for wait_interval (a day at most): it said 429. Never shortens a longer cool-down. Returns '
  'when it ends.';

CREATE FUNCTION queue.end_cool_down(source_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.source s SET cool_down_until = NULL, cool_down_reason = NULL WHERE s.source_id = $1;
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.end_cool_down IS 'Ends a source''s cool-down early.';
