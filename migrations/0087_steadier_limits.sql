-- Hosts that are busy send later than they were granted: a little more room between one second's requests and the next's.

COMMENT ON COLUMN queue.token_bucket.recent_times IS 'When tokens were granted within the last 1.08 s.';

CREATE OR REPLACE FUNCTION queue.take_tokens(source_id text, wanted integer DEFAULT 1)
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
    RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005', HINT = 'SELECT queue.configure_source(...)';
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
  UPDATE queue.token_bucket b SET tokens = t.tokens, refilled_at = greatest(at, b.refilled_at), quota_day = t.quota_day,
      quota_used = t.quota_used + given, granted_total = b.granted_total + given,
      recent_times = t.recent_times, recent_counts = t.recent_counts
    WHERE b.source_id = $1;
  RETURN QUERY SELECT given, pause;
END
$$;
