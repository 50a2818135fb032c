-- Plan and enqueue: which partitions of a request become tasks, why the others do not, and what waits for what.
--
-- Everything here is one pass over the partitions, with joins by equality only: a comparison with a list, or an OR in a
-- join, is quadratic in regions, of which there are 3,200 counties and 85,000 tracts.

CREATE FUNCTION queue.require_vintage(as_of text, allow_future boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  this_month text := to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM');
  vintage text := coalesce($1, this_month);
BEGIN
  IF vintage !~ '^\d{4}-(0[1-9]|1[0-2])$' THEN
    RAISE EXCEPTION 'as_of % is not a month', vintage USING ERRCODE = 'AK003', HINT = 'YYYY-MM, such as 2024-06';
  END IF;
  IF vintage > this_month AND NOT allow_future THEN
    RAISE EXCEPTION 'the vintage % is in the future: this month is %', vintage, this_month USING ERRCODE = 'AK006',
      HINT = 'Until then it would hide every correction. If it is meant: --allow-future-vintage (in SQL, '
        'allow_future_vintage => true)';
  END IF;
  RETURN vintage;
END
$$;
COMMENT ON FUNCTION queue.require_vintage IS
  'The vintage, this month''s for NULL. AK003 for what is no month, or one of the future that is not allowed: it '
  'would hide every correction until then.';

CREATE FUNCTION queue._asked_regions(datasets text[], regions text[]) RETURNS TABLE (dataset text, region text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH chosen AS MATERIALIZED (SELECT d.* FROM catalog.dataset d WHERE d.name = ANY ($1)),
  given AS MATERIALIZED (
    SELECT DISTINCT CASE WHEN a ~ ':' THEN split_part(a, ':', 1) END AS dataset,
      CASE WHEN a ~ ':' THEN split_part(a, ':', 2) ELSE a END AS region
    FROM unnest($2) AS a),
  asked AS MATERIALIZED (
    SELECT d.name, g.region FROM chosen d JOIN given g ON g.dataset = d.name
    UNION ALL
    SELECT d.name, g.region FROM chosen d CROSS JOIN given g
    WHERE g.dataset IS NULL AND NOT EXISTS (SELECT FROM given o WHERE o.dataset = d.name)),
  declared AS MATERIALIZED (SELECT DISTINCT d.name, r AS region FROM chosen d CROSS JOIN unnest(d.regions) AS r
    WHERE d.is_split)
  SELECT d.name, '' FROM chosen d WHERE NOT d.is_split
  UNION ALL
  SELECT r.name, r.region FROM declared r
  WHERE $2 IS DISTINCT FROM '{}' AND r.name NOT IN (SELECT a.name FROM asked a)
  UNION ALL
  SELECT a.name, a.region
  FROM asked a JOIN chosen d ON d.name = a.name AND d.is_split
    LEFT JOIN declared r ON r.name = a.name AND r.region = a.region
  WHERE r.region IS NOT NULL OR a.region ~ '^[A-Za-z0-9_-]{1,16}$' AND a.region ~ ('^(' || d.region_pattern || ')$')
$$;
COMMENT ON FUNCTION queue._asked_regions IS
  'The regions of each dataset that a request is about: those asked of it (dataset:region) or else of all, where it '
  'has or allows them; those of its definition where none are asked. The empty one where it is not split.';

-- What the tables know of a request's partitions, each by its own index from few rows to many: the planner, who cannot
-- know how many regions there are, has no say.

CREATE FUNCTION queue._made_partitions(datasets text[], as_of text)
RETURNS TABLE (
  dataset text, data_year integer, region text, definition_hash text, published_at timestamptz, shown_as_of text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  SELECT m.dataset, m.data_year, m.region, m.definition_hash, p.published_at, w.as_of
  FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
    LEFT JOIN warehouse.partition w ON w.dataset = m.dataset AND w.data_year = m.data_year AND w.region = m.region
  WHERE m.dataset = ANY ($1) AND m.state <> 'missing' AND m.as_of = $2
$$;
COMMENT ON FUNCTION queue._made_partitions IS
  'Partitions of datasets that the lake has at a vintage, and the vintage that the warehouse shows of each.';

CREATE FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text)
RETURNS TABLE (dataset text, data_year integer, region text, task_id bigint, backfill_id bigint, backfill_key text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  SELECT DISTINCT ON (l.dataset, t.data_year, t.region)
    l.dataset, t.data_year::integer, t.region, t.task_id, b.backfill_id, b.backfill_key
  FROM queue.backfill b JOIN queue.lane l USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
  WHERE b.finished_at IS NULL AND l.closed_at IS NULL AND l.dataset = ANY ($1) AND b.as_of = $2
    AND b.backfill_key IS DISTINCT FROM $3
    AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final)
  ORDER BY l.dataset, t.data_year, t.region, t.task_id
$$;
COMMENT ON FUNCTION queue._held_partitions IS
  'Partitions of datasets that open backfills of a vintage build, besides the one with the given key, and by which '
  'task.';

CREATE FUNCTION queue._ended_partitions(datasets text[], as_of text)
RETURNS TABLE (dataset text, data_year integer, region text, kind queue.outcome_kind)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
  SELECT DISTINCT ON (l.dataset, t.data_year, t.region) l.dataset, t.data_year::integer, t.region, o.kind
  FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
    JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
  WHERE l.dataset = ANY ($1) AND b.as_of = $2
  ORDER BY l.dataset, t.data_year, t.region, o.finished_at DESC
$$;
COMMENT ON FUNCTION queue._ended_partitions IS 'How the last task of each partition of datasets ended, at a vintage.';

CREATE FUNCTION queue.plan_backfill(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing',
  backfill_key text DEFAULT NULL
) RETURNS TABLE (dataset text, data_year integer, region text, action text, reason text)
LANGUAGE sql STABLE
-- Hash joins, whatever the planner believes: any other compares each partition with all of its dataset.
SET enable_nestloop = off SET enable_mergejoin = off SET jit = off AS $$
  WITH request AS MATERIALIZED (SELECT coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')) AS vintage),
  -- When what a dataset reads was last published, by year.
  upstream AS MATERIALIZED (
    SELECT d.name AS dataset, u.data_year, max(u.published_at) AS published_at
    FROM catalog.dataset d JOIN lineage.publication u ON u.dataset = ANY (d.depends_on)
    WHERE $5 = 'stale' AND d.name = ANY ($1) AND u.outcome = 'published'
    GROUP BY d.name, u.data_year)
  SELECT d.name, y.data_year, r.region, CASE WHEN v.reason IS NULL THEN 'enqueue' ELSE 'skip' END, v.reason
  FROM queue._asked_regions($1, $4) AS r
  JOIN catalog.dataset d ON d.name = r.dataset
  CROSS JOIN unnest($2) AS y(data_year)
  LEFT JOIN queue._made_partitions($1, (SELECT vintage FROM request)) AS made
    ON made.dataset = r.dataset AND made.data_year = y.data_year AND made.region = r.region
  LEFT JOIN queue._held_partitions($1, (SELECT vintage FROM request), $6) AS held
    ON held.dataset = r.dataset AND held.data_year = y.data_year AND held.region = r.region
  LEFT JOIN queue._ended_partitions(CASE WHEN $5 = 'failed' THEN $1 END, (SELECT vintage FROM request)) AS ended
    ON ended.dataset = r.dataset AND ended.data_year = y.data_year AND ended.region = r.region
  LEFT JOIN upstream u ON u.dataset = r.dataset AND u.data_year = y.data_year
  CROSS JOIN LATERAL (SELECT CASE
    WHEN y.data_year < d.first_year OR y.data_year > d.last_year THEN
      format('outside the dataset''s years, %s-%s', d.first_year, coalesce(d.last_year::text, ''))
    WHEN held.task_id IS NOT NULL THEN
      format('task %s of backfill %s (%s) already builds it', held.task_id, held.backfill_id, held.backfill_key)
    WHEN $5 = 'missing' AND made.shown_as_of > (SELECT vintage FROM request)
      THEN format('kept in the lake: the warehouse shows %s', made.shown_as_of)
    WHEN $5 = 'missing' AND made.dataset IS NOT NULL THEN 'already published'
    WHEN $5 = 'failed' AND ended.kind IS DISTINCT FROM 'failed' THEN 'its last task did not fail'
    WHEN $5 = 'stale' AND made.dataset IS NULL THEN 'not published yet: nothing to be stale'
    WHEN $5 = 'stale' AND made.definition_hash = d.definition_hash AND (u.published_at > made.published_at) IS NOT TRUE
      THEN 'up to date'
    END AS reason) AS v
$$;
COMMENT ON FUNCTION queue.plan_backfill IS
  'What queue.enqueue_backfill() would do with the same arguments: each partition, enqueue or skip, and why. Changes '
  'nothing. Of regions, dataset:region is asked of that dataset alone, and overrides for it those without a dataset; '
  'a dataset for which neither is there has those of its definition.';

CREATE FUNCTION queue.unmet_dependencies(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing'
) RETURNS TABLE (dataset text, upstream text, years integer[], task_count bigint, is_possible boolean)
LANGUAGE sql STABLE SET enable_nestloop = off SET enable_mergejoin = off SET jit = off AS $$
  WITH planned AS MATERIALIZED (
    SELECT p.dataset, p.data_year, p.region FROM queue.plan_backfill($1, $2, $3, $4, $5) p WHERE p.action = 'enqueue'),
  needed AS (
    SELECT p.dataset, p.data_year, p.region, u.name AS upstream,
      p.data_year BETWEEN u.first_year AND coalesce(u.last_year, p.data_year) AS is_possible
    FROM planned p JOIN catalog.dataset d ON d.name = p.dataset JOIN catalog.dataset u ON u.name = ANY (d.depends_on)),
  there AS MATERIALIZED (
    SELECT p.dataset, p.data_year, p.region FROM planned p
    UNION ALL
    SELECT c.dataset, c.data_year, c.region FROM lake.current c WHERE c.dataset IN (SELECT n.upstream FROM needed n)
    UNION ALL
    SELECT h.dataset, h.data_year, h.region
    FROM queue._held_partitions(
      ARRAY(SELECT DISTINCT n.upstream FROM needed n), coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')),
        NULL) h)
  SELECT n.dataset, n.upstream, array_agg(DISTINCT n.data_year ORDER BY n.data_year), count(*), n.is_possible
  FROM needed n
  WHERE NOT EXISTS (
      SELECT FROM there t WHERE t.dataset = n.upstream AND t.data_year = n.data_year AND t.region = n.region)
    AND NOT EXISTS (
      SELECT FROM there t WHERE t.dataset = n.upstream AND t.data_year = n.data_year AND t.region = '')
    AND (n.region <> '' OR NOT EXISTS (
      SELECT FROM there t WHERE t.dataset = n.upstream AND t.data_year = n.data_year))
  GROUP BY n.dataset, n.upstream, n.is_possible ORDER BY n.dataset, n.upstream, n.is_possible DESC
$$;
COMMENT ON FUNCTION queue.unmet_dependencies IS
  'Of what queue.plan_backfill() would enqueue with the same arguments: the years whose upstream dataset is neither '
  'published, nor planned with it, nor built by an open backfill of the same vintage. Their tasks would fail. '
  'is_possible: whether the upstream has those years at all.';

CREATE FUNCTION queue._check_request(datasets text[], years integer[], as_of text, mode text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  unknown text;
  cycle text;
BEGIN
  IF datasets IS NULL OR cardinality(datasets) = 0 OR years IS NULL OR cardinality(years) = 0 THEN
    RAISE EXCEPTION 'a backfill needs at least one dataset and one year' USING ERRCODE = 'AK003';
  END IF;
  IF mode IS NULL OR mode NOT IN ('missing', 'failed', 'stale', 'all') THEN
    RAISE EXCEPTION 'mode % is not known', coalesce(mode, 'NULL')
      USING ERRCODE = 'AK003', HINT = 'missing, failed, stale or all';
  END IF;
  SELECT string_agg(n, ', ' ORDER BY n) INTO unknown FROM unnest(datasets) n
    WHERE NOT EXISTS (SELECT FROM catalog.dataset d WHERE d.name = n);
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'not in the catalog: %', unknown USING ERRCODE = 'AK005', HINT = 'SELECT name FROM catalog.dataset';
  END IF;
  WITH RECURSIVE path(name, seen, closes) AS (
    SELECT d.name, ARRAY[d.name], false FROM catalog.dataset d WHERE d.name = ANY (datasets)
    UNION ALL
    SELECT u, p.seen || u, u = ANY (p.seen)
    FROM path p JOIN catalog.dataset d ON d.name = p.name CROSS JOIN unnest(d.depends_on) u
    WHERE NOT p.closes AND u = ANY (datasets))
  SELECT array_to_string(p.seen, ' → ') INTO cycle FROM path p WHERE p.closes ORDER BY cardinality(p.seen) LIMIT 1;
  IF cycle IS NOT NULL THEN
    RAISE EXCEPTION 'the datasets depend on each other in a circle: %', cycle USING ERRCODE = 'AK004';
  END IF;
END
$$;
COMMENT ON FUNCTION queue._check_request IS 'Raises where a request for a backfill makes no sense.';

CREATE FUNCTION queue._open_backfill(request queue.backfill) RETURNS queue.backfill
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b queue.backfill;
BEGIN
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_key = request.backfill_key;
  IF NOT FOUND THEN
    b.backfill_id := nextval(pg_get_serial_sequence('queue.backfill', 'backfill_id'));
    INSERT INTO queue.backfill (backfill_id, backfill_key, as_of, mode, newest_first, max_running, requested_by, note)
      VALUES (b.backfill_id, coalesce(request.backfill_key, 'backfill-' || b.backfill_id), request.as_of, request.mode,
        request.newest_first, request.max_running, request.requested_by, request.note)
      RETURNING * INTO b;
  ELSIF b.as_of <> request.as_of THEN
    RAISE EXCEPTION 'backfill % (%) has as_of %, not %', b.backfill_id, b.backfill_key, b.as_of, request.as_of
      USING ERRCODE = 'AK006', HINT = 'Enqueue under another key, or for the same as_of.';
  END IF;
  PERFORM queue._lock_backfill(b.backfill_id);
  IF EXISTS (SELECT FROM queue.backfill f WHERE f.backfill_id = b.backfill_id AND f.cancelled_at IS NOT NULL) THEN
    RAISE EXCEPTION 'backfill % (%) was cancelled', b.backfill_id, b.backfill_key
      USING ERRCODE = 'AK006', HINT = 'Enqueue under another key.';
  END IF;
  RETURN b;
END
$$;
COMMENT ON FUNCTION queue._open_backfill IS 'The backfill of a request''s key, locked; made if there is none yet.';

CREATE FUNCTION queue._link_tasks(backfill_id bigint, as_of text, after_task_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
  dependency_count bigint;
BEGIN
  IF NOT EXISTS (
    SELECT FROM queue.lane l JOIN catalog.dataset d ON d.name = l.dataset
    WHERE l.backfill_id = $1 AND cardinality(d.depends_on) > 0)
  THEN
    RETURN 0;
  END IF;
  INSERT INTO queue.dependency (upstream_task_id, task_id, across)
    WITH link AS MATERIALIZED (
      SELECT l.lane_id, u.lane_id AS upstream_lane_id, u.backfill_id <> l.backfill_id AS across
      FROM queue.lane l JOIN catalog.dataset d ON d.name = l.dataset JOIN queue.lane u ON u.dataset = ANY (d.depends_on)
        JOIN queue.backfill ub ON ub.backfill_id = u.backfill_id
      WHERE l.backfill_id = $1 AND ub.as_of = $2 AND ub.finished_at IS NULL),
    waiting AS MATERIALIZED (
      SELECT t.task_id, t.data_year, t.region, k.upstream_lane_id, k.across
      FROM queue.planned_task t JOIN link k USING (lane_id) WHERE t.task_id > $3),
    pair AS (
      SELECT u.task_id AS upstream_task_id, w.task_id, w.across
      FROM waiting w JOIN queue.planned_task u
        ON u.lane_id = w.upstream_lane_id AND u.data_year = w.data_year AND u.region = w.region
      UNION ALL
      -- An unsplit upstream serves all regions.
      SELECT u.task_id, w.task_id, w.across
      FROM waiting w JOIN queue.planned_task u
        ON u.lane_id = w.upstream_lane_id AND u.data_year = w.data_year AND u.region = ''
      WHERE w.region <> ''
      UNION ALL
      -- An unsplit task needs all regions of its upstream.
      SELECT u.task_id, w.task_id, w.across
      FROM waiting w JOIN queue.planned_task u ON u.lane_id = w.upstream_lane_id AND u.data_year = w.data_year
      WHERE w.region = '' AND u.region <> '')
    SELECT p.upstream_task_id, p.task_id, p.across FROM pair p
    WHERE NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = p.upstream_task_id AND o.final)
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS dependency_count = ROW_COUNT;
  UPDATE queue.lane l SET has_dependents = true
    WHERE NOT l.has_dependents AND l.lane_id IN (
      SELECT DISTINCT u.lane_id
      FROM queue.planned_task t JOIN queue.dependency d ON d.task_id = t.task_id
        JOIN queue.planned_task u ON u.task_id = d.upstream_task_id
      WHERE t.task_id > $3);
  RETURN dependency_count;
END
$$;
COMMENT ON FUNCTION queue._link_tasks IS
  'Makes the new tasks of a backfill wait for the same partition of the datasets that theirs depend on: in this '
  'backfill, or where another open one of the vintage builds it. Returns how many dependencies there are.';

CREATE FUNCTION queue._place_tasks(after_task_id bigint, with_dependencies boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  now_rank bigint := queue._rank(clock_timestamp());
BEGIN
  IF with_dependencies THEN
    INSERT INTO queue.blocked (task_id, lane_id, remaining, data_year)
      SELECT t.task_id, t.lane_id, count(*), t.data_year
      FROM queue.planned_task t JOIN queue.dependency d ON d.task_id = t.task_id WHERE t.task_id > $1
        GROUP BY t.task_id;
  END IF;
  INSERT INTO queue.ready (rank, task_id, lane_id, data_year)
    SELECT now_rank, t.task_id, t.lane_id, t.data_year FROM queue.planned_task t
    WHERE t.task_id > $1
      AND (NOT with_dependencies OR NOT EXISTS (SELECT FROM queue.blocked k WHERE k.task_id = t.task_id));
  INSERT INTO queue.progress AS p (lane_id, data_year, total, blocked, completed, failed, cancelled)
    SELECT n.lane_id, n.data_year, sum(n.total), sum(n.blocked), 0, 0, 0
    FROM (
      SELECT t.lane_id, t.data_year, count(*) AS total, 0 AS blocked
      FROM queue.planned_task t WHERE t.task_id > $1 GROUP BY t.lane_id, t.data_year
      UNION ALL
      SELECT k.lane_id, k.data_year, 0, count(*) FROM queue.blocked k
      WHERE with_dependencies AND k.task_id > $1 GROUP BY k.lane_id, k.data_year) AS n
    GROUP BY n.lane_id, n.data_year
    ON CONFLICT (lane_id, data_year) DO UPDATE SET total = p.total + EXCLUDED.total,
      blocked = p.blocked + EXCLUDED.blocked, change_count = p.change_count + 1, changed_in = EXCLUDED.changed_in;
END
$$;
COMMENT ON FUNCTION queue._place_tasks IS
  'Puts new tasks where they begin, queue.blocked or queue.ready, and counts them.';

CREATE FUNCTION queue._settle_lanes(backfill_id bigint, after_task_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  -- Lanes without tasks are closed at once; those with new ones are open (again).
  UPDATE queue.lane l SET closed_at = CASE WHEN n.open THEN NULL ELSE coalesce(l.closed_at, clock_timestamp()) END
    FROM (
      SELECT a.lane_id, EXISTS (SELECT FROM queue.planned_task t WHERE t.lane_id = a.lane_id AND t.task_id > $2) AS open
      FROM queue.lane a WHERE a.backfill_id = $1) AS n
    WHERE l.lane_id = n.lane_id AND (n.open AND l.closed_at IS NOT NULL OR NOT n.open AND l.closed_at IS NULL
      AND NOT EXISTS (SELECT FROM queue.planned_task t WHERE t.lane_id = l.lane_id));
  UPDATE queue.backfill f SET finished_at = CASE
      WHEN EXISTS (SELECT FROM queue.lane l WHERE l.backfill_id = $1 AND l.closed_at IS NULL) THEN NULL
      ELSE coalesce(f.finished_at, clock_timestamp()) END
    WHERE f.backfill_id = $1;
END
$$;

CREATE FUNCTION queue.enqueue_backfill(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing',
  newest_first boolean DEFAULT true, priority integer DEFAULT 0, max_running integer DEFAULT NULL,
  backfill_key text DEFAULT NULL, note text DEFAULT NULL, max_attempts integer DEFAULT NULL,
  task_timeout interval DEFAULT NULL, requested_by text DEFAULT session_user, allow_future_vintage boolean DEFAULT false
) RETURNS TABLE (backfill_id bigint, enqueued bigint, skipped bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET work_mem = '64MB' SET jit = off AS $$
#variable_conflict use_column
DECLARE
  request queue.backfill;
  b queue.backfill;
  last_task_id bigint;
  skip_count bigint;
  task_count bigint;
BEGIN
  request.backfill_key := enqueue_backfill.backfill_key;
  request.as_of := queue.require_vintage(enqueue_backfill.as_of, allow_future_vintage);
  request.mode := enqueue_backfill.mode;
  request.newest_first := enqueue_backfill.newest_first;
  request.max_running := enqueue_backfill.max_running;
  request.requested_by := enqueue_backfill.requested_by;
  request.note := enqueue_backfill.note;
  PERFORM queue._check_request(datasets, years, request.as_of, request.mode);

  -- One enqueue at a time, so that two backfills never both take a partition.
  PERFORM pg_advisory_xact_lock(queue._lock_key('enqueue'));
  b := queue._open_backfill(request);

  INSERT INTO queue.lane AS l (backfill_id, dataset, source_ids, definition_hash, priority, max_attempts,
      task_timeout_interval, head_rank)
    SELECT b.backfill_id, d.name,
      CASE WHEN d.primary_source_id IS NULL THEN d.source_ids
        ELSE ARRAY[d.primary_source_id] || array_remove(d.source_ids, d.primary_source_id) END,
      d.definition_hash, enqueue_backfill.priority, coalesce(enqueue_backfill.max_attempts, g.max_attempts),
      coalesce(enqueue_backfill.task_timeout, g.task_timeout_interval), queue._rank(clock_timestamp())
    FROM catalog.dataset d CROSS JOIN queue.setting g WHERE d.name = ANY (datasets) ORDER BY d.name
    ON CONFLICT (backfill_id, dataset) DO NOTHING;

  SELECT coalesce(max(task_id), 0) INTO last_task_id FROM queue.planned_task;
  -- Planned once. What was asked for and has no task in this backfill was skipped, and says why. Nobody else enqueues,
  -- so that the first tasks of a backfill conflict with none: looking for one at each costs as much as all the rest.
  EXECUTE format($sql$
    WITH plan AS MATERIALIZED (
      SELECT l.lane_id, p.data_year, p.region, p.reason
      FROM queue.plan_backfill($1, $2, $3, $4, $5, $6) p JOIN queue.lane l ON l.backfill_id = $7
        AND l.dataset = p.dataset),
    added AS (
      INSERT INTO queue.planned_task (lane_id, data_year, region)
      SELECT p.lane_id, p.data_year, p.region FROM plan p WHERE p.reason IS NULL
      ORDER BY p.data_year %s, p.lane_id, p.region COLLATE "C"
      %s
      RETURNING 1),
    left_out AS (
      INSERT INTO queue.skipped_partition (lane_id, data_year, region, reason)
      SELECT p.lane_id, p.data_year, p.region, p.reason
      FROM plan p LEFT JOIN queue.planned_task t USING (lane_id, data_year, region)
      WHERE p.reason IS NOT NULL AND t.task_id IS NULL
      ON CONFLICT (lane_id, data_year, region) DO UPDATE SET reason = EXCLUDED.reason, skipped_at = now()
      RETURNING 1)
    SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM left_out)
    $sql$, CASE WHEN b.newest_first THEN 'DESC' ELSE 'ASC' END,
      CASE WHEN EXISTS (SELECT FROM queue.lane l JOIN queue.planned_task t USING (lane_id)
        WHERE l.backfill_id = b.backfill_id)
        THEN 'ON CONFLICT ON CONSTRAINT planned_task_partition DO NOTHING' ELSE '' END)
    INTO task_count, skip_count
    USING datasets, ARRAY(SELECT DISTINCT y FROM unnest(years) AS y), b.as_of, regions, request.mode, b.backfill_key,
      b.backfill_id;

  -- What is added under a key whose lane is older is built by the definition of now, too.
  INSERT INTO queue.task_definition (task_id, definition_hash)
    SELECT t.task_id, d.definition_hash
    FROM queue.lane l JOIN catalog.dataset d ON d.name = l.dataset AND d.definition_hash <> l.definition_hash
      JOIN queue.planned_task t USING (lane_id)
    WHERE l.backfill_id = b.backfill_id AND t.task_id > last_task_id;
  PERFORM queue._place_tasks(last_task_id, queue._link_tasks(b.backfill_id, b.as_of, last_task_id) > 0);
  PERFORM queue._settle_lanes(b.backfill_id, last_task_id);
  INSERT INTO queue.event (backfill_id, kind, message)
    VALUES (b.backfill_id, 'enqueued',
      format('%s tasks enqueued, %s partitions skipped (%s)', task_count, skip_count, request.mode));
  IF task_count > 0 THEN
    PERFORM queue._notify(task_count);
  END IF;
  RETURN QUERY SELECT b.backfill_id, task_count, skip_count;
END
$$;
COMMENT ON FUNCTION queue.enqueue_backfill IS
  'Enqueues the partitions of a request as tasks, set-based and idempotently: under one backfill_key a partition is '
  'one task. What is skipped goes to queue.skipped_partition with its reason. `mode`: missing, failed, stale or all.';
