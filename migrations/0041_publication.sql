-- What was published, from what, how good it was, and which file it is.

-- One row per attempt that reached the end of its publish transaction. Never updated, but for the object's pruning.
CREATE TABLE lineage.publication (
  publication_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id         bigint NOT NULL,
  backfill_id     bigint,
  attempt_id      bigint,
  lease_token     bigint NOT NULL,
  row_count       bigint NOT NULL CHECK (row_count >= 0),
  byte_count      bigint NOT NULL CHECK (byte_count >= 0),
  started_at      timestamptz NOT NULL,
  published_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  data_year       int NOT NULL,
  attempt_number  int,
  dataset         text NOT NULL,
  region          text NOT NULL DEFAULT '',
  as_of           text NOT NULL CHECK (as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  outcome         text NOT NULL CHECK (outcome IN ('published', 'unchanged', 'lake_only')),
  definition_hash text NOT NULL REFERENCES catalog.definition,
  output_sha256   text NOT NULL CHECK (output_sha256 ~ '^[0-9a-f]{64}$'),
  lake_path       text NOT NULL,
  worker_id       text NOT NULL,
  host            text NOT NULL,
  code_version    text NOT NULL,
  engine_version  text NOT NULL,
  is_synthetic    boolean NOT NULL DEFAULT false,
  change          jsonb,
  steps           jsonb,
  UNIQUE (task_id, lease_token)
);
CREATE INDEX publication_partition ON lineage.publication (dataset, data_year, region, as_of, publication_id);
CREATE INDEX publication_published_at ON lineage.publication (published_at);
COMMENT ON TABLE lineage.publication IS 'Every publication of a partition: by whom, when, from which definition, with which result. UNIQUE (task_id, lease_token) is the last line of defence of exactly-once.';
COMMENT ON COLUMN lineage.publication.task_id IS 'queue.task; not a foreign key, since finished tasks are pruned and lineage is kept.';
COMMENT ON COLUMN lineage.publication.lease_token IS 'The fencing token under which it was published.';
COMMENT ON COLUMN lineage.publication.outcome IS 'published: warehouse and lake; unchanged: same bytes as current, nothing rewritten; lake_only: an older as_of than the warehouse holds.';
COMMENT ON COLUMN lineage.publication.byte_count IS 'Size of the Parquet file in bytes.';
COMMENT ON COLUMN lineage.publication.output_sha256 IS 'SHA-256 of the Parquet file, which holds the rows sorted by key, without data_year, region and as_of (those are in its path).';
COMMENT ON COLUMN lineage.publication.lake_path IS 'Relative to data_lake/, with the dataset first.';
COMMENT ON COLUMN lineage.publication.is_synthetic IS 'Some input was a made-up recording: never real figures.';
COMMENT ON COLUMN lineage.publication.change IS 'Against the partition it replaced or the vintage before: {"against_as_of", "rows_added", "rows_removed", "rows_changed", "cells_changed"}; NULL when there was nothing to compare with.';
COMMENT ON COLUMN lineage.publication.steps IS 'Seconds per step: {"fetch": 1.2, ...}.';

CREATE TABLE lineage.input (
  publication_id     bigint NOT NULL REFERENCES lineage.publication ON DELETE CASCADE,
  byte_count         bigint CHECK (byte_count >= 0),
  input_publication_id bigint REFERENCES lineage.publication ON DELETE SET NULL,
  fetched_at         timestamptz,
  ordinal            int NOT NULL CHECK (ordinal > 0),
  status             int,
  cache_hit          boolean NOT NULL DEFAULT false,
  synthetic          boolean NOT NULL DEFAULT false,
  kind               text NOT NULL CHECK (kind IN ('source', 'dataset')),
  request_name       text NOT NULL,
  source_id          text,
  url                text,
  sha256             text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  note               text,
  PRIMARY KEY (publication_id, ordinal),
  CHECK ((kind = 'source') = (source_id IS NOT NULL))
);
CREATE INDEX input_publication_read ON lineage.input (input_publication_id) WHERE input_publication_id IS NOT NULL;
COMMENT ON TABLE lineage.input IS 'What each publication was made from: documents of sources, and partitions of other datasets.';
COMMENT ON COLUMN lineage.input.url IS 'Secrets redacted.';
COMMENT ON COLUMN lineage.input.status IS 'HTTP status of the answer, that of the first time for a cache hit; NULL for files and datasets.';
COMMENT ON COLUMN lineage.input.sha256 IS 'Of the document as it came, which is its name in the raw cache; NULL when an optional level was not offered.';
COMMENT ON COLUMN lineage.input.note IS 'Why there is no document: an optional level that the source does not offer for this partition.';

-- OpenLineage events that wait to be delivered; filled in the publish transaction, so that none is lost or made up.
CREATE TABLE lineage.outbox (
  event_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  attempt_count   int NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivered_at    timestamptz,
  event           jsonb NOT NULL,
  last_error      text
);
CREATE INDEX outbox_waiting ON lineage.outbox (next_attempt_at, event_id) WHERE delivered_at IS NULL;
COMMENT ON TABLE lineage.outbox IS 'OpenLineage run events for AKER_OPENLINEAGE_URL: delivered at least once, in order of event_id per delivery, deleted a day after delivery.';

-- The current file of each partition at each vintage.
CREATE TABLE lake.manifest (
  publication_id  bigint NOT NULL REFERENCES lineage.publication,
  row_count       bigint NOT NULL CHECK (row_count >= 0),
  byte_count      bigint NOT NULL CHECK (byte_count >= 0),
  committed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  data_year       int NOT NULL,
  dataset         text NOT NULL,
  region          text NOT NULL DEFAULT '',
  as_of           text NOT NULL CHECK (as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  state           text NOT NULL DEFAULT 'committed' CHECK (state IN ('committed', 'in_place', 'missing')),
  definition_hash text NOT NULL,
  sha256          text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  path            text NOT NULL UNIQUE,
  staged_path     text CHECK (state <> 'committed' OR staged_path IS NOT NULL),
  lake            text NOT NULL,
  PRIMARY KEY (dataset, data_year, region, as_of)
);
CREATE INDEX manifest_committed ON lake.manifest (committed_at) WHERE state = 'committed';
CREATE INDEX manifest_publication ON lake.manifest (publication_id);
COMMENT ON TABLE lake.manifest IS 'Which Parquet file is which partition at which vintage. A row is the truth from its commit on; the file follows by rename, or by repair.';
COMMENT ON COLUMN lake.manifest.state IS 'committed: the file still lies at staged_path; in_place: it is at path; missing: repair found neither.';
COMMENT ON COLUMN lake.manifest.path IS 'Relative to the lake: <dataset>/as_of=YYYY-MM/data_year=YYYY/[region=XX/]<dataset>.parquet';
COMMENT ON COLUMN lake.manifest.lake IS 'Where the lake is: a folder on the publishing host, or s3://bucket/prefix.';

-- What the warehouse table holds of each partition, and where.
CREATE SCHEMA warehouse;
COMMENT ON SCHEMA warehouse IS 'The partitions of the warehouse tables, which themselves are in public. Read the tables in public; not these.';
GRANT USAGE ON SCHEMA warehouse TO aker_admin, aker_worker, aker_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA warehouse GRANT SELECT ON TABLES TO aker_admin, aker_reader;

CREATE TABLE warehouse.partition (
  publication_id bigint REFERENCES lineage.publication,
  row_count      bigint CHECK (row_count >= 0),
  data_year      int NOT NULL,
  dataset        text NOT NULL REFERENCES catalog.dataset,
  region         text NOT NULL DEFAULT '',
  as_of          text CHECK (as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  sha256         text,
  leaf           text NOT NULL UNIQUE,
  PRIMARY KEY (dataset, data_year, region),
  CHECK ((publication_id IS NULL) = (as_of IS NULL)),
  CHECK ((publication_id IS NULL) = (sha256 IS NULL)),
  CHECK ((publication_id IS NULL) = (row_count IS NULL))
);
COMMENT ON TABLE warehouse.partition IS 'The vintage that the warehouse shows of each partition. Its row is the lock that orders publications of one partition.';
COMMENT ON COLUMN warehouse.partition.leaf IS 'The table in schema warehouse that holds the rows; attached to the table of the dataset, and empty until the first publication.';
COMMENT ON COLUMN warehouse.partition.as_of IS 'NULL, with all that tells of the publication, until something is published.';

-- Tables that are being filled by an attempt, outside its publish transaction.
CREATE TABLE warehouse.staging (
  task_id     bigint NOT NULL,
  lease_token bigint NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  table_name  text PRIMARY KEY,
  dataset     text NOT NULL
);
COMMENT ON TABLE warehouse.staging IS 'Tables being filled by an attempt; those whose lease is gone are dropped by warehouse.drop_orphans().';

CREATE VIEW lake.current AS
SELECT DISTINCT ON (m.dataset, m.data_year, m.region)
  m.dataset, m.data_year, m.region, m.as_of, m.path, m.lake, m.sha256, m.row_count, m.byte_count, m.state,
  m.definition_hash, m.publication_id, m.committed_at,
  w.publication_id IS NOT NULL AND w.as_of = m.as_of AS in_warehouse
FROM lake.manifest m
LEFT JOIN warehouse.partition w USING (dataset, data_year, region)
ORDER BY m.dataset, m.data_year, m.region, m.as_of DESC;
COMMENT ON VIEW lake.current IS 'What is current of each partition: vintage, file, hash, rows, bytes, and whether the warehouse shows it.';

CREATE VIEW lineage.upstream AS
SELECT p.publication_id, p.dataset, p.data_year, p.region, p.as_of, i.ordinal, i.kind, i.request_name, i.source_id, i.url,
  i.fetched_at, i.sha256, i.byte_count, i.synthetic, u.dataset AS input_dataset, u.data_year AS input_year,
  u.region AS input_region, u.as_of AS input_as_of, i.input_publication_id
FROM lineage.publication p
JOIN lineage.input i USING (publication_id)
LEFT JOIN lineage.publication u ON u.publication_id = i.input_publication_id;
COMMENT ON VIEW lineage.upstream IS 'What each publication read.';

CREATE VIEW lineage.downstream AS
SELECT u.publication_id, u.dataset, u.data_year, u.region, u.as_of, p.publication_id AS used_by_publication_id,
  p.dataset AS used_by_dataset, p.data_year AS used_by_year, p.region AS used_by_region, p.as_of AS used_by_as_of,
  p.published_at AS used_at
FROM lineage.publication u
JOIN lineage.input i ON i.input_publication_id = u.publication_id
JOIN lineage.publication p ON p.publication_id = i.publication_id;
COMMENT ON VIEW lineage.downstream IS 'What was made of each publication.';

-- Results of validating an attempt's output, or of `aker validate`.
CREATE TABLE quality.validation (
  validation_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  publication_id  bigint REFERENCES lineage.publication,
  task_id         bigint,
  lease_token     bigint,
  row_count       bigint CHECK (row_count >= 0),
  validated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  data_year       int NOT NULL,
  check_count     int NOT NULL CHECK (check_count >= 0),
  failed_count    int NOT NULL CHECK (failed_count BETWEEN 0 AND check_count),
  warned_count    int NOT NULL CHECK (warned_count BETWEEN 0 AND check_count),
  success         boolean NOT NULL CHECK (success = (failed_count = 0 AND NOT coalesce(drift_failed, false))),
  drift_failed    boolean,
  dataset         text NOT NULL,
  region          text NOT NULL DEFAULT '',
  as_of           text NOT NULL CHECK (as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  definition_hash text NOT NULL,
  drift           jsonb,
  profile         jsonb
);
CREATE INDEX validation_partition ON quality.validation (dataset, data_year, region, validation_id);
CREATE INDEX validation_publication ON quality.validation (publication_id);
COMMENT ON TABLE quality.validation IS 'One validation of one partition; publication_id is NULL when it was not published for it, or only re-checked.';
COMMENT ON COLUMN quality.validation.failed_count IS 'Failed checks of severity fail.';
COMMENT ON COLUMN quality.validation.warned_count IS 'Failed checks of severity warn, and warnings of schema drift.';
COMMENT ON COLUMN quality.validation.drift IS 'Columns that came against columns that were declared: [{"request", "kind", "column", ...}].';
COMMENT ON COLUMN quality.validation.profile IS 'Per column: {"nulls": n}; what the next vintage is compared with.';

CREATE TABLE quality.check_result (
  validation_id      bigint NOT NULL REFERENCES quality.validation ON DELETE CASCADE,
  unexpected_count   bigint CHECK (unexpected_count >= 0),
  element_count      bigint CHECK (element_count >= 0),
  ordinal            int NOT NULL CHECK (ordinal > 0),
  success            boolean NOT NULL,
  check_name         text NOT NULL,
  column_name        text,
  severity           text NOT NULL CHECK (severity IN ('warn', 'fail')),
  message            text,
  arguments          jsonb NOT NULL DEFAULT '{}',
  observed           jsonb,
  examples           jsonb CHECK (jsonb_array_length(examples) <= 20),
  PRIMARY KEY (validation_id, ordinal)
);
COMMENT ON TABLE quality.check_result IS 'Each check of each validation, named as Great Expectations names it.';
COMMENT ON COLUMN quality.check_result.examples IS 'At most 20 rows that failed.';

GRANT SELECT ON ALL TABLES IN SCHEMA lineage TO aker_admin, aker_worker, aker_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA lake TO aker_admin, aker_worker, aker_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA quality TO aker_admin, aker_worker, aker_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA warehouse TO aker_admin, aker_worker, aker_reader;
