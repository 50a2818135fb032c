-- How rows get into the warehouse: staged by an attempt where nobody sees them, then published by swapping or moving
-- them.

-- A table of this attempt's own: the one place where a worker's login may put rows, and where nobody sees them until a
-- proven lease swaps or moves them in. It is filled by short COPYs before the fence, so that no lock is held while rows
-- come from a worker, which may be suspended, and that loading never holds back the vacuum of the queue.
CREATE FUNCTION warehouse.create_staging(dataset_name text, year int, region_name text, task bigint,
  token bigint) RETURNS text
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
  INSERT INTO warehouse.staging (task_id, lease_token, table_name, dataset)
    VALUES (task, token, staging_table, dataset_name);
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
    WHERE c.oid = format('warehouse.%I', staging_table)::regclass AND a.privilege_type = 'INSERT'
      AND a.grantee <> c.relowner
  LOOP
    EXECUTE format('REVOKE INSERT ON warehouse.%I FROM %I', staging_table, pg_get_userbyid(filler));
  END LOOP;
END
$$;

-- Builds the keys of a filled staging table that is to be swapped in: cheaper after the load, and then the swap finds
-- them.
CREATE FUNCTION warehouse.index_staging(dataset_name text, year int, region_name text, staging_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM warehouse._seal_staging(staging_table, dataset_name, year, region_name);
  UPDATE warehouse.staging s SET filled_xid = pg_current_xact_id() WHERE s.table_name = staging_table;
  -- A region's rows are moved, which needs no index.
  IF NOT (warehouse.require_dataset(dataset_name)).is_split THEN
    PERFORM warehouse._index_leaf(dataset_name, staging_table);
    EXECUTE format('ANALYZE warehouse.%I', staging_table);
  END IF;
END
$$;
COMMENT ON FUNCTION warehouse.index_staging(text, int, text, text) IS
  'Closes a filled staging table, and gives it the indexes of the warehouse table, and statistics.';

-- Puts the staging table in the place of its year's own. For the publish transaction: takes the dataset's table for a
-- moment, so set lock_timeout, and try again rather than make readers queue behind us.
CREATE FUNCTION warehouse.swap_partition(dataset_name text, year int, region_name text, staging_table text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old_leaf text;
  filled xid8;
BEGIN
  PERFORM warehouse._seal_staging(staging_table, dataset_name, year, region_name);
  DELETE FROM warehouse.staging WHERE table_name = staging_table RETURNING filled_xid INTO filled;
  PERFORM pg_advisory_xact_lock(warehouse._layout_key(dataset_name));
  IF NOT warehouse.is_seen_by_all(filled) THEN
    RAISE EXCEPTION 'a snapshot is held that does not see the rows of %', staging_table
      USING ERRCODE = 'lock_not_available', HINT = 'Try again in a moment, or use warehouse.move_partition.';
  END IF;
  SELECT l.table_name INTO old_leaf FROM warehouse.year_leaf l
  WHERE l.dataset = dataset_name AND l.data_year = year AND region_name = '';
  IF NOT FOUND THEN
    RAISE EXCEPTION '% % has no table of its own that % could replace', dataset_name, year, staging_table
      USING ERRCODE = 'lock_not_available', HINT = 'Use warehouse.move_partition.';
  END IF;
  EXECUTE format('ALTER TABLE public.%I DETACH PARTITION warehouse.%I', dataset_name, old_leaf);
  EXECUTE format('DROP TABLE warehouse.%I', old_leaf);
  PERFORM warehouse.attach_leaf(dataset_name, year, NULL, staging_table);
  UPDATE warehouse.year_leaf l SET table_name = staging_table WHERE l.dataset = dataset_name AND l.data_year = year;
END
$$;
COMMENT ON FUNCTION warehouse.swap_partition(text, int, text, text) IS
  'Replaces a year''s own table by a staging table, at once; refuses with lock_not_available while a snapshot is held '
  'that is older than its rows.';

-- The same by moving rows: of regions, of what is small, and where a long reader keeps the swap from its lock. Never
-- blocks anybody; whoever reads sees the old rows until this is committed, and then the new ones.
CREATE FUNCTION warehouse.move_partition(dataset_name text, year int, region_name text, staging_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
-- The partition's rows are found by its key, whatever the planner believes of a table that just grew.
SET enable_seqscan = off SET jit = off AS $$
DECLARE
  leaf_table text;
  column_list text;
BEGIN
  PERFORM warehouse._seal_staging(staging_table, dataset_name, year, region_name);
  PERFORM pg_advisory_xact_lock_shared(warehouse._layout_key(dataset_name));
  leaf_table := warehouse._leaf_of(dataset_name, year);
  SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO column_list FROM pg_attribute a
  WHERE a.attrelid = format('warehouse.%I', staging_table)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
  PERFORM warehouse._clear_partition(dataset_name, year, region_name);
  EXECUTE format('INSERT INTO warehouse.%I (%s) SELECT %s FROM warehouse.%I', leaf_table, column_list, column_list,
    staging_table);
END
$$;
COMMENT ON FUNCTION warehouse.move_partition(text, int, text, text) IS
  'Replaces the rows of the partition by those of a staging table.';

CREATE FUNCTION warehouse._clear_partition(dataset_name text, year int, region_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
  EXECUTE format('DELETE FROM warehouse.%I WHERE data_year = %s%s', warehouse._leaf_of(dataset_name, year), year,
    CASE WHEN (warehouse.require_dataset(dataset_name)).is_split THEN format(' AND region = %L', region_name)
      ELSE '' END);
END
$$;
COMMENT ON FUNCTION warehouse._clear_partition(text, int, text) IS
  'Deletes the rows of a partition. The caller holds the layout lock, at least shared.';

CREATE FUNCTION warehouse.drop_staging(staging_table text, token bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM warehouse.staging s WHERE s.table_name = staging_table AND s.lease_token = token AND NOT EXISTS (
    SELECT FROM queue.lease l WHERE l.task_id = s.task_id AND l.lease_token = token
      AND l.incarnation IS DISTINCT FROM queue._incarnation());
  IF FOUND THEN EXECUTE format('DROP TABLE IF EXISTS warehouse.%I', staging_table); END IF;
END
$$;
COMMENT ON FUNCTION warehouse.drop_staging(text, bigint) IS
  'Drops a staging table of this attempt that is not needed any more.';

-- Snapshots that other sessions of this database hold. A statement by itself gets its own after it has the locks of
-- its tables; is_alone tells those. xmin is NULL where a session may not be looked at: Postgres hides it with all else
-- of a role whose rights we have not, and then one is taken to be held by whoever is in a transaction.
CREATE FUNCTION warehouse._held_snapshots() RETURNS TABLE (xmin xid, is_alone boolean)
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN a.backend_type IS NOT NULL THEN a.backend_xmin END,
    coalesce(a.state = 'active' AND a.xact_start >= a.query_start, false)
  FROM pg_stat_activity a
  WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND CASE
    WHEN a.backend_type IS NULL THEN EXISTS (
      SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.granted)
    ELSE a.backend_type = 'client backend' AND a.backend_xmin IS NOT NULL END
$$;

-- A snapshot whose xmin is beyond the last transaction that filled the table sees all its rows. The others may not.
CREATE FUNCTION warehouse.is_seen_by_all(filled_xid xid8) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT filled_xid IS NOT NULL AND NOT EXISTS (
    SELECT FROM warehouse._held_snapshots() s WHERE s.xmin IS NULL OR age(s.xmin) >= age(filled_xid::xid))
$$;
COMMENT ON FUNCTION warehouse.is_seen_by_all(xid8) IS
  'Whether every snapshot that is held in this database sees what this transaction, and those before it, committed.';
