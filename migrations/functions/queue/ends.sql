-- The ends of an attempt: fence, complete, fail, release, snooze; and what they mean for the tasks that wait for this
-- one.

CREATE FUNCTION queue._raise_lease_lost(task_id bigint, lease_token bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  holder queue.lease;
  ended queue.outcome;
BEGIN
  SELECT * INTO holder FROM queue.lease l WHERE l.task_id = $1;
  SELECT * INTO ended FROM queue.outcome o WHERE o.task_id = $1 AND (o.final OR NOT o.final AND o.lease_token = $2)
    ORDER BY o.final LIMIT 1;
  RAISE EXCEPTION 'lease % of task % is lost', $2, $1
    USING ERRCODE = 'AK001',
      DETAIL = CASE
        WHEN holder.incarnation IS DISTINCT FROM queue._incarnation() AND holder.lease_token = $2 THEN format(
          'Another process holds it by the same number, worker %s: the database has gone back to an earlier state.',
            holder.worker_id)
        WHEN holder.lease_token <> $2 THEN format('Attempt %s of worker %s holds the task now.', holder.lease_token,
          holder.worker_id)
        WHEN ended.kind IS NOT NULL THEN format('It ended as %s%s.', ended.kind, ': ' || ended.reason)
        WHEN holder.lease_token IS NOT NULL THEN 'Its backfill was cancelled.'
        ELSE 'No attempt holds the task now.' END,
      HINT = 'Discard this attempt''s work: it must not be published.';
END
$$;

CREATE FUNCTION queue._is_mine(worker_id integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM queue.worker w WHERE w.worker_id = $1
    AND w.incarnation IS NOT DISTINCT FROM queue._incarnation())
$$;
COMMENT ON FUNCTION queue._is_mine IS 'Whether a worker is of the process that calls.';

-- A COMMIT was sent, and its answer never came: what became of it?
CREATE FUNCTION queue.ending(task_id bigint, lease_token bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS $$
#variable_conflict use_column
BEGIN
  -- The transaction that ended the attempt has deleted the lease's row: this waits for it, if it is still under way.
  PERFORM FROM queue.lease l WHERE l.task_id = $1 AND l.lease_token = $2
    AND l.incarnation IS NOT DISTINCT FROM queue._incarnation() FOR UPDATE;
  IF FOUND THEN
    RETURN 'held';
  END IF;
  RETURN coalesce((
    SELECT o.kind::text FROM queue.outcome o
    WHERE o.task_id = $1 AND (o.final OR NOT o.final) AND o.lease_token = $2 AND queue._is_mine(o.worker_id)
    ORDER BY o.final DESC LIMIT 1), 'lost');
END
$$;
COMMENT ON FUNCTION queue.ending IS
  'How this attempt ended: an outcome, held where it has not, lost where the queue knows nothing of it. Waits for the '
  'transaction that ends it now; lock_not_available after five seconds: ask again.';

CREATE FUNCTION queue.fence(task_id bigint, lease_token bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane integer;
BEGIN
  -- After a fail-over to a standby that lagged, a lease may stand here that had been taken away over there, and what
  -- its attempt had staged may be gone: it must not publish before the first tick has noticed. What is begun here is
  -- undone with the refusal, and begun again by that tick.
  PERFORM queue._enter_life();
  SELECT l.lane_id INTO lane FROM queue.lease l
    WHERE l.task_id = $1 AND l.lease_token = $2
      AND l.incarnation IS NOT DISTINCT FROM queue._incarnation() FOR UPDATE;
  IF NOT FOUND OR EXISTS (
    SELECT FROM queue.lane a JOIN queue.backfill b USING (backfill_id) WHERE a.lane_id = lane
      AND b.cancelled_at IS NOT NULL)
  THEN
    PERFORM queue._raise_lease_lost($1, $2);
  END IF;
END
$$;
COMMENT ON FUNCTION queue.fence IS
  'First statement of a publication: proves that this attempt still holds the task, and locks that until the '
  'transaction ends. AK001 otherwise.';

CREATE FUNCTION queue._require_lease(
  task_id bigint, lease_token bigint, dataset text, data_year integer, region text, as_of text DEFAULT NULL
) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM queue.fence($1, $2);
  IF NOT EXISTS (
    SELECT FROM queue.planned_task t JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
    WHERE t.task_id = $1 AND a.dataset = $3 AND t.data_year = $4 AND t.region = $5 AND ($6 IS NULL OR b.as_of = $6))
  THEN
    RAISE EXCEPTION 'task % is not %', $1, concat_ws(' ', $3, $4, nullif($5, ''), 'as of ' || $6)
      USING ERRCODE = 'AK003',
      HINT = 'An attempt may write what its own task is about, and nothing else.';
  END IF;
END
$$;
COMMENT ON FUNCTION queue._require_lease IS
  'Begins every function by which a worker writes: proves that the attempt holds its task, which is this partition.';

CREATE FUNCTION queue._open_upstream_count(task_id bigint, done bigint[]) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT count(*)::integer FROM queue.dependency d
  WHERE d.task_id = $1 AND NOT d.upstream_task_id = ANY ($2)
    AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = d.upstream_task_id AND o.final
      AND o.kind = 'completed')
$$;
COMMENT ON FUNCTION queue._open_upstream_count IS
  'How many of a task''s upstream tasks have not completed, besides those given as done.';

CREATE FUNCTION queue._release_dependents(done bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
  SET enable_mergejoin = off SET jit = off AS $$
DECLARE
  moved bigint;
BEGIN
  PERFORM queue._lock_backfill_shared(f.backfill_id) FROM (
    SELECT DISTINCT a.backfill_id FROM queue.dependency d
      CROSS JOIN LATERAL (SELECT b.lane_id FROM queue.blocked b WHERE b.task_id = d.task_id OFFSET 0) k
      CROSS JOIN LATERAL (SELECT l.backfill_id FROM queue.lane l WHERE l.lane_id = k.lane_id OFFSET 0) a
    WHERE d.upstream_task_id = ANY (done) ORDER BY 1) f;
  PERFORM FROM queue.blocked k
    WHERE k.task_id IN (SELECT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = ANY (done))
      ORDER BY k.task_id FOR UPDATE;
  -- Counted anew under the lock, rather than counted down: so that calling this twice does no harm.
  UPDATE queue.blocked k SET remaining = n.open_count
    FROM (SELECT d.task_id, queue._open_upstream_count(d.task_id, done) AS open_count
      FROM (SELECT DISTINCT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = ANY (done)) d) n
    WHERE k.task_id = ANY (ARRAY[n.task_id]) AND n.open_count > 0;
  WITH freed AS (
    DELETE FROM queue.blocked k
    USING (SELECT DISTINCT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = ANY (done)) n
    WHERE k.task_id = ANY (ARRAY[n.task_id]) AND queue._open_upstream_count(k.task_id, done) = 0
    RETURNING k.task_id, k.lane_id, k.data_year, k.attempt_count),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked)
    SELECT f.lane_id, f.data_year, -count(*) FROM freed f GROUP BY f.lane_id, f.data_year)
  INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count)
    SELECT queue._rank(clock_timestamp()), f.task_id, f.lane_id, f.data_year, f.attempt_count FROM freed f;
  GET DIAGNOSTICS moved = ROW_COUNT;
  IF moved > 0 THEN
    PERFORM queue._notify(moved);
  END IF;
END
$$;

CREATE FUNCTION queue._fail_dependents(upstream_task_id bigint, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM queue.dependency d WHERE d.upstream_task_id = $1) THEN
    RETURN;
  END IF;
  PERFORM queue._lock_backfill_shared(f.backfill_id) FROM (
    WITH RECURSIVE below(task_id) AS (
      SELECT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = $1
      UNION SELECT d.task_id FROM queue.dependency d JOIN below ON d.upstream_task_id = below.task_id)
    SELECT DISTINCT a.backfill_id FROM below JOIN queue.blocked USING (task_id) JOIN queue.lane a USING (lane_id)
      ORDER BY 1) f;
  WITH RECURSIVE below(task_id) AS (
    SELECT d.task_id FROM queue.dependency d WHERE d.upstream_task_id = $1
    UNION SELECT d.task_id FROM queue.dependency d JOIN below ON d.upstream_task_id = below.task_id),
  locked AS (
    SELECT k.task_id FROM queue.blocked k WHERE k.task_id IN (SELECT task_id FROM below) ORDER BY k.task_id FOR UPDATE),
  gone AS (
    DELETE FROM queue.blocked k WHERE k.task_id IN (SELECT task_id FROM locked) RETURNING k.*),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked, failed)
    SELECT g.lane_id, g.data_year, -count(*), count(*) FROM gone g GROUP BY g.lane_id, g.data_year)
  INSERT INTO queue.outcome (task_id, finished_at, lane_id, kind, attempt_number, data_year, final, error_class, reason)
    SELECT g.task_id, clock_timestamp(), g.lane_id, 'failed', 0, g.data_year, true, 'dependency', $2 FROM gone g;
END
$$;

-- Where a task goes that was deleted from queue.lease and did not complete. `run_at` is for retried, throttled and
-- snoozed.
CREATE FUNCTION queue._settle(
  l queue.lease, kind queue.outcome_kind, error_class text, reason text, detail jsonb, run_at timestamptz DEFAULT NULL
) RETURNS queue.outcome_kind
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane record;
  ended queue.outcome_kind := $2;
  ended_because text := $4;
  is_final boolean;
  given_back boolean := $2 IN ('throttled', 'released', 'snoozed', 'worker_lost');
  at timestamptz := clock_timestamp();
BEGIN
  SELECT a.backfill_id INTO lane FROM queue.lane a WHERE a.lane_id = l.lane_id;
  PERFORM queue._lock_backfill_shared(lane.backfill_id);
  -- After the lock, so that a cancellation in flight is seen.
  SELECT b.cancelled_at, b.cancel_reason INTO lane FROM queue.lane a JOIN queue.backfill b USING (backfill_id)
    WHERE a.lane_id = l.lane_id;
  IF lane.cancelled_at IS NOT NULL THEN
    ended := 'cancelled';
    ended_because := lane.cancel_reason;
  END IF;
  is_final := ended IN ('failed', 'cancelled');
  INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number,
    data_year, final, error_class, reason, detail)
    VALUES (l.task_id, l.lease_token, l.started_at, at, l.worker_id, l.lane_id, ended, l.attempt_count, l.data_year,
      is_final,
      CASE WHEN ended = 'cancelled' THEN NULL ELSE $3 END, ended_because, $5);
  IF is_final THEN
    INSERT INTO queue.progress_delta (lane_id, data_year, failed, cancelled)
      VALUES (l.lane_id, l.data_year, (ended = 'failed')::integer, (ended = 'cancelled')::integer);
    PERFORM queue._fail_dependents(l.task_id,
      format('upstream task %s (%s) %s: %s', l.task_id, queue._task_name(l.task_id), ended, ended_because));
  ELSIF $6 > at THEN
    INSERT INTO queue.delayed (run_at, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count, reason)
      VALUES ($6, l.task_id, l.lane_id, l.data_year, l.attempt_count - given_back::integer, l.lost_count,
        l.throttle_count + (ended = 'throttled')::integer, ended || coalesce(': ' || $4, ''));
  ELSE
    INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
      VALUES (queue._rank(at), l.task_id, l.lane_id, l.data_year, l.attempt_count - given_back::integer,
        l.lost_count + (ended = 'worker_lost')::integer, l.throttle_count + (ended = 'throttled')::integer);
    PERFORM queue._notify(1);
  END IF;
  RETURN ended;
END
$$;

-- Returns the lease tokens that it completed.
CREATE FUNCTION queue._complete(task_ids bigint[], lease_tokens bigint[], results jsonb[]) RETURNS bigint[]
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
  SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  me uuid := queue._incarnation(); -- asked once, and not for each of a hundred
  done bigint[];
  tokens bigint[];
  lanes integer[];
  lane record;
BEGIN
  WITH given AS (SELECT * FROM unnest($1, $2, $3) AS u(task_id, lease_token, result)),
  gone AS (
    -- ANY and DISTINCT: by the index for each, however few leases there were when the plan was made (see queue._take).
    DELETE FROM queue.lease l USING given g
    WHERE l.task_id = ANY (ARRAY[g.task_id]) AND l.lease_token IS NOT DISTINCT FROM g.lease_token
      AND l.incarnation IS NOT DISTINCT FROM me
    RETURNING l.task_id, l.lease_token, l.started_at, l.worker_id, l.lane_id, l.attempt_count, l.data_year, g.result),
  written AS (
    INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number,
      data_year, final, result)
    SELECT g.task_id, g.lease_token, g.started_at, greatest(t.at, g.started_at), g.worker_id, g.lane_id, 'completed',
      g.attempt_count,
      g.data_year, true, g.result
    FROM gone g CROSS JOIN (SELECT clock_timestamp() AS at OFFSET 0) t),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, completed)
    SELECT g.lane_id, g.data_year, count(*) FROM gone g GROUP BY g.lane_id, g.data_year
    RETURNING lane_id)
  SELECT array_agg(g.task_id), array_agg(g.lease_token), (SELECT array_agg(DISTINCT c.lane_id) FROM counted c)
    INTO done, tokens, lanes FROM gone g;

  -- First what may wait for a backfill's lock, then the lanes' rows: see the lock order above.
  IF EXISTS (SELECT FROM queue.lane a WHERE a.lane_id = ANY (lanes) AND a.has_dependents) THEN
    PERFORM queue._release_dependents(done);
  END IF;
  FOR lane IN SELECT a.lane_id FROM queue.lane a WHERE a.lane_id = ANY (lanes) AND a.breaker_count > 0
    ORDER BY a.lane_id LOOP
    UPDATE queue.lane a SET breaker_count = 0, breaker_fingerprint = NULL WHERE a.lane_id = lane.lane_id;
  END LOOP;
  RETURN coalesce(tokens, '{}');
END
$$;

CREATE FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[],
  results jsonb[] DEFAULT NULL) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  done bigint[] := queue._complete($1, $2, $3);
BEGIN
  IF cardinality(done) = cardinality($2) THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT g.lease_token FROM unnest($1, $2) AS g(task_id, lease_token)
    WHERE g.lease_token <> ALL (done) AND NOT EXISTS (
      SELECT FROM queue.outcome o WHERE o.task_id = g.task_id AND o.lease_token = g.lease_token AND o.final
        AND o.kind = 'completed' AND queue._is_mine(o.worker_id)));
END
$$;
COMMENT ON FUNCTION queue.complete_many IS
  'Completes many tasks in one round trip. Returns the lease tokens that were lost and so completed nothing; does not '
  'raise for them. Repeating it, after an answer that never came, is harmless.';

CREATE FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF queue._complete(ARRAY[$1], ARRAY[$2], ARRAY[$3]) = '{}' THEN
    PERFORM queue._raise_lease_lost($1, $2);
  END IF;
END
$$;
COMMENT ON FUNCTION queue.complete IS
  'Completes a task, and unblocks what waits for it, in the caller''s transaction. AK001 when this attempt no longer '
  'holds it.';

CREATE FUNCTION queue._take_back(task_id bigint, lease_token bigint) RETURNS queue.lease
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
BEGIN
  DELETE FROM queue.lease d
    WHERE d.task_id = $1 AND d.lease_token = $2 AND d.incarnation IS NOT DISTINCT FROM queue._incarnation()
    RETURNING d.* INTO l;
  IF NOT FOUND THEN
    PERFORM queue._raise_lease_lost($1, $2);
  END IF;
  RETURN l;
END
$$;

CREATE FUNCTION queue.fail(
  task_id bigint, lease_token bigint, error_class text, reason text,
  detail jsonb DEFAULT NULL, retry_after interval DEFAULT NULL, fingerprint text DEFAULT NULL
) RETURNS TABLE (kind queue.outcome_kind, run_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease;
  g queue.setting;
  lane queue.lane;
  ended queue.outcome_kind;
  again_at timestamptz;
  backoff interval;
  print text;
BEGIN
  IF $3 IS NULL OR $3 NOT IN ('transient', 'rate_limited', 'data', 'permanent') THEN
    RAISE EXCEPTION 'error class % is not one a handler may give', coalesce($3, 'NULL')
      USING ERRCODE = 'AK003', HINT = 'transient, rate_limited, data or permanent';
  END IF;
  l := queue._take_back($1, $2);
  SELECT * INTO g FROM queue.setting n WHERE n.singleton;
  SELECT * INTO lane FROM queue.lane a WHERE a.lane_id = l.lane_id;
  -- Full jitter: tasks that failed together do not come back together.
  backoff := random() * least(g.retry_cap_interval, g.retry_base_interval * power(2, least(l.attempt_count - 1, 20)));
  IF $3 = 'transient' THEN
    ended := CASE WHEN l.attempt_count >= lane.max_attempts THEN 'failed' ELSE 'retried' END;
    again_at := clock_timestamp() + greatest(backoff, $6);
  ELSIF $3 = 'rate_limited' THEN
    ended := CASE WHEN l.throttle_count + 1 >= g.max_throttles THEN 'failed' ELSE 'throttled' END;
    again_at := clock_timestamp() + greatest($6, (
      SELECT max(s.cool_down_until) FROM queue.source s WHERE s.source_id = ANY (lane.source_ids)) - clock_timestamp(),
        '0') + backoff;
  ELSE
    ended := 'failed';
  END IF;
  IF ended = 'failed' THEN
    again_at := NULL;
  END IF;
  ended := queue._settle(l, ended, $3, coalesce(nullif($4, ''), 'no reason given'), $5, again_at);

  IF $3 = 'data' THEN
    print := coalesce($7, regexp_replace($4, '[0-9]+', '#', 'g'));
    UPDATE queue.lane a SET breaker_fingerprint = print,
        breaker_count = CASE WHEN a.breaker_fingerprint = print THEN a.breaker_count + 1 ELSE 1 END
      WHERE a.lane_id = l.lane_id RETURNING * INTO lane;
    IF g.breaker_threshold > 0 AND lane.breaker_count >= g.breaker_threshold AND lane.paused_at IS NULL THEN
      UPDATE queue.lane a SET paused_at = clock_timestamp(),
          pause_reason = format('circuit breaker: %s partitions in a row failed alike: %s', lane.breaker_count, $4)
        WHERE a.lane_id = l.lane_id RETURNING * INTO lane;
      INSERT INTO queue.event (backfill_id, task_id, kind, message)
        VALUES (lane.backfill_id, $1, 'breaker_opened', lane.dataset || ' paused: ' || lane.pause_reason);
    END IF;
  END IF;
  RETURN QUERY SELECT ended, CASE WHEN ended IN ('retried', 'throttled') THEN again_at END;
END
$$;
COMMENT ON FUNCTION queue.fail IS
  'Ends an attempt with an error. transient: retried with backoff until max_attempts; rate_limited: again after '
  'retry_after, the attempt given back; data, permanent: the task has failed. Returns what became of the task. AK001 '
  'when this attempt no longer holds it.';

CREATE FUNCTION queue.release(task_id bigint, lease_token bigint, reason text DEFAULT 'released') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM queue._settle(queue._take_back($1, $2), 'released', NULL, $3, NULL);
END
$$;
COMMENT ON FUNCTION queue.release IS
  'Gives a task back, for any worker to claim at once; the attempt is not counted. AK001 when this attempt no longer '
  'holds it.';

CREATE FUNCTION queue.give_back(task_id bigint, lease_token bigint, reason text, detail jsonb DEFAULT NULL)
RETURNS queue.outcome_kind
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  l queue.lease := queue._take_back($1, $2);
BEGIN
  l.throttle_count := l.throttle_count + 1;
  IF l.throttle_count >= (SELECT g.max_throttles FROM queue.setting g WHERE g.singleton) THEN
    RETURN queue._settle(l, 'failed', 'transient',
      format('given back %s times, the last time: %s', l.throttle_count, $3), $4);
  END IF;
  RETURN queue._settle(l, 'released', NULL, $3, $4);
END
$$;
COMMENT ON FUNCTION queue.give_back IS
  'Gives a task back because of its host, or because it waited too long: for any worker to claim at once; neither the '
  'attempt nor a lost worker is counted. After max_throttles times it fails. AK001 when this attempt no longer holds '
  'it.';

CREATE FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval,
  reason text DEFAULT 'snoozed') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF $3 IS NULL OR $3 <= '0' THEN
    RAISE EXCEPTION 'a task is snoozed for a positive interval' USING ERRCODE = 'AK003';
  END IF;
  PERFORM queue._settle(queue._take_back($1, $2), 'snoozed', NULL, $4, NULL, clock_timestamp() + $3);
END
$$;
COMMENT ON FUNCTION queue.snooze IS
  'Gives a task back until wait_interval has passed; the attempt is not counted. AK001 when this attempt no longer '
  'holds it.';

CREATE FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO queue.attempt_note (task_id, lease_token, detail)
    SELECT g.task_id, g.lease_token, g.detail FROM unnest($1, $2, $3) AS g(task_id, lease_token, detail)
    WHERE EXISTS (
        SELECT FROM queue.lease l WHERE l.task_id = g.task_id AND l.lease_token = g.lease_token
          AND l.incarnation IS NOT DISTINCT FROM queue._incarnation())
      OR EXISTS (
        SELECT FROM queue.outcome o WHERE o.task_id = g.task_id AND (o.final OR NOT o.final)
          AND o.lease_token = g.lease_token AND queue._is_mine(o.worker_id))
    ON CONFLICT (task_id, lease_token) DO UPDATE SET detail = EXCLUDED.detail, noted_at = EXCLUDED.noted_at
$$;
COMMENT ON FUNCTION queue.note_attempts IS
  'Keeps what is known of attempts, in place of what was noted before; attempts that never were are left out. Decides '
  'nothing: a lost lease is no error here.';
