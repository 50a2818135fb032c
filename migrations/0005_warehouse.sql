-- Which rows the warehouse shows, and what people decided about them. The tables themselves are made from definitions,
-- by warehouse.apply_table().

-- What the warehouse table holds of each partition.
CREATE TABLE warehouse.partition (
  publication_id bigint REFERENCES lineage.publication,
  row_count      bigint CHECK (row_count >= 0),
  data_year      int NOT NULL,
  dataset        text NOT NULL REFERENCES catalog.dataset,
  region         text NOT NULL DEFAULT '',
  as_of          text CHECK (as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  sha256         text,
  PRIMARY KEY (dataset, data_year, region),
  CHECK ((publication_id IS NULL) = (as_of IS NULL)),
  CHECK ((publication_id IS NULL) = (sha256 IS NULL)),
  CHECK ((publication_id IS NULL) = (row_count IS NULL))
);
CREATE INDEX partition_vintage ON warehouse.partition (dataset, data_year, as_of);
COMMENT ON TABLE warehouse.partition IS
  'The vintage that the warehouse shows of each partition. Its row is the lock that orders publications of one '
  'partition.';
COMMENT ON COLUMN warehouse.partition.as_of IS
  'NULL, with all that tells of the publication, until something is published.';

-- The years of datasets that have a table of their own.
CREATE TABLE warehouse.year_leaf (
  data_year  int NOT NULL,
  dataset    text NOT NULL REFERENCES catalog.dataset,
  table_name text NOT NULL UNIQUE,
  PRIMARY KEY (dataset, data_year)
);
COMMENT ON TABLE warehouse.year_leaf IS
  'Large years of a dataset, each with the table in schema warehouse that holds its rows. All other years share '
  '<dataset>__years.';

-- Tables that are being filled by an attempt, outside its publish transaction.
CREATE TABLE warehouse.staging (
  task_id     bigint NOT NULL,
  lease_token bigint NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  table_name  text PRIMARY KEY,
  dataset     text NOT NULL,
  filled_xid  xid8
);
COMMENT ON TABLE warehouse.staging IS
  'Tables being filled by an attempt; those whose lease is gone are dropped by warehouse.drop_orphans().';
COMMENT ON COLUMN warehouse.staging.filled_xid IS
  'The transaction that indexed the table, after all its rows were committed; NULL until then.';

-- County outlines, made simple enough to draw: once for what boundary_county shows of a year, and kept until it shows
-- something else (decision 0061).
CREATE TABLE warehouse.outline_set (
  set_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  drawn_at       timestamptz,
  publication_id bigint NOT NULL REFERENCES lineage.publication,
  data_year      int NOT NULL,
  steps_done     int NOT NULL DEFAULT 0,
  as_of          text NOT NULL,
  sha256         text NOT NULL,
  UNIQUE (data_year, sha256)
);
COMMENT ON TABLE warehouse.outline_set IS
  'The publications of boundary_county whose outlines are drawn, one of a year, and beside it the one that is being '
  'drawn; drawn anew once sha256 differs from that of warehouse.partition.';
COMMENT ON COLUMN warehouse.outline_set.drawn_at IS 'NULL until all of it is drawn: nothing is shown of it before.';
DO $$
BEGIN
  -- PostGIS may be in any schema.
  EXECUTE format('CREATE TABLE warehouse.outline (
      set_id bigint NOT NULL REFERENCES warehouse.outline_set ON DELETE CASCADE,
      level     smallint NOT NULL CHECK (level BETWEEN 0 AND 2),
      x_min     real,
      y_min     real,
      x_max     real,
      y_max     real,
      geo_id    text NOT NULL,
      name      text NOT NULL,
      path      text,
      shape     %I.geometry(Geometry, 3857) NOT NULL,
      PRIMARY KEY (set_id, level, geo_id))', n.nspname)
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'postgis';
END
$$;
CREATE INDEX outline_shape ON warehouse.outline USING gist (shape);
COMMENT ON TABLE warehouse.outline IS
  'Outlines of counties, and of the states that they make (two digits), at three levels: for zooms up to 4, up to 8, '
  'and beyond. Neighbours share their borders at each.';
COMMENT ON COLUMN warehouse.outline.path IS
  'Of levels 0 and 1, for an SVG of 960 by 660: equal areas, with Alaska (at 0.35), Hawaii and Puerto Rico below. NULL '
  'for what that picture leaves out. x_min to y_max are its bounds there.';

-- What people decided about rows of datasets that have a `review`. Decisions are beside the published rows and never in
-- them: a partition that is published again keeps what was decided, since both go by what names the row.
CREATE TABLE review.decision (
  decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  dataset     text NOT NULL,
  row_id      text NOT NULL CHECK (row_id <> ''),
  decision    text NOT NULL CHECK (decision IN ('accept', 'reject', 'correct')),
  decided_by  text NOT NULL CHECK (decided_by <> ''),
  role_name   text NOT NULL DEFAULT session_user,
  reason      text NOT NULL CHECK (btrim(reason) <> ''),
  changes     jsonb NOT NULL DEFAULT '{}',
  original    jsonb NOT NULL,
  CHECK (jsonb_typeof(changes) = 'object'),
  CHECK ((decision = 'correct') = (changes <> '{}'))
);
CREATE INDEX decision_row ON review.decision (dataset, row_id, decision_id DESC);
COMMENT ON TABLE review.decision IS 'Every decision about a row, none ever changed; the newest of a row counts.';
COMMENT ON COLUMN review.decision.row_id IS 'What names the row: the column that the dataset''s review says.';
COMMENT ON COLUMN review.decision.decided_by IS 'Who decided, as they named themselves.';
COMMENT ON COLUMN review.decision.role_name IS 'The database role that was used.';
COMMENT ON COLUMN review.decision.changes IS
  'What is to be shown instead: {"jobs": "250", "geo_id": null}; null for no value. All of it, also what an earlier '
  'decision changed.';
COMMENT ON COLUMN review.decision.original IS
  'The published row when it was decided, so that a later reader sees what was judged.';
