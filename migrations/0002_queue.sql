-- The queue's tables.
--
-- Hot and cold are apart. A task is planned once (queue.planned_task, never updated) and is then in exactly one place:
--
--   blocked  waits for other tasks        ready   may be claimed now           delayed  may be claimed from run_at on
--   lease    a worker runs it             outcome (final)  completed, failed or cancelled
--
-- A change of state is a move: DELETE here, INSERT there, in one statement. So a claim scans one narrow table that
-- holds nothing but claimable tasks, history never slows it, and no row is rewritten while it waits. docs/queue.md
-- draws the states; docs/decisions has the numbers behind the layout.

CREATE TYPE queue.task_state AS ENUM ('blocked', 'ready', 'running', 'completed', 'failed', 'cancelled');

CREATE TYPE queue.outcome_kind AS ENUM (
  'completed',    -- final
  'failed',       -- final
  'cancelled',    -- final
  'retried',      -- failed, and tried again later
  'throttled',    -- the source said to slow down; the attempt was given back
  -- given back: its worker drains, its host was not well, or it waited too long; the attempt was given back
  'released',
  'snoozed',      -- postponed by its handler; the attempt was given back
  'worker_lost'   -- its worker died or fell silent; counted apart from attempts
);

CREATE TYPE queue.claim_floor AS (rank bigint, task_id bigint, dropped_at bigint, keep_for bigint);
COMMENT ON TYPE queue.claim_floor IS
  'Up to where a session has claimed in a lane, and how long it trusts that: times in microseconds.';

CREATE TYPE queue.claim_share AS (lane_id integer, wanted integer, first_rank bigint);
COMMENT ON TYPE queue.claim_share IS 'How many tasks a claim takes from a lane, and the rank of the first of them.';

-- Settings ------------------------------------------------------------------------------------------------------------

CREATE TABLE queue.lock_space (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  salt bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0)
);
COMMENT ON TABLE queue.lock_space IS
  'What the keys of the queue''s advisory locks are made with: read by no role but the owner, so that no other can '
  'foresee them.';
INSERT INTO queue.lock_space DEFAULT VALUES;

CREATE TABLE queue.setting (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  lease_interval interval NOT NULL DEFAULT '30 seconds' CHECK (lease_interval >= '1 second'),
  ageing_interval interval NOT NULL DEFAULT '1 hour' CHECK (ageing_interval > '0'),
  floor_interval interval NOT NULL DEFAULT '3 seconds' CHECK (floor_interval >= '0'),
  retry_base_interval interval NOT NULL DEFAULT '5 seconds' CHECK (retry_base_interval > '0'),
  retry_cap_interval interval NOT NULL DEFAULT '15 minutes' CHECK (retry_cap_interval > '0'),
  task_timeout_interval interval NOT NULL DEFAULT '2 hours' CHECK (task_timeout_interval > '0'),
  max_attempts smallint NOT NULL DEFAULT 5 CHECK (max_attempts BETWEEN 1 AND 100),
  max_lost_workers smallint NOT NULL DEFAULT 3 CHECK (max_lost_workers BETWEEN 1 AND 100),
  max_throttles smallint NOT NULL DEFAULT 50 CHECK (max_throttles BETWEEN 1 AND 10000),
  breaker_threshold smallint NOT NULL DEFAULT 5 CHECK (breaker_threshold >= 0),
  retention_interval interval NOT NULL DEFAULT '90 days' CHECK (retention_interval > '0'),
  paused_at timestamptz,
  pause_reason text,
  paused_by text,
  life text,
  life_began_at timestamptz,
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
  CHECK ((life IS NULL) = (life_began_at IS NULL))
);
INSERT INTO queue.setting DEFAULT VALUES;

COMMENT ON TABLE queue.setting IS
  'One row: the queue''s own settings, and whether the whole queue is paused. Change with UPDATE as aker_admin.';
COMMENT ON COLUMN queue.setting.life IS
  'The life of the database that its leases and workers belong to: see queue._life(). NULL before the first worker.';
COMMENT ON COLUMN queue.setting.lease_interval IS
  'A worker not heard of for this long loses its tasks. 30 s: three missed heartbeats of 10 s.';
COMMENT ON COLUMN queue.setting.ageing_interval IS
  'One step of priority is worth this much waiting, so nothing starves.';
COMMENT ON COLUMN queue.setting.floor_interval IS
  'How long a session trusts its memory of where the claimable rows begin; the longest that a row inserted below it '
  'can be overlooked.';
COMMENT ON COLUMN queue.setting.retry_base_interval IS
  'A retry waits random() × min(retry_cap_interval, retry_base_interval × 2^(attempts - 1)): full jitter.';
COMMENT ON COLUMN queue.setting.task_timeout_interval IS
  'The longest an attempt may run, where the backfill does not say otherwise.';
COMMENT ON COLUMN queue.setting.max_lost_workers IS
  'A task whose workers were lost this many times is quarantined: it fails with class worker_lost.';
COMMENT ON COLUMN queue.setting.max_throttles IS
  'A task that its source throttled this often fails with class rate_limited; one that hosts which were not well gave '
  'back as often, or that waited too long, with class transient.';
COMMENT ON COLUMN queue.setting.breaker_threshold IS
  'The same data error in this many partitions in a row pauses the dataset in that backfill; 0 never does.';
COMMENT ON COLUMN queue.setting.retention_interval IS
  'queue.prune() deletes backfills that finished longer ago than this.';

-- Sources -------------------------------------------------------------------------------------------------------------

CREATE TABLE queue.source (
  source_id text PRIMARY KEY,
  max_running integer CHECK (max_running >= 0),
  tokens_per_second double precision CHECK (tokens_per_second > 0),
  burst double precision CHECK (burst >= 1),
  daily_quota integer CHECK (daily_quota >= 0),
  cool_down_until timestamptz,
  cool_down_reason text,
  paused_at timestamptz,
  pause_reason text,
  paused_by text,
  CHECK ((tokens_per_second IS NULL) = (burst IS NULL)),
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
);
COMMENT ON TABLE queue.source IS
  'The limits of each source, shared by all hosts. The registry is pushed in by queue.configure_source().';
COMMENT ON COLUMN queue.source.max_running IS
  'Tasks that may run against this source at once, over all hosts; NULL is no limit.';
COMMENT ON COLUMN queue.source.tokens_per_second IS 'Requests a second, over all hosts; NULL is no limit.';
COMMENT ON COLUMN queue.source.burst IS 'Requests that may be sent at once after a quiet while.';
COMMENT ON COLUMN queue.source.daily_quota IS 'Requests a day (UTC); NULL is no limit.';
COMMENT ON COLUMN queue.source.cool_down_until IS
  'Nobody asks this source before then: it answered 429 or 503 with Retry-After.';

-- Apart from queue.source, because it is rewritten with each batch of requests.
CREATE TABLE queue.token_bucket (
  source_id text PRIMARY KEY REFERENCES queue.source ON DELETE CASCADE,
  tokens double precision NOT NULL CHECK (tokens >= 0),
  refilled_at timestamptz NOT NULL,
  quota_day date NOT NULL,
  minute_at timestamptz NOT NULL DEFAULT 'epoch',
  quota_used integer NOT NULL CHECK (quota_used >= 0),
  minute_count integer NOT NULL DEFAULT 0,
  minute_before integer NOT NULL DEFAULT 0,
  granted_total bigint NOT NULL DEFAULT 0,
  recent_times timestamptz[] NOT NULL DEFAULT '{}',
  recent_counts integer[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
COMMENT ON TABLE queue.token_bucket IS
  'Tokens left per source. Only queue.take_tokens() and queue.return_tokens() change it, under its row lock.';
COMMENT ON COLUMN queue.token_bucket.quota_day IS 'The UTC day that quota_used counts.';
COMMENT ON COLUMN queue.token_bucket.minute_at IS
  'The minute of the last grant, which minute_count counts; minute_before is of the minute before that one.';
COMMENT ON COLUMN queue.token_bucket.granted_total IS 'All tokens ever granted, less those given back.';
COMMENT ON COLUMN queue.token_bucket.recent_times IS
  'When tokens were granted within the last 1.08 s: a limit holds in every second, its burst included.';
COMMENT ON COLUMN queue.token_bucket.recent_counts IS 'How many, for each of recent_times.';

CREATE TABLE queue.dataset_pause (
  dataset text PRIMARY KEY,
  paused_at timestamptz NOT NULL DEFAULT now(),
  pause_reason text NOT NULL,
  paused_by text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE queue.dataset_pause IS 'Datasets that an operator paused, in every backfill.';

-- Backfills -----------------------------------------------------------------------------------------------------------

CREATE TABLE queue.backfill (
  backfill_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  backfill_key text NOT NULL UNIQUE,
  as_of text NOT NULL CHECK (as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'),
  mode text NOT NULL CHECK (mode IN ('missing', 'failed', 'stale', 'all')),
  newest_first boolean NOT NULL,
  max_running integer CHECK (max_running > 0),
  requested_by text NOT NULL,
  note text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  finished_at timestamptz,
  paused_at timestamptz,
  pause_reason text,
  paused_by text,
  cancelled_at timestamptz,
  cancel_reason text,
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
  CHECK ((cancelled_at IS NULL) = (cancel_reason IS NULL))
);
CREATE INDEX backfill_open ON queue.backfill (backfill_id) WHERE finished_at IS NULL;
COMMENT ON TABLE queue.backfill IS 'One operator request: datasets × years (× regions), enqueued as tasks.';
COMMENT ON COLUMN queue.backfill.backfill_key IS
  'The caller''s own name for the request: enqueueing twice under one key adds only what is not there yet.';
COMMENT ON COLUMN queue.backfill.max_running IS 'Tasks of this backfill that may run at once; NULL is no limit.';
COMMENT ON COLUMN queue.backfill.finished_at IS 'When its last task ended. NULL again when tasks are added or retried.';
COMMENT ON COLUMN queue.backfill.cancelled_at IS 'Once set, none of its tasks is ever ready again.';

CREATE TABLE queue.lane (
  lane_id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  backfill_id bigint NOT NULL REFERENCES queue.backfill ON DELETE CASCADE,
  dataset text NOT NULL,
  source_ids text[] NOT NULL,
  definition_hash text NOT NULL,
  priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN -100 AND 100),
  max_attempts smallint NOT NULL CHECK (max_attempts BETWEEN 1 AND 100),
  task_timeout_interval interval NOT NULL CHECK (task_timeout_interval > '0'),
  has_dependents boolean NOT NULL DEFAULT false,
  breaker_count smallint NOT NULL DEFAULT 0,
  breaker_fingerprint text,
  paused_at timestamptz,
  pause_reason text,
  closed_at timestamptz,
  head_rank bigint NOT NULL DEFAULT 0,
  UNIQUE (backfill_id, dataset),
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
);
CREATE INDEX lane_open ON queue.lane (priority, head_rank, lane_id) WHERE closed_at IS NULL;
CREATE INDEX lane_dataset ON queue.lane (dataset);
COMMENT ON TABLE queue.lane IS
  'One dataset of one backfill: what its tasks have in common, written once instead of per task. A claim chooses '
  'among lanes first, so that a paused or saturated one costs nothing however many tasks wait in it.';
COMMENT ON COLUMN queue.lane.source_ids IS 'The sources its tasks ask, the primary first. Each of them must have room.';
COMMENT ON COLUMN queue.lane.priority IS
  'Higher runs first: each step counts like queue.setting.ageing_interval of waiting.';
COMMENT ON COLUMN queue.lane.breaker_count IS 'The same data error in so many partitions in a row (circuit breaker).';
COMMENT ON COLUMN queue.lane.paused_at IS
  'Set by the circuit breaker; cleared by queue.resume_backfill() or queue.resume_dataset().';
COMMENT ON COLUMN queue.lane.closed_at IS 'When its last task ended: claims no longer look here.';
COMMENT ON COLUMN queue.lane.head_rank IS
  'No task of it has a lesser rank: claims need not look at all lanes. When it was made; 0 once a task was '
  'prioritized.';

-- Tasks ---------------------------------------------------------------------------------------------------------------
-- No foreign keys from here on: one costs about as much per row as the insert itself, and only this schema's functions
-- write here. Columns are ordered by width.

CREATE TABLE queue.planned_task (
  task_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  lane_id integer NOT NULL,
  data_year smallint NOT NULL CHECK (data_year BETWEEN 1500 AND 2500),
  region text NOT NULL DEFAULT '',
  CONSTRAINT planned_task_partition UNIQUE (lane_id, data_year, region)
);
COMMENT ON TABLE queue.planned_task IS
  'One partition to build in one backfill. Written once, at enqueue; see the view queue.task for its state.';
COMMENT ON COLUMN queue.planned_task.region IS 'Empty where the dataset is not split by region.';

CREATE TABLE queue.task_definition (
  task_id         bigint NOT NULL REFERENCES queue.planned_task ON DELETE CASCADE,
  since           timestamptz NOT NULL DEFAULT clock_timestamp(),
  is_named        boolean NOT NULL DEFAULT false,
  definition_hash text NOT NULL,
  chosen_by       text NOT NULL DEFAULT session_user,
  PRIMARY KEY (task_id, since)
);
COMMENT ON TABLE queue.task_definition IS
  'Tasks whose attempts from some time on are made by another definition than their backfill was enqueued with: the '
  'one that was applied when they were tried again, or one that was asked for by its name.';
COMMENT ON COLUMN queue.task_definition.is_named IS 'Whether it was asked for by its hash, be it superseded or not.';

CREATE TABLE queue.lane_definition (
  lane_id         integer NOT NULL REFERENCES queue.lane ON DELETE CASCADE,
  since           timestamptz NOT NULL DEFAULT clock_timestamp(),
  definition_hash text NOT NULL,
  applied_by      text NOT NULL DEFAULT session_user,
  PRIMARY KEY (lane_id, since)
);
COMMENT ON TABLE queue.lane_definition IS
  'Definitions that were applied while tasks of a lane waited: attempts that begin from then on are made by them.';

CREATE TABLE queue.ready (
  rank bigint NOT NULL,
  task_id bigint NOT NULL PRIMARY KEY,
  lane_id integer NOT NULL,
  data_year smallint NOT NULL,
  attempt_count smallint NOT NULL DEFAULT 0,
  lost_count smallint NOT NULL DEFAULT 0,
  throttle_count smallint NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ready_order ON queue.ready (lane_id, rank, task_id);
COMMENT ON TABLE queue.ready IS 'Tasks that may be claimed now: the only table a claim scans.';
COMMENT ON COLUMN queue.ready.rank IS
  'Microseconds since 1970 when it became ready, less the task''s own priority × ageing_interval: lower is sooner. '
  'Ageing costs the claim nothing.';
COMMENT ON COLUMN queue.ready.attempt_count IS 'Attempts already used.';
COMMENT ON COLUMN queue.ready.lost_count IS 'Workers already lost while running it.';

CREATE TABLE queue.delayed (
  run_at timestamptz NOT NULL,
  task_id bigint NOT NULL PRIMARY KEY,
  lane_id integer NOT NULL,
  data_year smallint NOT NULL,
  attempt_count smallint NOT NULL,
  lost_count smallint NOT NULL,
  throttle_count smallint NOT NULL,
  reason text NOT NULL
);
CREATE INDEX delayed_due ON queue.delayed (run_at, task_id);
COMMENT ON TABLE queue.delayed IS
  'Tasks that may be claimed from run_at on: retries in backoff, and snoozed tasks. Every tick moves the due ones to '
  'queue.ready.';

CREATE TABLE queue.blocked (
  task_id bigint NOT NULL PRIMARY KEY,
  lane_id integer NOT NULL,
  remaining integer NOT NULL CHECK (remaining > 0),
  data_year smallint NOT NULL,
  attempt_count smallint NOT NULL DEFAULT 0
);
COMMENT ON TABLE queue.blocked IS 'Tasks that wait for others to complete.';
COMMENT ON COLUMN queue.blocked.remaining IS 'How many of its upstream tasks have not completed.';

CREATE TABLE queue.dependency (
  upstream_task_id bigint NOT NULL,
  task_id bigint NOT NULL,
  across boolean NOT NULL,
  PRIMARY KEY (upstream_task_id, task_id),
  CHECK (upstream_task_id <> task_id)
);
CREATE INDEX dependency_task ON queue.dependency (task_id);
CREATE INDEX dependency_across ON queue.dependency (task_id) WHERE across;
COMMENT ON COLUMN queue.dependency.across IS
  'Whether the two belong to different backfills: then the upstream may end while the dependency is being written, '
  'and queue.tidy() looks again.';
COMMENT ON TABLE queue.dependency IS 'task_id may run only when upstream_task_id has completed.';

CREATE SEQUENCE queue.lease_token;
COMMENT ON SEQUENCE queue.lease_token IS
  'The fencing tokens: ever growing, never given twice. Claims commit synchronously, so that a crash of the server '
  'cannot give one again.';

CREATE TABLE queue.lease (
  lease_token bigint NOT NULL,
  task_id bigint NOT NULL PRIMARY KEY,
  started_at timestamptz NOT NULL,
  deadline_at timestamptz NOT NULL,
  worker_id integer NOT NULL,
  lane_id integer NOT NULL,
  data_year smallint NOT NULL,
  attempt_count smallint NOT NULL,
  lost_count smallint NOT NULL,
  throttle_count smallint NOT NULL,
  incarnation uuid,
  CHECK (deadline_at > started_at)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX lease_by_token ON queue.lease (lease_token);
COMMENT ON TABLE queue.lease IS
  'Tasks that run now. The primary key says that a task has one holder at most. Rows are inserted and deleted, never '
  'updated.';
COMMENT ON COLUMN queue.lease.lease_token IS 'Fences everything this attempt writes, and is its attempt_id.';
COMMENT ON COLUMN queue.lease.incarnation IS
  'The process that holds it: no other may end the attempt or publish it, whatever numbers it knows. NULL where none '
  'was stated, as in psql: see queue._incarnation().';
COMMENT ON COLUMN queue.lease.attempt_count IS 'Attempts used, this one included.';
COMMENT ON COLUMN queue.lease.deadline_at IS 'When the reaper takes the task away from a handler that hangs.';

CREATE TABLE queue.outcome (
  task_id bigint NOT NULL,
  lease_token bigint,
  started_at timestamptz,
  finished_at timestamptz NOT NULL,
  worker_id integer,
  lane_id integer NOT NULL,
  kind queue.outcome_kind NOT NULL,
  attempt_number smallint NOT NULL,
  data_year smallint NOT NULL,
  final boolean NOT NULL,
  error_class text CHECK (error_class IN ('transient', 'rate_limited', 'data', 'permanent', 'worker_lost',
    'dependency')),
  reason text,
  detail jsonb,
  result jsonb,
  CHECK (final = (kind IN ('completed', 'failed', 'cancelled')) OR (kind = 'failed' AND NOT final)),
  CHECK (kind <> 'completed' OR (lease_token IS NOT NULL AND error_class IS NULL)),
  CHECK (kind NOT IN ('failed', 'retried', 'worker_lost', 'throttled')
    OR (error_class IS NOT NULL AND reason IS NOT NULL)),
  CHECK ((lease_token IS NULL) = (started_at IS NULL) AND (lease_token IS NULL) = (worker_id IS NULL))
) WITH (autovacuum_vacuum_insert_scale_factor = 0.5);
CREATE UNIQUE INDEX outcome_final ON queue.outcome (task_id) WHERE final;
CREATE INDEX outcome_attempt ON queue.outcome (task_id) WHERE NOT final;
-- What queue.failures reads; of what completed nothing is in it.
CREATE INDEX outcome_error ON queue.outcome (lane_id) WHERE error_class IS NOT NULL;
CREATE INDEX outcome_failed ON queue.outcome (task_id) WHERE final AND kind = 'failed';
CREATE INDEX outcome_cancelled ON queue.outcome (task_id) WHERE final AND kind = 'cancelled';
-- What completed and is worth a word: not the newest vintage, or published with warnings.
CREATE INDEX outcome_remarkable ON queue.outcome (lane_id)
  WHERE kind = 'completed' AND (result ->> 'outcome' = 'lake_only' OR result ->> 'warnings' <> '0');
CREATE INDEX outcome_finished_at ON queue.outcome USING brin (finished_at) WITH (pages_per_range = 32);
-- A question by task that may be of either kind says (final OR NOT final): no index is of both, which would be one more
-- entry for each task that completes.
COMMENT ON TABLE queue.outcome IS
  'How each attempt ended, and each task: appended, the history. A task has one final outcome at most; '
  'queue.retry_task() makes a failed one not final.';
COMMENT ON COLUMN queue.outcome.lease_token IS
  'The attempt that ended so; NULL where a task ended without one (cancelled while waiting, or its upstream failed).';
COMMENT ON COLUMN queue.outcome.error_class IS
  'transient, rate_limited, data, permanent, worker_lost, or dependency (an upstream task failed).';
COMMENT ON COLUMN queue.outcome.detail IS
  'What an operator needs to understand the failure, from the handler: advice, error, causes, step, steps, inputs.';
COMMENT ON COLUMN queue.outcome.result IS 'What the handler said about its success: rows, bytes, publication.';

-- What an attempt did, told while it runs and after it ended without a word of its own: cancelled, taken away, its
-- worker dead.
CREATE TABLE queue.attempt_note (
  task_id bigint NOT NULL,
  lease_token bigint NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  detail jsonb NOT NULL CHECK (jsonb_typeof(detail) = 'object'),
  PRIMARY KEY (task_id, lease_token)
);
COMMENT ON TABLE queue.attempt_note IS
  'Steps and documents of attempts, as their worker last told. An attempt that failed has them in '
  'queue.outcome.detail.';
COMMENT ON COLUMN queue.attempt_note.noted_at IS
  'Workers tell with their tick, once a second, where something changed.';

CREATE TABLE queue.skipped_partition (
  lane_id integer NOT NULL REFERENCES queue.lane ON DELETE CASCADE,
  data_year smallint NOT NULL,
  region text NOT NULL,
  reason text NOT NULL,
  skipped_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (lane_id, data_year, region)
);
COMMENT ON TABLE queue.skipped_partition IS
  'Partitions that a backfill asked for and that were not enqueued, with the reason.';

-- Progress ------------------------------------------------------------------------------------------------------------

CREATE TABLE queue.progress (
  changed_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
  lane_id integer NOT NULL,
  data_year smallint NOT NULL,
  total integer NOT NULL CHECK (total >= 0),
  blocked integer NOT NULL,
  completed integer NOT NULL,
  failed integer NOT NULL,
  cancelled integer NOT NULL,
  change_count integer NOT NULL DEFAULT 1,
  PRIMARY KEY (lane_id, data_year)
) WITH (fillfactor = 70);
CREATE INDEX progress_changed ON queue.progress (changed_in);
COMMENT ON TABLE queue.progress IS
  'Counts per lane and year, kept rather than counted. Exact together with queue.progress_delta.';
COMMENT ON COLUMN queue.progress.changed_in IS
  'The transaction that changed it last: what one''s last snapshot did not see has changed since, however late it was '
  'committed.';
COMMENT ON COLUMN queue.progress.change_count IS
  'How often it was changed, by enqueuing and by each row of queue.progress_delta that was folded in: together with '
  'the rows that wait to be, it grows with each change and not with the folding.';

CREATE TABLE queue.progress_delta (
  changed_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
  lane_id integer NOT NULL,
  data_year smallint NOT NULL,
  blocked integer NOT NULL DEFAULT 0,
  completed integer NOT NULL DEFAULT 0,
  failed integer NOT NULL DEFAULT 0,
  cancelled integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE queue.progress_delta IS
  'Changes of queue.progress, appended by the same transaction as the change itself and folded in by queue.tidy(): so '
  'workers never wait for each other''s counter.';

-- Workers -------------------------------------------------------------------------------------------------------------

CREATE TABLE queue.worker (
  worker_id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  name text NOT NULL,
  host text NOT NULL,
  pid integer NOT NULL,
  incarnation uuid,
  version text NOT NULL,
  slots integer NOT NULL CHECK (slots > 0),
  contract integer NOT NULL DEFAULT 1 CHECK (contract > 0),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'draining', 'stopped', 'lost')),
  session_lock boolean NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  lock_missing_since timestamptz,
  host_trouble_since timestamptz,
  ended_at timestamptz,
  loss_excused_at timestamptz,
  host_trouble text,
  end_reason text,
  CHECK ((ended_at IS NOT NULL) = (state IN ('stopped', 'lost'))),
  CHECK ((host_trouble IS NULL) = (host_trouble_since IS NULL)),
  CHECK (loss_excused_at IS NULL OR state = 'lost')
) WITH (fillfactor = 50);
CREATE INDEX worker_live ON queue.worker (worker_id) WHERE ended_at IS NULL;
CREATE INDEX worker_missing ON queue.worker (worker_id) WHERE ended_at IS NULL AND lock_missing_since IS NOT NULL;
-- When the last round of housekeeping was, and what it saw; see queue._round.
CREATE SEQUENCE queue.round MINVALUE 0;
COMMENT ON TABLE queue.worker IS
  'One row per incarnation: one life of one worker process, with a fresh id at each start, so that a reused host or '
  'pod name hides no death.';
COMMENT ON COLUMN queue.worker.incarnation IS
  'A random uuid that the process made: a row of another process is not mine, whatever its number. NULL where none '
  'was stated, as in psql.';
COMMENT ON COLUMN queue.worker.contract IS
  'What its program understands of the queue: see queue.contracts().';
COMMENT ON COLUMN queue.worker.heartbeat_at IS
  'When the worker was last heard of, by this database''s clock. Silent for longer than lease_interval, it loses its '
  'tasks.';
COMMENT ON COLUMN queue.worker.session_lock IS
  'Whether it holds advisory lock (1634428274, worker_id) in its session: then its death shows within a second. Not '
  'so behind a pooler in transaction mode.';
COMMENT ON COLUMN queue.worker.lock_missing_since IS
  'When a reaper first saw that lock missing; after a short grace the worker is lost.';
COMMENT ON COLUMN queue.worker.host_trouble IS
  'What is wrong with its host, as the worker last told: it claims nothing until it has told that all is well.';
COMMENT ON COLUMN queue.worker.loss_excused_at IS
  'When its process, which lives, told that it had been cut off from the database: its loss counts against no task.';

CREATE TABLE queue.event (
  event_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  backfill_id bigint,
  task_id bigint,
  actor text NOT NULL DEFAULT session_user,
  kind text NOT NULL,
  message text NOT NULL
);
CREATE INDEX event_backfill ON queue.event (backfill_id, event_id);
COMMENT ON TABLE queue.event IS
  'What operators and the queue itself did: enqueued, paused, cancelled, breaker opened, worker lost.';
