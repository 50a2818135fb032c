-- The grid's cells, kept (docs/decisions/0050-the-grid-at-size.md). service.cell is queue.cell as it was at the last
-- service.refresh_cells(), which makes those again of which something changed since. That is known by the transaction
-- that changed a year's counts last (changed_in), by the leases that there are, and by marks of whatever else there is:
-- what is published and checked, definitions, pauses. Nobody waits for another to leave a mark, and who claims or ends
-- a task leaves none.

CREATE FUNCTION service.refresh_cells() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  known service.cell_state;
  this_life text := queue._life();
  seen pg_snapshot;
  all_datasets text[];
  all_years integer[];
  product bigint;
  part record;
BEGIN
  -- One at a time: what another has just made again is as good.
  PERFORM pg_advisory_xact_lock(queue._lock_key('cells'));
  SELECT s.* INTO known FROM service.cell_state s;
  -- Each statement sees what the one before saw, and more: cells are made with all that their marks are of.
  seen := pg_current_snapshot();
  IF known.life IS DISTINCT FROM this_life THEN
    -- For the first time, after a crash, and where transactions are numbered anew.
    DELETE FROM service.cell_mark;
    DELETE FROM service.cell;
    DELETE FROM service.cell_count;
    DELETE FROM service.choice_count;
    PERFORM service._make_cells(NULL, NULL);
    INSERT INTO service.cell_state (snapshot, life) VALUES (seen, this_life)
      ON CONFLICT (singleton) DO UPDATE SET snapshot = EXCLUDED.snapshot, life = EXCLUDED.life;
    ANALYZE service.cell, service.cell_count;
    RETURN (SELECT count(*) FROM service.cell);
  END IF;

  WITH mark AS (DELETE FROM service.cell_mark m RETURNING m.*),
  edge AS (SELECT unnest(n.depends_on) AS upstream, n.name FROM catalog.dataset n),
  made AS (
    SELECT m.dataset, m.data_year FROM mark m WHERE m.data_year IS NOT NULL
    UNION
    SELECT c.dataset, c.data_year FROM mark m JOIN service.cell c ON c.dataset = m.dataset WHERE m.data_year IS NULL),
  -- What was folded in meanwhile is counted as before.
  counted AS (
    SELECT l.dataset, c.data_year, sum(c.changes) AS changes
    FROM (
      SELECT DISTINCT l.dataset, p.data_year
      FROM service._changed_counts(known.snapshot) p JOIN queue.lane l USING (lane_id)) k
      JOIN queue.lane l USING (dataset) JOIN service._changes() c ON c.lane_id = l.lane_id AND c.data_year = k.data_year
    GROUP BY l.dataset, c.data_year),
  changed AS (
    SELECT dataset, data_year FROM made
    UNION
    -- What is made of it may be stale now.
    SELECT e.name, m.data_year FROM made m JOIN edge e ON e.upstream = m.dataset
    UNION
    SELECT c.dataset, c.data_year FROM mark m JOIN queue.lane l ON l.backfill_id = m.backfill_id
      JOIN service.cell c ON c.dataset = l.dataset AND c.waiting > 0
    WHERE m.dataset IS NULL
    UNION
    SELECT c.dataset, c.data_year FROM service.cell c
    WHERE c.waiting > 0 AND EXISTS (SELECT FROM mark m WHERE m.dataset IS NULL AND m.backfill_id IS NULL)
    UNION
    SELECT n.dataset, n.data_year FROM counted n WHERE n.changes IS DISTINCT FROM (
      SELECT c.changes FROM service.cell c WHERE c.dataset = n.dataset AND c.data_year = n.data_year)
    UNION
    SELECT dataset, data_year FROM (
      SELECT l.dataset, e.data_year::integer AS data_year, count(*) AS running
      FROM queue.lease e JOIN queue.lane l USING (lane_id) GROUP BY l.dataset, e.data_year) r
      FULL JOIN (SELECT c.dataset, c.data_year, c.running FROM service.cell c WHERE c.running > 0) c
      USING (dataset, data_year)
    WHERE r.running IS DISTINCT FROM c.running)
  SELECT array_agg(c.dataset), array_agg(c.data_year), count(DISTINCT c.dataset) * count(DISTINCT c.data_year)
    INTO all_datasets, all_years, product FROM changed c;
  IF all_datasets IS NULL THEN
    RETURN 0;
  END IF;
  -- Years of which the same datasets changed go together; all do where that makes few more than changed.
  FOR part IN
    SELECT y.datasets, array_agg(y.data_year) AS years FROM (
      SELECT u.data_year, array_agg(u.dataset ORDER BY u.dataset) AS datasets
      FROM unnest(all_datasets, all_years) AS u (dataset, data_year)
      WHERE product > 2 * cardinality(all_datasets) GROUP BY u.data_year) y
    GROUP BY y.datasets
    UNION ALL
    SELECT array_agg(DISTINCT u.dataset), array_agg(DISTINCT u.data_year)
    FROM unnest(all_datasets, all_years) AS u (dataset, data_year)
    WHERE product <= 2 * cardinality(all_datasets) HAVING count(*) > 0
  LOOP
    PERFORM service._make_cells(part.datasets, part.years);
  END LOOP;
  UPDATE service.cell_state SET snapshot = seen;
  RETURN cardinality(all_datasets);
END
$$;
COMMENT ON FUNCTION service.refresh_cells IS
  'Makes those rows of service.cell again of which something changed; called before it is read. Returns how many; '
  'where there are none it writes nothing.';

CREATE FUNCTION service._make_cells(datasets text[], years integer[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  DELETE FROM service.cell c WHERE c.dataset = ANY ($1) AND c.data_year = ANY ($2);
  INSERT INTO service.cell (dataset, data_year, data, work, total, completed, failed, cancelled, running, waiting,
      blocked, paused, warned, changes)
    SELECT c.dataset, c.data_year, c.data, c.work, c.total, c.completed, c.failed, c.cancelled, c.running, c.waiting,
      c.blocked, c.paused, c.warned, coalesce(n.changes, 0)
    FROM queue.cells($1, $2) c LEFT JOIN (
      SELECT l.dataset, p.data_year, sum(p.changes) AS changes
      FROM queue.lane l JOIN service._changes() p USING (lane_id)
      WHERE $1 IS NULL OR l.dataset = ANY ($1) AND p.data_year = ANY ($2)
      GROUP BY l.dataset, p.data_year) n USING (dataset, data_year);
  UPDATE service.choice_count c SET is_stale = true WHERE c.dataset = ANY ($1) AND NOT c.is_stale;
  DELETE FROM service.cell_count c WHERE c.dataset = ANY ($1);
  INSERT INTO service.cell_count (dataset, state, count, first_year, last_year)
    SELECT c.dataset, coalesce(c.work, c.data), count(*), min(c.data_year), max(c.data_year)
    FROM service.cell c WHERE $1 IS NULL OR c.dataset = ANY ($1) GROUP BY 1, 2;
END
$$;

-- One backfill or one vintage has as many cells as all together: their counts are kept, too, and the few cells of a
-- page are read from the queue.
CREATE FUNCTION service.refresh_choice(backfill bigint, vintage text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
SET plan_cache_mode = force_custom_plan SET work_mem = '32MB' AS $$
DECLARE
  changed text[];
BEGIN
  PERFORM service.refresh_cells();
  changed := ARRAY(
    SELECT dataset FROM (
      SELECT DISTINCT l.dataset, true AS is_there FROM queue.lane l JOIN queue.backfill b USING (backfill_id)
      WHERE ($1 IS NULL OR b.backfill_id = $1) AND ($2 IS NULL OR b.as_of = $2)) n
      FULL JOIN (
        SELECT c.dataset, c.leases, c.is_stale FROM service.choice_count c
        WHERE c.backfill_id = coalesce($1, 0) AND c.as_of = coalesce($2, '')
        GROUP BY c.dataset, c.leases, c.is_stale) k USING (dataset)
      LEFT JOIN service._leases() r USING (dataset)
    WHERE n.is_there IS NULL OR k.is_stale IS DISTINCT FROM false OR k.leases IS DISTINCT FROM r.leases);
  IF changed = '{}' THEN
    RETURN 0;
  END IF;
  DELETE FROM service.choice_count c
    WHERE c.backfill_id = coalesce($1, 0) AND c.as_of = coalesce($2, '') AND c.dataset = ANY (changed);
  -- Of what was pruned.
  DELETE FROM service.choice_count c
    WHERE c.backfill_id <> 0 AND c.backfill_id NOT IN (SELECT b.backfill_id FROM queue.backfill b);
  INSERT INTO service.choice_count (backfill_id, as_of, dataset, state, count, first_year, last_year, leases)
    SELECT coalesce($1, 0), coalesce($2, ''), n.dataset, n.state, n.count, n.first_year, n.last_year, r.leases
    FROM (
      SELECT c.dataset, coalesce(c.work, c.data) AS state, count(*) AS count, min(c.data_year) AS first_year,
        max(c.data_year) AS last_year
      FROM service.choice_cells($1, $2, changed) c GROUP BY 1, 2) n LEFT JOIN service._leases() r USING (dataset);
  RETURN cardinality(changed);
END
$$;
COMMENT ON FUNCTION service.refresh_choice IS
  'Counts again those datasets of a backfill or a vintage (NULL is any) of which something changed; called before '
  'service.choice_count is read. Returns how many; where there are none it writes nothing.';

CREATE FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer DEFAULT NULL,
  last integer DEFAULT NULL) RETURNS TABLE (dataset text, data_year integer, data text, work text, total bigint,
  completed bigint, failed bigint, cancelled bigint, running bigint, blocked bigint, paused bigint, warned bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
  -- Several backfills of a vintage may have asked for a cell; one backfill has each once: nothing need be sorted.
  RETURN QUERY
  SELECT c.dataset, c.data_year, c.data, c.work, c.total, c.completed, c.failed, c.cancelled, c.running, c.blocked,
    c.paused, c.warned
  FROM queue.backfill_cell c
  WHERE c.backfill_id = $1 AND ($2 IS NULL OR c.as_of = $2) AND c.dataset = ANY ($3)
    AND ($4 IS NULL OR c.data_year >= $4) AND ($5 IS NULL OR c.data_year <= $5);
  IF $1 IS NOT NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  SELECT DISTINCT ON (c.dataset COLLATE "C", c.data_year) c.dataset, c.data_year, c.data, c.work, c.total, c.completed,
    c.failed, c.cancelled, c.running, c.blocked, c.paused, c.warned
  FROM queue.backfill_cell c
  WHERE ($2 IS NULL OR c.as_of = $2) AND c.dataset = ANY ($3)
    AND ($4 IS NULL OR c.data_year >= $4) AND ($5 IS NULL OR c.data_year <= $5)
  ORDER BY c.dataset COLLATE "C", c.data_year, c.backfill_id DESC;
END
$$;
COMMENT ON FUNCTION service.choice_cells IS
  'Cells of these datasets as a backfill has them, or as the last backfill of a vintage that asked for each has it.';

CREATE FUNCTION service._leases() RETURNS TABLE (dataset text, leases text)
LANGUAGE sql STABLE AS $$
  SELECT n.dataset, string_agg(concat_ws(' ', n.lane_id, n.data_year, n.count), ',' ORDER BY n.lane_id, n.data_year)
  FROM (
    SELECT l.dataset, e.lane_id, e.data_year, count(*) AS count FROM queue.lease e JOIN queue.lane l USING (lane_id)
    GROUP BY l.dataset, e.lane_id, e.data_year) n
  GROUP BY n.dataset
$$;
COMMENT ON FUNCTION service._leases IS 'What runs of each dataset: lanes, years and how many.';

-- An index knows which rows may be others than a snapshot saw: those of its oldest open transaction, and later ones.
CREATE FUNCTION service._changed_counts(since pg_snapshot) RETURNS TABLE (lane_id integer, data_year integer)
LANGUAGE sql STABLE AS $$
  SELECT p.lane_id, p.data_year::integer FROM queue.progress p
  WHERE p.changed_in >= pg_snapshot_xmin($1) AND NOT pg_visible_in_snapshot(p.changed_in, $1)
  UNION
  SELECT d.lane_id, d.data_year::integer FROM queue.progress_delta d
  WHERE d.changed_in >= pg_snapshot_xmin($1) AND NOT pg_visible_in_snapshot(d.changed_in, $1)
$$;
COMMENT ON FUNCTION service._changed_counts IS
  'Lanes and years whose counts (but those of what runs) were changed by transactions that the snapshot did not see.';

CREATE FUNCTION service._changes() RETURNS TABLE (lane_id integer, data_year integer, changes bigint)
LANGUAGE sql STABLE AS $$
  SELECT p.lane_id, p.data_year::integer, p.change_count + coalesce(d.row_count, 0) FROM queue.progress p
    LEFT JOIN (SELECT lane_id, data_year, count(*) AS row_count FROM queue.progress_delta GROUP BY lane_id, data_year) d
    USING (lane_id, data_year)
$$;
COMMENT ON FUNCTION service._changes IS 'How often the counts of each lane and year (but those of what runs) changed.';

CREATE FUNCTION service.forget_cells(most_marks integer DEFAULT 100000) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM (SELECT FROM service.cell_mark LIMIT $1 + 1) m) <= $1
    OR NOT pg_try_advisory_xact_lock(queue._lock_key('cells')) THEN
    RETURN false;
  END IF;
  DELETE FROM service.cell_mark;
  DELETE FROM service.cell_state;
  RETURN true;
END
$$;
COMMENT ON FUNCTION service.forget_cells IS
  'Where nobody looks for long, marks are many: then all cells are made again when somebody does.';

-- Marks ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION service._mark_cells() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO service.cell_mark (dataset, data_year) SELECT DISTINCT c.dataset, c.data_year FROM changed c;
  RETURN NULL;
END
$$;

CREATE FUNCTION service._mark_lanes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO service.cell_mark (dataset, data_year)
    SELECT DISTINCT l.dataset, c.data_year FROM changed c JOIN queue.lane l USING (lane_id);
  RETURN NULL;
END
$$;

-- A dataset or a year of it, a backfill, or (a row of queue.setting) everything that waits.
CREATE FUNCTION service._mark_row() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed jsonb := to_jsonb(CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END);
BEGIN
  INSERT INTO service.cell_mark (dataset, data_year, backfill_id)
    VALUES (coalesce(changed ->> 'dataset', changed ->> 'name'), (changed ->> 'data_year')::integer,
      (changed ->> 'backfill_id')::bigint);
  RETURN NULL;
END
$$;

CREATE TRIGGER marks_cells_insert AFTER INSERT ON lake.manifest REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();
CREATE TRIGGER marks_cells_update AFTER UPDATE ON lake.manifest REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();
CREATE TRIGGER marks_cells_delete AFTER DELETE ON lake.manifest REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();
CREATE TRIGGER marks_cells_insert AFTER INSERT ON quality.validation REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();
CREATE TRIGGER marks_cells_delete AFTER DELETE ON quality.validation REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();
-- Which vintage is shown; the manifest tells of all else that is published.
CREATE TRIGGER marks_cells AFTER UPDATE OF as_of ON warehouse.partition FOR EACH ROW
  WHEN (OLD.as_of IS DISTINCT FROM NEW.as_of) EXECUTE FUNCTION service._mark_row();
CREATE TRIGGER marks_cells_delete AFTER DELETE ON queue.progress REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_lanes();
CREATE TRIGGER marks_cells_delete AFTER DELETE ON queue.planned_task REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION service._mark_lanes();
CREATE TRIGGER marks_cells AFTER INSERT OR DELETE ON catalog.dataset
  FOR EACH ROW EXECUTE FUNCTION service._mark_row();
CREATE TRIGGER marks_cells_update AFTER UPDATE ON catalog.dataset FOR EACH ROW
  WHEN ((OLD.definition_hash, OLD.depends_on) IS DISTINCT FROM (NEW.definition_hash, NEW.depends_on))
  EXECUTE FUNCTION service._mark_row();
CREATE TRIGGER marks_cells AFTER INSERT OR DELETE ON queue.dataset_pause
  FOR EACH ROW EXECUTE FUNCTION service._mark_row();
CREATE TRIGGER marks_cells AFTER UPDATE OF paused_at ON queue.lane FOR EACH ROW
  WHEN (OLD.paused_at IS DISTINCT FROM NEW.paused_at) EXECUTE FUNCTION service._mark_row();
CREATE TRIGGER marks_cells AFTER UPDATE OF paused_at ON queue.backfill FOR EACH ROW
  WHEN (OLD.paused_at IS DISTINCT FROM NEW.paused_at) EXECUTE FUNCTION service._mark_row();
CREATE TRIGGER marks_cells AFTER UPDATE OF paused_at ON queue.setting FOR EACH ROW
  WHEN (OLD.paused_at IS DISTINCT FROM NEW.paused_at) EXECUTE FUNCTION service._mark_row();
