-- What `aker serve` serves besides schedules: who may ask and act, what they did, acts on many tasks, alerts.

CREATE SCHEMA service;
COMMENT ON SCHEMA service IS 'The service''s own: tokens, audit, acts on many tasks, alerts and their notices.';

-- Whoever did it for whom: the login, and the name that the service acts for.
ALTER TABLE queue.event ALTER COLUMN actor
  SET DEFAULT coalesce(nullif(current_setting('aker.actor', true), '') || ' by ' || session_user, session_user);
COMMENT ON COLUMN queue.event.actor IS
  'The login; where that acts for somebody (aker.actor, set by the service), their name before it: "mia by aker".';

CREATE TABLE service.token (
  token_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name         text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
  level        text NOT NULL CHECK (level IN ('viewer', 'operator', 'admin')),
  token_hash   bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by   text NOT NULL DEFAULT session_user,
  expires_at   timestamptz NOT NULL,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  revoked_by   text,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE UNIQUE INDEX token_name ON service.token (name) WHERE revoked_at IS NULL;
COMMENT ON TABLE service.token IS
  'Who may use the API. Only the owner reads it: everybody else has the view service.tokens, without the hashes.';
COMMENT ON COLUMN service.token.token_hash IS 'SHA-256 of the token, which has 256 random bits and is kept nowhere.';
COMMENT ON COLUMN service.token.level IS 'The database role of its requests: aker_reader, aker_operator, aker_admin.';
COMMENT ON COLUMN service.token.last_used_at IS 'To the minute.';

CREATE TABLE service.audit (
  audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor    text NOT NULL,
  level    text NOT NULL,
  address  text NOT NULL,
  act      text NOT NULL,
  target   text NOT NULL,
  outcome  text NOT NULL,
  detail   jsonb,
  login    text NOT NULL DEFAULT session_user
);
CREATE INDEX audit_at ON service.audit (at);
COMMENT ON TABLE service.audit IS 'Every act by the API and every refused try of one: who, what, on what, from where.';
COMMENT ON COLUMN service.audit.outcome IS 'done, or why not.';

CREATE TABLE service.idempotency (
  actor        text NOT NULL,
  key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
  request_hash bytea NOT NULL,
  at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  status       smallint,
  content      text,
  PRIMARY KEY (actor, key)
);
CREATE INDEX idempotency_at ON service.idempotency (at);
COMMENT ON TABLE service.idempotency IS
  'What was answered to an act with an Idempotency-Key: the same again is answered, and not done, for a day.';

-- Acts on many tasks ------------------------------------------------------------------------------------------------

CREATE TABLE service.batch (
  batch_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  act          text NOT NULL CHECK (act IN ('retry', 'cancel', 'prioritize')),
  selection    jsonb NOT NULL CHECK (jsonb_typeof(selection) = 'object'),
  reason       text,
  actor        text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at  timestamptz,
  cancelled_at timestamptz,
  cancelled_by text,
  total        integer NOT NULL,
  done         integer NOT NULL DEFAULT 0,
  left_alone   integer NOT NULL DEFAULT 0
);
CREATE INDEX batch_open ON service.batch (batch_id) WHERE finished_at IS NULL;
COMMENT ON TABLE service.batch IS
  'An act on many tasks: chosen once, done piece by piece by whichever coordinator serves, and goes on after a crash.';
COMMENT ON COLUMN service.batch.left_alone IS 'Tasks it was not done to; service.batch_task says why of each.';

CREATE TABLE service.batch_task (
  batch_id bigint NOT NULL REFERENCES service.batch ON DELETE CASCADE,
  task_id  bigint NOT NULL,
  result   text CHECK (result IN ('done', 'left_alone', 'cancelled')),
  reason   text,
  PRIMARY KEY (batch_id, task_id)
);
CREATE INDEX batch_task_waiting ON service.batch_task (batch_id, task_id) WHERE result IS NULL;
COMMENT ON TABLE service.batch_task IS 'What became of each task of a batch; result is NULL while it waits.';

-- Alerts ------------------------------------------------------------------------------------------------------------

CREATE TABLE service.alert (
  alert_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind         text NOT NULL,
  subject      text NOT NULL,
  severity     text NOT NULL CHECK (severity IN ('warning', 'critical')),
  summary      text NOT NULL,
  advice       text NOT NULL,
  began_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  fired_at     timestamptz,
  last_seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at     timestamptz
);
CREATE UNIQUE INDEX alert_open ON service.alert (kind, subject) WHERE ended_at IS NULL;
CREATE INDEX alert_ended ON service.alert (ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON TABLE service.alert IS 'What is wrong, or was: one row from when it began until it ended.';
COMMENT ON COLUMN service.alert.fired_at IS
  'When it had held for long enough to be told; NULL while it has not, and of what passed before.';

CREATE TABLE service.silence (
  silence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind       text,
  subject    text,
  reason     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  created_by text NOT NULL DEFAULT session_user,
  ends_at    timestamptz NOT NULL,
  CHECK (subject IS NULL OR kind IS NOT NULL)
);
COMMENT ON TABLE service.silence IS
  'Alerts that nobody is told of until then: of one kind and subject, of a kind, or all. They are listed all the same.';

CREATE TABLE service.notice (
  notice_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert_id        bigint NOT NULL REFERENCES service.alert ON DELETE CASCADE,
  destination     text NOT NULL,
  is_recovery     boolean NOT NULL,
  attempt_count   integer NOT NULL DEFAULT 0,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  next_attempt_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  delivered_at    timestamptz,
  last_error      text,
  UNIQUE (alert_id, destination, is_recovery)
);
CREATE INDEX notice_waiting ON service.notice (next_attempt_at, notice_id) WHERE delivered_at IS NULL;
COMMENT ON TABLE service.notice IS
  'Notices of alerts on their way: each is delivered at least once to each destination, and a recovery follows it.';
COMMENT ON COLUMN service.notice.destination IS 'webhook, slack or email: where that is, each coordinator is told.';

-- The grid's cells ----------------------------------------------------------------------------------------------------
-- Kept for who looks, and made again from the rest at any time: so a crash may empty them.

CREATE UNLOGGED TABLE service.cell (
  total     bigint NOT NULL,
  completed bigint NOT NULL,
  failed    bigint NOT NULL,
  cancelled bigint NOT NULL,
  running   bigint NOT NULL,
  waiting   bigint NOT NULL,
  blocked   bigint NOT NULL,
  paused    bigint NOT NULL,
  warned    bigint NOT NULL,
  changes   bigint NOT NULL,
  data_year integer NOT NULL,
  dataset   text NOT NULL,
  data      text NOT NULL,
  work      text,
  PRIMARY KEY (dataset, data_year)
);
CREATE INDEX cell_running ON service.cell (dataset, data_year) WHERE running > 0;
CREATE INDEX cell_waiting ON service.cell (dataset, data_year) WHERE waiting > 0;
COMMENT ON TABLE service.cell IS
  'Rows of queue.cell, as they were when service.refresh_cells() last made them. Ask queue.cell, which is never '
  'behind.';
COMMENT ON COLUMN service.cell.changes IS 'How often the queue''s counts of it had changed: see service._changes().';

CREATE UNLOGGED TABLE service.cell_count (
  count      bigint NOT NULL,
  first_year integer NOT NULL,
  last_year  integer NOT NULL,
  dataset    text NOT NULL,
  state      text NOT NULL,
  PRIMARY KEY (dataset, state)
);
COMMENT ON TABLE service.cell_count IS 'How many years of each dataset service.cell has in which state.';

CREATE UNLOGGED TABLE service.choice_count (
  backfill_id bigint NOT NULL,
  count       bigint NOT NULL,
  first_year  integer NOT NULL,
  last_year   integer NOT NULL,
  as_of       text NOT NULL,
  dataset     text NOT NULL,
  state       text NOT NULL,
  leases      text,
  is_stale    boolean NOT NULL DEFAULT false,
  PRIMARY KEY (backfill_id, as_of, dataset, state)
);
CREATE INDEX choice_count_dataset ON service.choice_count (dataset) WHERE NOT is_stale;
COMMENT ON TABLE service.choice_count IS
  'The same of one backfill (0 is any) or one vintage (empty is any), of those that somebody looked at, as '
  'service.refresh_choice() counted them last.';
COMMENT ON COLUMN service.choice_count.leases IS
  'What ran of the dataset when it was counted: lane, year and how many.';
COMMENT ON COLUMN service.choice_count.is_stale IS 'A cell of the dataset was made again since.';

CREATE UNLOGGED TABLE service.cell_mark (
  backfill_id bigint,
  data_year   integer,
  dataset     text
);
COMMENT ON TABLE service.cell_mark IS
  'Cells of which something changed that is no count of the queue: a year of a dataset, all years of one, what waits '
  'in a backfill, or (all NULL) whatever waits. Appended by triggers, so that nobody waits; taken by '
  'service.refresh_cells().';

CREATE UNLOGGED TABLE service.cell_state (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  snapshot  pg_snapshot NOT NULL,
  life      text NOT NULL
);
COMMENT ON TABLE service.cell_state IS
  'What service.cell was made with. No row, or one of another life: it is made anew.';
COMMENT ON COLUMN service.cell_state.life IS 'See queue._life(): numbers of transactions are of one life of a server.';
