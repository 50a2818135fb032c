-- What `aker catalog apply` stores: dataset definitions, views, the source registry.

-- Declares one dataset, or declares it anew. Idempotent: the same definition again changes nothing but applied_at.
CREATE FUNCTION catalog.apply_dataset(declaration jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dataset_name text := declaration ->> 'name';
BEGIN
  INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql, rows_sql)
  VALUES (declaration ->> 'definition_hash', dataset_name, declaration ->> 'dataset_yml',
    declaration ->> 'transform_sql',
    coalesce(declaration -> 'rows_sql', '{}'))
  ON CONFLICT (definition_hash) DO NOTHING;

  INSERT INTO catalog.dataset AS d
    (name, definition_hash, title, description, owner, first_year, last_year, is_split, regions, region_pattern,
      source_ids,
     primary_source_id, depends_on, review)
  SELECT r.name, r.definition_hash, r.title, r.description, r.owner, r.first_year, r.last_year, r.is_split, r.regions,
    r.region_pattern, r.source_ids, r.primary_source_id, r.depends_on, r.review
  FROM jsonb_to_record(declaration) AS r (
    name text, definition_hash text, title text, description text, owner text, first_year int, last_year int,
    is_split boolean, regions text[], region_pattern text, source_ids text[], primary_source_id text, depends_on text[],
    review jsonb)
  ON CONFLICT (name) DO UPDATE SET
    definition_hash = EXCLUDED.definition_hash, title = EXCLUDED.title, description = EXCLUDED.description,
    owner = EXCLUDED.owner, first_year = EXCLUDED.first_year, last_year = EXCLUDED.last_year,
    is_split = EXCLUDED.is_split, regions = EXCLUDED.regions, region_pattern = EXCLUDED.region_pattern,
    source_ids = EXCLUDED.source_ids, primary_source_id = EXCLUDED.primary_source_id, depends_on = EXCLUDED.depends_on,
    review = EXCLUDED.review,
    applied_at = now(), applied_by = session_user;

  DELETE FROM catalog.dataset_column WHERE dataset = dataset_name;
  INSERT INTO catalog.dataset_column (dataset, ordinal, name, type, unit, description, is_key, sources)
  SELECT dataset_name, c.ordinal, c.name, c.type, c.unit, c.description, c.is_key, c.sources
  FROM jsonb_to_recordset(declaration -> 'columns') AS c (
    ordinal int, name text, type text, unit text, description text, is_key boolean, sources text[]);
END
$$;
COMMENT ON FUNCTION catalog.apply_dataset(jsonb) IS
  'Stores one dataset definition by hash and makes it the current one.';

CREATE FUNCTION catalog.apply_sources(files text[], texts text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM catalog.source_file;
  INSERT INTO catalog.source_file (ordinal, file, contents)
  SELECT u.ordinal, u.file, u.contents FROM unnest(files, texts) WITH ORDINALITY AS u (file, contents, ordinal)
$$;
COMMENT ON FUNCTION catalog.apply_sources(text[], text[]) IS 'Stores the files of the source registry, in their order.';

CREATE FUNCTION catalog.lock_apply() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock(queue._lock_key('catalog.apply'))
$$;
COMMENT ON FUNCTION catalog.lock_apply() IS 'Until the transaction ends, nobody else applies the catalog.';

CREATE FUNCTION catalog.apply_view(view_name text, query text, description text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  kind "char";
BEGIN
  IF view_name !~ '^[a-z][a-z0-9_]{0,39}$' THEN
    RAISE EXCEPTION '''%'' is not usable as a name', view_name USING ERRCODE = 'AK003';
  END IF;
  -- One statement and no more, since this runs with its owner's rights. Reading the view needs the reader's own.
  IF query ~ ';' THEN
    RAISE EXCEPTION 'view %: one SELECT is expected, without a semicolon', view_name USING ERRCODE = 'AK003';
  END IF;
  -- PostGIS may be in any schema.
  PERFORM set_config('search_path', concat_ws(', ', 'pg_catalog', 'public',
    quote_ident(nullif(warehouse._postgis_schema(), 'public')), 'pg_temp'), true);
  SELECT c.relkind INTO kind FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = view_name;
  IF kind <> 'v' THEN
    RAISE EXCEPTION 'view %: there is a table of that name', view_name USING ERRCODE = 'AK003';
  END IF;
  BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW public.%I WITH (security_invoker) AS %s', view_name, query);
  EXCEPTION
    WHEN undefined_table THEN
      RETURN format('view %s waits: %s', view_name, SQLERRM);
    WHEN invalid_table_definition THEN
      -- Columns went or moved, which no replacement can do.
      EXECUTE format('DROP VIEW public.%I', view_name);
      EXECUTE format('CREATE VIEW public.%I WITH (security_invoker) AS %s', view_name, query);
  END;
  EXECUTE format('GRANT SELECT ON public.%I TO aker_admin, aker_worker, aker_reader', view_name);
  EXECUTE format('COMMENT ON VIEW public.%I IS %L', view_name, description);
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION catalog.apply_view IS
  'Creates or replaces a view of the catalog. NULL, or why it waits: a table that it reads is not there yet.';
