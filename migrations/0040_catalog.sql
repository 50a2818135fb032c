-- Dataset definitions: what `aker catalog apply` declared, kept by hash, so that a worker without the catalog folder runs
-- exactly what was declared, and a partition built last year can still say how.

CREATE TABLE catalog.definition (
  created_at      timestamptz NOT NULL DEFAULT now(),
  definition_hash text PRIMARY KEY CHECK (definition_hash ~ '^[0-9a-f]{64}$'),
  dataset         text NOT NULL CHECK (dataset ~ '^[a-z][a-z0-9_]{0,39}$'),
  dataset_yml     text NOT NULL,
  transform_sql   text NOT NULL,
  UNIQUE (dataset, definition_hash)
);
COMMENT ON TABLE catalog.definition IS 'Every dataset definition that was ever applied; immutable. Workers read what they run from here.';
COMMENT ON COLUMN catalog.definition.definition_hash IS 'SHA-256 of dataset.yml and transform.sql, each preceded by its length in bytes and a newline.';
COMMENT ON COLUMN catalog.definition.dataset IS 'At most 40 characters, so that the names of warehouse partitions, which carry year and region too, fit 63.';

CREATE TABLE catalog.dataset (
  applied_at        timestamptz NOT NULL DEFAULT now(),
  first_year        int NOT NULL CHECK (first_year BETWEEN 1600 AND 2200),
  last_year         int CHECK (last_year BETWEEN first_year AND 2200),
  name              text PRIMARY KEY,
  definition_hash   text NOT NULL,
  title             text NOT NULL,
  description       text NOT NULL DEFAULT '',
  owner             text NOT NULL DEFAULT '',
  is_split          boolean NOT NULL DEFAULT false,
  regions           text[] NOT NULL DEFAULT '{}',
  source_ids        text[] NOT NULL DEFAULT '{}',
  primary_source_id text,
  depends_on        text[] NOT NULL DEFAULT '{}' CHECK (NOT name = ANY (depends_on)),
  applied_by        text NOT NULL DEFAULT session_user,
  FOREIGN KEY (name, definition_hash) REFERENCES catalog.definition (dataset, definition_hash),
  CHECK (is_split OR regions = '{}'),
  CHECK (primary_source_id IS NULL OR primary_source_id = ANY (source_ids))
);
COMMENT ON TABLE catalog.dataset IS 'The datasets as they are declared now; one row per folder of catalog/datasets/.';
COMMENT ON COLUMN catalog.dataset.last_year IS 'NULL: still published; the last year that can be asked for is then the current one.';
COMMENT ON COLUMN catalog.dataset.is_split IS 'A year is cut further by region; the warehouse table then has a column region.';
COMMENT ON COLUMN catalog.dataset.regions IS 'The regions that a backfill cuts a year into when none are asked for.';
COMMENT ON COLUMN catalog.dataset.primary_source_id IS 'The source whose limits hold back the tasks of this dataset; NULL when it reads other datasets only.';
COMMENT ON COLUMN catalog.dataset.depends_on IS 'Datasets whose partition of the same year must be published first.';

CREATE TABLE catalog.dataset_column (
  ordinal     int NOT NULL CHECK (ordinal > 0),
  is_key      boolean NOT NULL,
  dataset     text NOT NULL REFERENCES catalog.dataset ON DELETE CASCADE,
  name        text NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
  type        text NOT NULL
    CHECK (type ~ '^(text|integer|bigint|double|decimal\(\d{1,2},\d{1,2}\)|boolean|date|timestamp|geometry)$'),
  unit        text,
  description text NOT NULL DEFAULT '',
  sources     text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (dataset, name),
  UNIQUE (dataset, ordinal)
);
COMMENT ON TABLE catalog.dataset_column IS 'The columns of each published table: type, unit, meaning, and the input columns they come from.';
COMMENT ON COLUMN catalog.dataset_column.unit IS 'Unit of measure as declared (USD, persons, 0-100); NULL for text and codes.';
COMMENT ON COLUMN catalog.dataset_column.sources IS 'request.column of the inputs it is made of, where the definition tells: column-level lineage.';

-- Declares one dataset, or declares it anew. Idempotent: the same definition again changes nothing but applied_at.
CREATE FUNCTION catalog.apply_dataset(declaration jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dataset_name text := declaration ->> 'name';
BEGIN
  INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
  VALUES (declaration ->> 'definition_hash', dataset_name, declaration ->> 'dataset_yml', declaration ->> 'transform_sql')
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
COMMENT ON FUNCTION catalog.apply_dataset(jsonb) IS 'Stores one dataset definition by hash and makes it the current one.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA catalog FROM PUBLIC;
GRANT EXECUTE ON FUNCTION catalog.apply_dataset(jsonb) TO aker_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA catalog TO aker_admin, aker_worker, aker_reader;
