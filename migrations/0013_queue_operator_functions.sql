-- What an operator calls: plan, enqueue, cancel, retry, pause, resume, prioritize, prune.

-- Bodies name tables of later migrations (catalog.dataset, lake.manifest, lineage.publication).
SET LOCAL check_function_bodies = off;

-- Plan and enqueue ----------------------------------------------------------------------------------------------------

CREATE FUNCTION queue.plan_backfill(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing',
  backfill_key text DEFAULT NULL
) RETURNS TABLE (dataset text, data_year integer, region text, action text, reason text)
LANGUAGE sql STABLE AS $$
  SELECT d.name, y.data_year, r.region,
    CASE WHEN v.reason IS NULL THEN 'enqueue' ELSE 'skip' END, v.reason
  FROM catalog.dataset d
  CROSS JOIN unnest($2) AS y(data_year)
  CROSS JOIN LATERAL unnest(CASE WHEN d.is_split THEN d.regions ELSE ARRAY[''] END) AS r(region)
  LEFT JOIN (
    SELECT m.dataset, m.data_year, m.region, m.definition_hash, p.published_at
    FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
    WHERE m.dataset = ANY ($1) AND m.state <> 'missing' AND m.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))) AS made
    ON made.dataset = d.name AND made.data_year = y.data_year AND made.region = r.region
  LEFT JOIN (
    SELECT DISTINCT ON (l.dataset, t.data_year, t.region) l.dataset, t.data_year, t.region, t.task_id, b.backfill_id, b.backfill_key
    FROM queue.backfill b JOIN queue.lane l USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
    WHERE b.finished_at IS NULL AND l.closed_at IS NULL AND l.dataset = ANY ($1) AND b.backfill_key IS DISTINCT FROM $6
      AND b.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))
      AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final)
    ORDER BY l.dataset, t.data_year, t.region, t.task_id) AS held
    ON held.dataset = d.name AND held.data_year = y.data_year AND held.region = r.region
  LEFT JOIN (
    SELECT DISTINCT ON (l.dataset, t.data_year, t.region) l.dataset, t.data_year, t.region, o.kind
    FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
      JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
    WHERE $5 = 'failed' AND l.dataset = ANY ($1) AND b.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))
    ORDER BY l.dataset, t.data_year, t.region, o.finished_at DESC) AS ended
    ON ended.dataset = d.name AND ended.data_year = y.data_year AND ended.region = r.region
  CROSS JOIN LATERAL (SELECT CASE
    WHEN y.data_year < d.first_year OR y.data_year > d.last_year THEN
      format('outside the dataset''s years, %s-%s', d.first_year, coalesce(d.last_year::text, ''))
    WHEN held.task_id IS NOT NULL THEN
      format('task %s of backfill %s (%s) already builds it', held.task_id, held.backfill_id, held.backfill_key)
    WHEN $5 = 'missing' AND made.dataset IS NOT NULL THEN 'already published'
    WHEN $5 = 'failed' AND ended.kind IS DISTINCT FROM 'failed' THEN 'its last task did not fail'
    WHEN $5 = 'stale' AND made.dataset IS NULL THEN 'not published yet: nothing to be stale'
    WHEN $5 = 'stale' AND made.definition_hash = d.definition_hash AND NOT EXISTS (
      SELECT FROM lineage.publication u
      WHERE u.dataset = ANY (d.depends_on) AND u.data_year = y.data_year AND u.published_at > made.published_at
        AND u.outcome = 'published') THEN 'up to date'
    END AS reason) AS v
  WHERE d.name = ANY ($1) AND ($4 IS NULL OR NOT d.is_split OR r.region = ANY ($4))
$$;
COMMENT ON FUNCTION queue.plan_backfill IS 'What queue.enqueue_backfill() would do with the same arguments: each partition, enqueue or skip, and why. Changes nothing.';

CREATE FUNCTION queue.enqueue_backfill(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing',
  newest_first boolean DEFAULT true, priority integer DEFAULT 0, max_running integer DEFAULT NULL, backfill_key text DEFAULT NULL,
  note text DEFAULT NULL, max_attempts integer DEFAULT NULL, task_timeout interval DEFAULT NULL, requested_by text DEFAULT session_user
) RETURNS TABLE (backfill_id bigint, enqueued bigint, skipped bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  vintage text := coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'));
  b queue.backfill;
  unknown text;
  cycle text;
  last_task_id bigint;
  skip_count bigint;
  task_count bigint;
  dependency_count bigint := 0;
BEGIN
  IF $1 IS NULL OR cardinality($1) = 0 OR $2 IS NULL OR cardinality($2) = 0 THEN
    RAISE EXCEPTION 'a backfill needs at least one dataset and one year' USING ERRCODE = 'AK003';
  END IF;
  IF vintage !~ '^\d{4}-(0[1-9]|1[0-2])$' THEN
    RAISE EXCEPTION 'as_of % is not a month', vintage USING ERRCODE = 'AK003', HINT = 'YYYY-MM, such as 2024-06';
  END IF;
  IF $5 IS NULL OR $5 NOT IN ('missing', 'failed', 'stale', 'all') THEN
    RAISE EXCEPTION 'mode % is not known', coalesce($5, 'NULL') USING ERRCODE = 'AK003', HINT = 'missing, failed, stale or all';
  END IF;
  SELECT string_agg(n, ', ' ORDER BY n) INTO unknown FROM unnest($1) n WHERE NOT EXISTS (SELECT FROM catalog.dataset d WHERE d.name = n);
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'not in the catalog: %', unknown USING ERRCODE = 'AK005', HINT = 'SELECT name FROM catalog.dataset';
  END IF;
  WITH RECURSIVE path(name, seen, closes) AS (
    SELECT d.name, ARRAY[d.name], false FROM catalog.dataset d WHERE d.name = ANY ($1)
    UNION ALL
    SELECT u, p.seen || u, u = ANY (p.seen)
    FROM path p JOIN catalog.dataset d ON d.name = p.name CROSS JOIN unnest(d.depends_on) u
    WHERE NOT p.closes AND u = ANY ($1))
  SELECT array_to_string(p.seen, ' → ') INTO cycle FROM path p WHERE p.closes ORDER BY cardinality(p.seen) LIMIT 1;
  IF cycle IS NOT NULL THEN
    RAISE EXCEPTION 'the datasets depend on each other in a circle: %', cycle USING ERRCODE = 'AK004';
  END IF;

  -- One enqueue at a time, so that two backfills never both take a partition.
  PERFORM pg_advisory_xact_lock(1634428276, 1);
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_key = $9;
  IF NOT FOUND THEN
    b.backfill_id := nextval(pg_get_serial_sequence('queue.backfill', 'backfill_id'));
    INSERT INTO queue.backfill (backfill_id, backfill_key, as_of, mode, newest_first, max_running, requested_by, note)
      VALUES (b.backfill_id, coalesce($9, 'backfill-' || b.backfill_id), vintage, $5, $6, $8, $13, $10)
      RETURNING * INTO b;
  ELSIF b.as_of <> vintage THEN
    RAISE EXCEPTION 'backfill % (%) has as_of %, not %', b.backfill_id, b.backfill_key, b.as_of, vintage USING ERRCODE = 'AK006',
      HINT = 'Enqueue under another key, or for the same as_of.';
  END IF;
  PERFORM queue._lock_backfill(b.backfill_id);
  IF EXISTS (SELECT FROM queue.backfill f WHERE f.backfill_id = b.backfill_id AND f.cancelled_at IS NOT NULL) THEN
    RAISE EXCEPTION 'backfill % (%) was cancelled', b.backfill_id, b.backfill_key USING ERRCODE = 'AK006', HINT = 'Enqueue under another key.';
  END IF;

  INSERT INTO queue.lane AS l (backfill_id, dataset, source_ids, definition_hash, priority, max_attempts, task_timeout_interval)
    SELECT b.backfill_id, d.name,
      CASE WHEN d.primary_source_id IS NULL THEN d.source_ids
        ELSE ARRAY[d.primary_source_id] || array_remove(d.source_ids, d.primary_source_id) END,
      d.definition_hash, $7, coalesce($11, g.max_attempts), coalesce($12, g.task_timeout_interval)
    FROM catalog.dataset d CROSS JOIN queue.setting g WHERE d.name = ANY ($1) ORDER BY d.name
    ON CONFLICT (backfill_id, dataset) DO NOTHING;

  SELECT coalesce(max(task_id), 0) INTO last_task_id FROM queue.planned_task;
  IF b.newest_first THEN
    INSERT INTO queue.planned_task (lane_id, data_year, region)
      SELECT l.lane_id, p.data_year, p.region
      FROM queue.plan_backfill($1, $2, vintage, $4, $5, b.backfill_key) p JOIN queue.lane l ON l.backfill_id = b.backfill_id AND l.dataset = p.dataset
      WHERE p.action = 'enqueue' ORDER BY p.data_year DESC, l.lane_id, p.region
      ON CONFLICT ON CONSTRAINT planned_task_partition DO NOTHING;
  ELSE
    INSERT INTO queue.planned_task (lane_id, data_year, region)
      SELECT l.lane_id, p.data_year, p.region
      FROM queue.plan_backfill($1, $2, vintage, $4, $5, b.backfill_key) p JOIN queue.lane l ON l.backfill_id = b.backfill_id AND l.dataset = p.dataset
      WHERE p.action = 'enqueue' ORDER BY p.data_year, l.lane_id, p.region
      ON CONFLICT ON CONSTRAINT planned_task_partition DO NOTHING;
  END IF;
  GET DIAGNOSTICS task_count = ROW_COUNT;

  -- What was asked for and has no task in this backfill was skipped, and says why.
  INSERT INTO queue.skipped_partition (lane_id, data_year, region, reason)
    SELECT l.lane_id, p.data_year, p.region, p.reason
    FROM queue.plan_backfill($1, $2, vintage, $4, $5, b.backfill_key) p JOIN queue.lane l ON l.backfill_id = b.backfill_id AND l.dataset = p.dataset
    WHERE p.action = 'skip'
      AND NOT EXISTS (SELECT FROM queue.planned_task t WHERE t.lane_id = l.lane_id AND t.data_year = p.data_year AND t.region = p.region)
    ON CONFLICT (lane_id, data_year, region) DO UPDATE SET reason = EXCLUDED.reason, skipped_at = now();
  GET DIAGNOSTICS skip_count = ROW_COUNT;

  -- A task waits for the same partition of the datasets it depends on: in this backfill, or where another open one builds it.
  -- An unsplit upstream serves all regions; an unsplit task needs all regions of its upstream.
  IF EXISTS (SELECT FROM catalog.dataset d WHERE d.name = ANY ($1) AND cardinality(d.depends_on) > 0) THEN
    INSERT INTO queue.dependency (upstream_task_id, task_id, across)
      SELECT u.task_id, t.task_id, ul.backfill_id <> l.backfill_id
      FROM queue.planned_task t JOIN queue.lane l USING (lane_id) JOIN catalog.dataset d ON d.name = l.dataset
        JOIN queue.lane ul ON ul.dataset = ANY (d.depends_on)
        JOIN queue.backfill ub ON ub.backfill_id = ul.backfill_id
        JOIN queue.planned_task u ON u.lane_id = ul.lane_id AND u.data_year = t.data_year
          AND (u.region = t.region OR u.region = '' OR t.region = '')
      WHERE t.task_id > last_task_id AND l.backfill_id = b.backfill_id AND ub.as_of = vintage AND ub.finished_at IS NULL
        AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = u.task_id AND o.final)
      ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS dependency_count = ROW_COUNT;
    UPDATE queue.lane l SET has_dependents = true
      WHERE NOT l.has_dependents AND l.lane_id IN (
        SELECT u.lane_id FROM queue.dependency d JOIN queue.planned_task u ON u.task_id = d.upstream_task_id WHERE d.task_id > last_task_id);
  END IF;

  IF dependency_count = 0 THEN
    INSERT INTO queue.ready (rank, task_id, lane_id, data_year)
      SELECT once.rank, t.task_id, t.lane_id, t.data_year
      FROM queue.planned_task t CROSS JOIN (SELECT queue._rank(clock_timestamp()) AS rank OFFSET 0) AS once
      WHERE t.task_id > last_task_id;
    INSERT INTO queue.progress AS p (lane_id, data_year, total, blocked, completed, failed, cancelled)
      SELECT t.lane_id, t.data_year, count(*), 0, 0, 0, 0 FROM queue.planned_task t WHERE t.task_id > last_task_id GROUP BY t.lane_id, t.data_year
      ON CONFLICT (lane_id, data_year) DO UPDATE SET total = p.total + EXCLUDED.total;
  ELSE
    INSERT INTO queue.blocked (task_id, lane_id, remaining, data_year)
      SELECT t.task_id, t.lane_id, count(*), t.data_year
      FROM queue.planned_task t JOIN queue.dependency d ON d.task_id = t.task_id WHERE t.task_id > last_task_id GROUP BY t.task_id;
    INSERT INTO queue.ready (rank, task_id, lane_id, data_year)
      SELECT once.rank, t.task_id, t.lane_id, t.data_year
      FROM queue.planned_task t CROSS JOIN (SELECT queue._rank(clock_timestamp()) AS rank OFFSET 0) AS once
      WHERE t.task_id > last_task_id AND NOT EXISTS (SELECT FROM queue.blocked k WHERE k.task_id = t.task_id);
    INSERT INTO queue.progress AS p (lane_id, data_year, total, blocked, completed, failed, cancelled)
      SELECT t.lane_id, t.data_year, count(*), count(k.task_id), 0, 0, 0
      FROM queue.planned_task t LEFT JOIN queue.blocked k ON k.task_id = t.task_id
      WHERE t.task_id > last_task_id GROUP BY t.lane_id, t.data_year
      ON CONFLICT (lane_id, data_year) DO UPDATE SET total = p.total + EXCLUDED.total, blocked = p.blocked + EXCLUDED.blocked;
  END IF;

  -- Lanes without tasks are closed at once; the others are open (again).
  UPDATE queue.lane l SET closed_at = CASE WHEN n.open THEN NULL ELSE coalesce(l.closed_at, clock_timestamp()) END
    FROM (SELECT a.lane_id, EXISTS (SELECT FROM queue.planned_task t WHERE t.lane_id = a.lane_id AND t.task_id > last_task_id) AS open
      FROM queue.lane a WHERE a.backfill_id = b.backfill_id) AS n
    WHERE l.lane_id = n.lane_id AND (n.open AND l.closed_at IS NOT NULL OR NOT n.open AND l.closed_at IS NULL
      AND NOT EXISTS (SELECT FROM queue.planned_task t WHERE t.lane_id = l.lane_id));
  UPDATE queue.backfill f SET finished_at = CASE
      WHEN EXISTS (SELECT FROM queue.lane l WHERE l.backfill_id = b.backfill_id AND l.closed_at IS NULL) THEN NULL
      ELSE coalesce(f.finished_at, clock_timestamp()) END
    WHERE f.backfill_id = b.backfill_id;
  INSERT INTO queue.event (backfill_id, kind, message)
    VALUES (b.backfill_id, 'enqueued', format('%s tasks enqueued, %s partitions skipped (%s)', task_count, skip_count, $5));
  IF task_count > 0 THEN
    PERFORM queue._notify();
  END IF;
  RETURN QUERY SELECT b.backfill_id, task_count, skip_count;
END
$$;
COMMENT ON FUNCTION queue.enqueue_backfill IS 'Enqueues the partitions of a request as tasks, set-based and idempotently: under one backfill_key a partition is one task. What is skipped goes to queue.skipped_partition with its reason. `mode`: missing, failed, stale or all.';

-- Cancel --------------------------------------------------------------------------------------------------------------

CREATE FUNCTION queue.cancel_backfill(backfill_id bigint, reason text DEFAULT 'cancelled by operator') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  b queue.backfill;
  cancelled_count bigint;
BEGIN
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill($1);
  UPDATE queue.backfill f SET cancelled_at = clock_timestamp(), cancel_reason = $2
    WHERE f.backfill_id = $1 AND f.cancelled_at IS NULL AND f.finished_at IS NULL;
  IF NOT FOUND THEN
    RETURN 0; -- ended or cancelled already
  END IF;
  -- In the order in which tasks move, so that one moving now is met where it arrives; leases that are locked are being published or
  -- given back at this moment, and whoever does that sees the cancellation.
  WITH a AS (SELECT l.lane_id FROM queue.lane l WHERE l.backfill_id = $1),
  waiting AS (
    DELETE FROM queue.ready r USING a WHERE r.lane_id = a.lane_id RETURNING r.task_id, r.lane_id, r.data_year, r.attempt_count, false AS was_blocked),
  delayed AS (
    DELETE FROM queue.delayed r USING a WHERE r.lane_id = a.lane_id RETURNING r.task_id, r.lane_id, r.data_year, r.attempt_count, false),
  blocked AS (
    DELETE FROM queue.blocked r USING a WHERE r.lane_id = a.lane_id RETURNING r.task_id, r.lane_id, r.data_year, r.attempt_count, true),
  gone AS (SELECT * FROM waiting UNION ALL SELECT * FROM delayed UNION ALL SELECT * FROM blocked),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked, cancelled)
    SELECT g.lane_id, g.data_year, -count(*) FILTER (WHERE g.was_blocked), count(*) FROM gone g GROUP BY g.lane_id, g.data_year)
  INSERT INTO queue.outcome (task_id, finished_at, lane_id, kind, attempt_number, data_year, final, reason)
    SELECT g.task_id, clock_timestamp(), g.lane_id, 'cancelled', g.attempt_count, g.data_year, true, $2 FROM gone g;
  GET DIAGNOSTICS cancelled_count = ROW_COUNT;
  WITH held AS (
    SELECT l.task_id FROM queue.lease l JOIN queue.lane a USING (lane_id) WHERE a.backfill_id = $1 FOR UPDATE OF l SKIP LOCKED),
  gone AS (DELETE FROM queue.lease l USING held WHERE l.task_id = held.task_id RETURNING l.*),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, cancelled)
    SELECT g.lane_id, g.data_year, count(*) FROM gone g GROUP BY g.lane_id, g.data_year)
  INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number, data_year, final, reason)
    SELECT g.task_id, g.lease_token, g.started_at, clock_timestamp(), g.worker_id, g.lane_id, 'cancelled', g.attempt_count, g.data_year, true, $2
    FROM gone g;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'cancelled', $2);
  PERFORM pg_notify('aker_cancel', '');
  -- Tasks of other backfills that wait for this one's.
  PERFORM queue._fail_dependents(d.upstream_task_id, format('upstream task %s (%s) cancelled: %s', d.upstream_task_id, queue._task_name(d.upstream_task_id), $2))
    FROM (SELECT DISTINCT d.upstream_task_id FROM queue.dependency d JOIN queue.blocked k ON k.task_id = d.task_id
      JOIN queue.planned_task u ON u.task_id = d.upstream_task_id JOIN queue.lane a ON a.lane_id = u.lane_id
      WHERE a.backfill_id = $1) d;
  RETURN cancelled_count + (SELECT count(*) FROM queue.outcome o JOIN queue.lane a USING (lane_id)
    WHERE a.backfill_id = $1 AND o.final AND o.kind = 'cancelled' AND o.lease_token IS NOT NULL AND o.finished_at >= now());
END
$$;
COMMENT ON FUNCTION queue.cancel_backfill IS 'Cancels all tasks of a backfill that have not ended, the running ones too: their workers are told at once, and their attempts are fenced off. Returns how many; 0 when it had ended already.';

CREATE FUNCTION queue.cancel_task(task_id bigint, reason text DEFAULT 'cancelled by operator') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
  l queue.lease;
  waiting_attempts smallint;
  was_blocked boolean := false;
BEGIN
  SELECT p.task_id, p.lane_id, p.data_year, a.backfill_id INTO t FROM queue.planned_task p JOIN queue.lane a USING (lane_id) WHERE p.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill(t.backfill_id);
  DELETE FROM queue.ready r WHERE r.task_id = $1 RETURNING r.attempt_count INTO waiting_attempts;
  IF waiting_attempts IS NULL THEN
    DELETE FROM queue.delayed r WHERE r.task_id = $1 RETURNING r.attempt_count INTO waiting_attempts;
  END IF;
  IF waiting_attempts IS NULL THEN
    DELETE FROM queue.blocked r WHERE r.task_id = $1 RETURNING r.attempt_count, true INTO waiting_attempts, was_blocked;
  END IF;
  IF waiting_attempts IS NULL THEN
    DELETE FROM queue.lease d WHERE d.task_id = (SELECT h.task_id FROM queue.lease h WHERE h.task_id = $1 FOR UPDATE SKIP LOCKED) RETURNING d.* INTO l;
    IF NOT FOUND THEN
      IF EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = $1 AND o.final) THEN
        RAISE EXCEPTION 'task % has ended', $1 USING ERRCODE = 'AK006';
      END IF;
      RAISE EXCEPTION 'task % is being published or given back at this moment', $1 USING ERRCODE = 'AK006', HINT = 'Look again in a moment.';
    END IF;
    PERFORM pg_notify('aker_cancel', '');
  END IF;
  INSERT INTO queue.outcome (task_id, lease_token, started_at, finished_at, worker_id, lane_id, kind, attempt_number, data_year, final, reason)
    VALUES ($1, l.lease_token, l.started_at, clock_timestamp(), l.worker_id, t.lane_id, 'cancelled', coalesce(l.attempt_count, waiting_attempts), t.data_year, true, $2);
  INSERT INTO queue.progress_delta (lane_id, data_year, blocked, cancelled) VALUES (t.lane_id, t.data_year, -coalesce(was_blocked, false)::integer, 1);
  INSERT INTO queue.event (backfill_id, task_id, kind, message) VALUES (t.backfill_id, $1, 'cancelled', $2);
  PERFORM queue._fail_dependents($1, format('upstream task %s (%s) cancelled: %s', $1, queue._task_name($1), $2));
END
$$;
COMMENT ON FUNCTION queue.cancel_task IS 'Cancels one task, running or waiting. AK006 when it has ended, or is being published at this very moment.';

-- Retry ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION queue._reopen(backfill_id bigint, task_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  chosen bigint[];
  narrowed bigint[];
  reopened bigint;
BEGIN
  -- With the tasks that failed only because one of these did.
  WITH RECURSIVE below(task_id) AS (
    SELECT unnest($2)
    UNION
    SELECT d.task_id FROM below JOIN queue.dependency d ON d.upstream_task_id = below.task_id
      JOIN queue.outcome o ON o.task_id = d.task_id AND o.final AND o.error_class = 'dependency'
      JOIN queue.lane a ON a.lane_id = o.lane_id AND a.backfill_id = $1)
  SELECT array_agg(task_id) INTO chosen FROM below;
  -- Without those whose upstream has failed and stays so.
  LOOP
    SELECT array_agg(c) INTO narrowed FROM unnest(chosen) c
      WHERE NOT EXISTS (
        SELECT FROM queue.dependency d JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final AND o.kind <> 'completed'
        WHERE d.task_id = c AND d.upstream_task_id <> ALL (chosen));
    EXIT WHEN narrowed IS NULL OR cardinality(narrowed) = cardinality(chosen);
    chosen := narrowed;
  END LOOP;
  IF narrowed IS NULL THEN
    RETURN 0;
  END IF;
  WITH again AS (
    UPDATE queue.outcome o SET final = false WHERE o.task_id = ANY (narrowed) AND o.final AND o.kind = 'failed'
    RETURNING o.task_id, o.lane_id, o.data_year),
  waits AS (
    SELECT g.*, (SELECT count(*) FROM queue.dependency d WHERE d.task_id = g.task_id AND NOT EXISTS (
        SELECT FROM queue.outcome u WHERE u.task_id = d.upstream_task_id AND u.final AND u.kind = 'completed'))::integer AS remaining
    FROM again g),
  blocked AS (
    INSERT INTO queue.blocked (task_id, lane_id, remaining, data_year)
    SELECT w.task_id, w.lane_id, w.remaining, w.data_year FROM waits w WHERE w.remaining > 0),
  ready AS (
    INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count)
    SELECT queue._rank(clock_timestamp()), w.task_id, w.lane_id, w.data_year, 0 FROM waits w WHERE w.remaining = 0),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked, failed)
    SELECT w.lane_id, w.data_year, count(*) FILTER (WHERE w.remaining > 0), -count(*) FROM waits w GROUP BY w.lane_id, w.data_year)
  SELECT count(*) INTO reopened FROM waits;
  UPDATE queue.lane a SET closed_at = NULL, breaker_count = 0, breaker_fingerprint = NULL, paused_at = NULL, pause_reason = NULL
    WHERE a.lane_id IN (SELECT p.lane_id FROM queue.planned_task p WHERE p.task_id = ANY (narrowed));
  UPDATE queue.backfill b SET finished_at = NULL WHERE b.backfill_id = $1 AND b.finished_at IS NOT NULL;
  PERFORM queue._notify();
  RETURN reopened;
END
$$;

CREATE FUNCTION queue.retry_task(task_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
  ended queue.outcome;
  upstream bigint;
  reopened bigint;
BEGIN
  SELECT a.backfill_id, b.cancelled_at INTO t
    FROM queue.planned_task p JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id) WHERE p.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill(t.backfill_id);
  SELECT b.backfill_id, b.cancelled_at INTO t FROM queue.backfill b WHERE b.backfill_id = t.backfill_id;
  SELECT * INTO ended FROM queue.outcome o WHERE o.task_id = $1 AND o.final;
  IF ended.kind IS DISTINCT FROM 'failed' THEN
    RAISE EXCEPTION 'task % has not failed: it %', $1, coalesce('is ' || ended.kind, 'has not ended') USING ERRCODE = 'AK006';
  END IF;
  IF t.cancelled_at IS NOT NULL THEN
    RAISE EXCEPTION 'the backfill of task % was cancelled', $1 USING ERRCODE = 'AK006', HINT = 'Enqueue a new backfill, with mode => ''failed''.';
  END IF;
  reopened := queue._reopen(t.backfill_id, ARRAY[$1]);
  IF reopened = 0 THEN
    SELECT d.upstream_task_id INTO upstream FROM queue.dependency d
      JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final AND o.kind <> 'completed' WHERE d.task_id = $1 LIMIT 1;
    RAISE EXCEPTION 'task % waits for task %, which did not complete', $1, upstream USING ERRCODE = 'AK006', HINT = format('SELECT queue.retry_task(%s)', upstream);
  END IF;
  INSERT INTO queue.event (backfill_id, task_id, kind, message) VALUES (t.backfill_id, $1, 'retried', format('%s tasks tried again', reopened));
  RETURN reopened;
END
$$;
COMMENT ON FUNCTION queue.retry_task IS 'Tries a failed task again, with its attempts anew, and the tasks that failed only because it did. Returns how many.';

CREATE FUNCTION queue.retry_backfill(backfill_id bigint, error_class text DEFAULT NULL, dataset text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  b queue.backfill;
  reopened bigint;
BEGIN
  PERFORM queue._lock_backfill($1); -- first, so that a cancellation in flight is seen
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  IF b.cancelled_at IS NOT NULL THEN
    RAISE EXCEPTION 'backfill % was cancelled', $1 USING ERRCODE = 'AK006', HINT = 'Enqueue a new backfill, with mode => ''failed''.';
  END IF;
  reopened := queue._reopen($1, ARRAY(
    SELECT o.task_id FROM queue.lane a JOIN queue.planned_task p USING (lane_id) JOIN queue.outcome o ON o.task_id = p.task_id AND o.final
    WHERE a.backfill_id = $1 AND o.kind = 'failed' AND ($2 IS NULL OR o.error_class = $2) AND ($3 IS NULL OR a.dataset = $3)));
  INSERT INTO queue.event (backfill_id, kind, message)
    VALUES ($1, 'retried', format('%s failed tasks tried again%s%s', reopened, ' of class ' || $2, ' of dataset ' || $3));
  RETURN reopened;
END
$$;
COMMENT ON FUNCTION queue.retry_backfill IS 'Tries all failed tasks of a backfill again, or those of one error class or dataset. Returns how many.';

-- Pause, resume, prioritize -------------------------------------------------------------------------------------------

CREATE FUNCTION queue.pause_queue(reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE queue.setting g SET paused_at = clock_timestamp(), pause_reason = coalesce($1, 'paused by operator'), paused_by = session_user;
  INSERT INTO queue.event (kind, message) VALUES ('paused', 'the whole queue: ' || coalesce($1, ''));
END
$$;
COMMENT ON FUNCTION queue.pause_queue IS 'Nothing is claimed any more; what runs ends as it would.';

CREATE FUNCTION queue.resume_queue() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE queue.setting g SET paused_at = NULL, pause_reason = NULL, paused_by = NULL;
  INSERT INTO queue.event (kind, message) VALUES ('resumed', 'the whole queue');
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_queue IS 'Ends queue.pause_queue(). Other pauses stay.';

CREATE FUNCTION queue.pause_backfill(backfill_id bigint, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.backfill b SET paused_at = clock_timestamp(), pause_reason = coalesce($2, 'paused by operator'), paused_by = session_user
    WHERE b.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'paused', coalesce($2, ''));
END
$$;
COMMENT ON FUNCTION queue.pause_backfill IS 'No more tasks of this backfill are claimed; what runs ends as it would.';

CREATE FUNCTION queue.resume_backfill(backfill_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.lane a SET paused_at = NULL, pause_reason = NULL, breaker_count = 0, breaker_fingerprint = NULL
    WHERE a.backfill_id = $1 AND (a.paused_at IS NOT NULL OR a.breaker_count > 0);
  UPDATE queue.backfill b SET paused_at = NULL, pause_reason = NULL, paused_by = NULL WHERE b.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'resumed', '');
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_backfill IS 'Ends a backfill''s pause, and closes the circuit breakers of its datasets.';

CREATE FUNCTION queue.pause_dataset(dataset text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM queue.lane a WHERE a.dataset = $1) AND NOT EXISTS (SELECT FROM catalog.dataset d WHERE d.name = $1) THEN
    RAISE EXCEPTION 'there is no dataset %', $1 USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.dataset_pause (dataset, paused_at, pause_reason, paused_by)
    VALUES ($1, clock_timestamp(), coalesce($2, 'paused by operator'), session_user)
    ON CONFLICT (dataset) DO UPDATE SET paused_at = EXCLUDED.paused_at, pause_reason = EXCLUDED.pause_reason, paused_by = EXCLUDED.paused_by;
  INSERT INTO queue.event (kind, message) VALUES ('paused', format('dataset %s: %s', $1, $2));
END
$$;
COMMENT ON FUNCTION queue.pause_dataset IS 'No more tasks of this dataset are claimed, in any backfill; what runs ends as it would.';

CREATE FUNCTION queue.resume_dataset(dataset text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  DELETE FROM queue.dataset_pause p WHERE p.dataset = $1;
  UPDATE queue.lane a SET paused_at = NULL, pause_reason = NULL, breaker_count = 0, breaker_fingerprint = NULL
    WHERE a.dataset = $1 AND (a.paused_at IS NOT NULL OR a.breaker_count > 0);
  INSERT INTO queue.event (kind, message) VALUES ('resumed', format('dataset %s', $1));
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_dataset IS 'Ends a dataset''s pause, and closes its circuit breakers in all backfills.';

CREATE FUNCTION queue.pause_source(source_id text, reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.source s SET paused_at = clock_timestamp(), pause_reason = coalesce($2, 'paused by operator'), paused_by = session_user WHERE s.source_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005', HINT = 'SELECT queue.configure_source(...)';
  END IF;
  INSERT INTO queue.event (kind, message) VALUES ('paused', format('source %s: %s', $1, $2));
END
$$;
COMMENT ON FUNCTION queue.pause_source IS 'No more tasks that ask this source are claimed; what runs ends as it would.';

CREATE FUNCTION queue.resume_source(source_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.source s SET paused_at = NULL, pause_reason = NULL, paused_by = NULL WHERE s.source_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'source % is not configured', $1 USING ERRCODE = 'AK005', HINT = 'SELECT queue.configure_source(...)';
  END IF;
  INSERT INTO queue.event (kind, message) VALUES ('resumed', format('source %s', $1));
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.resume_source IS 'Ends a source''s pause. A cool-down stays: queue.end_cool_down().';

CREATE FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  UPDATE queue.lane a SET priority = $2 WHERE a.backfill_id = $1 AND ($3 IS NULL OR a.dataset = $3);
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 || coalesce(' with dataset ' || $3, '') USING ERRCODE = 'AK005';
  END IF;
  INSERT INTO queue.event (backfill_id, kind, message) VALUES ($1, 'prioritized', format('priority %s%s', $2, ' for dataset ' || $3));
END
$$;
COMMENT ON FUNCTION queue.prioritize_backfill IS 'Sets the priority (-100 to 100, higher first) of a backfill''s tasks, or of one dataset in it.';

CREATE FUNCTION queue.prioritize_task(task_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  WITH due AS (DELETE FROM queue.delayed d WHERE d.task_id = $1 RETURNING d.*)
  INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
    SELECT 0, d.task_id, d.lane_id, d.data_year, d.attempt_count, d.lost_count, d.throttle_count FROM due d;
  IF NOT FOUND THEN
    UPDATE queue.ready r SET rank = 0 WHERE r.task_id = $1;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'task % is not waiting for a worker', $1 USING ERRCODE = 'AK006';
    END IF;
  END IF;
  INSERT INTO queue.event (task_id, kind, message) VALUES ($1, 'prioritized', 'to the front');
  PERFORM queue._notify();
END
$$;
COMMENT ON FUNCTION queue.prioritize_task IS 'Puts a waiting task before all others; a backoff ends at once.';

-- Retention -----------------------------------------------------------------------------------------------------------

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
    WHERE b.finished_at < clock_timestamp() - coalesce($1, g.retention_interval) ORDER BY b.finished_at LIMIT 1 FOR UPDATE OF b SKIP LOCKED;
  IF NOT FOUND THEN
    DELETE FROM queue.worker w USING queue.setting g WHERE w.ended_at < clock_timestamp() - coalesce($1, g.retention_interval);
    DELETE FROM queue.event e USING queue.setting g WHERE e.at < clock_timestamp() - coalesce($1, g.retention_interval);
    RETURN 0;
  END IF;
  tasks := ARRAY(SELECT p.task_id FROM queue.lane a JOIN queue.planned_task p USING (lane_id) WHERE a.backfill_id = old.backfill_id LIMIT $2);
  IF cardinality(tasks) > 0 THEN
    DELETE FROM queue.outcome o WHERE o.task_id = ANY (tasks);
    DELETE FROM queue.dependency d WHERE d.task_id = ANY (tasks) OR d.upstream_task_id = ANY (tasks);
    DELETE FROM queue.planned_task p WHERE p.task_id = ANY (tasks);
  ELSE
    DELETE FROM queue.progress p USING queue.lane a WHERE a.backfill_id = old.backfill_id AND p.lane_id = a.lane_id;
    DELETE FROM queue.progress_delta p USING queue.lane a WHERE a.backfill_id = old.backfill_id AND p.lane_id = a.lane_id;
    DELETE FROM queue.event e WHERE e.backfill_id = old.backfill_id;
    DELETE FROM queue.backfill b WHERE b.backfill_id = old.backfill_id; -- lanes and skipped partitions with it
  END IF;
  RETURN greatest(cardinality(tasks), 1);
END
$$;
COMMENT ON FUNCTION queue.prune IS 'Deletes one batch of what finished longer ago than older_than (default queue.setting.retention_interval), the oldest first. Returns how many tasks (or 1 for the emptied backfill itself): call it, in a transaction each, until it returns 0.';
