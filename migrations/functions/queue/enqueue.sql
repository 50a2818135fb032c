-- Plan and enqueue: which partitions of a request become tasks, why the others do not, and what waits for what.

CREATE FUNCTION queue.plan_backfill(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing',
  backfill_key text DEFAULT NULL
) RETURNS TABLE (dataset text, data_year integer, region text, action text, reason text)
LANGUAGE sql STABLE AS $$
  SELECT d.name, y.data_year, r.region,
    CASE WHEN v.reason IS NULL THEN 'enqueue' ELSE 'skip' END, v.reason
  FROM catalog.dataset d
  CROSS JOIN unnest($2) AS y(data_year)
  CROSS JOIN LATERAL (
    SELECT coalesce(
      array_agg(split_part(a, ':', 2)) FILTER (WHERE split_part(a, ':', 1) = d.name AND a ~ ':'),
      array_agg(a) FILTER (WHERE a !~ ':'),
      CASE WHEN $4 = '{}' THEN '{}' ELSE d.regions END) AS regions
    FROM unnest($4) AS a) AS asked
  CROSS JOIN LATERAL (
    SELECT '' AS region WHERE NOT d.is_split
    UNION
    SELECT a FROM unnest(asked.regions) AS a
    WHERE d.is_split AND (a = ANY (d.regions) OR a ~ '^[A-Za-z0-9_-]{1,16}$' AND a ~ ('^(' || d.region_pattern || ')$'))) AS r
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
  WHERE d.name = ANY ($1)
$$;
COMMENT ON FUNCTION queue.plan_backfill IS
  'What queue.enqueue_backfill() would do with the same arguments: each partition, enqueue or skip, and why. '
  'Changes nothing. Of regions, dataset:region is asked of that dataset alone, and overrides for it those without a '
  'dataset; a dataset for which neither is there has those of its definition.';

CREATE FUNCTION queue.unmet_dependencies(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing'
) RETURNS TABLE (dataset text, upstream text, years integer[], task_count bigint, is_possible boolean)
LANGUAGE sql STABLE AS $$
  WITH planned AS MATERIALIZED (
    SELECT p.dataset, p.data_year, p.region FROM queue.plan_backfill($1, $2, $3, $4, $5) p WHERE p.action = 'enqueue'),
  needed AS (
    SELECT p.dataset, p.data_year, p.region, u.name AS upstream,
      p.data_year BETWEEN u.first_year AND coalesce(u.last_year, p.data_year) AS is_possible
    FROM planned p JOIN catalog.dataset d ON d.name = p.dataset JOIN catalog.dataset u ON u.name = ANY (d.depends_on))
  SELECT n.dataset, n.upstream, array_agg(DISTINCT n.data_year ORDER BY n.data_year), count(*), n.is_possible
  FROM needed n
  WHERE NOT EXISTS (
      SELECT FROM planned p WHERE p.dataset = n.upstream AND p.data_year = n.data_year
        AND (p.region = n.region OR p.region = '' OR n.region = ''))
    AND NOT EXISTS (
      SELECT FROM lake.current c WHERE c.dataset = n.upstream AND c.data_year = n.data_year
        AND (c.region = n.region OR c.region = '' OR n.region = ''))
    AND NOT EXISTS (
      SELECT FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
      WHERE l.dataset = n.upstream AND l.closed_at IS NULL AND b.finished_at IS NULL AND t.data_year = n.data_year
        AND b.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))
        AND (t.region = n.region OR t.region = '' OR n.region = '')
        AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final))
  GROUP BY n.dataset, n.upstream, n.is_possible ORDER BY n.dataset, n.upstream, n.is_possible DESC
$$;
COMMENT ON FUNCTION queue.unmet_dependencies IS
  'Of what queue.plan_backfill() would enqueue with the same arguments: the years whose upstream dataset is neither '
  'published, nor planned with it, nor built by an open backfill of the same vintage. Their tasks would fail. '
  'is_possible: whether the upstream has those years at all.';

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
COMMENT ON FUNCTION queue.enqueue_backfill IS
  'Enqueues the partitions of a request as tasks, set-based and idempotently: under one backfill_key a partition is '
  'one task. What is skipped goes to queue.skipped_partition with its reason. `mode`: missing, failed, stale or '
  'all.';
