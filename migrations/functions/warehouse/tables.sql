-- Warehouse tables: made from definitions.

CREATE FUNCTION warehouse._postgis_schema() RETURNS name
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis'
$$;
COMMENT ON FUNCTION warehouse._postgis_schema() IS
  'Where PostGIS is: any schema will do, and it has been looked for when the database was migrated.';

-- Our type names to Postgres'. Raises for any other: nothing of a definition reaches DDL unchecked.
CREATE FUNCTION warehouse.column_type(declared text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE
    WHEN declared IN ('text', 'integer', 'bigint', 'boolean', 'date') THEN declared
    WHEN declared = 'double' THEN 'double precision'
    WHEN declared = 'timestamp' THEN 'timestamp with time zone'
    WHEN declared = 'geometry' THEN format('%I.geometry(Geometry,4326)', warehouse._postgis_schema())
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

-- The table, and the one leaf that all years share which have no leaf of their own.
CREATE FUNCTION warehouse._create_table(d catalog.dataset, key_columns text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  definition text;
  -- A split dataset's rows are looked for, and replaced, by their region first.
  partition_columns text := CASE WHEN d.is_split THEN 'region, data_year' ELSE 'data_year' END;
BEGIN
  SELECT string_agg(format('%I %s%s', dc.name, warehouse.column_type(dc.type),
    CASE WHEN dc.is_key THEN ' NOT NULL' ELSE '' END), ', ' ORDER BY dc.ordinal)
  INTO definition FROM catalog.dataset_column dc WHERE dc.dataset = d.name;
  EXECUTE format(
    'CREATE TABLE public.%I (data_year integer NOT NULL, %s as_of text NOT NULL CHECK (as_of ~ %L), %s%s) '
    'PARTITION BY LIST (data_year)',
    d.name, CASE WHEN d.is_split THEN 'region text NOT NULL,' ELSE '' END, '^\d{4}-(0[1-9]|1[0-2])$', definition,
    CASE WHEN key_columns = '{}' THEN '' ELSE format(', PRIMARY KEY (%s, %s)', partition_columns,
      (SELECT string_agg(quote_ident(k), ', ' ORDER BY n) FROM unnest(key_columns) WITH ORDINALITY AS u (k, n))) END);
  EXECUTE format('GRANT SELECT ON public.%I TO aker_admin, aker_worker, aker_reader', d.name);
  DELETE FROM warehouse.year_leaf l WHERE l.dataset = d.name;
  EXECUTE format('CREATE TABLE warehouse.%I PARTITION OF public.%I DEFAULT', warehouse._common_leaf(d.name), d.name);
  EXECUTE format('GRANT SELECT ON warehouse.%I TO aker_worker', warehouse._common_leaf(d.name));
  EXECUTE format('COMMENT ON COLUMN public.%I.data_year IS %L', d.name, 'The year that the figures describe.');
  EXECUTE format('COMMENT ON COLUMN public.%I.as_of IS %L', d.name,
    'Vintage, YYYY-MM: as of when the source was read. A newer one replaces an older one.');
  IF d.is_split THEN
    EXECUTE format('COMMENT ON COLUMN public.%I.region IS %L', d.name, 'The region that a year is cut into.');
  END IF;
END
$$;

-- Indexes besides the key: on geo_id, by which most people look, and those that the definition declares. Each is named
-- after what it is, so that it is made once, and dropped when it is declared no more.
CREATE FUNCTION warehouse._apply_indexes(d catalog.dataset, declared jsonb) RETURNS SETOF text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted record;
  old record;
  kept text[] := '{}';
  has_key boolean := EXISTS (SELECT FROM catalog.dataset_column c WHERE c.dataset = d.name AND c.is_key);
BEGIN
  FOR wanted IN
    WITH asked AS (
      SELECT i -> 'columns' AS columns, coalesce(i -> 'where', '{}') AS conditions
      FROM jsonb_array_elements(declared) AS i
      UNION
      SELECT '["geo_id"]', '{}' FROM catalog.dataset_column c WHERE c.dataset = d.name AND c.name = 'geo_id'
      UNION
      -- Without a key there is no index that finds a partition's own rows.
      SELECT CASE WHEN d.is_split THEN jsonb_build_array('region', 'data_year') ELSE '["data_year"]' END, '{}'
      WHERE NOT has_key)
    SELECT format('%s__by_%s', d.name, left(md5(a::text), 8)) AS name,
      (SELECT string_agg(format('%I', c), ', ' ORDER BY n)
       FROM jsonb_array_elements_text(a.columns) WITH ORDINALITY AS u (c, n)) AS columns,
      (SELECT string_agg(format('%I = %L', w.key, w.value), ' AND ' ORDER BY w.key)
       FROM jsonb_each_text(a.conditions) AS w) AS conditions
    FROM asked a
  LOOP
    kept := kept || wanted.name;
    CONTINUE WHEN to_regclass(format('public.%I', wanted.name)) IS NOT NULL;
    EXECUTE format('CREATE INDEX %I ON public.%I (%s)%s', wanted.name, d.name, wanted.columns,
      coalesce(' WHERE ' || wanted.conditions, ''));
    RETURN NEXT format('indexed %s by %s', d.name, wanted.columns || coalesce(' where ' || wanted.conditions, ''));
  END LOOP;
  FOR old IN
    SELECT c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    WHERE x.indrelid = format('public.%I', d.name)::regclass
      AND c.relname ~ ('^' || d.name || '__by_[0-9a-f]{8}$') AND c.relname <> ALL (kept)
  LOOP
    EXECUTE format('DROP INDEX public.%I', old.relname);
    RETURN NEXT format('dropped index %s', old.relname);
  END LOOP;
END
$$;

-- Creates the warehouse table of a declared dataset, or adds the columns and indexes it lacks. Returns what it did, one
-- line each. Raises where that is not enough: the caller compares beforehand and tells the operator the SQL to run.
CREATE FUNCTION warehouse.apply_table(dataset_name text, key_columns text[],
  indexes jsonb DEFAULT '[]') RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d catalog.dataset := warehouse.require_dataset(dataset_name);
  c record;
BEGIN
  PERFORM pg_advisory_xact_lock(queue._lock_key('apply ' || dataset_name));
  IF to_regclass(format('public.%I', dataset_name)) IS NULL THEN
    PERFORM warehouse._create_table(d, key_columns);
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
  RETURN QUERY SELECT * FROM warehouse._apply_indexes(d, indexes);
  EXECUTE format('COMMENT ON TABLE public.%I IS %L', dataset_name, d.title || E'\n\n' || d.description);
  FOR c IN SELECT dc.* FROM catalog.dataset_column dc WHERE dc.dataset = dataset_name LOOP
    EXECUTE format('COMMENT ON COLUMN public.%I.%I IS %L', dataset_name, c.name,
      c.description || CASE WHEN c.unit IS NULL THEN '' ELSE ' [' || c.unit || ']' END);
  END LOOP;
END
$$;
COMMENT ON FUNCTION warehouse.apply_table(text, text[], jsonb) IS
  'Creates or extends (columns and indexes only) the warehouse table of a dataset. indexes: [{"columns": ["geo_id"], '
  '"where": {"geo_level": "county"}}].';
