-- Leaves: a dataset's years share one table, the default partition, until a year is large; then that year has a table
-- of its own. Regions are rows within it. So a dataset has as many tables as it has large years, however many
-- partitions.
--
-- Who publishes by moving rows holds a dataset's layout lock shared, who changes which table a year is in holds it
-- alone: until its transaction ends, so that rows never go into a table that is their year's no longer.

CREATE FUNCTION warehouse._common_leaf(dataset_name text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT dataset_name || '__years'
$$;
COMMENT ON FUNCTION warehouse._common_leaf(text) IS 'The table of the years that have none of their own.';

CREATE FUNCTION warehouse._leaf_of(dataset_name text, year int) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN coalesce(
    (SELECT l.table_name FROM warehouse.year_leaf l WHERE l.dataset = dataset_name AND l.data_year = year),
    warehouse._common_leaf(dataset_name));
END
$$;
COMMENT ON FUNCTION warehouse._leaf_of(text, int) IS 'The table in schema warehouse that holds a year''s rows.';

CREATE FUNCTION warehouse._layout_key(dataset_name text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT queue._lock_key('layout ' || dataset_name)
$$;

CREATE FUNCTION warehouse.leaf_name(dataset_name text, year int, region_name text, mark text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT left(concat_ws('__', dataset_name, year::text, nullif(region_name, '')), 62 - length(mark)) || '_' || mark
$$;
COMMENT ON FUNCTION warehouse.leaf_name(text, int, text, text) IS
  'Name of a table of a year''s rows; mark, a fencing token, makes it unique.';

-- A table shaped as the dataset's, in no tree yet; it refuses rows of any other partition. NULL is every region.
CREATE FUNCTION warehouse.create_leaf(dataset_name text, year int, region_name text, table_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d catalog.dataset := warehouse.require_dataset(dataset_name);
BEGIN
  EXECUTE format('CREATE TABLE warehouse.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING '
    'STORAGE)',
    table_name, dataset_name);
  EXECUTE format('ALTER TABLE warehouse.%I ADD CONSTRAINT partition_bound CHECK (data_year = %s %s)', table_name, year,
    CASE WHEN d.is_split AND region_name IS NOT NULL THEN format('AND region = %L', region_name) ELSE '' END);
  -- To read, as everybody may. Nobody but the owner writes here: see create_staging.
  EXECUTE format('GRANT SELECT ON warehouse.%I TO aker_worker', table_name);
END
$$;
COMMENT ON FUNCTION warehouse.create_leaf(text, int, text, text) IS
  'Creates an empty table that can become a year''s, or be staged in.';

-- Built beforehand, the dataset's key and indexes are only matched when the table is attached.
CREATE FUNCTION warehouse._index_leaf(dataset_name text, table_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  i record;
BEGIN
  FOR i IN
    SELECT pg_get_constraintdef(k.oid) AS key_definition,
      substring(pg_get_indexdef(x.indexrelid) FROM ' USING .*$') AS index_definition
    FROM pg_index x LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.contype = 'p'
    WHERE x.indrelid = format('public.%I', dataset_name)::regclass ORDER BY x.indisprimary DESC, x.indexrelid
  LOOP
    EXECUTE format('%s warehouse.%I %s', CASE WHEN i.key_definition IS NULL THEN 'CREATE INDEX ON'
      ELSE 'ALTER TABLE' END,
      table_name, coalesce('ADD ' || i.key_definition, i.index_definition));
  END LOOP;
END
$$;

-- Hangs a table that holds all of a year's rows into the tree.
CREATE FUNCTION warehouse.attach_leaf(dataset_name text, year int, region_name text, table_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION warehouse.%I FOR VALUES IN (%s)', dataset_name, table_name,
    year);
END
$$;
COMMENT ON FUNCTION warehouse.attach_leaf(text, int, text, text) IS 'Makes a table a year''s of its dataset.';

-- An older snapshot sees the rows where they were, but a question for the year alone is sent to its new table, where
-- that snapshot sees nothing. One statement by itself takes its snapshot after it has the dataset's lock, and so after
-- us.
CREATE FUNCTION warehouse._require_no_old_snapshot() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM warehouse._held_snapshots() s WHERE NOT s.is_alone) THEN
    RAISE EXCEPTION 'a transaction holds a snapshot that would not see rows in another table'
      USING ERRCODE = 'lock_not_available', HINT = 'Try again in a moment.';
  END IF;
END
$$;

CREATE FUNCTION warehouse._split_off_year(dataset_name text, year int, table_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  common text := warehouse._common_leaf(dataset_name);
BEGIN
  PERFORM pg_advisory_xact_lock(warehouse._layout_key(dataset_name));
  IF warehouse._leaf_of(dataset_name, year) <> common THEN RETURN; END IF;
  -- Whether readers would let go of the dataset at all: to know before rows are copied rather than after.
  BEGIN
    PERFORM warehouse._require_no_old_snapshot();
    EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', dataset_name);
    RAISE EXCEPTION USING ERRCODE = 'AK000';
  EXCEPTION WHEN SQLSTATE 'AK000' THEN
    NULL; -- and let go of it again
  END;
  PERFORM warehouse.create_leaf(dataset_name, year, NULL, table_name);
  -- Columns by name: where one was added, their order is not the same everywhere.
  EXECUTE (
    SELECT format('INSERT INTO warehouse.%I (%s) SELECT %s FROM warehouse.%I WHERE data_year = %s', table_name,
      string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
      common, year)
    FROM pg_attribute a
    WHERE a.attrelid = format('public.%I', dataset_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped);
  PERFORM warehouse._index_leaf(dataset_name, table_name);
  EXECUTE format('DELETE FROM warehouse.%I WHERE data_year = %s', common, year);
  -- The dataset's own table, and before any other: a question that has looked up which tables there are, and then waits
  -- for the common one, would not look again.
  EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', dataset_name);
  -- The table is read through once for this; whenever the year's table is swapped later, the constraint spares that.
  EXECUTE format('ALTER TABLE warehouse.%I ADD CONSTRAINT %I CHECK (data_year <> %s)', common, 'not_' || year, year);
  PERFORM warehouse.attach_leaf(dataset_name, year, NULL, table_name);
  INSERT INTO warehouse.year_leaf (dataset, data_year, table_name) VALUES (dataset_name, year, table_name);
  PERFORM warehouse._require_no_old_snapshot();
END
$$;
COMMENT ON FUNCTION warehouse._split_off_year(text, int, text) IS
  'Moves a year''s rows out of the table that years share into one of its own, in one transaction, which is to be '
  'committed at once; refuses with lock_not_available while a transaction holds an older snapshot.';

-- Waits a moment for readers, like a swap; a failure changes nothing and is tried again by a later publication.
CREATE FUNCTION warehouse._grow(dataset_name text, year int, mark text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '150ms' AS $$
BEGIN
  PERFORM warehouse._split_off_year(dataset_name, year, warehouse.leaf_name(dataset_name, year, '', mark));
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END
$$;

-- Adding up a year's regions at each publication would cost what all of them are: one publication in sixteen does so.
CREATE FUNCTION warehouse._is_large(dataset_name text, year int, region_name text, row_count bigint,
  large_row_count bigint,
  token bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN row_count > large_row_count THEN true
    WHEN token % 16 > 0 OR region_name = '' THEN false
    ELSE row_count + (
      SELECT coalesce(sum(p.row_count), 0) FROM warehouse.partition p
      WHERE p.dataset = dataset_name AND p.data_year = year AND p.region <> region_name) > large_row_count END
$$;

-- Makes sure that a partition has a row to lock, and its year, where it is large, a table of its own. In a short
-- transaction of its own, before the publication.
CREATE FUNCTION warehouse.prepare_partition(
  dataset_name text, year int, region_name text, task bigint, token bigint, row_count bigint DEFAULT 0,
  large_row_count bigint DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM queue._require_lease(task, token, dataset_name, year, region_name);
  INSERT INTO warehouse.partition (dataset, data_year, region) VALUES (dataset_name, year, region_name)
  ON CONFLICT DO NOTHING;
  IF warehouse._leaf_of(dataset_name, year) = warehouse._common_leaf(dataset_name)
    AND warehouse._is_large(dataset_name, year, region_name, row_count, large_row_count, token)
  THEN
    -- Its name differs from that of what the attempt stages.
    PERFORM warehouse._grow(dataset_name, year, 'y' || token);
  END IF;
  RETURN warehouse._leaf_of(dataset_name, year);
END
$$;
COMMENT ON FUNCTION warehouse.prepare_partition(text, int, text, bigint, bigint, bigint, bigint) IS
  'The table that a partition''s rows belong into. A year that has more rows than large_row_count, with the row_count '
  'that are to be published, gets one of its own.';
