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
CREATE INDEX publication_freshness ON lineage.publication (dataset, published_at);
COMMENT ON TABLE lineage.publication IS
  'Every publication of a partition: by whom, when, from which definition, with which result. UNIQUE (task_id, '
  'lease_token) is the last line of defence of exactly-once.';
COMMENT ON COLUMN lineage.publication.task_id IS
  'queue.task; not a foreign key, since finished tasks are pruned and lineage is kept.';
COMMENT ON COLUMN lineage.publication.lease_token IS 'The fencing token under which it was published.';
COMMENT ON COLUMN lineage.publication.outcome IS
  'published: warehouse and lake; unchanged: same bytes as current, nothing rewritten; lake_only: an older as_of than '
  'the warehouse holds.';
COMMENT ON COLUMN lineage.publication.byte_count IS 'Size of the Parquet file in bytes.';
COMMENT ON COLUMN lineage.publication.output_sha256 IS
  'SHA-256 of the Parquet file, which holds the rows sorted by key, without data_year, region and as_of (those are in '
  'its path).';
COMMENT ON COLUMN lineage.publication.lake_path IS 'Relative to data_lake/, with the dataset first.';
COMMENT ON COLUMN lineage.publication.is_synthetic IS 'Some input was a made-up recording: never real figures.';
COMMENT ON COLUMN lineage.publication.change IS
  'Against the partition it replaced or the vintage before: {"against_as_of", "rows_added", "rows_removed", '
  '"rows_changed", "cells_changed"}; NULL when there was nothing to compare with.';
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
  parameters         jsonb,
  PRIMARY KEY (publication_id, ordinal),
  CHECK ((kind = 'source') = (source_id IS NOT NULL)),
  CHECK (parameters IS NULL OR (kind = 'source' AND jsonb_typeof(parameters) = 'object'))
);
CREATE INDEX input_publication_read ON lineage.input (input_publication_id) WHERE input_publication_id IS NOT NULL;
COMMENT ON TABLE lineage.input IS
  'What each publication was made from: documents of sources, and partitions of other datasets.';
COMMENT ON COLUMN lineage.input.url IS 'Secrets redacted.';
COMMENT ON COLUMN lineage.input.status IS
  'HTTP status of the answer, that of the first time for a cache hit; NULL for files and datasets.';
COMMENT ON COLUMN lineage.input.sha256 IS
  'Of the document as it came, which is its name in the raw cache; NULL when an optional level was not offered.';
COMMENT ON COLUMN lineage.input.note IS
  'Why there is no document: an optional level that the source does not offer for this partition.';
COMMENT ON COLUMN lineage.input.parameters IS
  'The values of the request''s variables that this document was asked for; NULL where it has none.';

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
CREATE INDEX outbox_delivered ON lineage.outbox (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX outbox_waiting ON lineage.outbox (next_attempt_at, event_id) WHERE delivered_at IS NULL;
COMMENT ON TABLE lineage.outbox IS
  'OpenLineage run events for AKER_OPENLINEAGE_URL: delivered at least once, in order of event_id per delivery, '
  'deleted a day after delivery.';

-- OpenLineage runs from START to their one end, also where the worker died in between.
CREATE TABLE lineage.open_run (
  task_id     bigint NOT NULL,
  lease_token bigint NOT NULL,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  event       jsonb NOT NULL,
  PRIMARY KEY (task_id, lease_token)
);
COMMENT ON TABLE lineage.open_run IS
  'Attempts whose START event was queued, until an end is: the worker''s own, or ABORT when its lease is gone.';
COMMENT ON COLUMN lineage.open_run.event IS 'The START event, out of which an ABORT is made.';

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
CREATE INDEX manifest_vintage ON lake.manifest (dataset, as_of);
COMMENT ON TABLE lake.manifest IS
  'Which Parquet file is which partition at which vintage. A row is the truth from its commit on; the file follows by '
  'rename, or by repair.';
COMMENT ON COLUMN lake.manifest.state IS
  'committed: the file still lies at staged_path; in_place: it is at path; missing: repair found neither.';
COMMENT ON COLUMN lake.manifest.path IS
  'Relative to the lake: <dataset>/as_of=YYYY-MM/data_year=YYYY/[region=XX/]<dataset>.parquet';
COMMENT ON COLUMN lake.manifest.lake IS 'Where the lake is: a folder on the publishing host, or s3://bucket/prefix.';

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
  warned_count    int NOT NULL CHECK (warned_count >= 0),
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
CREATE INDEX validation_task ON quality.validation (task_id, validation_id);
CREATE INDEX validation_warned ON quality.validation (dataset, data_year)
  WHERE warned_count > 0 AND success AND publication_id IS NOT NULL;
COMMENT ON TABLE quality.validation IS
  'One validation of one partition; publication_id is NULL when it was not published for it, or only re-checked.';
COMMENT ON COLUMN quality.validation.failed_count IS 'Failed checks of severity fail.';
COMMENT ON COLUMN quality.validation.warned_count IS
  'Failed checks of severity warn, and shapes that lost a coordinate.';
COMMENT ON COLUMN quality.validation.drift IS
  'Columns that came against columns that were declared: [{"request", "kind", "column", ...}].';
COMMENT ON COLUMN quality.validation.profile IS
  'Per column: {"nulls": n, "level": mean of absolute values}; what the next vintage and year are compared with.';

CREATE TABLE quality.check_result (
  validation_id      bigint NOT NULL REFERENCES quality.validation ON DELETE CASCADE,
  unexpected_count   bigint CHECK (unexpected_count >= 0),
  element_count      bigint CHECK (element_count >= 0),
  ordinal            int NOT NULL CHECK (ordinal > 0),
  success            boolean NOT NULL,
  compared           boolean NOT NULL DEFAULT true,
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
COMMENT ON COLUMN quality.check_result.compared IS
  'False where there was nothing to compare with, such as no year before: neither passed nor failed.';
COMMENT ON COLUMN quality.check_result.examples IS 'At most 20 rows that failed.';

-- Which lake this database's publications are in: one row, or none before the first.
CREATE TABLE lake.identity (
  lake_id    uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  location   text NOT NULL,
  host       text
);
COMMENT ON TABLE lake.identity IS
  'The lake that holds this database''s publications. The lake itself holds lake_id in the file .aker-lake: a worker '
  'whose lake has another one refuses to start.';
COMMENT ON COLUMN lake.identity.location IS
  'Where it was made, adopted or moved to, as that host names it; other hosts may mount it elsewhere.';
COMMENT ON COLUMN lake.identity.host IS
  'Which host made, adopted or moved it: a folder of another host that has the same name and no id may be a disk of '
  'that host''s own.';

-- Vintages that were taken back: their files are gone, their publications stay in lineage.
CREATE TABLE lake.withdrawal (
  publication_id       bigint PRIMARY KEY REFERENCES lineage.publication ON DELETE CASCADE,
  shown_publication_id bigint REFERENCES lineage.publication ON DELETE SET NULL,
  withdrawn_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  withdrawn_by         text NOT NULL DEFAULT session_user,
  reason               text NOT NULL DEFAULT ''
);
COMMENT ON TABLE lake.withdrawal IS
  'Publications whose vintage was taken back by aker lake withdraw, and which one the warehouse showed from then on '
  '(NULL: none, or it did not show the withdrawn one).';
