-- Warehouse tables: made from definitions, replaced a partition at a time.

-- Our type names to Postgres'. Raises for any other: nothing of a definition reaches DDL unchecked.
CREATE FUNCTION warehouse.column_type(declared text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE
    WHEN declared IN ('text', 'integer', 'bigint', 'boolean', 'date') THEN declared
    WHEN declared = 'double' THEN 'double precision'
    WHEN declared = 'timestamp' THEN 'timestamp with time zone'
    -- PostGIS may be in any schema; it has been looked for when the database was migrated.
    WHEN declared = 'geometry' THEN (
      SELECT format('%I.geometry(Geometry,4326)', n.nspname)
      FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis')
    WHEN declared ~ '^decimal\(\d{1,2},\d{1,2}\)$' THEN 'numeric' || substr(declared, 8)
  END;
END
$$;
COMMENT ON FUNCTION warehouse.column_type(text) IS
  'The Postgres type of a declared column type; NULL when there is none.';

CREATE FUNCTION warehouse.require_dataset(dataset_name text) RETURNS catalog.dataset
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_dataset catalog.dataset;
BEGIN
  SELECT * INTO found_dataset FROM catalog.dataset d WHERE d.name = dataset_name;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'dataset % is not declared', dataset_name USING HINT = 'Run aker catalog apply.';
  END IF;
  RETURN found_dataset;
END
$$;
COMMENT ON FUNCTION warehouse.require_dataset(text) IS 'The declared dataset, or an error that says how to declare it.';

-- Creates the warehouse table of a declared dataset, or adds the columns it lacks. Returns what it did, one line each.
-- Raises where that is not enough: the caller compares beforehand and tells the operator the SQL to run.
CREATE FUNCTION warehouse.apply_table(dataset_name text, key_columns text[]) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d catalog.dataset := warehouse.require_dataset(dataset_name);
  c record;
  definition text;
BEGIN
  PERFORM pg_advisory_xact_lock(queue._lock_key('apply ' || dataset_name));
  IF to_regclass(format('public.%I', dataset_name)) IS NULL THEN
    SELECT string_agg(format('%I %s%s', dc.name, warehouse.column_type(dc.type),
      CASE WHEN dc.is_key THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY dc.ordinal)
    INTO definition FROM catalog.dataset_column dc WHERE dc.dataset = dataset_name;
    EXECUTE format(
      'CREATE TABLE public.%I (data_year integer NOT NULL, %s as_of text NOT NULL CHECK (as_of ~ %L), %s%s) PARTITION BY LIST (data_year)',
      dataset_name, CASE WHEN d.is_split THEN 'region text NOT NULL,' ELSE '' END, '^\d{4}-(0[1-9]|1[0-2])$', definition,
      CASE WHEN key_columns = '{}' THEN '' ELSE format(', PRIMARY KEY (data_year, %s%s)',
        CASE WHEN d.is_split THEN 'region, ' ELSE '' END,
        (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(key_columns) WITH ORDINALITY AS u (k, n))) END);
    EXECUTE format('GRANT SELECT ON public.%I TO aker_admin, aker_worker, aker_reader', dataset_name);
    EXECUTE format('COMMENT ON COLUMN public.%I.data_year IS %L', dataset_name, 'The year that the figures describe.');
    EXECUTE format('COMMENT ON COLUMN public.%I.as_of IS %L', dataset_name,
      'Vintage, YYYY-MM: as of when the source was read. A newer one replaces an older one.');
    IF d.is_split THEN
      EXECUTE format('COMMENT ON COLUMN public.%I.region IS %L', dataset_name, 'The region that a year is cut into.');
    END IF;
    RETURN NEXT format('created table %s', dataset_name);
  ELSE
    FOR c IN
      SELECT dc.* FROM catalog.dataset_column dc
      WHERE dc.dataset = dataset_name AND NOT EXISTS (
        SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass(format('public.%I', dataset_name))
          AND a.attname = dc.name AND NOT a.attisdropped)
      ORDER BY dc.ordinal
    LOOP
      EXECUTE format('ALTER TABLE public.%I ADD COLUMN %I %s', dataset_name, c.name, warehouse.column_type(c.type));
      RETURN NEXT format('added column %s.%s', dataset_name, c.name);
    END LOOP;
  END IF;
  EXECUTE format('COMMENT ON TABLE public.%I IS %L', dataset_name, d.title || E'\n\n' || d.description);
  FOR c IN SELECT dc.* FROM catalog.dataset_column dc WHERE dc.dataset = dataset_name LOOP
    EXECUTE format('COMMENT ON COLUMN public.%I.%I IS %L', dataset_name, c.name,
      c.description || CASE WHEN c.unit IS NULL THEN '' ELSE ' [' || c.unit || ']' END);
  END LOOP;
END
$$;
COMMENT ON FUNCTION warehouse.apply_table(text, text[]) IS
  'Creates or extends (columns only) the warehouse table of a dataset.';

-- A table shaped as a leaf of this partition, in no tree yet; it refuses rows of any other partition.
CREATE FUNCTION warehouse.create_leaf(dataset_name text, year int, region_name text, table_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d catalog.dataset := warehouse.require_dataset(dataset_name);
BEGIN
  EXECUTE format('CREATE TABLE warehouse.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)',
    table_name, dataset_name);
  EXECUTE format('ALTER TABLE warehouse.%I ADD CONSTRAINT partition_bound CHECK (data_year = %s %s)',
    table_name, year, CASE WHEN d.is_split THEN format('AND region = %L', region_name) ELSE '' END);
  -- To read, as everybody may. Nobody but the owner writes here: see create_staging.
  EXECUTE format('GRANT SELECT ON warehouse.%I TO aker_worker', table_name);
END
$$;
COMMENT ON FUNCTION warehouse.create_leaf(text, int, text, text) IS
  'Creates an empty table that can become the partition.';

-- Gives the leaf the parent's primary key and hangs it into the tree. Built beforehand, the key is only matched here.
CREATE FUNCTION warehouse.attach_leaf(dataset_name text, year int, region_name text, table_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d catalog.dataset := warehouse.require_dataset(dataset_name);
  year_table text := dataset_name || '__' || year;
BEGIN
  IF d.is_split THEN
    IF to_regclass(format('warehouse.%I', year_table)) IS NULL THEN
      EXECUTE format('CREATE TABLE warehouse.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS) PARTITION BY LIST (region)',
        year_table, dataset_name);
      EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION warehouse.%I FOR VALUES IN (%s)', dataset_name, year_table, year);
    END IF;
    EXECUTE format('ALTER TABLE warehouse.%I ATTACH PARTITION warehouse.%I FOR VALUES IN (%L)', year_table, table_name, region_name);
  ELSE
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION warehouse.%I FOR VALUES IN (%s)', dataset_name, table_name, year);
  END IF;
END
$$;
COMMENT ON FUNCTION warehouse.attach_leaf(text, int, text, text) IS 'Makes a table the partition of its dataset.';

CREATE FUNCTION warehouse.leaf_name(dataset_name text, year int, region_name text, mark text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT left(concat_ws('__', dataset_name, year::text, nullif(region_name, '')), 62 - length(mark)) || '_' || mark
$$;
COMMENT ON FUNCTION warehouse.leaf_name(text, int, text, text) IS
  'Name of a leaf; mark, its fencing token, makes it unique.';

-- Makes sure that a partition has a leaf to load into. In a short transaction of its own, before the first publication.
CREATE FUNCTION warehouse.prepare_partition(dataset_name text, year int, region_name text, task bigint, token bigint)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf_table text;
BEGIN
  PERFORM queue._require_lease(task, token, dataset_name, year, region_name);
  SELECT p.leaf INTO leaf_table FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name;
  IF leaf_table IS NOT NULL THEN RETURN leaf_table; END IF;

  -- The partitions of one dataset are attached one after another: attaching locks the parent against itself.
  PERFORM pg_advisory_xact_lock(queue._lock_key('prepare ' || dataset_name));
  SELECT p.leaf INTO leaf_table FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name;
  IF leaf_table IS NOT NULL THEN RETURN leaf_table; END IF;

  leaf_table := warehouse.leaf_name(dataset_name, year, region_name, '0');
  PERFORM warehouse.create_leaf(dataset_name, year, region_name, leaf_table);
  PERFORM warehouse.attach_leaf(dataset_name, year, region_name, leaf_table);
  INSERT INTO warehouse.partition (dataset, data_year, region, leaf)
  VALUES (dataset_name, year, region_name, leaf_table);
  RETURN leaf_table;
END
$$;
COMMENT ON FUNCTION warehouse.prepare_partition(text, int, text, bigint, bigint) IS
  'The leaf of a partition, created and attached empty where there is none.';

-- A table of this attempt's own: the one place where a worker's login may put rows, and where nobody sees them until a
-- proven lease swaps or moves them in. It is filled by short COPYs before the fence, so that no lock is held while rows
-- come from a worker, which may be suspended, and that loading never holds back the vacuum of the queue.
CREATE FUNCTION warehouse.create_staging(dataset_name text, year int, region_name text, task bigint, token bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  staging_table text := warehouse.leaf_name(dataset_name, year, region_name, token::text);
  -- Who called: within this function the current user is its owner.
  caller text := CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END;
BEGIN
  -- A table that is lost in a crash was published by nobody, and the commit of a publication waits for all before it.
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM queue._require_lease(task, token, dataset_name, year, region_name);
  PERFORM warehouse.create_leaf(dataset_name, year, region_name, staging_table);
  INSERT INTO warehouse.staging (task_id, lease_token, table_name, dataset) VALUES (task, token, staging_table, dataset_name);
  -- No other worker's login either.
  EXECUTE format('GRANT INSERT ON warehouse.%I TO %I', staging_table, caller);
  RETURN staging_table;
END
$$;
COMMENT ON FUNCTION warehouse.create_staging(text, int, text, bigint, bigint) IS
  'Creates the table that an attempt loads before it publishes.';

-- The lease that a staging table belongs to, proven; and the table closed to whoever filled it.
CREATE FUNCTION warehouse._seal_staging(staging_table text, dataset_name text, year int, region_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s warehouse.staging;
  filler oid;
BEGIN
  SELECT * INTO s FROM warehouse.staging t WHERE t.table_name = staging_table AND t.dataset = dataset_name;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no staging table % of %', staging_table, dataset_name; END IF;
  PERFORM queue._require_lease(s.task_id, s.lease_token, dataset_name, year, region_name);
  FOR filler IN
    SELECT a.grantee FROM pg_class c CROSS JOIN aclexplode(c.relacl) AS a
    WHERE c.oid = format('warehouse.%I', staging_table)::regclass AND a.privilege_type = 'INSERT' AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE INSERT ON warehouse.%I FROM %I', staging_table, pg_get_userbyid(filler));
  END LOOP;
END
$$;

-- Builds the primary key of a filled staging table: cheaper after the load, and then the swap finds it there.
CREATE FUNCTION warehouse.index_staging(dataset_name text, year int, region_name text, staging_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  key_definition text;
BEGIN
  PERFORM warehouse._seal_staging(staging_table, dataset_name, year, region_name);
  UPDATE warehouse.staging s SET filled_xid = pg_current_xact_id() WHERE s.table_name = staging_table;
  SELECT pg_get_constraintdef(k.oid) INTO key_definition FROM pg_constraint k
  WHERE k.conrelid = format('public.%I', dataset_name)::regclass AND k.contype = 'p';
  IF key_definition IS NOT NULL THEN
    EXECUTE format('ALTER TABLE warehouse.%I ADD %s', staging_table, key_definition);
  END IF;
  EXECUTE format('ANALYZE warehouse.%I', staging_table);
END
$$;
COMMENT ON FUNCTION warehouse.index_staging(text, int, text, text) IS
  'Closes a filled staging table, and gives it the key of the warehouse table, and statistics.';

-- Puts the staging table in the place of the partition's leaf. For the publish transaction: takes the dataset's table for a
-- moment, so set lock_timeout, and try again rather than make readers queue behind us.
CREATE FUNCTION warehouse.swap_partition(dataset_name text, year int, region_name text, staging_table text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old_leaf text;
  parent text;
  filled xid8;
BEGIN
  PERFORM warehouse._seal_staging(staging_table, dataset_name, year, region_name);
  DELETE FROM warehouse.staging WHERE table_name = staging_table RETURNING filled_xid INTO filled;
  IF NOT warehouse.is_seen_by_all(filled) THEN
    RAISE EXCEPTION 'a snapshot is held that does not see the rows of %', staging_table
      USING ERRCODE = 'lock_not_available', HINT = 'Try again in a moment, or use warehouse.move_partition.';
  END IF;
  SELECT p.leaf INTO STRICT old_leaf FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name FOR UPDATE;
  SELECT format('%I.%I', n.nspname, c.relname) INTO STRICT parent
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhparent JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE i.inhrelid = format('warehouse.%I', old_leaf)::regclass;
  EXECUTE format('ALTER TABLE %s DETACH PARTITION warehouse.%I', parent, old_leaf);
  EXECUTE format('DROP TABLE warehouse.%I', old_leaf);
  PERFORM warehouse.attach_leaf(dataset_name, year, region_name, staging_table);
  UPDATE warehouse.partition p SET leaf = staging_table
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name;
END
$$;
COMMENT ON FUNCTION warehouse.swap_partition(text, int, text, text) IS
  'Replaces the partition by a staging table, at once; refuses with lock_not_available while a snapshot is held that is older than its rows.';

-- The same by moving rows, for when a long reader keeps the swap from its lock: never blocks anybody, but takes longer.
CREATE FUNCTION warehouse.move_partition(dataset_name text, year int, region_name text, staging_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  leaf_table text;
  column_list text;
BEGIN
  PERFORM warehouse._seal_staging(staging_table, dataset_name, year, region_name);
  SELECT p.leaf INTO STRICT leaf_table FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name FOR UPDATE;
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO column_list FROM pg_attribute a
  WHERE a.attrelid = format('warehouse.%I', staging_table)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
  EXECUTE format('DELETE FROM warehouse.%I', leaf_table);
  EXECUTE format('INSERT INTO warehouse.%I (%s) SELECT %s FROM warehouse.%I', leaf_table, column_list, column_list, staging_table);
END
$$;
COMMENT ON FUNCTION warehouse.move_partition(text, int, text, text) IS
  'Replaces the rows of the partition by those of a staging table.';

CREATE FUNCTION warehouse.drop_staging(staging_table text, token bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM warehouse.staging WHERE table_name = staging_table AND lease_token = token;
  IF FOUND THEN EXECUTE format('DROP TABLE IF EXISTS warehouse.%I', staging_table); END IF;
END
$$;
COMMENT ON FUNCTION warehouse.drop_staging(text, bigint) IS
  'Drops a staging table of this attempt that is not needed any more.';

-- A snapshot whose xmin is beyond the last transaction that filled the table sees all its rows. The others may not: they
-- are looked for among the sessions, and where those may not be looked at, they are taken to be there.
CREATE FUNCTION warehouse.is_seen_by_all(filled_xid xid8) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT filled_xid IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND CASE
      -- Postgres hides it with all else of a session of a role whose rights we have not.
      WHEN a.backend_type IS NULL THEN EXISTS (
        SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.granted)
      ELSE a.backend_type = 'client backend' AND age(a.backend_xmin) >= age(filled_xid::xid) END)
$$;
COMMENT ON FUNCTION warehouse.is_seen_by_all(xid8) IS
  'Whether every snapshot that is held in this database sees what this transaction, and those before it, committed.';
