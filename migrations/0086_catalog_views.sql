-- Views over warehouse tables, declared in the catalog as one SELECT each.

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
COMMENT ON FUNCTION catalog.apply_view IS 'Creates or replaces a view of the catalog. NULL, or why it waits: a table that it reads is not there yet.';
REVOKE ALL ON FUNCTION catalog.apply_view FROM PUBLIC;
GRANT EXECUTE ON FUNCTION catalog.apply_view TO aker_admin;
