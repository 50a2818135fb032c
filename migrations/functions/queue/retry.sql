-- Retry: failed tasks are tried again, with those that failed only because they did.

-- Both are asked of many tasks at once: a hundred thousand asked one by one take seconds.
CREATE FUNCTION queue._held_elsewhere(task_ids bigint[]) RETURNS TABLE (task_id bigint, held_by bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  -- Lanes first: where no other open backfill has the dataset and vintage, no task is read.
  WITH rival AS MATERIALIZED (
    SELECT l.lane_id, a.lane_id AS other_id
    FROM queue.lane l JOIN queue.backfill m USING (backfill_id)
      JOIN queue.lane a ON a.dataset = l.dataset AND a.backfill_id <> l.backfill_id AND a.closed_at IS NULL
      JOIN queue.backfill b ON b.backfill_id = a.backfill_id AND b.finished_at IS NULL AND b.as_of = m.as_of)
  SELECT mine.task_id, min(t.task_id)
  FROM rival r JOIN queue.planned_task mine ON mine.lane_id = r.lane_id
    JOIN queue.planned_task t ON t.lane_id = r.other_id AND t.data_year = mine.data_year AND t.region = mine.region
  WHERE mine.task_id = ANY ($1) AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final)
  GROUP BY mine.task_id
$$;
COMMENT ON FUNCTION queue._held_elsewhere IS
  'Those of these tasks whose partition a task of another open backfill builds, and which.';

CREATE FUNCTION queue._published_since(task_ids bigint[]) RETURNS TABLE (task_id bigint, publication_id bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT t.task_id, p.publication_id
  FROM queue.planned_task t JOIN queue.lane l USING (lane_id) JOIN queue.backfill b USING (backfill_id)
    JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
    JOIN lake.manifest m ON m.dataset = l.dataset AND m.data_year = t.data_year AND m.region = t.region
      AND m.as_of = b.as_of
    JOIN lineage.publication p ON p.publication_id = m.publication_id AND p.published_at > o.finished_at
  WHERE t.task_id = ANY ($1)
$$;
COMMENT ON FUNCTION queue._published_since IS
  'Those of these ended tasks whose partition and vintage was published since, and as which publication.';

CREATE FUNCTION queue._held_words(held_by bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('task %s of backfill %s (%s) already builds it', t.task_id, b.backfill_id, b.backfill_key)
  FROM queue.planned_task t JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
  WHERE t.task_id = $1
$$;

CREATE FUNCTION queue._published_words(task_id bigint, publication_id bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('%s was published since, as publication %s', queue._task_name($1), $2)
$$;

CREATE FUNCTION queue.held_elsewhere(task_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT queue._held_words(h.held_by) FROM queue._held_elsewhere(ARRAY[$1]) h
$$;
COMMENT ON FUNCTION queue.held_elsewhere IS
  'Why a failed task would not be tried again now: which task of another open backfill builds its partition; NULL '
  'where none does.';

CREATE FUNCTION queue.those_left_alone(task_ids bigint[]) RETURNS TABLE (task_id bigint, holder text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT task_id, CASE WHEN h.held_by IS NOT NULL THEN queue._held_words(h.held_by)
    ELSE queue._published_words(task_id, p.publication_id) END
  FROM queue._held_elsewhere($1) h FULL JOIN queue._published_since($1) p USING (task_id)
$$;
COMMENT ON FUNCTION queue.those_left_alone IS
  'Those of failed tasks that a retry would leave alone, each with the reason: another open backfill builds its '
  'partition, or it was published since.';

CREATE FUNCTION queue.left_alone(task_id bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT a.holder FROM queue.those_left_alone(ARRAY[$1]) a
$$;
COMMENT ON FUNCTION queue.left_alone IS 'The same of one task; NULL where nothing speaks against its retry.';

-- For one task that has not begun: a restoration, which is by the definition of what it restores.
CREATE FUNCTION queue.name_definition(task_id bigint, definition text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO queue.task_definition (task_id, definition_hash, is_named)
    SELECT p.task_id, f.definition_hash, true
    FROM queue.planned_task p JOIN queue.lane l USING (lane_id) JOIN catalog.definition f USING (dataset)
    WHERE p.task_id = $1 AND f.definition_hash = $2
      AND queue._definition_of(p.task_id, clock_timestamp(), l.definition_hash) <> f.definition_hash;
END
$$;
COMMENT ON FUNCTION queue.name_definition IS
  'Has the attempts of a task that begin from now on made by a definition of its dataset, superseded or not.';

CREATE FUNCTION queue._reopen(backfill_id bigint, task_ids bigint[], named text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
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
  -- Without what others build, or was published since.
  SELECT array_agg(c) INTO chosen FROM unnest(chosen) c
  WHERE c NOT IN (SELECT h.task_id FROM queue._held_elsewhere(chosen) h)
    AND ($3 IS NOT NULL AND c = ANY ($2) OR c NOT IN (SELECT p.task_id FROM queue._published_since(chosen) p));
  -- Without those whose upstream has failed and stays so.
  LOOP
    SELECT array_agg(c) INTO narrowed FROM unnest(chosen) c
      WHERE NOT EXISTS (
        SELECT FROM queue.dependency d JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final
          AND o.kind <> 'completed'
        WHERE d.task_id = c AND d.upstream_task_id <> ALL (chosen)
          AND NOT EXISTS (SELECT FROM queue._published_since(ARRAY[d.upstream_task_id])));
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
        SELECT FROM queue.outcome u WHERE u.task_id = d.upstream_task_id AND u.final AND u.kind = 'completed')
        AND NOT EXISTS (SELECT FROM queue._published_since(ARRAY[d.upstream_task_id])))::integer AS remaining
    FROM again g),
  blocked AS (
    INSERT INTO queue.blocked (task_id, lane_id, remaining, data_year)
    SELECT w.task_id, w.lane_id, w.remaining, w.data_year FROM waits w WHERE w.remaining > 0),
  ready AS (
    INSERT INTO queue.ready (rank, task_id, lane_id, data_year, attempt_count)
    -- One rank for all, which are then in the order of their numbers: a hundred thousand calls take a second.
    SELECT (SELECT queue._rank(clock_timestamp())), w.task_id, w.lane_id, w.data_year, 0
    FROM waits w WHERE w.remaining = 0),
  counted AS (
    INSERT INTO queue.progress_delta (lane_id, data_year, blocked, failed)
    SELECT w.lane_id, w.data_year, count(*) FILTER (WHERE w.remaining > 0), -count(*) FROM waits w
      GROUP BY w.lane_id, w.data_year)
  SELECT count(*) INTO reopened FROM waits;
  -- By the definition of now, or the one that was asked for; each attempt tells which it was made by.
  INSERT INTO queue.task_definition (task_id, definition_hash, is_named)
    SELECT w.task_id, w.wanted, w.is_named FROM (
      SELECT p.task_id, $3 IS NOT NULL AND p.task_id = ANY ($2) AS is_named,
        CASE WHEN p.task_id = ANY ($2) THEN coalesce($3, d.definition_hash) ELSE d.definition_hash END AS wanted,
        -- Few have any but their lane's first.
        CASE WHEN EXISTS (SELECT FROM queue.task_definition n WHERE n.task_id = p.task_id)
            OR EXISTS (SELECT FROM queue.lane_definition n WHERE n.lane_id = l.lane_id)
          THEN queue._definition_of(p.task_id, clock_timestamp(), l.definition_hash) ELSE l.definition_hash END AS known
      FROM queue.planned_task p JOIN queue.lane l USING (lane_id) JOIN catalog.dataset d ON d.name = l.dataset
      WHERE p.task_id = ANY (narrowed)
        -- All others are made by the definition that their lane has.
        AND ($3 IS NOT NULL OR d.definition_hash <> l.definition_hash
          OR p.task_id IN (SELECT n.task_id FROM queue.task_definition n)
          OR p.lane_id IN (SELECT n.lane_id FROM queue.lane_definition n))) w
    WHERE w.wanted <> w.known;
  UPDATE queue.lane a SET closed_at = NULL, breaker_count = 0, breaker_fingerprint = NULL, paused_at = NULL,
    pause_reason = NULL
    WHERE a.lane_id IN (SELECT p.lane_id FROM queue.planned_task p WHERE p.task_id = ANY (narrowed));
  UPDATE queue.backfill b SET finished_at = NULL WHERE b.backfill_id = $1 AND b.finished_at IS NOT NULL;
  PERFORM queue._notify();
  RETURN reopened;
END
$$;

CREATE FUNCTION queue.retry_task(task_id bigint, definition text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
  ended queue.outcome;
  upstream bigint;
  reason text;
  named text;
  reopened bigint;
BEGIN
  -- as enqueueing, and before the backfill's own, as enqueueing
  PERFORM pg_advisory_xact_lock(queue._lock_key('enqueue'));
  SELECT a.backfill_id, a.dataset, b.cancelled_at INTO t
    FROM queue.planned_task p JOIN queue.lane a USING (lane_id) JOIN queue.backfill b USING (backfill_id)
      WHERE p.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  PERFORM queue._lock_backfill(t.backfill_id);
  SELECT b.cancelled_at INTO t.cancelled_at FROM queue.backfill b WHERE b.backfill_id = t.backfill_id;
  SELECT * INTO ended FROM queue.outcome o WHERE o.task_id = $1 AND o.final;
  IF ended.kind IS DISTINCT FROM 'failed' THEN
    RAISE EXCEPTION 'task % has not failed: it %', $1, coalesce('is ' || ended.kind, 'has not ended')
      USING ERRCODE = 'AK006';
  END IF;
  IF t.cancelled_at IS NOT NULL THEN
    RAISE EXCEPTION 'the backfill of task % was cancelled', $1
      USING ERRCODE = 'AK006', HINT = 'Enqueue a new backfill, with mode => ''failed''.';
  END IF;
  IF $2 IS NOT NULL THEN
    SELECT min(f.definition_hash) INTO named FROM catalog.definition f
      WHERE f.dataset = t.dataset AND starts_with(f.definition_hash, $2) HAVING count(*) = 1;
    IF named IS NULL THEN
      RAISE EXCEPTION 'there is no one definition % of %', $2, t.dataset USING ERRCODE = 'AK005',
        HINT = format('aker lake history %s YEAR names those that published; in SQL, catalog.definition has all.',
          t.dataset);
    END IF;
  END IF;
  reason := queue.held_elsewhere($1);
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION 'task % is not tried again: %', $1, reason
      USING ERRCODE = 'AK006', HINT = 'Wait for that one, or cancel it first.';
  END IF;
  reason := (SELECT queue._published_words(p.task_id, p.publication_id) FROM queue._published_since(ARRAY[$1]) p);
  IF reason IS NOT NULL AND named IS NULL THEN
    RAISE EXCEPTION 'task % is not tried again: %', $1, reason USING ERRCODE = 'AK006',
      HINT = format('Nothing is left to do. To replace that all the same, name the definition: aker retry --task %s '
        '--definition %s',
        $1, left((SELECT d.definition_hash FROM catalog.dataset d WHERE d.name = t.dataset), 12));
  END IF;
  reopened := queue._reopen(t.backfill_id, ARRAY[$1], named);
  IF reopened = 0 THEN
    SELECT d.upstream_task_id INTO upstream FROM queue.dependency d
      JOIN queue.outcome o ON o.task_id = d.upstream_task_id AND o.final AND o.kind <> 'completed'
        WHERE d.task_id = $1 LIMIT 1;
    RAISE EXCEPTION 'task % waits for task %, which did not complete', $1, upstream
      USING ERRCODE = 'AK006', HINT = format('SELECT queue.retry_task(%s)', upstream);
  END IF;
  INSERT INTO queue.event (backfill_id, task_id, kind, message)
    VALUES (t.backfill_id, $1, 'retried', format('%s tried again%s', queue._counted(reopened, 'task'), ' by definition '
      || left(named, 12)));
  RETURN reopened;
END
$$;
COMMENT ON FUNCTION queue.retry_task IS
  'Tries a failed task again, with the tasks that failed only because it did, by the definition that is applied now, '
  'or by the one that is named. AK006, with the reason, where its partition was published since or is built '
  'elsewhere. Returns how many tasks were opened.';

CREATE FUNCTION queue.retry_backfill(backfill_id bigint, error_class text DEFAULT NULL,
  dataset text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  b queue.backfill;
  chosen bigint[];
  held bigint;
  made bigint;
  reopened bigint;
BEGIN
  -- as enqueueing, and before the backfill's own, as enqueueing
  PERFORM pg_advisory_xact_lock(queue._lock_key('enqueue'));
  PERFORM queue._lock_backfill($1); -- first, so that a cancellation in flight is seen
  SELECT * INTO b FROM queue.backfill f WHERE f.backfill_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no backfill %', $1 USING ERRCODE = 'AK005';
  END IF;
  IF b.cancelled_at IS NOT NULL THEN
    RAISE EXCEPTION 'backfill % was cancelled', $1 USING ERRCODE = 'AK006',
      HINT = 'Enqueue a new backfill, with mode => ''failed''.';
  END IF;
  chosen := ARRAY(
    SELECT o.task_id FROM queue.lane a JOIN queue.planned_task p USING (lane_id)
      JOIN queue.outcome o ON o.task_id = p.task_id AND o.final
    WHERE a.backfill_id = $1 AND o.kind = 'failed' AND ($2 IS NULL OR o.error_class = $2)
      AND ($3 IS NULL OR a.dataset = $3));
  held := (SELECT count(*) FROM queue._held_elsewhere(chosen));
  made := (SELECT count(*) FROM queue._published_since(chosen));
  reopened := queue._reopen($1, chosen);
  INSERT INTO queue.event (backfill_id, kind, message)
    VALUES ($1, 'retried', format('%s failed tasks tried again%s%s%s%s', reopened, ' of class ' || $2, ' of dataset '
      || $3,
      CASE WHEN held > 0 THEN format('; %s left to the open backfills that build the same partitions', held) END,
      CASE WHEN made > 0 THEN format('; %s left alone, whose partitions were published since', made) END));
  RETURN reopened;
END
$$;
COMMENT ON FUNCTION queue.retry_backfill IS
  'Tries all failed tasks of a backfill again, or those of one error class or dataset, by the definitions that are '
  'applied now. Those whose partition another open backfill builds, or was published since, are left alone. Returns '
  'how many.';
