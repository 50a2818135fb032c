-- A swap shows the rows of another table, which a snapshot taken before they were loaded does not see: a report in one
-- REPEATABLE READ transaction would find the partition empty. While such a snapshot is about, there is no swap.

ALTER TABLE warehouse.staging ADD COLUMN filled_xid xid8;
COMMENT ON COLUMN warehouse.staging.filled_xid IS
  'The transaction that indexed the table, after all its rows were committed; NULL until then.';

CREATE OR REPLACE FUNCTION warehouse.index_staging(staging_table text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dataset_name text;
  key_definition text;
BEGIN
  UPDATE warehouse.staging s SET filled_xid = pg_current_xact_id() WHERE s.table_name = staging_table
  RETURNING s.dataset INTO STRICT dataset_name;
  SELECT pg_get_constraintdef(k.oid) INTO key_definition FROM pg_constraint k
  WHERE k.conrelid = format('public.%I', dataset_name)::regclass AND k.contype = 'p';
  IF key_definition IS NOT NULL THEN
    EXECUTE format('ALTER TABLE warehouse.%I ADD %s', staging_table, key_definition);
  END IF;
  EXECUTE format('ANALYZE warehouse.%I', staging_table);
END
$$;

-- A snapshot whose xmin is beyond the last transaction that filled the table sees all its rows. The others may not: they
-- are looked for among the sessions, and where those may not be looked at, they are taken to be there.
CREATE FUNCTION warehouse.is_seen_by_all(filled_xid xid8) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT filled_xid IS NOT NULL AND pg_has_role('pg_read_all_stats', 'USAGE') AND NOT EXISTS (
    SELECT FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
      AND age(a.backend_xmin) >= age(filled_xid::xid))
$$;
COMMENT ON FUNCTION warehouse.is_seen_by_all(xid8) IS
  'Whether every snapshot that is held in this database sees what this transaction, and those before it, committed.';

CREATE OR REPLACE FUNCTION warehouse.swap_partition(dataset_name text, year int, region_name text, staging_table text)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old_leaf text;
  parent text;
  filled xid8;
BEGIN
  DELETE FROM warehouse.staging WHERE table_name = staging_table AND dataset = dataset_name
  RETURNING filled_xid INTO filled;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no staging table % of %', staging_table, dataset_name; END IF;
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

REVOKE ALL ON FUNCTION warehouse.is_seen_by_all(xid8) FROM PUBLIC;
