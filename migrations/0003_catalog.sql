-- Dataset definitions: what `aker catalog apply` declared, kept by hash, so that a worker without the catalog folder
-- runs exactly what was declared, and a partition built last year can still say how.

CREATE TABLE catalog.definition (
  created_at      timestamptz NOT NULL DEFAULT now(),
  definition_hash text PRIMARY KEY CHECK (definition_hash ~ '^[0-9a-f]{64}$'),
  dataset         text NOT NULL CHECK (dataset ~ '^[a-z][a-z0-9_]{0,39}$'),
  dataset_yml     text NOT NULL,
  transform_sql   text NOT NULL,
  rows_sql        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(rows_sql) = 'object'),
  UNIQUE (dataset, definition_hash)
);
COMMENT ON TABLE catalog.definition IS
  'Every dataset definition that was ever applied; immutable. Workers read what they run from here.';
COMMENT ON COLUMN catalog.definition.rows_sql IS
  'Further SQL files by name: those that requests select their rows by, and macros as macros/<name>.sql.';
COMMENT ON COLUMN catalog.definition.definition_hash IS
  'SHA-256 of dataset.yml and transform.sql, each preceded by its length in bytes and a newline; then of the files of '
  'rows_sql in the order of their names, each preceded by name and length, with a newline after each.';
COMMENT ON COLUMN catalog.definition.dataset IS
  'At most 40 characters, so that the names of warehouse partitions, which carry year and region too, fit 63.';

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
  region_pattern    text,
  review            jsonb CHECK (jsonb_typeof(review) = 'object'),
  FOREIGN KEY (name, definition_hash) REFERENCES catalog.definition (dataset, definition_hash),
  -- Matching is what tells whether it is a regular expression at all.
  CONSTRAINT dataset_region_pattern CHECK (region_pattern IS NULL OR is_split AND ('' ~ region_pattern) IS NOT NULL),
  CHECK (is_split OR regions = '{}'),
  CHECK (primary_source_id IS NULL OR primary_source_id = ANY (source_ids))
);
COMMENT ON TABLE catalog.dataset IS 'The datasets as they are declared now; one row per folder of catalog/datasets/.';
COMMENT ON COLUMN catalog.dataset.last_year IS
  'NULL: still published; the last year that can be asked for is then the current one.';
COMMENT ON COLUMN catalog.dataset.is_split IS
  'A year is cut further by region; the warehouse table then has a column region.';
COMMENT ON COLUMN catalog.dataset.regions IS 'The regions that a backfill cuts a year into when none are asked for.';
COMMENT ON COLUMN catalog.dataset.region_pattern IS
  'Regular expression of the regions beside these that may be asked for; NULL where there are no others.';
COMMENT ON COLUMN catalog.dataset.review IS
  'How people look over its rows, as review.decide() holds them to it; NULL where nobody does.';
COMMENT ON COLUMN catalog.dataset.primary_source_id IS
  'The source whose limits hold back the tasks of this dataset; NULL when it reads other datasets only.';
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
COMMENT ON TABLE catalog.dataset_column IS
  'The columns of each published table: type, unit, meaning, and the input columns they come from.';
COMMENT ON COLUMN catalog.dataset_column.unit IS
  'Unit of measure as declared (USD, persons, 0-100); NULL for text and codes.';
COMMENT ON COLUMN catalog.dataset_column.sources IS
  'request.column of the inputs it is made of, where the definition tells: column-level lineage.';

-- The source registry as it was applied: a worker's host has no catalog folder.
CREATE TABLE catalog.source_file (
  ordinal    int PRIMARY KEY,
  applied_at timestamptz NOT NULL DEFAULT now(),
  file       text NOT NULL UNIQUE,
  contents   text NOT NULL
);
COMMENT ON TABLE catalog.source_file IS
  'sources.yml and sources_supplement.yml as last applied, in the order in which they are merged. No secrets: those '
  'are in the environment of each worker.';
