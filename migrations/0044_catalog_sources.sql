-- The source registry as it was applied: a worker's host has no catalog folder.

CREATE TABLE catalog.source_file (
  ordinal    int PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now(),
  file       text NOT NULL UNIQUE,
  contents   text NOT NULL
);
COMMENT ON TABLE catalog.source_file IS 'sources.yml and sources_supplement.yml as last applied, in the order in which they are merged. No secrets: those are in the environment of each worker.';

CREATE FUNCTION catalog.apply_sources(files text[], texts text[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM catalog.source_file;
  INSERT INTO catalog.source_file (ordinal, file, contents)
  SELECT u.ordinal, u.file, u.contents FROM unnest(files, texts) WITH ORDINALITY AS u (file, contents, ordinal)
$$;
COMMENT ON FUNCTION catalog.apply_sources(text[], text[]) IS 'Stores the files of the source registry, in their order.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA catalog FROM PUBLIC;
GRANT EXECUTE ON FUNCTION catalog.apply_sources(text[], text[]) TO aker_admin;
GRANT SELECT ON catalog.source_file TO aker_admin, aker_worker, aker_reader;
