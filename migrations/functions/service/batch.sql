-- An act on many tasks: chosen once, done piece by piece, and taken up again by whoever serves.

CREATE FUNCTION service.selected_tasks(act text, selection jsonb)
RETURNS TABLE (task_id bigint, backfill_id bigint, dataset text, data_year integer, region text, state text,
  error_class text, obstacle text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  unknown text;
  wanted text[] := CASE $1 WHEN 'retry' THEN ARRAY['failed'] WHEN 'cancel' THEN ARRAY['ready', 'blocked', 'running']
    WHEN 'prioritize' THEN ARRAY['ready'] END;
BEGIN
  IF wanted IS NULL THEN
    RAISE EXCEPTION 'there is no act % on many tasks', $1 USING ERRCODE = 'AK003',
      HINT = 'There are retry, cancel and prioritize.';
  END IF;
  SELECT string_agg(k, ', ') INTO unknown FROM jsonb_object_keys($2) k
    WHERE k <> ALL (ARRAY['tasks', 'backfill', 'dataset', 'source', 'years', 'region', 'error_class']);
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'tasks are not selected by %', unknown USING ERRCODE = 'AK003',
      HINT = 'By tasks, backfill, dataset, source, years, region and error_class.';
  END IF;
  IF $2 = '{}' THEN
    RAISE EXCEPTION 'a selection that names nothing would be all tasks' USING ERRCODE = 'AK003',
      HINT = 'Name tasks, a backfill, a dataset, a source or an error_class.';
  END IF;
  RETURN QUERY
    WITH chosen AS MATERIALIZED (
      SELECT t.task_id, t.backfill_id, t.dataset, t.data_year, t.region, t.state::text AS state, t.error_class
      FROM queue.task t
      WHERE t.state::text = ANY (wanted)
        AND t.task_id = ANY (ARRAY(SELECT u.task_id FROM queue.uncompleted u WHERE u.state = ANY (wanted)))
        AND (NOT $2 ? 'tasks' OR t.task_id = ANY (ARRAY(
          SELECT v::bigint FROM jsonb_array_elements_text($2 -> 'tasks') v)))
        AND (NOT $2 ? 'backfill' OR t.backfill_id = ($2 ->> 'backfill')::bigint)
        AND (NOT $2 ? 'dataset' OR t.dataset = $2 ->> 'dataset')
        AND (NOT $2 ? 'source' OR $2 ->> 'source' = ANY (t.source_ids))
        AND (NOT $2 ? 'years' OR t.data_year = ANY (ARRAY(
          SELECT v::integer FROM jsonb_array_elements_text($2 -> 'years') v)))
        AND (NOT $2 ? 'region' OR t.region = $2 ->> 'region')
        AND (NOT $2 ? 'error_class' OR t.error_class = $2 ->> 'error_class')
        -- Of several tasks of one partition and vintage the newest: the others are history.
        AND ($1 <> 'retry' OR $2 ? 'tasks' OR t.task_id NOT IN (SELECT s.task_id FROM queue.superseded s)))
    SELECT c.task_id, c.backfill_id, c.dataset, c.data_year, c.region, c.state, c.error_class, h.holder
    FROM chosen c LEFT JOIN queue.those_left_alone(
      CASE WHEN $1 = 'retry' THEN ARRAY(SELECT n.task_id FROM chosen n) END) h USING (task_id)
    ORDER BY c.task_id;
EXCEPTION WHEN invalid_text_representation OR invalid_parameter_value OR numeric_value_out_of_range THEN
  RAISE EXCEPTION 'the selection cannot be read: %', SQLERRM USING ERRCODE = 'AK003',
    HINT = 'tasks and years are lists of numbers, backfill is a number, the others are texts.';
END
$$;
COMMENT ON FUNCTION service.selected_tasks IS
  'The tasks that an act would be done to, and what stands in its way, where something does. Changes nothing.';

CREATE FUNCTION service.create_batch(act text, selection jsonb, reason text, actor text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
  chosen bigint[] := ARRAY(SELECT s.task_id FROM service.selected_tasks($1, $2) s);
BEGIN
  INSERT INTO service.batch (act, selection, reason, actor, total, finished_at)
    VALUES ($1, $2, left($3, 500), $4, cardinality(chosen),
      CASE WHEN chosen = '{}' THEN clock_timestamp() END)
    RETURNING batch_id INTO new_id;
  INSERT INTO service.batch_task (batch_id, task_id) SELECT new_id, u FROM unnest(chosen) u;
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION service.create_batch IS
  'Chooses the tasks of an act, which coordinators then do it to. Returns the batch''s number.';

CREATE FUNCTION service.cancel_batch(batch bigint, actor text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  spared integer;
BEGIN
  -- Whoever works at it ends its piece first.
  PERFORM FROM service.batch b WHERE b.batch_id = $1 AND b.finished_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    IF EXISTS (SELECT FROM service.batch b WHERE b.batch_id = $1) THEN
      RAISE EXCEPTION 'batch % has ended', $1 USING ERRCODE = 'AK006';
    END IF;
    RAISE EXCEPTION 'there is no batch %', $1 USING ERRCODE = 'AK005';
  END IF;
  UPDATE service.batch_task t SET result = 'cancelled' WHERE t.batch_id = $1 AND t.result IS NULL;
  GET DIAGNOSTICS spared = ROW_COUNT;
  UPDATE service.batch b SET cancelled_at = clock_timestamp(), cancelled_by = $2, finished_at = clock_timestamp()
    WHERE b.batch_id = $1;
  RETURN spared;
END
$$;
COMMENT ON FUNCTION service.cancel_batch IS
  'The rest of a batch is not done; what was done stays. Returns how many tasks are spared.';

CREATE FUNCTION service._do(b service.batch, task bigint) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE b.act
    WHEN 'retry' THEN PERFORM queue.retry_task(task);
    WHEN 'cancel' THEN PERFORM queue.cancel_task(task, coalesce(b.reason, 'cancelled by operator'));
    WHEN 'prioritize' THEN PERFORM queue.prioritize_task(task);
  END CASE;
  RETURN NULL;
EXCEPTION WHEN SQLSTATE 'AK005' OR SQLSTATE 'AK006' THEN
  -- It ended, was taken along by another's retry, or another backfill builds it.
  RETURN SQLERRM;
END
$$;
COMMENT ON FUNCTION service._do IS 'Does a batch''s act to one task. Returns why not; NULL where it was done.';

CREATE FUNCTION service.work_batches(piece integer DEFAULT 500) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b service.batch;
  task bigint;
  obstacle text;
  worked bigint := 0;
BEGIN
  SELECT * INTO b FROM service.batch n WHERE n.finished_at IS NULL ORDER BY n.batch_id LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  PERFORM set_config('aker.actor', b.actor, true);
  FOR task IN
    SELECT t.task_id FROM service.batch_task t WHERE t.batch_id = b.batch_id AND t.result IS NULL
    ORDER BY t.task_id LIMIT $1
  LOOP
    obstacle := service._do(b, task);
    UPDATE service.batch_task t SET result = CASE WHEN obstacle IS NULL THEN 'done' ELSE 'left_alone' END,
        reason = obstacle
      WHERE t.batch_id = b.batch_id AND t.task_id = task;
    b.done := b.done + (obstacle IS NULL)::int;
    b.left_alone := b.left_alone + (obstacle IS NOT NULL)::int;
    worked := worked + 1;
  END LOOP;
  UPDATE service.batch n SET done = b.done, left_alone = b.left_alone,
      finished_at = CASE WHEN b.done + b.left_alone >= n.total THEN clock_timestamp() END
    WHERE n.batch_id = b.batch_id;
  PERFORM queue.tidy();
  RETURN worked;
END
$$;
COMMENT ON FUNCTION service.work_batches IS
  'Does a piece of the oldest open batch that nobody else is at, in one transaction. Returns how many tasks: call it '
  'again until it returns 0.';
