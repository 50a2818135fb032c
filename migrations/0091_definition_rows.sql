-- What a request asks for may depend on rows that a file beside dataset.yml selects: it is part of the definition.

ALTER TABLE catalog.definition ADD COLUMN rows_sql jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(rows_sql) = 'object');
COMMENT ON COLUMN catalog.definition.rows_sql IS 'SQL files by name that requests select their rows by.';
COMMENT ON COLUMN catalog.definition.definition_hash IS 'SHA-256 of dataset.yml and transform.sql, each preceded by its length in bytes and a newline; then of the files of rows_sql in the order of their names, each preceded by name and length, with a newline after each.';

CREATE OR REPLACE FUNCTION catalog.apply_dataset(declaration jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dataset_name text := declaration ->> 'name';
BEGIN
  INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql, rows_sql)
  VALUES (declaration ->> 'definition_hash', dataset_name, declaration ->> 'dataset_yml', declaration ->> 'transform_sql',
    coalesce(declaration -> 'rows_sql', '{}'))
  ON CONFLICT (definition_hash) DO NOTHING;

  INSERT INTO catalog.dataset AS d
    (name, definition_hash, title, description, owner, first_year, last_year, is_split, regions, source_ids,
     primary_source_id, depends_on)
  SELECT r.name, r.definition_hash, r.title, r.description, r.owner, r.first_year, r.last_year, r.is_split, r.regions,
    r.source_ids, r.primary_source_id, r.depends_on
  FROM jsonb_to_record(declaration) AS r (
    name text, definition_hash text, title text, description text, owner text, first_year int, last_year int,
    is_split boolean, regions text[], source_ids text[], primary_source_id text, depends_on text[])
  ON CONFLICT (name) DO UPDATE SET
    definition_hash = EXCLUDED.definition_hash, title = EXCLUDED.title, description = EXCLUDED.description,
    owner = EXCLUDED.owner, first_year = EXCLUDED.first_year, last_year = EXCLUDED.last_year,
    is_split = EXCLUDED.is_split, regions = EXCLUDED.regions, source_ids = EXCLUDED.source_ids,
    primary_source_id = EXCLUDED.primary_source_id, depends_on = EXCLUDED.depends_on,
    applied_at = now(), applied_by = session_user;

  DELETE FROM catalog.dataset_column WHERE dataset = dataset_name;
  INSERT INTO catalog.dataset_column (dataset, ordinal, name, type, unit, description, is_key, sources)
  SELECT dataset_name, c.ordinal, c.name, c.type, c.unit, c.description, c.is_key, c.sources
  FROM jsonb_to_recordset(declaration -> 'columns') AS c (
    ordinal int, name text, type text, unit text, description text, is_key boolean, sources text[]);
END
$$;
