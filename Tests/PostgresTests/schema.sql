-- Kept by `make schema`, with pg_dump 15. Not to be edited.
CREATE SCHEMA catalog;

COMMENT ON SCHEMA catalog IS 'Sources and dataset definitions, as the catalog folder declared them; definitions are kept by hash.';

CREATE SCHEMA lake;

COMMENT ON SCHEMA lake IS 'Which Parquet file is which partition, at which vintage.';

CREATE SCHEMA lineage;

COMMENT ON SCHEMA lineage IS 'Where each published partition came from.';

CREATE SCHEMA quality;

COMMENT ON SCHEMA quality IS 'Validation results of each attempt to publish.';

CREATE SCHEMA queue;

COMMENT ON SCHEMA queue IS 'Tasks, attempts, leases, limits: what runs, what waits, and why.';

CREATE SCHEMA review;

COMMENT ON SCHEMA review IS 'What people decided about published rows. Kept apart from them, so that publishing again loses nothing.';

CREATE SCHEMA schedule;

COMMENT ON SCHEMA schedule IS 'Flows, when each is due, and what became of every due time.';

CREATE SCHEMA service;

COMMENT ON SCHEMA service IS 'The service''s own: tokens, audit, acts on many tasks, alerts and their notices.';

CREATE SCHEMA warehouse;

COMMENT ON SCHEMA warehouse IS 'The partitions of the warehouse tables, which themselves are in public. Read the tables in public; not these.';

CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;

COMMENT ON EXTENSION postgis IS 'PostGIS geometry and geography spatial types and functions';

CREATE TYPE queue.claim_floor AS (
	rank bigint,
	task_id bigint,
	dropped_at bigint,
	keep_for bigint
);

COMMENT ON TYPE queue.claim_floor IS 'Up to where a session has claimed in a lane, and how long it trusts that: times in microseconds.';

CREATE TYPE queue.claim_share AS (
	lane_id integer,
	wanted integer,
	first_rank bigint
);

COMMENT ON TYPE queue.claim_share IS 'How many tasks a claim takes from a lane, and the rank of the first of them.';

CREATE TYPE queue.outcome_kind AS ENUM (
    'completed',
    'failed',
    'cancelled',
    'retried',
    'throttled',
    'released',
    'snoozed',
    'worker_lost'
);

CREATE TYPE queue.task_state AS ENUM (
    'blocked',
    'ready',
    'running',
    'completed',
    'failed',
    'cancelled'
);

CREATE FUNCTION catalog._rights() RETURNS SETOF text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION catalog._rights() IS 'Every right that one of the roles, or everybody, has on something of ours.';

CREATE FUNCTION catalog.apply_dataset(declaration jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION catalog.apply_dataset(declaration jsonb) IS 'Stores one dataset definition by hash and makes it the current one.';

CREATE FUNCTION catalog.apply_sources(files text[], texts text[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION catalog.apply_sources(files text[], texts text[]) IS 'Stores the files of the source registry, in their order.';

CREATE FUNCTION catalog.apply_view(view_name text, query text, description text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS …;

COMMENT ON FUNCTION catalog.apply_view(view_name text, query text, description text) IS 'Creates or replaces a view of the catalog. NULL, or why it waits: a table that it reads is not there yet.';

CREATE FUNCTION catalog.lock_apply() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION catalog.lock_apply() IS 'Until the transaction ends, nobody else applies the catalog.';

CREATE FUNCTION lake._is_left_behind(publication bigint, found boolean) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake._is_left_behind(publication bigint, found boolean) IS 'Whether somebody else may say what became of a publication''s file.';

CREATE FUNCTION lake._own_id() RETURNS uuid
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake._own_id() IS 'The id that this database gives to its first lake: the same after each fail-over, and of no other database, be it a copy of this one or made anew under its name.';

CREATE FUNCTION lake.adopt(place text, host_name text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.adopt(place text, host_name text) IS 'Gives the database''s lake a new id and place; whoever uses another folder is refused from then on. AK006 while workers are alive.';

CREATE FUNCTION lake.begin_publication(dataset_name text, year integer, region_name text, vintage text, output_hash text, task bigint, token bigint, OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.begin_publication(dataset_name text, year integer, region_name text, vintage text, output_hash text, task bigint, token bigint, OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint) IS 'Locks the partition and decides: unchanged (same bytes of the same vintage), lake_only (older than what the warehouse shows), or published.';

CREATE FUNCTION lake.begin_withdrawal(dataset_name text, year integer, region_name text, vintage text) RETURNS TABLE(publication_id bigint, path text, was_shown boolean, shown_as_of text, leaf text, before_publication_id bigint, before_as_of text, before_path text, before_sha256 text, before_row_count bigint, dataset_yml text, transform_sql text, rows_sql text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.begin_withdrawal(dataset_name text, year integer, region_name text, vintage text) IS 'Locks a partition, one of whose vintages is to be taken back, and says what the warehouse is to show instead: the vintage before, or nothing. AK005 where there is no such vintage, AK006 while a task builds it.';

CREATE FUNCTION lake.builder_of(dataset_name text, year integer, region_name text, vintage text) RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.builder_of(dataset_name text, year integer, region_name text, vintage text) IS 'The task of an open backfill that will build this vintage of a partition, or NULL.';

CREATE FUNCTION lake.create_withdrawal_table(dataset_name text, year integer, region_name text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.create_withdrawal_table(dataset_name text, year integer, region_name text) IS 'A table for the rows of the vintage that the warehouse is to show instead of one that is taken back.';

CREATE FUNCTION lake.establish(place text, said_id text, host_name text) RETURNS TABLE(lake_id uuid, location text, host text, has_files boolean, newest_path text, newest_bytes bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.establish(place text, said_id text, host_name text) IS 'The id of this database''s lake, which is made for the first one that asks and has none; no row where a lake has another id and the database has none. With the host that made it, and the file that was published last.';

CREATE FUNCTION lake.expired_vintages(dataset_name text, kept_count integer) RETURNS TABLE(publication_id bigint, path text, byte_count bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.expired_vintages(dataset_name text, kept_count integer) IS 'Files that a dataset keeping so many vintages does not need.';

CREATE FUNCTION lake.forget_file(publication bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.forget_file(publication bigint) IS 'Removes a publication''s file from the manifest; false when another publication has replaced it meanwhile.';

CREATE FUNCTION lake.live_staging(names text[]) RETURNS SETOF text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.live_staging(names text[]) IS 'Of these staging folders, those that must be kept.';

CREATE FUNCTION lake.mark_in_place(publication bigint, found boolean, token bigint DEFAULT NULL::bigint) RETURNS boolean
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.mark_in_place(publication bigint, found boolean, token bigint) IS 'The file of a publication has its name in the lake, or is lost: says its own attempt, by its token; without one whoever repairs, once the attempt is over. NULL where it is not for the caller to say, or a later publication has taken its place.';

CREATE FUNCTION lake.publication_file(publication bigint) RETURNS TABLE(definition_hash text, as_of text, output_sha256 text, lake_path text, row_count bigint, engine_version text, is_kept boolean)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.publication_file(publication bigint) IS 'What a publication published, and whether the lake still has that very file.';

CREATE FUNCTION lake.record_publication(publication jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.record_publication(publication jsonb) IS 'Writes all that is known of a publication; returns its id.';

CREATE FUNCTION lake.record_withdrawal(publication bigint, shown_publication bigint, why text, rows_table text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lake.record_withdrawal(publication bigint, shown_publication bigint, why text, rows_table text) IS 'Takes a vintage out of the manifest; where the warehouse showed it, puts the rows of the vintage before in the place of its own (or none), and keeps who did so.';

CREATE FUNCTION lineage.close_lost_runs() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lineage.close_lost_runs() IS 'Queues ABORT for attempts whose worker died; returns how many.';

CREATE FUNCTION lineage.end_run(task bigint, token bigint, end_event jsonb) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lineage.end_run(task bigint, token bigint, end_event jsonb) IS 'Queues the FAIL or ABORT event of an attempt that holds its lease, unless its end is queued already.';

CREATE FUNCTION lineage.prune_outbox() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lineage.prune_outbox() IS 'Removes events a day after their delivery.';

CREATE FUNCTION lineage.settle_event(event bigint, failure text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lineage.settle_event(event bigint, failure text) IS 'An event was delivered (failure NULL), or not, and will be tried again later.';

CREATE FUNCTION lineage.start_run(task bigint, token bigint, start_event jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lineage.start_run(task bigint, token bigint, start_event jsonb) IS 'Queues the START event of an attempt, and remembers that it has not ended.';

CREATE FUNCTION lineage.take_events(wanted integer, hide_interval interval) RETURNS TABLE(event_id bigint, event text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION lineage.take_events(wanted integer, hide_interval interval) IS 'Events to deliver now; each comes again after hide_interval unless it is settled.';

CREATE FUNCTION quality._store_validation(validation jsonb, publication bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION quality._store_validation(validation jsonb, publication bigint) IS 'Stores a validation and its checks; publication is NULL when nothing was published.';

CREATE FUNCTION quality.expected(arguments jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION quality.expected(arguments jsonb) IS 'What a check was told besides the columns, as one reads it: min_value 0, mostly 0.95.';

CREATE FUNCTION quality.record_validation(validation jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION quality.record_validation(validation jsonb) IS 'Stores the validation of an attempt that publishes nothing, or one of a published partition that an operator asked for.';

CREATE FUNCTION queue._asked_regions(datasets text[], regions text[]) RETURNS TABLE(dataset text, region text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._asked_regions(datasets text[], regions text[]) IS 'The regions of each dataset that a request is about: those asked of it (dataset:region) or else of all, where it has or allows them; those of its definition where none are asked. The empty one where it is not split.';

CREATE FUNCTION queue._begin_life(before text, life text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._begin_life(before text, life text) IS 'Ends all incarnations of the life before, gives their tasks back with their attempts, and lets every sequence leap.';

CREATE FUNCTION queue._caller_operates() RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._caller_operates() IS 'Whether the caller may do what aker_admin may.';

CREATE FUNCTION queue._check_request(datasets text[], years integer[], as_of text, mode text) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._check_request(datasets text[], years integer[], as_of text, mode text) IS 'Raises where a request for a backfill makes no sense.';

CREATE FUNCTION queue._complete(task_ids bigint[], lease_tokens bigint[], results jsonb[]) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

CREATE FUNCTION queue._counted(number bigint, noun text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._counted(number bigint, noun text) IS 'A number with what it counts, for people to read: 1 row, 2 rows.';

CREATE FUNCTION queue._definition_of(task_id bigint, at timestamp with time zone, planned text) RETURNS text
    LANGUAGE plpgsql STABLE
    AS …;

COMMENT ON FUNCTION queue._definition_of(task_id bigint, at timestamp with time zone, planned text) IS 'By which definition an attempt of the task at this time is made.';

CREATE FUNCTION queue._end_unserved() RETURNS integer
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._end_unserved() IS 'Ends drained workers that this structure does not serve: each is told so by AK002, registers anew, is refused by AK008, and ends with what to do.';

CREATE FUNCTION queue._ended_partitions(datasets text[], as_of text) RETURNS TABLE(dataset text, data_year integer, region text, kind queue.outcome_kind)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._ended_partitions(datasets text[], as_of text) IS 'How the last task of each partition of datasets ended, at a vintage.';

CREATE FUNCTION queue._enter_life() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._enter_life() IS 'Begins the database''s new life, where it is in one. What registers, ticks, claims or fences calls this first.';

CREATE FUNCTION queue._fail_dependents(upstream_task_id bigint, why text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._floor(lane_id integer, now_at bigint) RETURNS queue.claim_floor
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._floor(lane_id integer, now_at bigint) IS 'Where this session begins to look in a lane; keep_for is NULL where that is its beginning.';

CREATE FUNCTION queue._held_elsewhere(task_ids bigint[]) RETURNS TABLE(task_id bigint, held_by bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._held_elsewhere(task_ids bigint[]) IS 'Those of these tasks whose partition a task of another open backfill builds, and which.';

CREATE FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text) RETURNS TABLE(dataset text, data_year integer, region text, task_id bigint, backfill_id bigint, backfill_key text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text) IS 'Partitions of datasets that open backfills of a vintage build, besides the one with the given key, and by which task.';

CREATE FUNCTION queue._held_words(held_by bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._incarnation() RETURNS uuid
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION queue._incarnation() IS 'The process that calls, as its sessions state it: a random uuid. NULL where none is stated, as in psql.';

CREATE FUNCTION queue._is_claimable() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue._is_claimable() IS 'Whether a claim would find work.';

CREATE FUNCTION queue._is_mine(worker_id integer) RETURNS boolean
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION queue._is_mine(worker_id integer) IS 'Whether a worker is of the process that calls.';

CREATE FUNCTION queue._is_one_missing() RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._is_one_missing() IS 'Whether a worker''s session lock is gone, and it is not lost yet.';

CREATE FUNCTION queue._life() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._life() IS 'Names this life of this database: system identifier, timeline, database oid. pg_control_checkpoint() would still tell the old timeline right after a promotion; pg_upgrade begins again at timeline 1, hence the identifier; CREATE DATABASE … TEMPLATE has another oid.';

CREATE FUNCTION queue._link_tasks(backfill_id bigint, as_of text, after_task_id bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._link_tasks(backfill_id bigint, as_of text, after_task_id bigint) IS 'Makes the new tasks of a backfill wait for the same partition of the datasets that theirs depend on: in this backfill, or where another open one of the vintage builds it. Returns how many dependencies there are.';

CREATE FUNCTION queue._lock_backfill(backfill_id bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._lock_backfill_shared(backfill_id bigint) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._lock_key(purpose text) RETURNS bigint
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION queue._lock_key(purpose text) IS 'The key of an advisory lock: of this database, and known to its owner only.';

CREATE FUNCTION queue._look(OUT claimable boolean, OUT pending boolean) RETURNS record
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._look(OUT claimable boolean, OUT pending boolean) IS 'Whether a claim would find work, and whether something runs or will be due.';

CREATE FUNCTION queue._made_partitions(datasets text[], as_of text) RETURNS TABLE(dataset text, data_year integer, region text, definition_hash text, published_at timestamp with time zone, shown_as_of text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._made_partitions(datasets text[], as_of text) IS 'Partitions of datasets that the lake has at a vintage, and the vintage that the warehouse shows of each.';

CREATE FUNCTION queue._notify(task_count bigint DEFAULT NULL::bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._notify(task_count bigint) IS 'Wakes workers with a free slot, as many as there are tasks (NULL: all), each by a channel of its own, aker_queue_<id>. On aker_queue everybody hears that there may be work: workers that take only some datasets, and who watches. Once per statement, since Postgres folds equal notifications of one transaction.';

CREATE TABLE queue.backfill (
    backfill_id bigint NOT NULL,
    backfill_key text NOT NULL,
    as_of text NOT NULL,
    mode text NOT NULL,
    newest_first boolean NOT NULL,
    max_running integer,
    requested_by text NOT NULL,
    note text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    paused_at timestamp with time zone,
    pause_reason text,
    paused_by text,
    cancelled_at timestamp with time zone,
    cancel_reason text,
    CONSTRAINT backfill_as_of_check CHECK ((as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT backfill_check CHECK (((paused_at IS NULL) = (pause_reason IS NULL))),
    CONSTRAINT backfill_check1 CHECK (((cancelled_at IS NULL) = (cancel_reason IS NULL))),
    CONSTRAINT backfill_max_running_check CHECK ((max_running > 0)),
    CONSTRAINT backfill_mode_check CHECK ((mode = ANY (ARRAY['missing'::text, 'failed'::text, 'stale'::text, 'all'::text])))
);

COMMENT ON TABLE queue.backfill IS 'One operator request: datasets × years (× regions), enqueued as tasks.';

COMMENT ON COLUMN queue.backfill.backfill_key IS 'The caller''s own name for the request: enqueueing twice under one key adds only what is not there yet.';

COMMENT ON COLUMN queue.backfill.max_running IS 'Tasks of this backfill that may run at once; NULL is no limit.';

COMMENT ON COLUMN queue.backfill.finished_at IS 'When its last task ended. NULL again when tasks are added or retried.';

COMMENT ON COLUMN queue.backfill.cancelled_at IS 'Once set, none of its tasks is ever ready again.';

CREATE FUNCTION queue._open_backfill(request queue.backfill) RETURNS queue.backfill
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._open_backfill(request queue.backfill) IS 'The backfill of a request''s key, locked; made if there is none yet.';

CREATE FUNCTION queue._open_upstream_count(task_id bigint, done bigint[]) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._open_upstream_count(task_id bigint, done bigint[]) IS 'How many of a task''s upstream tasks have not completed, besides those given as done.';

CREATE FUNCTION queue._place_tasks(after_task_id bigint, with_dependencies boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._place_tasks(after_task_id bigint, with_dependencies boolean) IS 'Puts new tasks where they begin, queue.blocked or queue.ready, and counts them.';

CREATE FUNCTION queue._published_since(task_ids bigint[]) RETURNS TABLE(task_id bigint, publication_id bigint)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue._published_since(task_ids bigint[]) IS 'Those of these ended tasks whose partition and vintage was published since, and as which publication.';

CREATE FUNCTION queue._published_words(task_id bigint, publication_id bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._raise_lease_lost(task_id bigint, lease_token bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._rank(at timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._release_dependents(done bigint[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

CREATE FUNCTION queue._reopen(backfill_id bigint, task_ids bigint[], named text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

CREATE FUNCTION queue._require_lease(task_id bigint, lease_token bigint, dataset text, data_year integer, region text, as_of text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._require_lease(task_id bigint, lease_token bigint, dataset text, data_year integer, region text, as_of text) IS 'Begins every function by which a worker writes: proves that the attempt holds its task, which is this partition.';

CREATE FUNCTION queue._room(source_ids text[], backfill_id bigint) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._room(source_ids text[], backfill_id bigint) IS 'How many more tasks the tightest limit of a lane lets run.';

CREATE FUNCTION queue._rooms(sources text[] DEFAULT NULL::text[], backfills bigint[] DEFAULT NULL::bigint[]) RETURNS TABLE(source_id text, backfill_id bigint, room bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue._rooms(sources text[], backfills bigint[]) IS 'How many more tasks each limit lets run: of these sources and backfills, or of all. What has no limit is left out.';

CREATE FUNCTION queue._round(OUT claimable boolean, OUT pending boolean) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._round(OUT claimable boolean, OUT pending boolean) IS 'Reaps, promotes and tidies, if nobody has in the last 0.9 s, or less where workers are few; returns what was seen then.';

CREATE FUNCTION queue._round_interval() RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._round_interval() IS 'Milliseconds from one round of housekeeping to the next: 100 for each living worker, 900 at most.';

CREATE FUNCTION queue._running(limits text[]) RETURNS TABLE(lane_id integer, running bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue._running(limits text[]) IS 'How many tasks run, by lane. limits: those whose rows are locked, by source_id or #backfill_id; or ''*''.';

CREATE FUNCTION queue._server_began_at() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue._server_began_at() IS 'When the server last began to serve: a worker that was not heard of since then may have been cut off by that alone.';

CREATE TABLE queue.lease (
    lease_token bigint NOT NULL,
    task_id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    worker_id integer NOT NULL,
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    attempt_count smallint NOT NULL,
    lost_count smallint NOT NULL,
    throttle_count smallint NOT NULL,
    incarnation uuid,
    CONSTRAINT lease_check CHECK ((deadline_at > started_at))
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000', autovacuum_vacuum_cost_delay='0');

COMMENT ON TABLE queue.lease IS 'Tasks that run now. The primary key says that a task has one holder at most. Rows are inserted and deleted, never updated.';

COMMENT ON COLUMN queue.lease.lease_token IS 'Fences everything this attempt writes, and is its attempt_id.';

COMMENT ON COLUMN queue.lease.deadline_at IS 'When the reaper takes the task away from a handler that hangs.';

COMMENT ON COLUMN queue.lease.attempt_count IS 'Attempts used, this one included.';

COMMENT ON COLUMN queue.lease.incarnation IS 'The process that holds it: no other may end the attempt or publish it, whatever numbers it knows. NULL where none was stated, as in psql: see queue._incarnation().';

CREATE FUNCTION queue._settle(l queue.lease, kind queue.outcome_kind, error_class text, reason text, detail jsonb, run_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS queue.outcome_kind
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._settle_lanes(backfill_id bigint, after_task_id bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._shares(slots integer, now_at bigint, only_datasets text[], only_sources text[], full_sources text[], full_backfills bigint[]) RETURNS SETOF queue.claim_share
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue._shares(slots integer, now_at bigint, only_datasets text[], only_sources text[], full_sources text[], full_backfills bigint[]) IS 'How many of the next `slots` tasks are in which lane: a look at the heads, without locks, of lanes in the order of what no task of them goes before, until no other can have any of them.';

CREATE FUNCTION queue._superseded(datasets text[] DEFAULT NULL::text[], years integer[] DEFAULT NULL::integer[]) RETURNS TABLE(task_id bigint)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION queue._superseded(datasets text[], years integer[]) IS 'queue.superseded, of these datasets and years alone; NULL is all.';

CREATE FUNCTION queue._take(worker_id integer, lane_id integer, wanted integer, now_at bigint) RETURNS bigint[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue._take(worker_id integer, lane_id integer, wanted integer, now_at bigint) IS 'Leases up to `wanted` tasks of one lane, the first that nobody else is taking; returns them in order.';

CREATE FUNCTION queue._take_back(task_id bigint, lease_token bigint) RETURNS queue.lease
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue._task_name(task_id bigint) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION queue.cancel_backfill(backfill_id bigint, reason text DEFAULT 'cancelled by operator'::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.cancel_backfill(backfill_id bigint, reason text) IS 'Cancels all tasks of a backfill that have not ended, the running ones too: their workers are told at once, and their attempts are fenced off. Returns how many; 0 when it had ended already.';

CREATE FUNCTION queue.cancel_task(task_id bigint, reason text DEFAULT 'cancelled by operator'::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.cancel_task(task_id bigint, reason text) IS 'Cancels one task, running or waiting. AK006 when it has ended, or is being published at this very moment.';

CREATE FUNCTION queue.cells(datasets text[] DEFAULT NULL::text[], years integer[] DEFAULT NULL::integer[]) RETURNS TABLE(dataset text, data_year integer, data text, work text, data_sign text, work_sign text, published bigint, stale bigint, warned bigint, failed bigint, running bigint, waiting bigint, blocked bigint, paused bigint, total bigint, completed bigint, cancelled bigint, as_of text, backfill_id bigint)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION queue.cells(datasets text[], years integer[]) IS 'queue.cell, of these datasets and years alone; NULL is all.';

CREATE FUNCTION queue.claim(worker_id integer, slots integer, only_datasets text[] DEFAULT NULL::text[], only_sources text[] DEFAULT NULL::text[]) RETURNS TABLE(task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer, region text, as_of text, definition_hash text, source_ids text[], started_at timestamp with time zone, deadline_at timestamp with time zone, max_attempts integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue.claim(worker_id integer, slots integer, only_datasets text[], only_sources text[]) IS 'Leases up to `slots` tasks to the worker: by priority with ageing, then time, then id, from lanes whose sources have room. Each row''s lease_token fences what the attempt writes. AK002 when the worker was given up.';

CREATE FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) RETURNS TABLE(task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer, region text, as_of text, definition_hash text, source_ids text[], started_at timestamp with time zone, deadline_at timestamp with time zone, max_attempts integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) IS 'Leases one certain task to the worker, under the same conditions as queue.claim(). AK006, with the reason why it waits, when it cannot run now; AK002 when the worker was given up.';

CREATE FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb DEFAULT NULL::jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb) IS 'Completes a task, and unblocks what waits for it, in the caller''s transaction. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[], results jsonb[] DEFAULT NULL::jsonb[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[], results jsonb[]) IS 'Completes many tasks in one round trip. Returns the lease tokens that were lost and so completed nothing; does not raise for them. Repeating it, after an answer that never came, is harmless.';

CREATE FUNCTION queue.configure_source(source_id text, max_running integer DEFAULT NULL::integer, tokens_per_second double precision DEFAULT NULL::double precision, burst double precision DEFAULT NULL::double precision, daily_quota integer DEFAULT NULL::integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.configure_source(source_id text, max_running integer, tokens_per_second double precision, burst double precision, daily_quota integer) IS 'Sets a source''s limits; NULL is no limit. Its tokens, quota used, pause and cool-down stay as they are.';

CREATE FUNCTION queue.contracts() RETURNS int4range
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.contracts() IS 'The contracts that this structure serves. Raise the upper end with QueueContract.number in Swift; the lower one a release later, so that workers of the version before go on while hosts are updated one by one.';

CREATE FUNCTION queue.cool_down(source_id text, wait_interval interval, reason text) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.cool_down(source_id text, wait_interval interval, reason text) IS 'Nobody asks the source for wait_interval (a day at most): it said 429. Never shortens a longer cool-down. Returns when it ends.';

CREATE FUNCTION queue.drain_unserved(served int4range) RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.drain_unserved(served int4range) IS 'Workers whose program a structure to come will not serve claim no more, and finish what they hold. Returns how many were told so now.';

CREATE FUNCTION queue.drain_worker(worker_id integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.drain_worker(worker_id integer) IS 'The worker claims no more and ends when its tasks have.';

CREATE FUNCTION queue.end_cool_down(source_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.end_cool_down(source_id text) IS 'Ends a source''s cool-down early.';

CREATE FUNCTION queue.ending(task_id bigint, lease_token bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS …;

COMMENT ON FUNCTION queue.ending(task_id bigint, lease_token bigint) IS 'How this attempt ended: an outcome, held where it has not, lost where the queue knows nothing of it. Waits for the transaction that ends it now; lock_not_available after five seconds: ask again.';

CREATE FUNCTION queue.enqueue_backfill(datasets text[], years integer[], as_of text DEFAULT NULL::text, regions text[] DEFAULT NULL::text[], mode text DEFAULT 'missing'::text, newest_first boolean DEFAULT true, priority integer DEFAULT 0, max_running integer DEFAULT NULL::integer, backfill_key text DEFAULT NULL::text, note text DEFAULT NULL::text, max_attempts integer DEFAULT NULL::integer, task_timeout interval DEFAULT NULL::interval, requested_by text DEFAULT SESSION_USER, allow_future_vintage boolean DEFAULT false) RETURNS TABLE(backfill_id bigint, enqueued bigint, skipped bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue.enqueue_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, newest_first boolean, priority integer, max_running integer, backfill_key text, note text, max_attempts integer, task_timeout interval, requested_by text, allow_future_vintage boolean) IS 'Enqueues the partitions of a request as tasks, set-based and idempotently: under one backfill_key a partition is one task. What is skipped goes to queue.skipped_partition with its reason. `mode`: missing, failed, stale or all.';

CREATE FUNCTION queue.excuse_loss(worker_id integer, reason text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.excuse_loss(worker_id integer, reason text) IS 'The process of a lost incarnation lives, and it was the database that it could not reach: what its loss counted toward the quarantine of its tasks is taken back, once. Returns of how many tasks.';

CREATE FUNCTION queue.fail(task_id bigint, lease_token bigint, error_class text, reason text, detail jsonb DEFAULT NULL::jsonb, retry_after interval DEFAULT NULL::interval, fingerprint text DEFAULT NULL::text) RETURNS TABLE(kind queue.outcome_kind, run_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.fail(task_id bigint, lease_token bigint, error_class text, reason text, detail jsonb, retry_after interval, fingerprint text) IS 'Ends an attempt with an error. transient: retried with backoff until max_attempts; rate_limited: again after retry_after, the attempt given back; data, permanent: the task has failed. Returns what became of the task. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.fence(task_id bigint, lease_token bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.fence(task_id bigint, lease_token bigint) IS 'First statement of a publication: proves that this attempt still holds the task, and locks that until the transaction ends. AK001 otherwise.';

CREATE FUNCTION queue.follow_definition(dataset text) RETURNS TABLE(waiting bigint, running bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.follow_definition(dataset text) IS 'Has what waits of a dataset, in every open backfill, built by the definition that is applied now: called last in the transaction that applied it. What runs ends by the one that it began with, and a task for which a definition was named keeps that. Returns how many tasks wait and run that had another.';

CREATE FUNCTION queue.give_back(task_id bigint, lease_token bigint, reason text, detail jsonb DEFAULT NULL::jsonb) RETURNS queue.outcome_kind
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.give_back(task_id bigint, lease_token bigint, reason text, detail jsonb) IS 'Gives a task back because of its host, or because it waited too long: for any worker to claim at once; neither the attempt nor a lost worker is counted. After max_throttles times it fails. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[] DEFAULT '{}'::bigint[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[]) IS 'Keeps the worker''s leases for another lease_interval. Returns those of the given lease tokens that it no longer holds (cancelled, or taken away): stop working on them. AK002 when the worker was given up.';

CREATE FUNCTION queue.held_elsewhere(task_id bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.held_elsewhere(task_id bigint) IS 'Why a failed task would not be tried again now: which task of another open backfill builds its partition; NULL where none does.';

CREATE FUNCTION queue.hold_worker_lock(worker_id integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.hold_worker_lock(worker_id integer) IS 'Takes the worker''s session lock again after a reconnection. AK002 when the worker was meanwhile given up.';

CREATE FUNCTION queue.left_alone(task_id bigint) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.left_alone(task_id bigint) IS 'The same of one task; NULL where nothing speaks against its retry.';

CREATE FUNCTION queue.name_definition(task_id bigint, definition text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.name_definition(task_id bigint, definition text) IS 'Has the attempts of a task that begin from now on made by a definition of its dataset, superseded or not.';

CREATE FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) IS 'Keeps what is known of attempts, in place of what was noted before; attempts that never were are left out. Decides nothing: a lost lease is no error here.';

CREATE FUNCTION queue.pause_backfill(backfill_id bigint, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.pause_backfill(backfill_id bigint, reason text) IS 'No more tasks of this backfill are claimed; what runs ends as it would.';

CREATE FUNCTION queue.pause_dataset(dataset text, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.pause_dataset(dataset text, reason text) IS 'No more tasks of this dataset are claimed, in any backfill; what runs ends as it would.';

CREATE FUNCTION queue.pause_queue(reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.pause_queue(reason text) IS 'Nothing is claimed any more; what runs ends as it would.';

CREATE FUNCTION queue.pause_source(source_id text, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.pause_source(source_id text, reason text) IS 'No more tasks that ask this source are claimed; what runs ends as it would.';

CREATE FUNCTION queue.plan_backfill(datasets text[], years integer[], as_of text DEFAULT NULL::text, regions text[] DEFAULT NULL::text[], mode text DEFAULT 'missing'::text, backfill_key text DEFAULT NULL::text) RETURNS TABLE(dataset text, data_year integer, region text, action text, reason text)
    LANGUAGE sql STABLE
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue.plan_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, backfill_key text) IS 'What queue.enqueue_backfill() would do with the same arguments: each partition, enqueue or skip, and why. Changes nothing. Of regions, dataset:region is asked of that dataset alone, and overrides for it those without a dataset; a dataset for which neither is there has those of its definition.';

CREATE FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text) IS 'Sets the priority (-100 to 100, higher first) of a backfill''s tasks, or of one dataset in it.';

CREATE FUNCTION queue.prioritize_task(task_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.prioritize_task(task_id bigint) IS 'Puts a waiting task before all others; a backoff ends at once.';

CREATE FUNCTION queue.promote_due(batch_size integer DEFAULT 1000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue.promote_due(batch_size integer) IS 'Moves tasks whose backoff or snooze is over to where claims look. Returns how many.';

CREATE FUNCTION queue.prune(older_than interval DEFAULT NULL::interval, batch_size integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.prune(older_than interval, batch_size integer) IS 'Deletes one batch of what finished longer ago than older_than (default queue.setting.retention_interval), the oldest first. Returns how many tasks (or 1 for the emptied backfill itself): call it, in a transaction each, until it returns 0.';

CREATE FUNCTION queue.reap() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.reap() IS 'Takes tasks away from workers that died or fell silent, and from handlers past their deadline. Safe to call from everywhere at once. Returns how many.';

CREATE FUNCTION queue.register_worker(name text, host text, pid integer, version text, slots integer, session_lock boolean DEFAULT false, contract integer DEFAULT 1) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.register_worker(name text, host text, pid integer, version text, slots integer, session_lock boolean, contract integer) IS 'Starts an incarnation and returns its worker_id. With session_lock, this session holds an advisory lock that shows at once when it dies; leave it false behind a pooler in transaction mode. AK008 when its contract is not served.';

CREATE FUNCTION queue.release(task_id bigint, lease_token bigint, reason text DEFAULT 'released'::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.release(task_id bigint, lease_token bigint, reason text) IS 'Gives a task back, for any worker to claim at once; the attempt is not counted. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) IS 'After a broken connection: releases what this worker holds besides the lease tokens that it knows of. Returns how many.';

CREATE FUNCTION queue.report_host(worker_id integer, trouble text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.report_host(worker_id integer, trouble text) IS 'A worker tells what is wrong with its host, which keeps it from claiming, or (NULL) that all is well. AK002 when the worker was given up.';

CREATE FUNCTION queue.require_contract(contract integer, version text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.require_contract(contract integer, version text) IS 'AK008 unless a worker of this contract may work on this structure. Asked before anything else, by programs of all versions: its name and arguments never change.';

CREATE FUNCTION queue.require_vintage(as_of text, allow_future boolean DEFAULT false) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.require_vintage(as_of text, allow_future boolean) IS 'The vintage, this month''s for NULL. AK003 for what is no month, or one of the future that is not allowed: it would hide every correction until then.';

CREATE FUNCTION queue.resume_backfill(backfill_id bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.resume_backfill(backfill_id bigint) IS 'Ends a backfill''s pause, and closes the circuit breakers of its datasets.';

CREATE FUNCTION queue.resume_dataset(dataset text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.resume_dataset(dataset text) IS 'Ends a dataset''s pause, and closes its circuit breakers in all backfills.';

CREATE FUNCTION queue.resume_queue() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.resume_queue() IS 'Ends queue.pause_queue(). Other pauses stay.';

CREATE FUNCTION queue.resume_source(source_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.resume_source(source_id text) IS 'Ends a source''s pause. A cool-down stays: queue.end_cool_down().';

CREATE FUNCTION queue.retry_backfill(backfill_id bigint, error_class text DEFAULT NULL::text, dataset text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue.retry_backfill(backfill_id bigint, error_class text, dataset text) IS 'Tries all failed tasks of a backfill again, or those of one error class or dataset, by the definitions that are applied now. Those whose partition another open backfill builds, or was published since, are left alone. Returns how many.';

CREATE FUNCTION queue.retry_task(task_id bigint, definition text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.retry_task(task_id bigint, definition text) IS 'Tries a failed task again, with the tasks that failed only because it did, by the definition that is applied now, or by the one that is named. AK006, with the reason, where its partition was published since or is built elsewhere. Returns how many tasks were opened.';

CREATE FUNCTION queue.return_tokens(source_id text, unused integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.return_tokens(source_id text, unused integer) IS 'Gives back tokens that were taken and not used.';

CREATE FUNCTION queue.sign(fact text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.sign(fact text) IS 'The sign of a fact of queue.cell, as terminals show it.';

CREATE FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval, reason text DEFAULT 'snoozed'::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval, reason text) IS 'Gives a task back until wait_interval has passed; the attempt is not counted. AK001 when this attempt no longer holds it.';

CREATE FUNCTION queue.standstill(backfill_id bigint) RETURNS TABLE(tasks bigint, task_id bigint, reason text, resume text)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION queue.standstill(backfill_id bigint) IS 'Why nothing of a backfill will run before somebody acts, with what aker resume takes; no rows while something runs or will.';

CREATE FUNCTION queue.stop_worker(worker_id integer, reason text DEFAULT 'stopped'::text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.stop_worker(worker_id integer, reason text) IS 'Ends an incarnation in order: releases whatever it still holds (returns how many) and gives up its session lock.';

CREATE FUNCTION queue.take_tokens(source_id text, wanted integer DEFAULT 1) RETURNS TABLE(granted integer, wait_interval interval)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.take_tokens(source_id text, wanted integer) IS 'Takes up to `wanted` requests from a source''s budget. granted 0 means: ask again after wait_interval. Take several at once where requests come quickly, and give back what is left with queue.return_tokens().';

CREATE FUNCTION queue.those_left_alone(task_ids bigint[]) RETURNS TABLE(task_id bigint, holder text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.those_left_alone(task_ids bigint[]) IS 'Those of failed tasks that a retry would leave alone, each with the reason: another open backfill builds its partition, or it was published since.';

CREATE FUNCTION queue.tick(worker_id integer DEFAULT NULL::integer, lease_tokens bigint[] DEFAULT '{}'::bigint[]) RETURNS TABLE(lost_tokens bigint[], claimable boolean, pending boolean, again_soon boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue.tick(worker_id integer, lease_tokens bigint[]) IS 'A worker''s one query a second: its heartbeat; and reaper, due tasks, counts, which one worker does for all. lost_tokens: leases it no longer holds; claimable: a claim would find work; pending: something runs or will be due; again_soon: a worker may just have died, look again in half a second.';

CREATE FUNCTION queue.tidy() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.tidy() IS 'Folds queue.progress_delta into queue.progress, and closes what has ended. Returns how many deltas were folded.';

CREATE FUNCTION queue.unmet_dependencies(datasets text[], years integer[], as_of text DEFAULT NULL::text, regions text[] DEFAULT NULL::text[], mode text DEFAULT 'missing'::text) RETURNS TABLE(dataset text, upstream text, years integer[], task_count bigint, is_possible boolean)
    LANGUAGE sql STABLE
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION queue.unmet_dependencies(datasets text[], years integer[], as_of text, regions text[], mode text) IS 'Of what queue.plan_backfill() would enqueue with the same arguments: the years whose upstream dataset is neither published, nor planned with it, nor built by an open backfill of the same vintage. Their tasks would fail. is_possible: whether the upstream has those years at all.';

CREATE FUNCTION queue.unserved_workers(served int4range DEFAULT queue.contracts()) RETURNS TABLE(worker_id integer, name text, host text, version text, contract integer, state text, busy bigint)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.unserved_workers(served int4range) IS 'Living workers whose program keeps a contract that is not served, and how many tasks each holds.';

CREATE FUNCTION queue.wanted() RETURNS TABLE(dataset text, running bigint, startable bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS …;

COMMENT ON FUNCTION queue.wanted() IS 'Per lane that runs or could run something: tasks that run, and how many more could start now if there were slots without end. Pauses, cool-downs, limits of sources and backfills and quotas count as they do for claims. It reads what is kept per lane and year, and no task; of those in backoff only the first 10,000 are subtracted.';

CREATE FUNCTION queue.wanted_slots() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.wanted_slots() IS 'How many slots the queue could use now, those that are busy included: 10,000 tasks behind a source that allows 4 want 4. Never NULL. What an autoscaler asks.';

CREATE FUNCTION queue.why(task_id bigint) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION queue.why(task_id bigint) IS 'Why does this task wait, or how did it end? One sentence.';

CREATE FUNCTION review._corrected(rules jsonb, changes jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION review._corrected(rules jsonb, changes jsonb) IS 'A correction by the rules, with the columns that follow from it.';

CREATE FUNCTION review._rules(dataset_name text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION review._rules(dataset_name text) IS 'How the rows of a dataset are reviewed; raises where they are not.';

CREATE FUNCTION review.apply_view(dataset_name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS …;

COMMENT ON FUNCTION review.apply_view(dataset_name text) IS 'Creates or replaces the view <dataset>_reviewed: the rows with what people decided about them.';

CREATE FUNCTION review.decide(dataset_name text, row_name text, decision text, reason text, decided_by text, changes jsonb DEFAULT '{}'::jsonb) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION review.decide(dataset_name text, row_name text, decision text, reason text, decided_by text, changes jsonb) IS 'Accepts, rejects or corrects a published row, which stays as it is; returns the id of the decision.';

CREATE FUNCTION review.find_row(dataset_name text, row_name text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION review.find_row(dataset_name text, row_name text) IS 'The name of the one published row whose name begins so; raises where there is none or several.';

CREATE FUNCTION review.undecided(dataset_name text, data_year integer DEFAULT NULL::integer, below double precision DEFAULT NULL::double precision) RETURNS TABLE(row_id text, year integer, confidence double precision, shown text[])
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION review.undecided(dataset_name text, data_year integer, below double precision) IS 'Rows of a dataset that nobody has decided about: those that wait, or those that are less sure than `below`. shown has the columns that its review names, in their order.';

CREATE TABLE schedule.flow (
    flow text NOT NULL,
    title text DEFAULT ''::text NOT NULL,
    datasets text[] NOT NULL,
    regions text[],
    first_year integer NOT NULL,
    last_year integer NOT NULL,
    expression text,
    minutes integer[] DEFAULT '{}'::integer[] NOT NULL,
    hours integer[] DEFAULT '{}'::integer[] NOT NULL,
    days integer[] DEFAULT '{}'::integer[] NOT NULL,
    months integer[] DEFAULT '{}'::integer[] NOT NULL,
    weekdays integer[] DEFAULT '{}'::integer[] NOT NULL,
    every_hour boolean DEFAULT false NOT NULL,
    either_day boolean DEFAULT false NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    catch_up text DEFAULT 'latest'::text NOT NULL,
    catch_up_window interval DEFAULT '400 days'::interval NOT NULL,
    overlap text DEFAULT 'queue'::text NOT NULL,
    jitter interval DEFAULT '00:00:00'::interval NOT NULL,
    next_due_at timestamp with time zone,
    defined_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    removed_at timestamp with time zone,
    paused_at timestamp with time zone,
    pause_reason text,
    paused_by text,
    trouble text,
    trouble_since timestamp with time zone,
    CONSTRAINT flow_catch_up_check CHECK ((catch_up = ANY (ARRAY['none'::text, 'latest'::text, 'all'::text]))),
    CONSTRAINT flow_catch_up_window_check CHECK ((catch_up_window > '00:00:00'::interval)),
    CONSTRAINT flow_check CHECK ((last_year >= first_year)),
    CONSTRAINT flow_check1 CHECK (((paused_at IS NULL) = (pause_reason IS NULL))),
    CONSTRAINT flow_check2 CHECK (((trouble IS NULL) = (trouble_since IS NULL))),
    CONSTRAINT flow_datasets_check CHECK ((cardinality(datasets) > 0)),
    CONSTRAINT flow_flow_check CHECK ((flow ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT flow_jitter_check CHECK ((jitter >= '00:00:00'::interval)),
    CONSTRAINT flow_overlap_check CHECK ((overlap = ANY (ARRAY['skip'::text, 'queue'::text, 'cancel'::text])))
);

COMMENT ON TABLE schedule.flow IS 'The flows of flows.yml as the serving coordinators last read them. Only schedule.apply_flows() and the other functions change it.';

COMMENT ON COLUMN schedule.flow.regions IS 'Of split datasets, as queue.plan_backfill() takes them; NULL where the installation''s choice holds.';

COMMENT ON COLUMN schedule.flow.first_year IS 'Counted from the due time''s year, in the flow''s time zone: -1 is the year before.';

COMMENT ON COLUMN schedule.flow.expression IS 'Cron, as written; NULL for a flow that is only triggered. The fields after it are the same, read.';

COMMENT ON COLUMN schedule.flow.weekdays IS 'Sunday is 0.';

COMMENT ON COLUMN schedule.flow.every_hour IS 'The hour is not restricted: an hour that a time zone has twice is due twice.';

COMMENT ON COLUMN schedule.flow.either_day IS 'Day of month and day of week are both restricted: a day that matches either is due, as in cron.';

COMMENT ON COLUMN schedule.flow.catch_up IS 'What is due of the times that passed while nobody served: none of them, the latest, or all, one after the other.';

COMMENT ON COLUMN schedule.flow.catch_up_window IS 'What is noticed later than this after it was due is missed.';

COMMENT ON COLUMN schedule.flow.overlap IS 'When the flow''s backfill before has not ended: the due time is skipped, waits for it, or cancels it.';

COMMENT ON COLUMN schedule.flow.jitter IS 'A due time fires later by a fixed part of this, so that many flows do not start at once.';

COMMENT ON COLUMN schedule.flow.next_due_at IS 'All due times before it are in schedule.due. NULL: never again, or not by the clock.';

COMMENT ON COLUMN schedule.flow.trouble IS 'Why its due time could not fire when that was last tried; it is tried again.';

CREATE FUNCTION schedule._coalesce(f schedule.flow, now_at timestamp with time zone) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._coalesce(f schedule.flow, now_at timestamp with time zone) IS 'Settles those waiting due times of a flow that are not to fire.';

CREATE FUNCTION schedule._due_times(f schedule.flow, after_at timestamp with time zone, until_at timestamp with time zone, max_count integer) RETURNS SETOF timestamp with time zone
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._due_times(f schedule.flow, after_at timestamp with time zone, until_at timestamp with time zone, max_count integer) IS 'When a flow is due after one instant and until another, in order; at most so many.';

CREATE FUNCTION schedule._enqueue(f schedule.flow, due_at timestamp with time zone, regions text[], now_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._enqueue(f schedule.flow, due_at timestamp with time zone, regions text[], now_at timestamp with time zone) IS 'Enqueues a due time, and says so in the ledger: one transaction.';

CREATE FUNCTION schedule._fires_at(f schedule.flow, due_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._fires_at(f schedule.flow, due_at timestamp with time zone) IS 'A due time with its jitter.';

CREATE FUNCTION schedule._flow_of(definition jsonb) RETURNS schedule.flow
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._flow_of(definition jsonb) IS 'A flow out of what schedule.apply_flows() is given. AK003 for a time zone that is not known.';

CREATE FUNCTION schedule._next_due(f schedule.flow, after_at timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._next_due(f schedule.flow, after_at timestamp with time zone) IS 'When a flow is due next; NULL for never.';

CREATE FUNCTION schedule._note_due(f schedule.flow, now_at timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._note_due(f schedule.flow, now_at timestamp with time zone) IS 'Writes the due times of a flow up to now into the ledger, and when it is due next. Its row is locked by the caller.';

CREATE FUNCTION schedule._now() RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._now() IS 'Now, as schedules see it.';

CREATE FUNCTION schedule._open_backfill(flow text) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._open_backfill(flow text) IS 'The last backfill of a flow that has not ended.';

CREATE FUNCTION schedule._require_flow(flow text) RETURNS schedule.flow
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._require_flow(flow text) IS 'A flow by its name, locked. AK005 where there is none.';

CREATE FUNCTION schedule._require_term(term bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._require_term(term bigint) IS 'AK007 unless this is the term of now.';

CREATE FUNCTION schedule._years(f schedule.flow, due_at timestamp with time zone) RETURNS integer[]
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule._years(f schedule.flow, due_at timestamp with time zone) IS 'The years that a due time refreshes: those of its own calendar, however late it fires.';

CREATE FUNCTION schedule.abdicate(holder uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.abdicate(holder uuid) IS 'Gives the lead up at once, where the caller has it.';

CREATE FUNCTION schedule.apply_flows(term bigint, definitions jsonb) RETURNS TABLE(flow text, change text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.apply_flows(term bigint, definitions jsonb) IS 'Makes these the flows there are: an array of objects with the columns of schedule.flow. Returns what changed. A changed expression or time zone holds from now on: nothing that was due is due again. AK007 unless the caller leads.';

CREATE FUNCTION schedule.fire(flow text, regions text[] DEFAULT NULL::text[]) RETURNS TABLE(due_at timestamp with time zone, fate text, reason text, backfill_id bigint, task_count bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.fire(flow text, regions text[]) IS 'Settles the oldest due time of a flow whose moment has come: enqueues it, or skips it, as the flow''s catch_up and overlap say. Returns what became of it; nothing where none is due, where it waits, or where another call is at this flow. `regions` are for flows that name none.';

CREATE FUNCTION schedule.lead(holder uuid, name text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.lead(holder uuid, name text) IS 'Takes or renews the lead for four seconds, and notes where nobody led for longer than a minute. Returns the term, which what a leader does must carry; NULL while another leads.';

CREATE FUNCTION schedule.note_due() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.note_due() IS 'Notes all due times up to now, of all flows; returns how many. Those that another call is noting are left to it.';

CREATE FUNCTION schedule.note_trouble(flow text, reason text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.note_trouble(flow text, reason text) IS 'Keeps why a due time of the flow could not fire, until one does.';

CREATE FUNCTION schedule.pause_flow(flow text, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.pause_flow(flow text, reason text) IS 'Until it is resumed, its due times are skipped, each with this reason. What it enqueued before runs on.';

CREATE FUNCTION schedule.prune(term bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.prune(term bigint) IS 'Deletes due times of more than three years ago, at most 10,000; returns how many. AK007 unless the caller leads.';

CREATE FUNCTION schedule.resume_flow(flow text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.resume_flow(flow text) IS 'Ends schedule.pause_flow(). What was skipped meanwhile stays skipped: schedule.trigger_flow() does it now.';

CREATE FUNCTION schedule.trigger_flow(flow text, regions text[] DEFAULT NULL::text[]) RETURNS TABLE(backfill_id bigint, task_count bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION schedule.trigger_flow(flow text, regions text[]) IS 'Enqueues a flow now, paused or not, with the years of now. AK006 where its backfill before has not ended, unless the flow''s overlap is cancel.';

CREATE FUNCTION service._changed_counts(since pg_snapshot) RETURNS TABLE(lane_id integer, data_year integer)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION service._changed_counts(since pg_snapshot) IS 'Lanes and years whose counts (but those of what runs) were changed by transactions that the snapshot did not see.';

CREATE FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[]) RETURNS TABLE(lane_id integer, data_year integer)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[]) IS 'Lanes and years of which another number runs than the caller knows.';

CREATE FUNCTION service._changes() RETURNS TABLE(lane_id integer, data_year integer, changes bigint)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION service._changes() IS 'How often the counts of each lane and year (but those of what runs) changed.';

CREATE TABLE service.batch (
    batch_id bigint NOT NULL,
    act text NOT NULL,
    selection jsonb NOT NULL,
    reason text,
    actor text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    cancelled_by text,
    total integer NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    left_alone integer DEFAULT 0 NOT NULL,
    CONSTRAINT batch_act_check CHECK ((act = ANY (ARRAY['retry'::text, 'cancel'::text, 'prioritize'::text]))),
    CONSTRAINT batch_selection_check CHECK ((jsonb_typeof(selection) = 'object'::text))
);

COMMENT ON TABLE service.batch IS 'An act on many tasks: chosen once, done piece by piece by whichever coordinator serves, and goes on after a crash.';

COMMENT ON COLUMN service.batch.left_alone IS 'Tasks it was not done to; service.batch_task says why of each.';

CREATE FUNCTION service._do(b service.batch, task bigint) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._do(b service.batch, task bigint) IS 'Does a batch''s act to one task. Returns why not; NULL where it was done.';

CREATE FUNCTION service._fleet_metrics() RETURNS TABLE(name text, labels text[], value double precision)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._fleet_metrics() IS 'Workers, backfills, alerts, the database''s life, and freshness by dataset.';

CREATE FUNCTION service._flow_metrics() RETURNS TABLE(name text, labels text[], value double precision)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._flow_metrics() IS 'When flows are due, what was missed, and who leads.';

CREATE FUNCTION service._is_silenced(alert_kind text, alert_subject text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._is_silenced(alert_kind text, alert_subject text) IS 'Whether nobody is to be told of such an alert now.';

CREATE FUNCTION service._leases() RETURNS TABLE(dataset text, leases text)
    LANGUAGE sql STABLE
    AS …;

COMMENT ON FUNCTION service._leases() IS 'What runs of each dataset: lanes, years and how many.';

CREATE FUNCTION service._make_cells(datasets text[], years integer[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

CREATE FUNCTION service._mark_cells() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION service._mark_lanes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION service._mark_row() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION service._queue_metrics() RETURNS TABLE(name text, labels text[], value double precision)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._queue_metrics() IS 'Depth, age and wanted slots by dataset, of open lanes.';

CREATE FUNCTION service._source_metrics() RETURNS TABLE(name text, labels text[], value double precision)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._source_metrics() IS 'Requests, limits, quotas and cool-downs by source.';

CREATE FUNCTION service._table_metrics() RETURNS TABLE(name text, labels text[], value double precision)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service._table_metrics() IS 'What the server says of sizes and of what holds back its vacuum.';

CREATE FUNCTION service.answer_rows(names text, row_count integer, byte_count bigint, row_byte_count bigint, as_json boolean) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.answer_rows(names text, row_count integer, byte_count bigint, row_byte_count bigint, as_json boolean) IS 'The next rows of the question, at most so many, and none once so many bytes are told; no row after the last. Each is the text of a record, or an object of JSON.';

CREATE FUNCTION service.authenticate(token_hash bytea) RETURNS TABLE(name text, level text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.authenticate(token_hash bytea) IS 'Whose token has this SHA-256, and its level; no row for none that is valid.';

CREATE FUNCTION service.await_changes(patience interval, after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) RETURNS TABLE(kind text, key text, data text)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION service.await_changes(patience interval, after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) IS 'service.changes(), as soon as a cell changed or something happened that is told as an event, and after so much time at the most. A row waited tells how many milliseconds that took.';

CREATE FUNCTION service.begin_question(question text, names text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.begin_question(question text, names text) IS 'Makes the cursor aker_question of one query, found by the search_path names: SELECT, VALUES, TABLE, WITH, SHOW or EXPLAIN. Its rows come from service.answer_rows().';

CREATE FUNCTION service.cancel_batch(batch bigint, actor text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.cancel_batch(batch bigint, actor text) IS 'The rest of a batch is not done; what was done stays. Returns how many tasks are spared.';

CREATE FUNCTION service.changes(after_event bigint DEFAULT NULL::bigint, since pg_snapshot DEFAULT NULL::pg_snapshot, running_lanes integer[] DEFAULT '{}'::integer[], running_years integer[] DEFAULT '{}'::integer[], running_counts bigint[] DEFAULT '{}'::bigint[]) RETURNS TABLE(kind text, key text, data text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

COMMENT ON FUNCTION service.changes(after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) IS 'What a listener is told of, as it is now: what differs from the last time is what changed. Events are those after after_event and the hundred before it. A row snapshot is the next since: without one no cells are told, then those that changed. Rows running (a lane and year) are how many tasks run of each, which the caller gives back.';

CREATE FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer DEFAULT NULL::integer, last integer DEFAULT NULL::integer) RETURNS TABLE(dataset text, data_year integer, data text, work text, total bigint, completed bigint, failed bigint, cancelled bigint, running bigint, blocked bigint, paused bigint, warned bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

COMMENT ON FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer, last integer) IS 'Cells of these datasets as a backfill has them, or as the last backfill of a vintage that asked for each has it.';

CREATE FUNCTION service.claim_key(actor text, key text, request_hash bytea) RETURNS TABLE(status integer, content text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.claim_key(actor text, key text, request_hash bytea) IS 'No row: nobody has done this yet, and the caller does it in this transaction, ending with service.keep_answer(). Else what was answered. AK006 where the key is another request''s.';

CREATE FUNCTION service.create_batch(act text, selection jsonb, reason text, actor text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.create_batch(act text, selection jsonb, reason text, actor text) IS 'Chooses the tasks of an act, which coordinators then do it to. Returns the batch''s number.';

CREATE FUNCTION service.create_token(name text, level text, token_hash bytea, valid_for interval) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.create_token(name text, level text, token_hash bytea, valid_for interval) IS 'Lets whoever holds the token of this SHA-256 use the API, at a level, for so long. Returns until when.';

CREATE FUNCTION service.forget_cells(most_marks integer DEFAULT 100000) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.forget_cells(most_marks integer) IS 'Where nobody looks for long, marks are many: then all cells are made again when somebody does.';

CREATE FUNCTION service.keep_answer(actor text, key text, status integer, content text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.keep_answer(actor text, key text, status integer, content text) IS 'What was answered to the act of this key.';

CREATE FUNCTION service.look_for_trouble(term bigint, destinations text[], of_host jsonb DEFAULT '[]'::jsonb) RETURNS TABLE(kind text, subject text, change text, summary text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.look_for_trouble(term bigint, destinations text[], of_host jsonb) IS 'Makes alerts of what is wrong now, in the database and (of_host, the same columns) where the leader runs; tells each destination of what began and ended since the last look, through service.notice. Returns what changed. AK007 unless the caller leads.';

CREATE FUNCTION service.metrics() RETURNS TABLE(name text, labels text[], value double precision)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.metrics() IS 'Every figure of the queue that /metrics tells, with its labels as name, value, name, value: docs/metrics.md says what each means. What is asked of a scrape of the whole queue, by aker_monitor too.';

CREATE FUNCTION service.prune(term bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.prune(term bigint) IS 'Deletes a batch of what is older than it is kept: answers a day, audit a year, the rest queue.setting.retention_interval. Returns how many rows: call it until it returns 0. AK007 unless the caller leads.';

CREATE FUNCTION service.record_act(actor text, level text, address text, act text, target text, outcome text, detail jsonb DEFAULT NULL::jsonb) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.record_act(actor text, level text, address text, act text, target text, outcome text, detail jsonb) IS 'Keeps an act, or a refused try of one.';

CREATE FUNCTION service.refresh_cells() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    AS …;

COMMENT ON FUNCTION service.refresh_cells() IS 'Makes those rows of service.cell again of which something changed; called before it is read. Returns how many; where there are none it writes nothing.';

CREATE FUNCTION service.refresh_choice(backfill bigint, vintage text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    SET work_mem TO '32MB'
    AS …;

COMMENT ON FUNCTION service.refresh_choice(backfill bigint, vintage text) IS 'Counts again those datasets of a backfill or a vintage (NULL is any) of which something changed; called before service.choice_count is read. Returns how many; where there are none it writes nothing.';

CREATE FUNCTION service.revoke_token(name text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.revoke_token(name text) IS 'Ends a token at once: the next request with it is refused.';

CREATE FUNCTION service.selected_tasks(act text, selection jsonb) RETURNS TABLE(task_id bigint, backfill_id bigint, dataset text, data_year integer, region text, state text, error_class text, obstacle text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.selected_tasks(act text, selection jsonb) IS 'The tasks that an act would be done to, and what stands in its way, where something does. Changes nothing.';

CREATE FUNCTION service.settle_notice(notice bigint, failure text) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.settle_notice(notice bigint, failure text) IS 'A notice was delivered (failure NULL), or not, and is tried again later.';

CREATE FUNCTION service.silence_alerts(kind text, subject text, silent_for interval, reason text) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.silence_alerts(kind text, subject text, silent_for interval, reason text) IS 'Nobody is told of alerts of this kind (NULL: of any) and subject (NULL: of any) for so long; 0 ends a silence. Returns until when. What holds on after that is told then.';

CREATE FUNCTION service.take_notices(destinations text[], wanted integer, hide_interval interval) RETURNS TABLE(notice_id bigint, destination text, is_recovery boolean, kind text, subject text, severity text, summary text, advice text, began_at timestamp with time zone, ended_at timestamp with time zone, alert_id bigint)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.take_notices(destinations text[], wanted integer, hide_interval interval) IS 'Notices to deliver now; each comes again after hide_interval unless it is settled.';

CREATE FUNCTION service.work_batches(piece integer DEFAULT 500) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION service.work_batches(piece integer) IS 'Does a piece of the oldest open batch that nobody else is at, in one transaction. Returns how many tasks: call it again until it returns 0.';

CREATE TABLE catalog.dataset (
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    first_year integer NOT NULL,
    last_year integer,
    name text NOT NULL,
    definition_hash text NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    owner text DEFAULT ''::text NOT NULL,
    is_split boolean DEFAULT false NOT NULL,
    regions text[] DEFAULT '{}'::text[] NOT NULL,
    source_ids text[] DEFAULT '{}'::text[] NOT NULL,
    primary_source_id text,
    depends_on text[] DEFAULT '{}'::text[] NOT NULL,
    applied_by text DEFAULT SESSION_USER NOT NULL,
    region_pattern text,
    review jsonb,
    CONSTRAINT dataset_check CHECK (((last_year >= first_year) AND (last_year <= 2200))),
    CONSTRAINT dataset_check1 CHECK ((NOT (name = ANY (depends_on)))),
    CONSTRAINT dataset_check2 CHECK ((is_split OR (regions = '{}'::text[]))),
    CONSTRAINT dataset_check3 CHECK (((primary_source_id IS NULL) OR (primary_source_id = ANY (source_ids)))),
    CONSTRAINT dataset_first_year_check CHECK (((first_year >= 1600) AND (first_year <= 2200))),
    CONSTRAINT dataset_region_pattern CHECK (((region_pattern IS NULL) OR (is_split AND ((''::text ~ region_pattern) IS NOT NULL)))),
    CONSTRAINT dataset_review_check CHECK ((jsonb_typeof(review) = 'object'::text))
);

COMMENT ON TABLE catalog.dataset IS 'The datasets as they are declared now; one row per folder of catalog/datasets/.';

COMMENT ON COLUMN catalog.dataset.last_year IS 'NULL: still published; the last year that can be asked for is then the current one.';

COMMENT ON COLUMN catalog.dataset.is_split IS 'A year is cut further by region; the warehouse table then has a column region.';

COMMENT ON COLUMN catalog.dataset.regions IS 'The regions that a backfill cuts a year into when none are asked for.';

COMMENT ON COLUMN catalog.dataset.primary_source_id IS 'The source whose limits hold back the tasks of this dataset; NULL when it reads other datasets only.';

COMMENT ON COLUMN catalog.dataset.depends_on IS 'Datasets whose partition of the same year must be published first.';

COMMENT ON COLUMN catalog.dataset.region_pattern IS 'Regular expression of the regions beside these that may be asked for; NULL where there are no others.';

COMMENT ON COLUMN catalog.dataset.review IS 'How people look over its rows, as review.decide() holds them to it; NULL where nobody does.';

CREATE FUNCTION warehouse._apply_indexes(d catalog.dataset, declared jsonb) RETURNS SETOF text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._clear_partition(dataset_name text, year integer, region_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS …;

COMMENT ON FUNCTION warehouse._clear_partition(dataset_name text, year integer, region_name text) IS 'Deletes the rows of a partition. The caller holds the layout lock, at least shared.';

CREATE FUNCTION warehouse._common_leaf(dataset_name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse._common_leaf(dataset_name text) IS 'The table of the years that have none of their own.';

CREATE FUNCTION warehouse._create_table(d catalog.dataset, key_columns text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._draw_closest(new_set bigint, year integer, grid double precision) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION warehouse._draw_closest(new_set bigint, year integer, grid double precision) IS 'Draws a set''s outlines at level 2, to a grid in metres of EPSG:3857.';

CREATE FUNCTION warehouse._draw_level(of_set bigint, of_level integer, tolerance double precision) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION warehouse._draw_level(of_set bigint, of_level integer, tolerance double precision) IS 'Draws a set''s outlines at level 0 or 1, to a tolerance in metres of EPSG:3857.';

CREATE FUNCTION warehouse._draw_picture(of_set bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION warehouse._draw_picture(of_set bigint) IS 'Adds the states to a set''s outlines, and to all of them their path in the picture.';

CREATE FUNCTION warehouse._grow(dataset_name text, year integer, mark text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '150ms'
    AS …;

CREATE FUNCTION warehouse._held_snapshots() RETURNS TABLE(xmin xid, is_alone boolean)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._index_leaf(dataset_name text, table_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._is_large(dataset_name text, year integer, region_name text, row_count bigint, large_row_count bigint, token bigint) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE TABLE catalog.dataset_column (
    ordinal integer NOT NULL,
    is_key boolean NOT NULL,
    dataset text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    unit text,
    description text DEFAULT ''::text NOT NULL,
    sources text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT dataset_column_name_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT dataset_column_ordinal_check CHECK ((ordinal > 0)),
    CONSTRAINT dataset_column_type_check CHECK ((type ~ '^(text|integer|bigint|double|decimal\(\d{1,2},\d{1,2}\)|boolean|date|timestamp|geometry)$'::text))
);

COMMENT ON TABLE catalog.dataset_column IS 'The columns of each published table: type, unit, meaning, and the input columns they come from.';

COMMENT ON COLUMN catalog.dataset_column.unit IS 'Unit of measure as declared (USD, persons, 0-100); NULL for text and codes.';

COMMENT ON COLUMN catalog.dataset_column.sources IS 'request.column of the inputs it is made of, where the definition tells: column-level lineage.';

CREATE FUNCTION warehouse._is_measure(d catalog.dataset_column) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._layout_key(dataset_name text) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._leaf_of(dataset_name text, year integer) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse._leaf_of(dataset_name text, year integer) IS 'The table in schema warehouse that holds a year''s rows.';

CREATE TABLE warehouse.staging (
    task_id bigint NOT NULL,
    lease_token bigint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    table_name text NOT NULL,
    dataset text NOT NULL,
    filled_xid xid8
);

COMMENT ON TABLE warehouse.staging IS 'Tables being filled by an attempt; those whose lease is gone are dropped by warehouse.drop_orphans().';

COMMENT ON COLUMN warehouse.staging.filled_xid IS 'The transaction that indexed the table, after all its rows were committed; NULL until then.';

CREATE FUNCTION warehouse._orphans() RETURNS SETOF warehouse.staging
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse._orphans() IS 'Staging tables of attempts that hold no lease any more.';

CREATE FUNCTION warehouse._picture_place(state text, OUT projection integer, OUT scale double precision, OUT x_shown double precision, OUT y_shown double precision, OUT x double precision, OUT y double precision) RETURNS record
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._postgis_path() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse._postgis_path() IS 'The search_path under which PostGIS'' functions are found.';

CREATE FUNCTION warehouse._postgis_schema() RETURNS name
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse._postgis_schema() IS 'Where PostGIS is: any schema will do, and it has been looked for when the database was migrated.';

CREATE FUNCTION warehouse._require_no_old_snapshot() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._seal_staging(staging_table text, dataset_name text, year integer, region_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

CREATE FUNCTION warehouse._split_off_year(dataset_name text, year integer, table_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse._split_off_year(dataset_name text, year integer, table_name text) IS 'Moves a year''s rows out of the table that years share into one of its own, in one transaction, which is to be committed at once; refuses with lock_not_available while a transaction holds an older snapshot.';

CREATE FUNCTION warehouse.abandoned_sessions() RETURNS TABLE(pid integer, table_name text)
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.abandoned_sessions() IS 'Sessions in the middle of loading rows for an attempt whose lease is over.';

CREATE FUNCTION warehouse.apply_table(dataset_name text, key_columns text[], indexes jsonb DEFAULT '[]'::jsonb) RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.apply_table(dataset_name text, key_columns text[], indexes jsonb) IS 'Creates or extends (columns and indexes only) the warehouse table of a dataset. indexes: [{"columns": ["geo_id"], "where": {"geo_level": "county"}}].';

CREATE FUNCTION warehouse.attach_leaf(dataset_name text, year integer, region_name text, table_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.attach_leaf(dataset_name text, year integer, region_name text, table_name text) IS 'Makes a table a year''s of its dataset.';

CREATE FUNCTION warehouse.column_type(declared text) RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.column_type(declared text) IS 'The Postgres type of a declared column type; NULL when there is none.';

CREATE FUNCTION warehouse.create_leaf(dataset_name text, year integer, region_name text, table_name text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.create_leaf(dataset_name text, year integer, region_name text, table_name text) IS 'Creates an empty table that can become a year''s, or be staged in.';

CREATE FUNCTION warehouse.create_staging(dataset_name text, year integer, region_name text, task bigint, token bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.create_staging(dataset_name text, year integer, region_name text, task bigint, token bigint) IS 'Creates the table that an attempt loads before it publishes.';

CREATE FUNCTION warehouse.draw_outlines(OUT year integer, OUT is_drawn boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.draw_outlines(OUT year integer, OUT is_drawn boolean) IS 'Draws a step of the outlines of one year of boundary_county that has none, or older ones: tells the year, and whether that was the last step. NULL where there is nothing to draw, or another session draws.';

CREATE FUNCTION warehouse.drop_orphans() RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1s'
    AS …;

COMMENT ON FUNCTION warehouse.drop_orphans() IS 'Drops the staging tables of attempts that are gone, but for those that are locked; returns their names.';

CREATE FUNCTION warehouse.drop_staging(staging_table text, token bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.drop_staging(staging_table text, token bigint) IS 'Drops a staging table of this attempt that is not needed any more.';

CREATE FUNCTION warehouse.end_abandoned_sessions() RETURNS SETOF text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.end_abandoned_sessions() IS 'Ends sessions that load rows for an attempt whose lease is over, where the owner of this function may: as a member of the session''s role or of pg_signal_backend. Returns their tables.';

CREATE FUNCTION warehouse.index_staging(dataset_name text, year integer, region_name text, staging_table text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.index_staging(dataset_name text, year integer, region_name text, staging_table text) IS 'Closes a filled staging table, and gives it the indexes of the warehouse table, and statistics.';

CREATE FUNCTION warehouse.is_seen_by_all(filled_xid xid8) RETURNS boolean
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.is_seen_by_all(filled_xid xid8) IS 'Whether every snapshot that is held in this database sees what this transaction, and those before it, committed.';

CREATE FUNCTION warehouse.leaf_name(dataset_name text, year integer, region_name text, mark text) RETURNS text
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.leaf_name(dataset_name text, year integer, region_name text, mark text) IS 'Name of a table of a year''s rows; mark, a fencing token, makes it unique.';

CREATE FUNCTION warehouse.map_choices(dataset_name text, year integer) RETURNS TABLE(name text, value text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.map_choices(dataset_name text, year integer) IS 'Of which rows of a county one is to be chosen: columns of the key that several rows of a county differ in, with their values, as twenty counties have them.';

CREATE FUNCTION warehouse.map_datasets() RETURNS TABLE(dataset text, title text, data_year integer, vintages text[])
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.map_datasets() IS 'Datasets with figures of counties, each with the years that the warehouse shows and the vintages of those.';

CREATE FUNCTION warehouse.map_figures(dataset_name text, year integer, measure text, vintage text, chosen jsonb) RETURNS TABLE(geo_id text, value double precision, row_count bigint)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.map_figures(dataset_name text, year integer, measure text, vintage text, chosen jsonb) IS 'A figure for each county: of the vintage (of whatever the warehouse shows where it is NULL) and of the rows whose keys are as chosen ({"hazard": "flood"}). Where several are left, the first by key, and row_count says so.';

CREATE FUNCTION warehouse.map_mark(dataset_name text, year integer) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.map_mark(dataset_name text, year integer) IS 'Is another once anything that a map of this year is made of is.';

CREATE FUNCTION warehouse.map_measures(dataset_name text) RETURNS TABLE(name text, type text, unit text, description text, is_dimension boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.map_measures(dataset_name text) IS 'Columns that a map can show, and those of the key that it can choose by.';

CREATE FUNCTION warehouse.map_tile(dataset_name text, year integer, z integer, x integer, y integer, measure text, vintage text, chosen jsonb) RETURNS bytea
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION warehouse.map_tile(dataset_name text, year integer, z integer, x integer, y integer, measure text, vintage text, chosen jsonb) IS 'A vector tile (MVT) of layer counties: geo_id, name and value, which is absent where there is no figure. Empty where there is nothing.';

CREATE FUNCTION warehouse.move_partition(dataset_name text, year integer, region_name text, staging_table text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS …;

COMMENT ON FUNCTION warehouse.move_partition(dataset_name text, year integer, region_name text, staging_table text) IS 'Replaces the rows of the partition by those of a staging table.';

CREATE FUNCTION warehouse.outline_year(year integer) RETURNS integer
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.outline_year(year integer) IS 'Whose outlines a year''s figures are drawn on: the same year''s, or the last before, or the first there are. NULL where none are drawn.';

CREATE FUNCTION warehouse.outlines_of(year integer) RETURNS bigint
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.outlines_of(year integer) IS 'The set of outlines that a year''s figures are drawn on.';

CREATE FUNCTION warehouse.prepare_partition(dataset_name text, year integer, region_name text, task bigint, token bigint, row_count bigint DEFAULT 0, large_row_count bigint DEFAULT NULL::bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.prepare_partition(dataset_name text, year integer, region_name text, task bigint, token bigint, row_count bigint, large_row_count bigint) IS 'The table that a partition''s rows belong into. A year that has more rows than large_row_count, with the row_count that are to be published, gets one of its own.';

CREATE FUNCTION warehouse.require_dataset(dataset_name text) RETURNS catalog.dataset
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.require_dataset(dataset_name text) IS 'The declared dataset, or an error that says how to declare it.';

CREATE FUNCTION warehouse.require_map(dataset_name text, year integer) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.require_map(dataset_name text, year integer) IS 'AK005 where a dataset''s year has nothing that could be mapped.';

CREATE FUNCTION warehouse.swap_partition(dataset_name text, year integer, region_name text, staging_table text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS …;

COMMENT ON FUNCTION warehouse.swap_partition(dataset_name text, year integer, region_name text, staging_table text) IS 'Replaces a year''s own table by a staging table, at once; refuses with lock_not_available while a snapshot is held that is older than its rows.';

CREATE TABLE catalog.definition (
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    definition_hash text NOT NULL,
    dataset text NOT NULL,
    dataset_yml text NOT NULL,
    transform_sql text NOT NULL,
    rows_sql jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT definition_dataset_check CHECK ((dataset ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT definition_definition_hash_check CHECK ((definition_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT definition_rows_sql_check CHECK ((jsonb_typeof(rows_sql) = 'object'::text))
);

COMMENT ON TABLE catalog.definition IS 'Every dataset definition that was ever applied; immutable. Workers read what they run from here.';

COMMENT ON COLUMN catalog.definition.definition_hash IS 'SHA-256 of dataset.yml and transform.sql, each preceded by its length in bytes and a newline; then of the files of rows_sql in the order of their names, each preceded by name and length, with a newline after each.';

COMMENT ON COLUMN catalog.definition.dataset IS 'At most 40 characters, so that the names of warehouse partitions, which carry year and region too, fit 63.';

COMMENT ON COLUMN catalog.definition.rows_sql IS 'Further SQL files by name: those that requests select their rows by, and macros as macros/<name>.sql.';

CREATE TABLE catalog.source_file (
    ordinal integer NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    file text NOT NULL,
    contents text NOT NULL
);

COMMENT ON TABLE catalog.source_file IS 'sources.yml and sources_supplement.yml as last applied, in the order in which they are merged. No secrets: those are in the environment of each worker.';

CREATE TABLE lake.manifest (
    publication_id bigint NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    data_year integer NOT NULL,
    dataset text NOT NULL,
    region text DEFAULT ''::text NOT NULL,
    as_of text NOT NULL,
    state text DEFAULT 'committed'::text NOT NULL,
    definition_hash text NOT NULL,
    sha256 text NOT NULL,
    path text NOT NULL,
    staged_path text,
    lake text NOT NULL,
    CONSTRAINT manifest_as_of_check CHECK ((as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT manifest_byte_count_check CHECK ((byte_count >= 0)),
    CONSTRAINT manifest_check CHECK (((state <> 'committed'::text) OR (staged_path IS NOT NULL))),
    CONSTRAINT manifest_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT manifest_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT manifest_state_check CHECK ((state = ANY (ARRAY['committed'::text, 'in_place'::text, 'missing'::text])))
);

COMMENT ON TABLE lake.manifest IS 'Which Parquet file is which partition at which vintage. A row is the truth from its commit on; the file follows by rename, or by repair.';

COMMENT ON COLUMN lake.manifest.state IS 'committed: the file still lies at staged_path; in_place: it is at path; missing: repair found neither.';

COMMENT ON COLUMN lake.manifest.path IS 'Relative to the lake: <dataset>/as_of=YYYY-MM/data_year=YYYY/[region=XX/]<dataset>.parquet';

COMMENT ON COLUMN lake.manifest.lake IS 'Where the lake is: a folder on the publishing host, or s3://bucket/prefix.';

CREATE TABLE warehouse.partition (
    publication_id bigint,
    row_count bigint,
    data_year integer NOT NULL,
    dataset text NOT NULL,
    region text DEFAULT ''::text NOT NULL,
    as_of text,
    sha256 text,
    CONSTRAINT partition_as_of_check CHECK ((as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT partition_check CHECK (((publication_id IS NULL) = (as_of IS NULL))),
    CONSTRAINT partition_check1 CHECK (((publication_id IS NULL) = (sha256 IS NULL))),
    CONSTRAINT partition_check2 CHECK (((publication_id IS NULL) = (row_count IS NULL))),
    CONSTRAINT partition_row_count_check CHECK ((row_count >= 0))
);

COMMENT ON TABLE warehouse.partition IS 'The vintage that the warehouse shows of each partition. Its row is the lock that orders publications of one partition.';

COMMENT ON COLUMN warehouse.partition.as_of IS 'NULL, with all that tells of the publication, until something is published.';

CREATE VIEW lake.current AS
 SELECT DISTINCT ON (m.dataset, m.data_year, m.region) m.dataset,
    m.data_year,
    m.region,
    m.as_of,
    m.path,
    m.lake,
    m.sha256,
    m.row_count,
    m.byte_count,
    m.state,
    m.definition_hash,
    m.publication_id,
    m.committed_at,
    ((w.publication_id IS NOT NULL) AND (w.as_of = m.as_of)) AS in_warehouse
   FROM (lake.manifest m
     LEFT JOIN warehouse.partition w USING (dataset, data_year, region))
  ORDER BY m.dataset, m.data_year, m.region, m.as_of DESC;

COMMENT ON VIEW lake.current IS 'What is current of each partition: vintage, file, hash, rows, bytes, and whether the warehouse shows it.';

CREATE TABLE lake.identity (
    lake_id uuid DEFAULT gen_random_uuid() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    only_one boolean DEFAULT true NOT NULL,
    location text NOT NULL,
    host text,
    CONSTRAINT identity_only_one_check CHECK (only_one)
);

COMMENT ON TABLE lake.identity IS 'The lake that holds this database''s publications. The lake itself holds lake_id in the file .aker-lake: a worker whose lake has another one refuses to start.';

COMMENT ON COLUMN lake.identity.location IS 'Where it was made, adopted or moved to, as that host names it; other hosts may mount it elsewhere.';

COMMENT ON COLUMN lake.identity.host IS 'Which host made, adopted or moved it: a folder of another host that has the same name and no id may be a disk of that host''s own.';

CREATE TABLE lake.withdrawal (
    publication_id bigint NOT NULL,
    shown_publication_id bigint,
    withdrawn_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    withdrawn_by text DEFAULT SESSION_USER NOT NULL,
    reason text DEFAULT ''::text NOT NULL
);

COMMENT ON TABLE lake.withdrawal IS 'Publications whose vintage was taken back by aker lake withdraw, and which one the warehouse showed from then on (NULL: none, or it did not show the withdrawn one).';

CREATE TABLE lineage.input (
    publication_id bigint NOT NULL,
    byte_count bigint,
    input_publication_id bigint,
    fetched_at timestamp with time zone,
    ordinal integer NOT NULL,
    status integer,
    cache_hit boolean DEFAULT false NOT NULL,
    synthetic boolean DEFAULT false NOT NULL,
    kind text NOT NULL,
    request_name text NOT NULL,
    source_id text,
    url text,
    sha256 text,
    note text,
    parameters jsonb,
    CONSTRAINT input_byte_count_check CHECK ((byte_count >= 0)),
    CONSTRAINT input_check CHECK (((kind = 'source'::text) = (source_id IS NOT NULL))),
    CONSTRAINT input_check1 CHECK (((parameters IS NULL) OR ((kind = 'source'::text) AND (jsonb_typeof(parameters) = 'object'::text)))),
    CONSTRAINT input_kind_check CHECK ((kind = ANY (ARRAY['source'::text, 'dataset'::text]))),
    CONSTRAINT input_ordinal_check CHECK ((ordinal > 0)),
    CONSTRAINT input_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

COMMENT ON TABLE lineage.input IS 'What each publication was made from: documents of sources, and partitions of other datasets.';

COMMENT ON COLUMN lineage.input.status IS 'HTTP status of the answer, that of the first time for a cache hit; NULL for files and datasets.';

COMMENT ON COLUMN lineage.input.url IS 'Secrets redacted.';

COMMENT ON COLUMN lineage.input.sha256 IS 'Of the document as it came, which is its name in the raw cache; NULL when an optional level was not offered.';

COMMENT ON COLUMN lineage.input.note IS 'Why there is no document: an optional level that the source does not offer for this partition.';

COMMENT ON COLUMN lineage.input.parameters IS 'The values of the request''s variables that this document was asked for; NULL where it has none.';

CREATE TABLE lineage.publication (
    publication_id bigint NOT NULL,
    task_id bigint NOT NULL,
    backfill_id bigint,
    attempt_id bigint,
    lease_token bigint NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    data_year integer NOT NULL,
    attempt_number integer,
    dataset text NOT NULL,
    region text DEFAULT ''::text NOT NULL,
    as_of text NOT NULL,
    outcome text NOT NULL,
    definition_hash text NOT NULL,
    output_sha256 text NOT NULL,
    lake_path text NOT NULL,
    worker_id text NOT NULL,
    host text NOT NULL,
    code_version text NOT NULL,
    engine_version text NOT NULL,
    is_synthetic boolean DEFAULT false NOT NULL,
    change jsonb,
    steps jsonb,
    CONSTRAINT publication_as_of_check CHECK ((as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT publication_byte_count_check CHECK ((byte_count >= 0)),
    CONSTRAINT publication_outcome_check CHECK ((outcome = ANY (ARRAY['published'::text, 'unchanged'::text, 'lake_only'::text]))),
    CONSTRAINT publication_output_sha256_check CHECK ((output_sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT publication_row_count_check CHECK ((row_count >= 0))
);

COMMENT ON TABLE lineage.publication IS 'Every publication of a partition: by whom, when, from which definition, with which result. UNIQUE (task_id, lease_token) is the last line of defence of exactly-once.';

COMMENT ON COLUMN lineage.publication.task_id IS 'queue.task; not a foreign key, since finished tasks are pruned and lineage is kept.';

COMMENT ON COLUMN lineage.publication.lease_token IS 'The fencing token under which it was published.';

COMMENT ON COLUMN lineage.publication.byte_count IS 'Size of the Parquet file in bytes.';

COMMENT ON COLUMN lineage.publication.outcome IS 'published: warehouse and lake; unchanged: same bytes as current, nothing rewritten; lake_only: an older as_of than the warehouse holds.';

COMMENT ON COLUMN lineage.publication.output_sha256 IS 'SHA-256 of the Parquet file, which holds the rows sorted by key, without data_year, region and as_of (those are in its path).';

COMMENT ON COLUMN lineage.publication.lake_path IS 'Relative to data_lake/, with the dataset first.';

COMMENT ON COLUMN lineage.publication.is_synthetic IS 'Some input was a made-up recording: never real figures.';

COMMENT ON COLUMN lineage.publication.change IS 'Against the partition it replaced or the vintage before: {"against_as_of", "rows_added", "rows_removed", "rows_changed", "cells_changed"}; NULL when there was nothing to compare with.';

COMMENT ON COLUMN lineage.publication.steps IS 'Seconds per step: {"fetch": 1.2, ...}.';

CREATE VIEW lineage.downstream AS
 SELECT u.publication_id,
    u.dataset,
    u.data_year,
    u.region,
    u.as_of,
    p.publication_id AS used_by_publication_id,
    p.dataset AS used_by_dataset,
    p.data_year AS used_by_year,
    p.region AS used_by_region,
    p.as_of AS used_by_as_of,
    p.published_at AS used_at
   FROM ((lineage.publication u
     JOIN lineage.input i ON ((i.input_publication_id = u.publication_id)))
     JOIN lineage.publication p ON ((p.publication_id = i.publication_id)));

COMMENT ON VIEW lineage.downstream IS 'What was made of each publication.';

CREATE TABLE lineage.open_run (
    task_id bigint NOT NULL,
    lease_token bigint NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    event jsonb NOT NULL
);

COMMENT ON TABLE lineage.open_run IS 'Attempts whose START event was queued, until an end is: the worker''s own, or ABORT when its lease is gone.';

COMMENT ON COLUMN lineage.open_run.event IS 'The START event, out of which an ABORT is made.';

CREATE TABLE lineage.outbox (
    event_id bigint NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    delivered_at timestamp with time zone,
    event jsonb NOT NULL,
    last_error text
);

COMMENT ON TABLE lineage.outbox IS 'OpenLineage run events for AKER_OPENLINEAGE_URL: delivered at least once, in order of event_id per delivery, deleted a day after delivery.';

ALTER TABLE lineage.outbox ALTER COLUMN event_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lineage.outbox_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE lineage.publication ALTER COLUMN publication_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME lineage.publication_publication_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW lineage.upstream AS
 SELECT p.publication_id,
    p.dataset,
    p.data_year,
    p.region,
    p.as_of,
    i.ordinal,
    i.kind,
    i.request_name,
    i.source_id,
    i.url,
    i.fetched_at,
    i.sha256,
    i.byte_count,
    i.synthetic,
    u.dataset AS input_dataset,
    u.data_year AS input_year,
    u.region AS input_region,
    u.as_of AS input_as_of,
    i.input_publication_id
   FROM ((lineage.publication p
     JOIN lineage.input i USING (publication_id))
     LEFT JOIN lineage.publication u ON ((u.publication_id = i.input_publication_id)));

COMMENT ON VIEW lineage.upstream IS 'What each publication read.';

CREATE TABLE quality.check_result (
    validation_id bigint NOT NULL,
    unexpected_count bigint,
    element_count bigint,
    ordinal integer NOT NULL,
    success boolean NOT NULL,
    compared boolean DEFAULT true NOT NULL,
    check_name text NOT NULL,
    column_name text,
    severity text NOT NULL,
    message text,
    arguments jsonb DEFAULT '{}'::jsonb NOT NULL,
    observed jsonb,
    examples jsonb,
    CONSTRAINT check_result_element_count_check CHECK ((element_count >= 0)),
    CONSTRAINT check_result_examples_check CHECK ((jsonb_array_length(examples) <= 20)),
    CONSTRAINT check_result_ordinal_check CHECK ((ordinal > 0)),
    CONSTRAINT check_result_severity_check CHECK ((severity = ANY (ARRAY['warn'::text, 'fail'::text]))),
    CONSTRAINT check_result_unexpected_count_check CHECK ((unexpected_count >= 0))
);

COMMENT ON TABLE quality.check_result IS 'Each check of each validation, named as Great Expectations names it.';

COMMENT ON COLUMN quality.check_result.compared IS 'False where there was nothing to compare with, such as no year before: neither passed nor failed.';

COMMENT ON COLUMN quality.check_result.examples IS 'At most 20 rows that failed.';

CREATE TABLE quality.validation (
    validation_id bigint NOT NULL,
    publication_id bigint,
    task_id bigint,
    lease_token bigint,
    row_count bigint,
    validated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    data_year integer NOT NULL,
    check_count integer NOT NULL,
    failed_count integer NOT NULL,
    warned_count integer NOT NULL,
    success boolean NOT NULL,
    drift_failed boolean,
    dataset text NOT NULL,
    region text DEFAULT ''::text NOT NULL,
    as_of text NOT NULL,
    definition_hash text NOT NULL,
    drift jsonb,
    profile jsonb,
    CONSTRAINT validation_as_of_check CHECK ((as_of ~ '^\d{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT validation_check CHECK (((failed_count >= 0) AND (failed_count <= check_count))),
    CONSTRAINT validation_check1 CHECK ((success = ((failed_count = 0) AND (NOT COALESCE(drift_failed, false))))),
    CONSTRAINT validation_check_count_check CHECK ((check_count >= 0)),
    CONSTRAINT validation_row_count_check CHECK ((row_count >= 0)),
    CONSTRAINT validation_warned_count_check CHECK ((warned_count >= 0))
);

COMMENT ON TABLE quality.validation IS 'One validation of one partition; publication_id is NULL when it was not published for it, or only re-checked.';

COMMENT ON COLUMN quality.validation.failed_count IS 'Failed checks of severity fail.';

COMMENT ON COLUMN quality.validation.warned_count IS 'Failed checks of severity warn, and shapes that lost a coordinate.';

COMMENT ON COLUMN quality.validation.drift IS 'Columns that came against columns that were declared: [{"request", "kind", "column", ...}].';

COMMENT ON COLUMN quality.validation.profile IS 'Per column: {"nulls": n, "level": mean of absolute values}; what the next vintage and year are compared with.';

CREATE VIEW quality.publication_warning AS
 SELECT v.publication_id,
    v.validation_id,
    v.dataset,
    v.data_year,
    v.region,
    v.as_of,
    w.what,
    w.column_name,
    w.message
   FROM (quality.validation v
     CROSS JOIN LATERAL ( SELECT r.check_name AS what,
            r.column_name,
            r.message
           FROM quality.check_result r
          WHERE ((r.validation_id = v.validation_id) AND (NOT r.success) AND (r.severity = 'warn'::text))
        UNION ALL
         SELECT ('schema drift: '::text || d.kind),
            d."column",
            ((d.request || ': '::text) || d.message)
           FROM jsonb_to_recordset(COALESCE(v.drift, '[]'::jsonb)) d(request text, kind text, "column" text, message text)
          WHERE (d.kind = ANY (ARRAY['extra'::text, 'flattened'::text]))) w)
  WHERE ((v.publication_id IS NOT NULL) AND v.success);

COMMENT ON VIEW quality.publication_warning IS 'What each publication was published with all the same: checks of severity warn that failed, columns that came undeclared, shapes that lost a coordinate.';

CREATE VIEW quality.task_check AS
 SELECT v.task_id,
    v.lease_token AS attempt_id,
    v.publication_id,
    v.validation_id,
    v.validated_at,
    v.dataset,
    v.data_year,
    v.region,
    v.as_of,
    c.ordinal,
    c.check_name,
    c.column_name,
    c.severity,
        CASE
            WHEN (NOT c.compared) THEN 'not compared'::text
            WHEN c.success THEN 'passed'::text
            WHEN (c.severity = 'warn'::text) THEN 'warns'::text
            ELSE 'failed'::text
        END AS verdict,
    quality.expected(c.arguments) AS expected,
    c.message AS found,
    c.unexpected_count,
    c.element_count,
    c.observed,
    c.examples
   FROM (quality.check_result c
     JOIN quality.validation v USING (validation_id));

COMMENT ON VIEW quality.task_check IS 'Each check with the task, attempt and partition that it was of: what was expected, what was found, and the first rows that failed.';

ALTER TABLE quality.validation ALTER COLUMN validation_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME quality.validation_validation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW quality.warned AS
 SELECT v.validation_id,
    v.dataset,
    v.data_year,
    v.region,
    v.as_of,
    v.warned_count
   FROM quality.validation v
  WHERE ((v.warned_count > 0) AND v.success AND (v.publication_id IS NOT NULL) AND (EXISTS ( SELECT
           FROM lake.manifest m
          WHERE ((m.dataset = v.dataset) AND (m.data_year = v.data_year) AND (m.region = v.region) AND (m.as_of = v.as_of)))) AND (NOT (EXISTS ( SELECT
           FROM lake.manifest m
          WHERE ((m.dataset = v.dataset) AND (m.data_year = v.data_year) AND (m.region = v.region) AND (m.as_of > v.as_of))))) AND (NOT (EXISTS ( SELECT
           FROM quality.validation n
          WHERE ((n.dataset = v.dataset) AND (n.data_year = v.data_year) AND (n.region = v.region) AND (n.as_of = v.as_of) AND (n.validation_id > v.validation_id) AND (n.publication_id IS NOT NULL) AND n.success)))));

COMMENT ON VIEW quality.warned IS 'The last validation of what is published now, of partitions that have warnings: of the current vintage of each.';

CREATE VIEW quality.warned_cell AS
 SELECT v.dataset,
    v.data_year,
    count(*) AS warned,
    sum(v.warned_count) AS warning_count
   FROM quality.warned v
  GROUP BY v.dataset, v.data_year;

COMMENT ON VIEW quality.warned_cell IS 'Per dataset and year how many published partitions have warnings: the mark of a cell in a grid.';

CREATE VIEW quality.warning AS
 SELECT w.publication_id,
    w.validation_id,
    w.dataset,
    w.data_year,
    w.region,
    w.as_of,
    w.what,
    w.column_name,
    w.message
   FROM (quality.warned v
     JOIN quality.publication_warning w USING (validation_id))
  WHERE (w.what <> 'schema drift: extra'::text);

COMMENT ON VIEW quality.warning IS 'The warnings of what is published now: of the current vintage of each partition. Without columns that came undeclared, which are no doubt about a value.';

CREATE VIEW quality.warned_partition AS
 SELECT warning.dataset,
    warning.data_year,
    warning.region,
    warning.as_of,
    warning.publication_id,
    count(*) AS warning_count,
    array_agg((((warning.what || COALESCE(((' ('::text || warning.column_name) || ')'::text), ''::text)) || ': '::text) || COALESCE(warning.message, ''::text)) ORDER BY warning.what, warning.column_name, warning.message) AS warnings
   FROM quality.warning
  GROUP BY warning.dataset, warning.data_year, warning.region, warning.as_of, warning.publication_id;

COMMENT ON VIEW quality.warned_partition IS 'Published partitions that have warnings, how many and which: the mark of a cell, and the list behind it.';

CREATE TABLE queue.attempt_note (
    task_id bigint NOT NULL,
    lease_token bigint NOT NULL,
    noted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    detail jsonb NOT NULL,
    CONSTRAINT attempt_note_detail_check CHECK ((jsonb_typeof(detail) = 'object'::text))
);

COMMENT ON TABLE queue.attempt_note IS 'Steps and documents of attempts, as their worker last told. An attempt that failed has them in queue.outcome.detail.';

COMMENT ON COLUMN queue.attempt_note.noted_at IS 'Workers tell with their tick, once a second, where something changed.';

CREATE TABLE queue.lane (
    lane_id integer NOT NULL,
    backfill_id bigint NOT NULL,
    dataset text NOT NULL,
    source_ids text[] NOT NULL,
    definition_hash text NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    max_attempts smallint NOT NULL,
    task_timeout_interval interval NOT NULL,
    has_dependents boolean DEFAULT false NOT NULL,
    breaker_count smallint DEFAULT 0 NOT NULL,
    breaker_fingerprint text,
    paused_at timestamp with time zone,
    pause_reason text,
    closed_at timestamp with time zone,
    head_rank bigint DEFAULT 0 NOT NULL,
    CONSTRAINT lane_check CHECK (((paused_at IS NULL) = (pause_reason IS NULL))),
    CONSTRAINT lane_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
    CONSTRAINT lane_priority_check CHECK (((priority >= '-100'::integer) AND (priority <= 100))),
    CONSTRAINT lane_task_timeout_interval_check CHECK ((task_timeout_interval > '00:00:00'::interval))
);

COMMENT ON TABLE queue.lane IS 'One dataset of one backfill: what its tasks have in common, written once instead of per task. A claim chooses among lanes first, so that a paused or saturated one costs nothing however many tasks wait in it.';

COMMENT ON COLUMN queue.lane.source_ids IS 'The sources its tasks ask, the primary first. Each of them must have room.';

COMMENT ON COLUMN queue.lane.priority IS 'Higher runs first: each step counts like queue.setting.ageing_interval of waiting.';

COMMENT ON COLUMN queue.lane.breaker_count IS 'The same data error in so many partitions in a row (circuit breaker).';

COMMENT ON COLUMN queue.lane.paused_at IS 'Set by the circuit breaker; cleared by queue.resume_backfill() or queue.resume_dataset().';

COMMENT ON COLUMN queue.lane.closed_at IS 'When its last task ended: claims no longer look here.';

COMMENT ON COLUMN queue.lane.head_rank IS 'No task of it has a lesser rank: claims need not look at all lanes. When it was made; 0 once a task was prioritized.';

CREATE TABLE queue.outcome (
    task_id bigint NOT NULL,
    lease_token bigint,
    started_at timestamp with time zone,
    finished_at timestamp with time zone NOT NULL,
    worker_id integer,
    lane_id integer NOT NULL,
    kind queue.outcome_kind NOT NULL,
    attempt_number smallint NOT NULL,
    data_year smallint NOT NULL,
    final boolean NOT NULL,
    error_class text,
    reason text,
    detail jsonb,
    result jsonb,
    CONSTRAINT outcome_check CHECK (((final = (kind = ANY (ARRAY['completed'::queue.outcome_kind, 'failed'::queue.outcome_kind, 'cancelled'::queue.outcome_kind]))) OR ((kind = 'failed'::queue.outcome_kind) AND (NOT final)))),
    CONSTRAINT outcome_check1 CHECK (((kind <> 'completed'::queue.outcome_kind) OR ((lease_token IS NOT NULL) AND (error_class IS NULL)))),
    CONSTRAINT outcome_check2 CHECK (((kind <> ALL (ARRAY['failed'::queue.outcome_kind, 'retried'::queue.outcome_kind, 'worker_lost'::queue.outcome_kind, 'throttled'::queue.outcome_kind])) OR ((error_class IS NOT NULL) AND (reason IS NOT NULL)))),
    CONSTRAINT outcome_check3 CHECK ((((lease_token IS NULL) = (started_at IS NULL)) AND ((lease_token IS NULL) = (worker_id IS NULL)))),
    CONSTRAINT outcome_error_class_check CHECK ((error_class = ANY (ARRAY['transient'::text, 'rate_limited'::text, 'data'::text, 'permanent'::text, 'worker_lost'::text, 'dependency'::text])))
)
WITH (autovacuum_vacuum_insert_scale_factor='0.5');

COMMENT ON TABLE queue.outcome IS 'How each attempt ended, and each task: appended, the history. A task has one final outcome at most; queue.retry_task() makes a failed one not final.';

COMMENT ON COLUMN queue.outcome.lease_token IS 'The attempt that ended so; NULL where a task ended without one (cancelled while waiting, or its upstream failed).';

COMMENT ON COLUMN queue.outcome.error_class IS 'transient, rate_limited, data, permanent, worker_lost, or dependency (an upstream task failed).';

COMMENT ON COLUMN queue.outcome.detail IS 'What an operator needs to understand the failure, from the handler: advice, error, causes, step, steps, inputs.';

COMMENT ON COLUMN queue.outcome.result IS 'What the handler said about its success: rows, bytes, publication.';

CREATE TABLE queue.planned_task (
    task_id bigint NOT NULL,
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    region text DEFAULT ''::text NOT NULL,
    CONSTRAINT planned_task_data_year_check CHECK (((data_year >= 1500) AND (data_year <= 2500)))
);

COMMENT ON TABLE queue.planned_task IS 'One partition to build in one backfill. Written once, at enqueue; see the view queue.task for its state.';

COMMENT ON COLUMN queue.planned_task.region IS 'Empty where the dataset is not split by region.';

CREATE TABLE queue.worker (
    worker_id integer NOT NULL,
    name text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    incarnation uuid,
    version text NOT NULL,
    slots integer NOT NULL,
    contract integer DEFAULT 1 NOT NULL,
    state text DEFAULT 'running'::text NOT NULL,
    session_lock boolean NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    lock_missing_since timestamp with time zone,
    host_trouble_since timestamp with time zone,
    ended_at timestamp with time zone,
    loss_excused_at timestamp with time zone,
    host_trouble text,
    end_reason text,
    CONSTRAINT worker_check CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['stopped'::text, 'lost'::text])))),
    CONSTRAINT worker_check1 CHECK (((host_trouble IS NULL) = (host_trouble_since IS NULL))),
    CONSTRAINT worker_check2 CHECK (((loss_excused_at IS NULL) OR (state = 'lost'::text))),
    CONSTRAINT worker_contract_check CHECK ((contract > 0)),
    CONSTRAINT worker_slots_check CHECK ((slots > 0)),
    CONSTRAINT worker_state_check CHECK ((state = ANY (ARRAY['running'::text, 'draining'::text, 'stopped'::text, 'lost'::text])))
)
WITH (fillfactor='50');

COMMENT ON TABLE queue.worker IS 'One row per incarnation: one life of one worker process, with a fresh id at each start, so that a reused host or pod name hides no death.';

COMMENT ON COLUMN queue.worker.incarnation IS 'A random uuid that the process made: a row of another process is not mine, whatever its number. NULL where none was stated, as in psql.';

COMMENT ON COLUMN queue.worker.contract IS 'What its program understands of the queue: see queue.contracts().';

COMMENT ON COLUMN queue.worker.session_lock IS 'Whether it holds advisory lock (1634428274, worker_id) in its session: then its death shows within a second. Not so behind a pooler in transaction mode.';

COMMENT ON COLUMN queue.worker.heartbeat_at IS 'When the worker was last heard of, by this database''s clock. Silent for longer than lease_interval, it loses its tasks.';

COMMENT ON COLUMN queue.worker.lock_missing_since IS 'When a reaper first saw that lock missing; after a short grace the worker is lost.';

COMMENT ON COLUMN queue.worker.loss_excused_at IS 'When its process, which lives, told that it had been cut off from the database: its loss counts against no task.';

COMMENT ON COLUMN queue.worker.host_trouble IS 'What is wrong with its host, as the worker last told: it claims nothing until it has told that all is well.';

CREATE VIEW queue.attempt AS
 SELECT o.lease_token AS attempt_id,
    o.task_id,
    a.backfill_id,
    a.dataset,
    (o.data_year)::integer AS data_year,
    t.region,
    (o.attempt_number)::integer AS attempt_number,
    (o.kind)::text AS state,
    o.started_at,
    o.finished_at,
    (o.finished_at - o.started_at) AS ran_for,
    o.worker_id,
    w.name AS worker_name,
    w.host,
    o.error_class,
    o.reason,
        CASE
            WHEN (o.kind = 'completed'::queue.outcome_kind) THEN o.detail
            ELSE COALESCE((n.detail || o.detail), o.detail, n.detail)
        END AS detail,
    o.result,
        CASE
            WHEN (o.kind <> 'completed'::queue.outcome_kind) THEN COALESCE((o.detail ->> 'step'::text), (n.detail ->> 'step'::text))
            ELSE NULL::text
        END AS step,
    (o.detail -> 'causes'::text) AS causes,
    queue._definition_of(o.task_id, o.started_at, a.definition_hash) AS definition_hash,
    COALESCE((o.detail -> 'log'::text), (n.detail -> 'log'::text)) AS log
   FROM ((((queue.outcome o
     JOIN queue.planned_task t USING (task_id))
     JOIN queue.lane a ON ((a.lane_id = o.lane_id)))
     LEFT JOIN queue.worker w ON ((w.worker_id = o.worker_id)))
     LEFT JOIN queue.attempt_note n ON (((n.task_id = o.task_id) AND (n.lease_token = o.lease_token))))
  WHERE ((o.lease_token IS NOT NULL) AND (o.final OR (NOT o.final)))
UNION ALL
 SELECT l.lease_token AS attempt_id,
    l.task_id,
    a.backfill_id,
    a.dataset,
    l.data_year,
    t.region,
    l.attempt_count AS attempt_number,
    'running'::text AS state,
    l.started_at,
    NULL::timestamp with time zone AS finished_at,
    (clock_timestamp() - l.started_at) AS ran_for,
    l.worker_id,
    w.name AS worker_name,
    w.host,
    NULL::text AS error_class,
    NULL::text AS reason,
    n.detail,
    NULL::jsonb AS result,
    (n.detail ->> 'step'::text) AS step,
    NULL::jsonb AS causes,
    queue._definition_of(l.task_id, l.started_at, a.definition_hash) AS definition_hash,
    (n.detail -> 'log'::text) AS log
   FROM ((((queue.lease l
     JOIN queue.planned_task t USING (task_id))
     JOIN queue.lane a ON ((a.lane_id = l.lane_id)))
     LEFT JOIN queue.worker w ON ((w.worker_id = l.worker_id)))
     LEFT JOIN queue.attempt_note n ON (((n.task_id = l.task_id) AND (n.lease_token = l.lease_token))));

COMMENT ON VIEW queue.attempt IS 'Every try of every task, running ones too. attempt_id is the attempt''s lease token. state is running, or how it ended.';

COMMENT ON COLUMN queue.attempt.detail IS 'advice, error (its type), causes, step, steps (each with after and seconds), inputs (the documents it had). Steps of what was published are in lineage.publication.';

COMMENT ON COLUMN queue.attempt.step IS 'The step that it is in, or was in when it ended; NULL where it was between two.';

COMMENT ON COLUMN queue.attempt.causes IS 'What lies beneath the reason, from near to far: ["HTTP 503 from api.census.gov", ...].';

COMMENT ON COLUMN queue.attempt.definition_hash IS 'What it was made by: the definition that was applied when its task was enqueued or last tried again, or one that was named.';

COMMENT ON COLUMN queue.attempt.log IS 'What it logged, in order: objects with after (seconds from its start), level and text; a hundred lines at most. Of a running attempt, as its worker last told.';

ALTER TABLE queue.backfill ALTER COLUMN backfill_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME queue.backfill_backfill_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE queue.progress (
    changed_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    total integer NOT NULL,
    blocked integer NOT NULL,
    completed integer NOT NULL,
    failed integer NOT NULL,
    cancelled integer NOT NULL,
    change_count integer DEFAULT 1 NOT NULL,
    CONSTRAINT progress_total_check CHECK ((total >= 0))
)
WITH (fillfactor='70');

COMMENT ON TABLE queue.progress IS 'Counts per lane and year, kept rather than counted. Exact together with queue.progress_delta.';

COMMENT ON COLUMN queue.progress.changed_in IS 'The transaction that changed it last: what one''s last snapshot did not see has changed since, however late it was committed.';

COMMENT ON COLUMN queue.progress.change_count IS 'How often it was changed, by enqueuing and by each row of queue.progress_delta that was folded in: together with the rows that wait to be, it grows with each change and not with the folding.';

CREATE TABLE queue.progress_delta (
    changed_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    blocked integer DEFAULT 0 NOT NULL,
    completed integer DEFAULT 0 NOT NULL,
    failed integer DEFAULT 0 NOT NULL,
    cancelled integer DEFAULT 0 NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='5000');

COMMENT ON TABLE queue.progress_delta IS 'Changes of queue.progress, appended by the same transaction as the change itself and folded in by queue.tidy(): so workers never wait for each other''s counter.';

CREATE VIEW queue.progress_now AS
 SELECT p.lane_id,
    (p.data_year)::integer AS data_year,
    p.total,
    (((((p.total - (p.blocked + COALESCE(d.blocked, (0)::bigint))) - COALESCE(l.running, (0)::bigint)) - (p.completed + COALESCE(d.completed, (0)::bigint))) - (p.failed + COALESCE(d.failed, (0)::bigint))) - (p.cancelled + COALESCE(d.cancelled, (0)::bigint))) AS ready,
    (p.blocked + COALESCE(d.blocked, (0)::bigint)) AS blocked,
    COALESCE(l.running, (0)::bigint) AS running,
    (p.completed + COALESCE(d.completed, (0)::bigint)) AS completed,
    (p.failed + COALESCE(d.failed, (0)::bigint)) AS failed,
    (p.cancelled + COALESCE(d.cancelled, (0)::bigint)) AS cancelled
   FROM ((queue.progress p
     LEFT JOIN ( SELECT progress_delta.lane_id,
            progress_delta.data_year,
            sum(progress_delta.blocked) AS blocked,
            sum(progress_delta.completed) AS completed,
            sum(progress_delta.failed) AS failed,
            sum(progress_delta.cancelled) AS cancelled
           FROM queue.progress_delta
          GROUP BY progress_delta.lane_id, progress_delta.data_year) d USING (lane_id, data_year))
     LEFT JOIN ( SELECT lease.lane_id,
            lease.data_year,
            count(*) AS running
           FROM queue.lease
          GROUP BY lease.lane_id, lease.data_year) l USING (lane_id, data_year));

COMMENT ON VIEW queue.progress_now IS 'Exact counts per lane and year: the kept ones, what is not folded in yet, and what runs.';

CREATE VIEW queue.grid AS
 SELECT a.backfill_id,
    a.dataset,
    p.data_year,
    (p.total)::bigint AS total,
    p.ready,
    p.blocked,
    p.running,
    p.completed,
    p.failed,
    p.cancelled,
        CASE
            WHEN (p.failed > 0) THEN 'failed'::text
            WHEN (p.running > 0) THEN 'running'::text
            WHEN (p.completed = p.total) THEN 'completed'::text
            WHEN (p.cancelled > 0) THEN 'cancelled'::text
            WHEN (p.completed > 0) THEN 'partly'::text
            WHEN (p.ready > 0) THEN 'ready'::text
            ELSE 'blocked'::text
        END AS state
   FROM (queue.progress_now p
     JOIN queue.lane a USING (lane_id));

COMMENT ON VIEW queue.grid IS 'Dataset × year of each backfill: counts per cell and the state that matters most in it. Kept, not counted.';

CREATE VIEW queue.backfill_cell AS
 SELECT c.backfill_id,
    c.as_of,
    c.dataset,
    c.data_year,
    c.total,
    c.completed,
    c.failed,
    c.cancelled,
    c.running,
    c.blocked,
    c.waiting,
    c.paused,
    c.warned,
    c.is_other_vintage,
        CASE
            WHEN (c.completed = 0) THEN 'none'::text
            WHEN c.is_other_vintage THEN 'other vintage'::text
            WHEN (c.warned > 0) THEN 'published with warnings'::text
            ELSE 'published'::text
        END AS data,
        CASE
            WHEN (c.failed > 0) THEN 'failed'::text
            WHEN (c.running > 0) THEN 'running'::text
            WHEN (c.waiting > 0) THEN
            CASE
                WHEN (c.paused > 0) THEN 'paused'::text
                WHEN (c.blocked = c.waiting) THEN 'blocked'::text
                ELSE 'waiting'::text
            END
            WHEN (c.cancelled > 0) THEN 'cancelled'::text
            ELSE NULL::text
        END AS work
   FROM ( SELECT g.backfill_id,
            b.as_of,
            g.dataset,
            g.data_year,
            g.total,
            g.completed,
            g.failed,
            g.cancelled,
            g.running,
            g.blocked,
            (g.ready + g.blocked) AS waiting,
                CASE
                    WHEN ((l.paused_at IS NOT NULL) OR (b.paused_at IS NOT NULL)) THEN (g.ready + g.blocked)
                    ELSE (0)::bigint
                END AS paused,
            COALESCE(w.warned, (0)::bigint) AS warned,
            ((g.completed > 0) AND (EXISTS ( SELECT
                   FROM warehouse.partition s
                  WHERE ((s.dataset = g.dataset) AND (s.data_year = g.data_year) AND (s.as_of > b.as_of))))) AS is_other_vintage
           FROM (((queue.grid g
             JOIN queue.lane l USING (backfill_id, dataset))
             JOIN queue.backfill b USING (backfill_id))
             LEFT JOIN quality.warned_cell w USING (dataset, data_year))) c;

COMMENT ON VIEW queue.backfill_cell IS 'Dataset × year of each backfill: the facts of queue.cell, of its own tasks. other vintage: the warehouse shows a newer one than it made, which is kept in the lake.';

CREATE TABLE queue.skipped_partition (
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    region text NOT NULL,
    reason text NOT NULL,
    skipped_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE queue.skipped_partition IS 'Partitions that a backfill asked for and that were not enqueued, with the reason.';

CREATE VIEW queue.backfill_progress AS
 SELECT b.backfill_id,
    b.backfill_key,
    b.as_of,
        CASE
            WHEN (b.cancelled_at IS NOT NULL) THEN 'cancelled'::text
            WHEN ((b.finished_at IS NOT NULL) AND (n.failed > 0)) THEN 'finished_with_failures'::text
            WHEN (b.finished_at IS NOT NULL) THEN 'finished'::text
            WHEN (b.paused_at IS NOT NULL) THEN 'paused'::text
            ELSE 'open'::text
        END AS state,
    COALESCE(n.total, (0)::bigint) AS total,
    COALESCE(n.ready, (0)::bigint) AS ready,
    COALESCE(n.blocked, (0)::bigint) AS blocked,
    COALESCE(n.running, (0)::bigint) AS running,
    COALESCE(n.completed, (0)::bigint) AS completed,
    COALESCE(n.failed, (0)::bigint) AS failed,
    COALESCE(n.cancelled, (0)::bigint) AS cancelled,
    ( SELECT count(*) AS count
           FROM (queue.skipped_partition s
             JOIN queue.lane a USING (lane_id))
          WHERE (a.backfill_id = b.backfill_id)) AS skipped,
    b.mode,
    b.max_running,
    b.requested_by,
    b.note,
    b.created_at,
    b.finished_at,
    COALESCE(b.cancel_reason, b.pause_reason) AS reason
   FROM (queue.backfill b
     LEFT JOIN LATERAL ( SELECT sum(p.total) AS total,
            (sum(p.ready))::bigint AS ready,
            (sum(p.blocked))::bigint AS blocked,
            (sum(p.running))::bigint AS running,
            (sum(p.completed))::bigint AS completed,
            (sum(p.failed))::bigint AS failed,
            (sum(p.cancelled))::bigint AS cancelled
           FROM (queue.lane a
             JOIN queue.progress_now p USING (lane_id))
          WHERE (a.backfill_id = b.backfill_id)) n ON (true));

COMMENT ON VIEW queue.backfill_progress IS 'One row per backfill: its state and its counts.';

CREATE TABLE queue.blocked (
    task_id bigint NOT NULL,
    lane_id integer NOT NULL,
    remaining integer NOT NULL,
    data_year smallint NOT NULL,
    attempt_count smallint DEFAULT 0 NOT NULL,
    CONSTRAINT blocked_remaining_check CHECK ((remaining > 0))
);

COMMENT ON TABLE queue.blocked IS 'Tasks that wait for others to complete.';

COMMENT ON COLUMN queue.blocked.remaining IS 'How many of its upstream tasks have not completed.';

CREATE VIEW queue.cell AS
 SELECT cells.dataset,
    cells.data_year,
    cells.data,
    cells.work,
    cells.data_sign,
    cells.work_sign,
    cells.published,
    cells.stale,
    cells.warned,
    cells.failed,
    cells.running,
    cells.waiting,
    cells.blocked,
    cells.paused,
    cells.total,
    cells.completed,
    cells.cancelled,
    cells.as_of,
    cells.backfill_id
   FROM queue.cells() cells(dataset, data_year, data, work, data_sign, work_sign, published, stale, warned, failed, running, waiting, blocked, paused, total, completed, cancelled, as_of, backfill_id);

COMMENT ON VIEW queue.cell IS 'Dataset × year: what the data is (none, published, published with warnings, stale, other vintage) and what the last work on it does or did (failed, running, waiting, blocked, paused, cancelled; NULL when it ended well). Failed means failed now: not what was published since, nor what a later backfill has a task for.';

COMMENT ON COLUMN queue.cell.data IS 'stale: by another definition than the applied one, or made of what was published again since. other vintage: a newer one was asked for than is published of all of it.';

COMMENT ON COLUMN queue.cell.total IS 'Partitions in the last backfill that asked for this year; completed and cancelled are of those.';

CREATE TABLE queue.dataset_pause (
    dataset text NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL,
    pause_reason text NOT NULL,
    paused_by text DEFAULT SESSION_USER NOT NULL
);

COMMENT ON TABLE queue.dataset_pause IS 'Datasets that an operator paused, in every backfill.';

CREATE TABLE queue.setting (
    singleton boolean DEFAULT true NOT NULL,
    lease_interval interval DEFAULT '00:00:30'::interval NOT NULL,
    ageing_interval interval DEFAULT '01:00:00'::interval NOT NULL,
    floor_interval interval DEFAULT '00:00:03'::interval NOT NULL,
    retry_base_interval interval DEFAULT '00:00:05'::interval NOT NULL,
    retry_cap_interval interval DEFAULT '00:15:00'::interval NOT NULL,
    task_timeout_interval interval DEFAULT '02:00:00'::interval NOT NULL,
    max_attempts smallint DEFAULT 5 NOT NULL,
    max_lost_workers smallint DEFAULT 3 NOT NULL,
    max_throttles smallint DEFAULT 50 NOT NULL,
    breaker_threshold smallint DEFAULT 5 NOT NULL,
    retention_interval interval DEFAULT '90 days'::interval NOT NULL,
    paused_at timestamp with time zone,
    pause_reason text,
    paused_by text,
    life text,
    life_began_at timestamp with time zone,
    CONSTRAINT setting_ageing_interval_check CHECK ((ageing_interval > '00:00:00'::interval)),
    CONSTRAINT setting_breaker_threshold_check CHECK ((breaker_threshold >= 0)),
    CONSTRAINT setting_check CHECK (((paused_at IS NULL) = (pause_reason IS NULL))),
    CONSTRAINT setting_check1 CHECK (((life IS NULL) = (life_began_at IS NULL))),
    CONSTRAINT setting_floor_interval_check CHECK ((floor_interval >= '00:00:00'::interval)),
    CONSTRAINT setting_lease_interval_check CHECK ((lease_interval >= '00:00:01'::interval)),
    CONSTRAINT setting_max_attempts_check CHECK (((max_attempts >= 1) AND (max_attempts <= 100))),
    CONSTRAINT setting_max_lost_workers_check CHECK (((max_lost_workers >= 1) AND (max_lost_workers <= 100))),
    CONSTRAINT setting_max_throttles_check CHECK (((max_throttles >= 1) AND (max_throttles <= 10000))),
    CONSTRAINT setting_retention_interval_check CHECK ((retention_interval > '00:00:00'::interval)),
    CONSTRAINT setting_retry_base_interval_check CHECK ((retry_base_interval > '00:00:00'::interval)),
    CONSTRAINT setting_retry_cap_interval_check CHECK ((retry_cap_interval > '00:00:00'::interval)),
    CONSTRAINT setting_singleton_check CHECK (singleton),
    CONSTRAINT setting_task_timeout_interval_check CHECK ((task_timeout_interval > '00:00:00'::interval))
);

COMMENT ON TABLE queue.setting IS 'One row: the queue''s own settings, and whether the whole queue is paused. Change with UPDATE as aker_admin.';

COMMENT ON COLUMN queue.setting.lease_interval IS 'A worker not heard of for this long loses its tasks. 30 s: three missed heartbeats of 10 s.';

COMMENT ON COLUMN queue.setting.ageing_interval IS 'One step of priority is worth this much waiting, so nothing starves.';

COMMENT ON COLUMN queue.setting.floor_interval IS 'How long a session trusts its memory of where the claimable rows begin; the longest that a row inserted below it can be overlooked.';

COMMENT ON COLUMN queue.setting.retry_base_interval IS 'A retry waits random() × min(retry_cap_interval, retry_base_interval × 2^(attempts - 1)): full jitter.';

COMMENT ON COLUMN queue.setting.task_timeout_interval IS 'The longest an attempt may run, where the backfill does not say otherwise.';

COMMENT ON COLUMN queue.setting.max_lost_workers IS 'A task whose workers were lost this many times is quarantined: it fails with class worker_lost.';

COMMENT ON COLUMN queue.setting.max_throttles IS 'A task that its source throttled this often fails with class rate_limited; one that hosts which were not well gave back as often, or that waited too long, with class transient.';

COMMENT ON COLUMN queue.setting.breaker_threshold IS 'The same data error in this many partitions in a row pauses the dataset in that backfill; 0 never does.';

COMMENT ON COLUMN queue.setting.retention_interval IS 'queue.prune() deletes backfills that finished longer ago than this.';

COMMENT ON COLUMN queue.setting.life IS 'The life of the database that its leases and workers belong to: see queue._life(). NULL before the first worker.';

CREATE TABLE queue.source (
    source_id text NOT NULL,
    max_running integer,
    tokens_per_second double precision,
    burst double precision,
    daily_quota integer,
    cool_down_until timestamp with time zone,
    cool_down_reason text,
    paused_at timestamp with time zone,
    pause_reason text,
    paused_by text,
    CONSTRAINT source_burst_check CHECK ((burst >= (1)::double precision)),
    CONSTRAINT source_check CHECK (((tokens_per_second IS NULL) = (burst IS NULL))),
    CONSTRAINT source_check1 CHECK (((paused_at IS NULL) = (pause_reason IS NULL))),
    CONSTRAINT source_daily_quota_check CHECK ((daily_quota >= 0)),
    CONSTRAINT source_max_running_check CHECK ((max_running >= 0)),
    CONSTRAINT source_tokens_per_second_check CHECK ((tokens_per_second > (0)::double precision))
);

COMMENT ON TABLE queue.source IS 'The limits of each source, shared by all hosts. The registry is pushed in by queue.configure_source().';

COMMENT ON COLUMN queue.source.max_running IS 'Tasks that may run against this source at once, over all hosts; NULL is no limit.';

COMMENT ON COLUMN queue.source.tokens_per_second IS 'Requests a second, over all hosts; NULL is no limit.';

COMMENT ON COLUMN queue.source.burst IS 'Requests that may be sent at once after a quiet while.';

COMMENT ON COLUMN queue.source.daily_quota IS 'Requests a day (UTC); NULL is no limit.';

COMMENT ON COLUMN queue.source.cool_down_until IS 'Nobody asks this source before then: it answered 429 or 503 with Retry-After.';

CREATE TABLE queue.token_bucket (
    source_id text NOT NULL,
    tokens double precision NOT NULL,
    refilled_at timestamp with time zone NOT NULL,
    quota_day date NOT NULL,
    minute_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    quota_used integer NOT NULL,
    minute_count integer DEFAULT 0 NOT NULL,
    minute_before integer DEFAULT 0 NOT NULL,
    granted_total bigint DEFAULT 0 NOT NULL,
    recent_times timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    recent_counts integer[] DEFAULT '{}'::integer[] NOT NULL,
    CONSTRAINT token_bucket_quota_used_check CHECK ((quota_used >= 0)),
    CONSTRAINT token_bucket_tokens_check CHECK ((tokens >= (0)::double precision))
)
WITH (fillfactor='50');

COMMENT ON TABLE queue.token_bucket IS 'Tokens left per source. Only queue.take_tokens() and queue.return_tokens() change it, under its row lock.';

COMMENT ON COLUMN queue.token_bucket.quota_day IS 'The UTC day that quota_used counts.';

COMMENT ON COLUMN queue.token_bucket.minute_at IS 'The minute of the last grant, which minute_count counts; minute_before is of the minute before that one.';

COMMENT ON COLUMN queue.token_bucket.granted_total IS 'All tokens ever granted, less those given back.';

COMMENT ON COLUMN queue.token_bucket.recent_times IS 'When tokens were granted within the last 1.08 s: a limit holds in every second, its burst included.';

COMMENT ON COLUMN queue.token_bucket.recent_counts IS 'How many, for each of recent_times.';

CREATE VIEW queue.claimable_lane AS
 SELECT l.lane_id,
    l.backfill_id,
    l.dataset,
    l.source_ids,
    l.priority,
    (l.head_rank - (l.priority * (( SELECT (EXTRACT(epoch FROM g.ageing_interval) * (1000000)::numeric)
           FROM queue.setting g
          WHERE g.singleton))::bigint)) AS head_bound,
    l.head_rank
   FROM queue.lane l
  WHERE ((l.closed_at IS NULL) AND (l.paused_at IS NULL) AND ( SELECT (g.paused_at IS NULL)
           FROM queue.setting g
          WHERE g.singleton) AND (l.backfill_id <> ALL (ARRAY( SELECT b.backfill_id
           FROM queue.backfill b
          WHERE ((b.finished_at IS NULL) AND ((b.paused_at IS NOT NULL) OR (b.cancelled_at IS NOT NULL)))))) AND (l.dataset <> ALL (ARRAY( SELECT p.dataset
           FROM queue.dataset_pause p))) AND (NOT (l.source_ids && ARRAY( SELECT s.source_id
           FROM (queue.source s
             LEFT JOIN queue.token_bucket t USING (source_id))
          WHERE ((s.paused_at IS NOT NULL) OR (s.cool_down_until > clock_timestamp()) OR ((t.quota_used >= s.daily_quota) AND (t.quota_day = ((clock_timestamp() AT TIME ZONE 'UTC'::text))::date)))))));

COMMENT ON VIEW queue.claimable_lane IS 'Lanes that a claim may look into: open, not paused at any level, no source cooling down or out of quota.';

COMMENT ON COLUMN queue.claimable_lane.head_bound IS 'No task of it goes before this, priority and ageing included.';

CREATE TABLE queue.delayed (
    run_at timestamp with time zone NOT NULL,
    task_id bigint NOT NULL,
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    attempt_count smallint NOT NULL,
    lost_count smallint NOT NULL,
    throttle_count smallint NOT NULL,
    reason text NOT NULL
);

COMMENT ON TABLE queue.delayed IS 'Tasks that may be claimed from run_at on: retries in backoff, and snoozed tasks. Every tick moves the due ones to queue.ready.';

CREATE TABLE queue.dependency (
    upstream_task_id bigint NOT NULL,
    task_id bigint NOT NULL,
    across boolean NOT NULL,
    CONSTRAINT dependency_check CHECK ((upstream_task_id <> task_id))
);

COMMENT ON TABLE queue.dependency IS 'task_id may run only when upstream_task_id has completed.';

COMMENT ON COLUMN queue.dependency.across IS 'Whether the two belong to different backfills: then the upstream may end while the dependency is being written, and queue.tidy() looks again.';

CREATE VIEW queue.eta AS
 SELECT p.backfill_id,
    p.backfill_key,
    p.state,
    ((p.ready + p.blocked) + p.running) AS remaining,
    r.per_minute,
        CASE
            WHEN (r.per_minute > (0)::numeric) THEN date_trunc('second'::text, make_interval(secs => ((((((p.ready + p.blocked) + p.running))::numeric / r.per_minute) * (60)::numeric))::double precision))
            ELSE NULL::interval
        END AS remaining_interval,
        CASE
            WHEN (r.per_minute > (0)::numeric) THEN date_trunc('second'::text, (clock_timestamp() + make_interval(secs => ((((((p.ready + p.blocked) + p.running))::numeric / r.per_minute) * (60)::numeric))::double precision)))
            ELSE NULL::timestamp with time zone
        END AS ends_at
   FROM (queue.backfill_progress p
     CROSS JOIN LATERAL ( SELECT round(((count(*))::numeric / GREATEST((EXTRACT(epoch FROM (clock_timestamp() - GREATEST(p.created_at, (clock_timestamp() - '00:10:00'::interval)))) / (60)::numeric), 0.05)), 1) AS per_minute
           FROM (queue.outcome o
             JOIN queue.lane a USING (lane_id))
          WHERE ((a.backfill_id = p.backfill_id) AND o.final AND (o.finished_at > (clock_timestamp() - '00:10:00'::interval)))) r)
  WHERE (p.finished_at IS NULL);

COMMENT ON VIEW queue.eta IS 'When each open backfill will end, at its rate of the last ten minutes.';

CREATE TABLE queue.event (
    event_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    backfill_id bigint,
    task_id bigint,
    actor text DEFAULT COALESCE(((NULLIF(current_setting('aker.actor'::text, true), ''::text) || ' by '::text) || (SESSION_USER)::text), (SESSION_USER)::text) NOT NULL,
    kind text NOT NULL,
    message text NOT NULL
);

COMMENT ON TABLE queue.event IS 'What operators and the queue itself did: enqueued, paused, cancelled, breaker opened, worker lost.';

COMMENT ON COLUMN queue.event.actor IS 'The login; where that acts for somebody (aker.actor, set by the service), their name before it: "mia by aker".';

ALTER TABLE queue.event ALTER COLUMN event_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME queue.event_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW queue.superseded AS
 SELECT _superseded.task_id
   FROM queue._superseded() _superseded(task_id);

COMMENT ON VIEW queue.superseded IS 'Tasks whose failure is history: their partition was published since at its vintage, or a later backfill has a task for it.';

CREATE VIEW queue.failures AS
 SELECT a.backfill_id,
    a.dataset,
    o.error_class,
    regexp_replace(o.reason, '[0-9]+'::text, '#'::text, 'g'::text) AS error,
    count(*) FILTER (WHERE (o.final AND (s.task_id IS NULL))) AS failed_count,
    count(*) FILTER (WHERE (NOT o.final)) AS retried_count,
    (min(o.data_year))::integer AS first_year,
    (max(o.data_year))::integer AS last_year,
    max(o.finished_at) AS last_at,
    (array_agg(o.task_id ORDER BY o.finished_at DESC))[1] AS example_task_id,
    (array_agg(o.reason ORDER BY o.finished_at DESC))[1] AS example
   FROM ((queue.outcome o
     JOIN queue.lane a USING (lane_id))
     LEFT JOIN queue.superseded s USING (task_id))
  WHERE (o.error_class IS NOT NULL)
  GROUP BY a.backfill_id, a.dataset, o.error_class, (regexp_replace(o.reason, '[0-9]+'::text, '#'::text, 'g'::text))
  ORDER BY (count(*) FILTER (WHERE (o.final AND (s.task_id IS NULL)))) DESC, (count(*) FILTER (WHERE (NOT o.final))) DESC;

COMMENT ON VIEW queue.failures IS 'What failed, grouped by error (numbers in the message left out), the most frequent first. failed_count is of what failed and is so now: without what was published since, or has a task of a later backfill.';

CREATE VIEW queue.history AS
 SELECT a.backfill_id,
    count(*) AS tasks
   FROM ((queue.superseded s
     JOIN queue.planned_task t USING (task_id))
     JOIN queue.lane a USING (lane_id))
  GROUP BY a.backfill_id;

COMMENT ON VIEW queue.history IS 'Of each backfill how many tasks failed and are history: see queue.superseded.';

CREATE TABLE queue.lane_definition (
    lane_id integer NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    definition_hash text NOT NULL,
    applied_by text DEFAULT SESSION_USER NOT NULL
);

COMMENT ON TABLE queue.lane_definition IS 'Definitions that were applied while tasks of a lane waited: attempts that begin from then on are made by them.';

ALTER TABLE queue.lane ALTER COLUMN lane_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME queue.lane_lane_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE SEQUENCE queue.lease_token
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

COMMENT ON SEQUENCE queue.lease_token IS 'The fencing tokens: ever growing, never given twice. Claims commit synchronously, so that a crash of the server cannot give one again.';

CREATE VIEW queue.life AS
 SELECT split_part(g.life, '/'::text, 1) AS system_identifier,
    split_part(g.life, '/'::text, 2) AS timeline,
    g.life_began_at AS began_at,
    ( SELECT (count(*) + 1)
           FROM queue.event e
          WHERE (e.kind = 'new_life'::text)) AS number,
    ( SELECT e.message
           FROM queue.event e
          WHERE (e.kind = 'new_life'::text)
          ORDER BY e.event_id DESC
         LIMIT 1) AS message
   FROM queue.setting g
  WHERE (g.life IS NOT NULL);

COMMENT ON VIEW queue.life IS 'The life of the database that the queue is in: a fail-over, a restore or a copy begins another. No row before the first worker; number counts those whose events are still kept.';

CREATE TABLE queue.lock_space (
    singleton boolean DEFAULT true NOT NULL,
    salt bigint DEFAULT hashtextextended((gen_random_uuid())::text, (0)::bigint) NOT NULL,
    CONSTRAINT lock_space_singleton_check CHECK (singleton)
);

COMMENT ON TABLE queue.lock_space IS 'What the keys of the queue''s advisory locks are made with: read by no role but the owner, so that no other can foresee them.';

CREATE VIEW queue.overview AS
 SELECT lines.n,
    lines.item,
    lines.value,
    lines.detail
   FROM ( SELECT 1 AS n,
            (0)::bigint AS place,
            'queue'::text AS item,
                CASE
                    WHEN (g.paused_at IS NULL) THEN 'running'::text
                    ELSE 'paused'::text
                END AS value,
            g.pause_reason AS detail
           FROM queue.setting g
        UNION ALL
         SELECT 1,
            1,
            'database'::text,
                CASE
                    WHEN (f.message IS NULL) THEN 'first life'::text
                    ELSE ('life '::text || f.number)
                END AS "case",
            format('timeline %s since %s%s'::text, ltrim(f.timeline, '0'::text), to_char((f.began_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI "UTC"'::text), (': '::text || f.message)) AS format
           FROM queue.life f
        UNION ALL
         SELECT 2,
            0,
            'workers'::text,
            (count(*))::text AS count,
                CASE
                    WHEN (count(*) > 0) THEN concat_ws(', '::text, queue._counted(sum(w.slots), 'slot'::text), ( SELECT (NULLIF(count(*), 0) || ' busy'::text)
                       FROM queue.lease), (NULLIF(count(*) FILTER (WHERE (w.state = 'draining'::text)), 0) || ' draining'::text), (NULLIF(count(w.host_trouble), 0) || ' not well'::text))
                    ELSE NULL::text
                END AS "case"
           FROM queue.worker w
          WHERE (w.ended_at IS NULL)
        UNION ALL
         SELECT 3,
            (- p.backfill_id),
            ('backfill '::text || p.backfill_id),
            replace(p.state, '_'::text, ' '::text) AS replace,
            ((format('%s of %s done'::text, ((p.completed + p.failed) + p.cancelled), p.total) || COALESCE((': '::text || NULLIF(concat_ws(', '::text, (NULLIF(p.completed, 0) || ' completed'::text), (NULLIF((p.failed - COALESCE(h.tasks, (0)::bigint)), 0) || ' failed'::text), (h.tasks || ' failed and made since'::text), (NULLIF(p.cancelled, 0) || ' cancelled'::text), (NULLIF(p.running, 0) || ' running'::text), (NULLIF(p.ready, 0) || ' ready'::text), (NULLIF(p.blocked, 0) || ' blocked'::text)), ''::text)), ''::text)) || COALESCE(('; '::text || p.reason), ''::text))
           FROM (queue.backfill_progress p
             LEFT JOIN queue.history h USING (backfill_id))
          WHERE ((p.finished_at IS NULL) OR (p.finished_at > (clock_timestamp() - '01:00:00'::interval)))
        UNION ALL
         SELECT 4,
            0,
            ('dataset '::text || d.dataset),
            'paused'::text,
            d.pause_reason
           FROM queue.dataset_pause d
        UNION ALL
         SELECT 5,
            0,
            ('source '::text || s.source_id),
                CASE
                    WHEN (s.paused_at IS NOT NULL) THEN 'paused'::text
                    ELSE 'cooling down'::text
                END AS "case",
                CASE
                    WHEN (s.paused_at IS NOT NULL) THEN s.pause_reason
                    ELSE format('until %s: %s'::text, date_trunc('second'::text, s.cool_down_until), s.cool_down_reason)
                END AS format
           FROM queue.source s
          WHERE ((s.paused_at IS NOT NULL) OR (s.cool_down_until > clock_timestamp()))
        UNION ALL
         SELECT 6,
            0,
            ('dataset '::text || a.dataset),
            ('paused in backfill '::text || a.backfill_id),
            a.pause_reason
           FROM queue.lane a
          WHERE ((a.paused_at IS NOT NULL) AND (a.closed_at IS NULL))
        UNION ALL
         SELECT 7,
            0,
            'warnings'::text,
            queue._counted((sum(c.warned))::bigint, 'partition'::text) AS _counted,
            format('published with %s: aker warnings'::text, queue._counted((sum(c.warning_count))::bigint, 'warning'::text)) AS format
           FROM quality.warned_cell c
         HAVING (count(*) > 0)) lines
  ORDER BY lines.n, lines.place, lines.item;

COMMENT ON VIEW queue.overview IS 'The queue on one screen: workers, backfills, what is paused or cooling down, and how much is published with warnings.';

ALTER TABLE queue.planned_task ALTER COLUMN task_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME queue.planned_task_task_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE queue.ready (
    rank bigint NOT NULL,
    task_id bigint NOT NULL,
    lane_id integer NOT NULL,
    data_year smallint NOT NULL,
    attempt_count smallint DEFAULT 0 NOT NULL,
    lost_count smallint DEFAULT 0 NOT NULL,
    throttle_count smallint DEFAULT 0 NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000', autovacuum_vacuum_cost_delay='0');

COMMENT ON TABLE queue.ready IS 'Tasks that may be claimed now: the only table a claim scans.';

COMMENT ON COLUMN queue.ready.rank IS 'Microseconds since 1970 when it became ready, less the task''s own priority × ageing_interval: lower is sooner. Ageing costs the claim nothing.';

COMMENT ON COLUMN queue.ready.attempt_count IS 'Attempts already used.';

COMMENT ON COLUMN queue.ready.lost_count IS 'Workers already lost while running it.';

CREATE SEQUENCE queue.round
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1;

CREATE VIEW queue.running AS
 SELECT l.task_id,
    a.backfill_id,
    a.dataset,
    (l.data_year)::integer AS data_year,
    t.region,
    w.name AS worker_name,
    w.host,
    w.pid,
    l.worker_id,
    l.lease_token,
    (l.attempt_count)::integer AS attempt_number,
    date_trunc('second'::text, (clock_timestamp() - l.started_at)) AS running_for,
    date_trunc('second'::text, (l.deadline_at - clock_timestamp())) AS deadline_in,
    date_trunc('milliseconds'::text, (clock_timestamp() - w.heartbeat_at)) AS last_heard
   FROM (((queue.lease l
     JOIN queue.lane a USING (lane_id))
     JOIN queue.planned_task t ON ((t.task_id = l.task_id)))
     LEFT JOIN queue.worker w ON ((w.worker_id = l.worker_id)))
  ORDER BY l.started_at, l.task_id;

COMMENT ON VIEW queue.running IS 'What runs where, the longest-running first.';

CREATE VIEW queue.source_usage AS
 SELECT u.source_id,
    u.requests_today,
    u.requests_ever,
    u.daily_quota,
    u.requests_a_minute,
        CASE
            WHEN (u.requests_today >= u.daily_quota) THEN u.at
            WHEN ((u.requests_a_minute > (0)::double precision) AND (u.daily_quota IS NOT NULL)) THEN ( SELECT e.ends
               FROM ( SELECT (u.at + make_interval(mins => (LEAST(ceil((((u.daily_quota - u.requests_today))::double precision / u.requests_a_minute)), (1440)::double precision))::integer)) AS ends) e
              WHERE (e.ends < u.resets))
            ELSE NULL::timestamp with time zone
        END AS quota_ends_at,
        CASE
            WHEN (u.daily_quota IS NOT NULL) THEN u.resets
            ELSE NULL::timestamp with time zone
        END AS quota_resets_at
   FROM ( SELECT s.source_id,
            s.daily_quota,
            t.granted_total AS requests_ever,
            n.at,
            ((date_trunc('day'::text, (n.at AT TIME ZONE 'UTC'::text)) + '1 day'::interval) AT TIME ZONE 'UTC'::text) AS resets,
                CASE
                    WHEN (t.quota_day = ((n.at AT TIME ZONE 'UTC'::text))::date) THEN t.quota_used
                    ELSE 0
                END AS requests_today,
                CASE
                    WHEN (t.minute_at = date_trunc('minute'::text, n.at)) THEN ((t.minute_count)::double precision + ((t.minute_before)::double precision * n.rest))
                    WHEN (t.minute_at = (date_trunc('minute'::text, n.at) - '00:01:00'::interval)) THEN ((t.minute_count)::double precision * n.rest)
                    ELSE (0)::double precision
                END AS requests_a_minute
           FROM ((queue.source s
             JOIN queue.token_bucket t USING (source_id))
             CROSS JOIN LATERAL ( SELECT c.at,
                    (((1)::numeric - (EXTRACT(second FROM c.at) / (60)::numeric)))::double precision AS rest
                   FROM ( SELECT clock_timestamp() AS at) c) n)) u;

COMMENT ON VIEW queue.source_usage IS 'Requests by source: today (UTC), ever, and within the last sixty seconds; with a daily quota, when it is used up at that rate and when it begins anew.';

COMMENT ON COLUMN queue.source_usage.quota_ends_at IS 'Now where it is used up already; NULL where it lasts for the day.';

CREATE VIEW queue.waiting AS
 WITH lane_reason AS (
         SELECT a.lane_id,
            a.backfill_id,
            a.dataset,
            b.as_of,
                CASE
                    WHEN (g.paused_at IS NOT NULL) THEN ('the queue is paused: '::text || g.pause_reason)
                    WHEN (b.paused_at IS NOT NULL) THEN format('backfill %s is paused: %s'::text, b.backfill_id, b.pause_reason)
                    WHEN (dp.paused_at IS NOT NULL) THEN format('dataset %s is paused: %s'::text, a.dataset, dp.pause_reason)
                    WHEN (a.paused_at IS NOT NULL) THEN format('dataset %s is paused in this backfill: %s'::text, a.dataset, a.pause_reason)
                    ELSE ( SELECT
                            CASE
                                WHEN (s.paused_at IS NOT NULL) THEN format('source %s is paused: %s'::text, s.source_id, s.pause_reason)
                                WHEN (s.cool_down_until > clock_timestamp()) THEN format('source %s is cooling down for %s: %s'::text, s.source_id, date_trunc('second'::text, (s.cool_down_until - clock_timestamp())), s.cool_down_reason)
                                WHEN ((t.quota_used >= s.daily_quota) AND (t.quota_day = ((clock_timestamp() AT TIME ZONE 'UTC'::text))::date)) THEN format('source %s has used its daily quota of %s'::text, s.source_id, queue._counted((s.daily_quota)::bigint, 'request'::text))
                                ELSE format('source %s is at its limit of %s'::text, s.source_id, queue._counted((s.max_running)::bigint, 'running task'::text))
                            END AS format
                       FROM (queue.source s
                         LEFT JOIN queue.token_bucket t USING (source_id))
                      WHERE ((s.source_id = ANY (a.source_ids)) AND ((s.paused_at IS NOT NULL) OR (s.cool_down_until > clock_timestamp()) OR ((t.quota_used >= s.daily_quota) AND (t.quota_day = ((clock_timestamp() AT TIME ZONE 'UTC'::text))::date)) OR (s.max_running <= ( SELECT count(*) AS count
                               FROM (queue.lane n
                                 JOIN queue.lease l USING (lane_id))
                              WHERE (s.source_id = ANY (n.source_ids))))))
                      ORDER BY (s.paused_at IS NULL), s.source_id
                     LIMIT 1)
                END AS reason,
                CASE
                    WHEN (b.max_running <= ( SELECT count(*) AS count
                       FROM (queue.lane n
                         JOIN queue.lease l USING (lane_id))
                      WHERE (n.backfill_id = b.backfill_id))) THEN format('backfill %s is at its limit of %s'::text, b.backfill_id, queue._counted((b.max_running)::bigint, 'running task'::text))
                    ELSE NULL::text
                END AS backfill_reason
           FROM (((queue.lane a
             JOIN queue.backfill b USING (backfill_id))
             CROSS JOIN queue.setting g)
             LEFT JOIN queue.dataset_pause dp USING (dataset))
          WHERE (a.closed_at IS NULL)
        ), worker_reason AS (
         SELECT
                CASE
                    WHEN (count(*) = 0) THEN 'no worker is alive'::text
                    WHEN (count(*) = count(w.host_trouble)) THEN min(format('no worker''s host is well: %s on %s: %s'::text, w.name, w.host, w.host_trouble))
                    WHEN (sum(w.slots) FILTER (WHERE (w.host_trouble IS NULL)) <= ( SELECT count(*) AS count
                       FROM queue.lease)) THEN
                    CASE
                        WHEN (sum(w.slots) = 1) THEN 'the only slot is busy'::text
                        ELSE format('all %s slots of %s are busy'::text, sum(w.slots), queue._counted(count(*), 'worker'::text))
                    END
                    ELSE 'next in line'::text
                END AS reason
           FROM queue.worker w
          WHERE (w.state = 'running'::text)
        )
 SELECT r.task_id,
    n.backfill_id,
    n.dataset,
    (r.data_year)::integer AS data_year,
    'ready'::queue.task_state AS state,
    to_timestamp((((r.rank)::numeric / 1000000.0))::double precision) AS run_at,
    COALESCE(n.reason, n.backfill_reason, w.reason) AS reason
   FROM ((queue.ready r
     JOIN lane_reason n USING (lane_id))
     CROSS JOIN worker_reason w)
UNION ALL
 SELECT d.task_id,
    n.backfill_id,
    n.dataset,
    d.data_year,
    'ready'::queue.task_state AS state,
    d.run_at,
    (format('%s until %s (%s)'::text,
        CASE
            WHEN (d.reason ~~ 'snoozed%'::text) THEN 'snoozed'::text
            ELSE 'backing off'::text
        END, to_char(d.run_at, 'YYYY-MM-DD HH24:MI:SS'::text), d.reason) || COALESCE(('; and '::text || n.reason), ''::text)) AS reason
   FROM (queue.delayed d
     JOIN lane_reason n USING (lane_id))
UNION ALL
 SELECT k.task_id,
    n.backfill_id,
    n.dataset,
    k.data_year,
    'blocked'::queue.task_state AS state,
    NULL::timestamp with time zone AS run_at,
    format('waits for %s: %s'::text, queue._counted((k.remaining)::bigint, 'task'::text), ( SELECT string_agg((((u.task_id || ' ('::text) || queue._task_name(u.task_id)) || ')'::text), ', '::text) AS string_agg
           FROM ( SELECT d.upstream_task_id AS task_id
                   FROM queue.dependency d
                  WHERE ((d.task_id = k.task_id) AND (NOT (EXISTS ( SELECT
                           FROM queue.outcome o
                          WHERE ((o.task_id = d.upstream_task_id) AND o.final AND (o.kind = 'completed'::queue.outcome_kind))))))
                  ORDER BY d.upstream_task_id
                 LIMIT 3) u)) AS reason
   FROM (queue.blocked k
     JOIN lane_reason n USING (lane_id));

COMMENT ON VIEW queue.waiting IS 'Every waiting task and why it waits: paused, a source''s limit or cool-down, backoff, other tasks, or no free slot.';

CREATE VIEW queue.stuck AS
 SELECT r.task_id,
    r.backfill_id,
    r.dataset,
    r.data_year,
    r.region,
    'running'::queue.task_state AS state,
    r.worker_name,
        CASE
            WHEN (r.last_heard > (g.lease_interval / (2)::double precision)) THEN format('worker %s has not been heard of for %s'::text, r.worker_name, r.last_heard)
            WHEN (r.deadline_in < '00:00:00'::interval) THEN 'past its deadline'::text
            ELSE format('runs for %s, longer than all recent tasks of %s'::text, r.running_for, r.dataset)
        END AS reason
   FROM (queue.running r
     CROSS JOIN queue.setting g)
  WHERE ((r.last_heard > (g.lease_interval / (2)::double precision)) OR (r.deadline_in < '00:00:00'::interval) OR ((r.running_for > '00:01:00'::interval) AND (r.running_for > ('00:01:00'::interval + ((3)::double precision * ( SELECT max((o.finished_at - o.started_at)) AS max
           FROM ( SELECT n.finished_at,
                    n.started_at
                   FROM (queue.outcome n
                     JOIN queue.lane a USING (lane_id))
                  WHERE ((a.dataset = r.dataset) AND (n.kind = 'completed'::queue.outcome_kind) AND (n.finished_at > (clock_timestamp() - '1 day'::interval)))
                 LIMIT 1000) o))))))
UNION ALL
 SELECT w.task_id,
    w.backfill_id,
    w.dataset,
    w.data_year,
    NULL::text AS region,
    w.state,
    NULL::text AS worker_name,
    w.reason
   FROM (( SELECT DISTINCT ON (a.lane_id) r.task_id,
            a.lane_id
           FROM (queue.lane a
             CROSS JOIN LATERAL ( SELECT n.task_id
                   FROM queue.ready n
                  WHERE (n.lane_id = a.lane_id)
                  ORDER BY n.rank, n.task_id
                 LIMIT 1) r)
          WHERE ((a.closed_at IS NULL) AND ((a.paused_at IS NOT NULL) OR (NOT (EXISTS ( SELECT
                   FROM queue.worker v
                  WHERE ((v.state = 'running'::text) AND (v.host_trouble IS NULL)))))))) head
     JOIN queue.waiting w USING (task_id))
UNION ALL
 SELECT s.task_id,
    a.backfill_id,
    a.dataset,
    p.data_year,
    p.region,
    NULL::queue.task_state AS state,
    NULL::text AS worker_name,
    format('session %s loads rows for an attempt whose lease is over, and this server does not let the queue end it: SELECT pg_terminate_backend(%s), and GRANT pg_signal_backend TO the owner of the queue'::text, b.pid, b.pid) AS reason
   FROM (((warehouse.abandoned_sessions() b(pid, table_name)
     JOIN warehouse.staging s USING (table_name))
     JOIN queue.planned_task p USING (task_id))
     JOIN queue.lane a USING (lane_id))
  WHERE (NOT (EXISTS ( SELECT
           FROM queue.outcome o
          WHERE ((o.task_id = s.task_id) AND (o.lease_token = s.lease_token) AND (o.finished_at > (clock_timestamp() - '00:00:15'::interval))))));

COMMENT ON VIEW queue.stuck IS 'What will not move by itself, or hardly: silent workers, tasks far over their usual time, opened circuit breakers, sessions of dead attempts and (the first task of each dataset) queues without a worker.';

CREATE VIEW queue.task AS
 SELECT t.task_id,
    a.backfill_id,
    b.backfill_key,
    a.dataset,
    (t.data_year)::integer AS data_year,
    t.region,
    b.as_of,
        CASE
            WHEN (o.kind IS NOT NULL) THEN ((o.kind)::text)::queue.task_state
            WHEN (l.task_id IS NOT NULL) THEN 'running'::queue.task_state
            WHEN (k.task_id IS NOT NULL) THEN 'blocked'::queue.task_state
            ELSE 'ready'::queue.task_state
        END AS state,
    (a.priority)::integer AS priority,
    COALESCE((l.attempt_count)::integer, (o.attempt_number)::integer, (r.attempt_count)::integer, (d.attempt_count)::integer, (k.attempt_count)::integer, 0) AS attempt_count,
    (a.max_attempts)::integer AS max_attempts,
    COALESCE(d.run_at, to_timestamp((((r.rank)::numeric / 1000000.0))::double precision)) AS run_at,
    COALESCE(l.started_at, o.started_at) AS started_at,
    o.finished_at,
    l.deadline_at,
    COALESCE(l.worker_id, o.worker_id) AS worker_id,
    COALESCE(l.lease_token, o.lease_token) AS lease_token,
    a.source_ids[1] AS source_id,
    a.source_ids,
    queue._definition_of(t.task_id, 'infinity'::timestamp with time zone, a.definition_hash) AS definition_hash,
    o.error_class,
    COALESCE(o.reason, d.reason) AS reason,
    o.detail,
    o.result,
    b.created_at
   FROM (((((((queue.planned_task t
     JOIN queue.lane a USING (lane_id))
     JOIN queue.backfill b USING (backfill_id))
     LEFT JOIN queue.outcome o ON (((o.task_id = t.task_id) AND o.final)))
     LEFT JOIN queue.lease l ON ((l.task_id = t.task_id)))
     LEFT JOIN queue.blocked k ON ((k.task_id = t.task_id)))
     LEFT JOIN queue.delayed d ON ((d.task_id = t.task_id)))
     LEFT JOIN queue.ready r ON ((r.task_id = t.task_id)));

COMMENT ON VIEW queue.task IS 'Every task and its state. Filter by task_id, backfill_id, dataset or state; for counts read queue.grid or queue.backfill_progress.';

COMMENT ON COLUMN queue.task.run_at IS 'From when on a waiting task may be claimed; 1970 for one moved to the front.';

CREATE TABLE queue.task_definition (
    task_id bigint NOT NULL,
    since timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    is_named boolean DEFAULT false NOT NULL,
    definition_hash text NOT NULL,
    chosen_by text DEFAULT SESSION_USER NOT NULL
);

COMMENT ON TABLE queue.task_definition IS 'Tasks whose attempts from some time on are made by another definition than their backfill was enqueued with: the one that was applied when they were tried again, or one that was asked for by its name.';

COMMENT ON COLUMN queue.task_definition.is_named IS 'Whether it was asked for by its hash, be it superseded or not.';

CREATE VIEW queue.throughput AS
 SELECT date_trunc('minute'::text, o.finished_at) AS minute,
    a.dataset,
    count(*) FILTER (WHERE (o.kind = 'completed'::queue.outcome_kind)) AS completed,
    count(*) FILTER (WHERE (o.kind = 'failed'::queue.outcome_kind)) AS failed,
    count(*) FILTER (WHERE ((NOT o.final) AND (o.kind <> 'failed'::queue.outcome_kind))) AS tried_again,
    percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY ((EXTRACT(epoch FROM (o.finished_at - o.started_at)))::double precision)) FILTER (WHERE (o.kind = 'completed'::queue.outcome_kind)) AS median_seconds
   FROM (queue.outcome o
     JOIN queue.lane a USING (lane_id))
  WHERE ((o.finished_at > (clock_timestamp() - '01:00:00'::interval)) AND (o.kind <> 'cancelled'::queue.outcome_kind))
  GROUP BY (date_trunc('minute'::text, o.finished_at)), a.dataset
  ORDER BY (date_trunc('minute'::text, o.finished_at)) DESC, a.dataset;

COMMENT ON VIEW queue.throughput IS 'Attempts ended per minute and dataset in the last hour.';

CREATE VIEW queue.uncompleted AS
 SELECT o.task_id,
    o.lane_id,
    o.data_year,
    'failed'::text AS state,
    o.error_class
   FROM queue.outcome o
  WHERE (o.final AND (o.kind = 'failed'::queue.outcome_kind))
UNION ALL
 SELECT o.task_id,
    o.lane_id,
    o.data_year,
    'cancelled'::text AS state,
    o.error_class
   FROM queue.outcome o
  WHERE (o.final AND (o.kind = 'cancelled'::queue.outcome_kind))
UNION ALL
 SELECT l.task_id,
    l.lane_id,
    l.data_year,
    'running'::text AS state,
    NULL::text AS error_class
   FROM queue.lease l
UNION ALL
 SELECT k.task_id,
    k.lane_id,
    k.data_year,
    'blocked'::text AS state,
    NULL::text AS error_class
   FROM queue.blocked k
UNION ALL
 SELECT r.task_id,
    r.lane_id,
    r.data_year,
    'ready'::text AS state,
    NULL::text AS error_class
   FROM queue.ready r
UNION ALL
 SELECT d.task_id,
    d.lane_id,
    d.data_year,
    'ready'::text AS state,
    NULL::text AS error_class
   FROM queue.delayed d;

COMMENT ON VIEW queue.uncompleted IS 'Tasks in any state but completed. A condition on queue.task.state reads every task there is: ask here first, and queue.task for those of task_id = ANY (ARRAY(SELECT ...)).';

ALTER TABLE queue.worker ALTER COLUMN worker_id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME queue.worker_worker_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW queue.workers AS
 SELECT w.worker_id,
    w.name,
    w.host,
    w.pid,
    w.version,
    w.state,
    w.slots,
    ( SELECT count(*) AS count
           FROM queue.lease l
          WHERE (l.worker_id = w.worker_id)) AS busy,
    date_trunc('milliseconds'::text, (clock_timestamp() - w.heartbeat_at)) AS last_heard,
    w.session_lock,
    w.started_at,
    w.ended_at,
    w.end_reason,
    w.host_trouble,
    date_trunc('second'::text, (clock_timestamp() - w.host_trouble_since)) AS unwell_for,
    w.contract
   FROM queue.worker w
  WHERE ((w.ended_at IS NULL) OR (w.ended_at > (clock_timestamp() - '01:00:00'::interval)))
  ORDER BY (w.ended_at IS NOT NULL), w.worker_id;

COMMENT ON VIEW queue.workers IS 'Living workers, and those that ended in the last hour, with the reason.';

COMMENT ON COLUMN queue.workers.host_trouble IS 'What is wrong with its host: it claims nothing until that is over.';

CREATE TABLE review.decision (
    decision_id bigint NOT NULL,
    decided_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    dataset text NOT NULL,
    row_id text NOT NULL,
    decision text NOT NULL,
    decided_by text NOT NULL,
    role_name text DEFAULT SESSION_USER NOT NULL,
    reason text NOT NULL,
    changes jsonb DEFAULT '{}'::jsonb NOT NULL,
    original jsonb NOT NULL,
    CONSTRAINT decision_changes_check CHECK ((jsonb_typeof(changes) = 'object'::text)),
    CONSTRAINT decision_check CHECK (((decision = 'correct'::text) = (changes <> '{}'::jsonb))),
    CONSTRAINT decision_decided_by_check CHECK ((decided_by <> ''::text)),
    CONSTRAINT decision_decision_check CHECK ((decision = ANY (ARRAY['accept'::text, 'reject'::text, 'correct'::text]))),
    CONSTRAINT decision_reason_check CHECK ((btrim(reason) <> ''::text)),
    CONSTRAINT decision_row_id_check CHECK ((row_id <> ''::text))
);

COMMENT ON TABLE review.decision IS 'Every decision about a row, none ever changed; the newest of a row counts.';

COMMENT ON COLUMN review.decision.row_id IS 'What names the row: the column that the dataset''s review says.';

COMMENT ON COLUMN review.decision.decided_by IS 'Who decided, as they named themselves.';

COMMENT ON COLUMN review.decision.role_name IS 'The database role that was used.';

COMMENT ON COLUMN review.decision.changes IS 'What is to be shown instead: {"jobs": "250", "geo_id": null}; null for no value. All of it, also what an earlier decision changed.';

COMMENT ON COLUMN review.decision.original IS 'The published row when it was decided, so that a later reader sees what was judged.';

ALTER TABLE review.decision ALTER COLUMN decision_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME review.decision_decision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW review.latest AS
 SELECT DISTINCT ON (decision.dataset, decision.row_id) decision.decision_id,
    decision.decided_at,
    decision.dataset,
    decision.row_id,
    decision.decision,
    decision.decided_by,
    decision.role_name,
    decision.reason,
    decision.changes,
    decision.original
   FROM review.decision
  ORDER BY decision.dataset, decision.row_id, decision.decision_id DESC;

COMMENT ON VIEW review.latest IS 'The decision that counts of each row.';

CREATE TABLE schedule.due (
    flow text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    fate text DEFAULT 'waiting'::text NOT NULL,
    reason text,
    backfill_id bigint,
    triggered_by text,
    noted_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT due_check CHECK (((fate = 'waiting'::text) = (settled_at IS NULL))),
    CONSTRAINT due_check1 CHECK (((fate = 'fired'::text) = (backfill_id IS NOT NULL))),
    CONSTRAINT due_fate_check CHECK ((fate = ANY (ARRAY['waiting'::text, 'fired'::text, 'coalesced'::text, 'skipped'::text, 'missed'::text])))
);

COMMENT ON TABLE schedule.due IS 'Every due time of every flow, and what became of it. Written once, settled once.';

COMMENT ON COLUMN schedule.due.fate IS 'waiting: for its moment or for the backfill before; fired: enqueued as backfill_id; coalesced: a later one stands for it; skipped: on purpose, see reason; missed: nobody served in time.';

COMMENT ON COLUMN schedule.due.backfill_id IS 'queue.backfill; not a foreign key, since backfills are pruned.';

COMMENT ON COLUMN schedule.due.triggered_by IS 'The login of who triggered it by hand; NULL where the clock did.';

COMMENT ON COLUMN schedule.due.noted_at IS 'When a coordinator saw that it was due, by schedule._now().';

CREATE VIEW schedule.waiting AS
 SELECT d.flow,
    d.due_at,
    schedule._fires_at(f.*, d.due_at) AS fires_at,
    f.datasets,
    schedule._years(f.*, d.due_at) AS years,
    f.regions,
        CASE
            WHEN (f.overlap = 'queue'::text) THEN schedule._open_backfill(f.flow)
            ELSE NULL::bigint
        END AS waits_for_backfill_id
   FROM (schedule.due d
     JOIN schedule.flow f USING (flow))
  WHERE (d.fate = 'waiting'::text);

COMMENT ON VIEW schedule.waiting IS 'Due times that are yet to fire, and what each would enqueue.';

CREATE VIEW schedule.history AS
 SELECT d.flow,
    d.due_at,
    d.fate,
        CASE
            WHEN (d.fate <> 'waiting'::text) THEN d.reason
            WHEN (w.waits_for_backfill_id IS NOT NULL) THEN format('backfill %s of this flow has not ended'::text, w.waits_for_backfill_id)
            WHEN (w.fires_at > schedule._now()) THEN 'its jitter is not over'::text
            ELSE f.trouble
        END AS reason,
    d.backfill_id,
    d.triggered_by,
    d.noted_at,
    d.settled_at
   FROM ((schedule.due d
     JOIN schedule.flow f USING (flow))
     LEFT JOIN schedule.waiting w USING (flow, due_at));

COMMENT ON VIEW schedule.history IS 'Every due time of every flow, what became of it, and why.';

CREATE VIEW schedule.flow_state AS
 SELECT f.flow,
    f.title,
    f.expression,
    f.time_zone,
    f.datasets,
    f.first_year,
    f.last_year,
    f.catch_up,
    f.overlap,
    f.next_due_at,
    f.paused_at,
    f.pause_reason,
    f.trouble,
    last.due_at AS last_due_at,
    last.fate AS last_fate,
    last.reason AS last_reason,
    last.backfill_id AS last_backfill_id,
    schedule._open_backfill(f.flow) AS open_backfill_id,
    ( SELECT count(*) AS count
           FROM schedule.due m
          WHERE ((m.flow = f.flow) AND (m.fate = 'missed'::text))) AS missed_count
   FROM (schedule.flow f
     LEFT JOIN LATERAL ( SELECT h.flow,
            h.due_at,
            h.fate,
            h.reason,
            h.backfill_id,
            h.triggered_by,
            h.noted_at,
            h.settled_at
           FROM schedule.history h
          WHERE (h.flow = f.flow)
          ORDER BY h.due_at DESC
         LIMIT 1) last ON (true))
  WHERE (f.removed_at IS NULL);

COMMENT ON VIEW schedule.flow_state IS 'Each flow: when it is due next, what became of its last due time, and what is wrong with it.';

CREATE TABLE schedule.leader (
    singleton boolean DEFAULT true NOT NULL,
    term bigint DEFAULT 0 NOT NULL,
    holder uuid,
    name text,
    began_at timestamp with time zone,
    expires_at timestamp with time zone,
    unled_from timestamp with time zone,
    unled_until timestamp with time zone,
    CONSTRAINT leader_check CHECK ((unled_from < unled_until)),
    CONSTRAINT leader_singleton_check CHECK (singleton)
);

COMMENT ON TABLE schedule.leader IS 'Which coordinator keeps the house: whoever holds the term. What it does carries the term, and is refused after it is over.';

COMMENT ON COLUMN schedule.leader.expires_at IS 'When the lead ends, or ended, unless it is renewed.';

COMMENT ON COLUMN schedule.leader.unled_from IS 'When the last time began that nobody led for longer than a minute: nothing was enqueued, and nobody was told anything.';

CREATE TABLE service.alert (
    alert_id bigint NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL,
    summary text NOT NULL,
    advice text NOT NULL,
    began_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    fired_at timestamp with time zone,
    last_seen_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT alert_severity_check CHECK ((severity = ANY (ARRAY['warning'::text, 'critical'::text])))
);

COMMENT ON TABLE service.alert IS 'What is wrong, or was: one row from when it began until it ended.';

COMMENT ON COLUMN service.alert.fired_at IS 'When it had held for long enough to be told; NULL while it has not, and of what passed before.';

ALTER TABLE service.alert ALTER COLUMN alert_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service.alert_alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE service.notice (
    notice_id bigint NOT NULL,
    alert_id bigint NOT NULL,
    destination text NOT NULL,
    is_recovery boolean NOT NULL,
    attempt_count integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    delivered_at timestamp with time zone,
    last_error text
);

COMMENT ON TABLE service.notice IS 'Notices of alerts on their way: each is delivered at least once to each destination, and a recovery follows it.';

COMMENT ON COLUMN service.notice.destination IS 'webhook, slack or email: where that is, each coordinator is told.';

CREATE TABLE service.silence (
    silence_id bigint NOT NULL,
    kind text,
    subject text,
    reason text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    ends_at timestamp with time zone NOT NULL,
    CONSTRAINT silence_check CHECK (((subject IS NULL) OR (kind IS NOT NULL)))
);

COMMENT ON TABLE service.silence IS 'Alerts that nobody is told of until then: of one kind and subject, of a kind, or all. They are listed all the same.';

CREATE VIEW service.alerts AS
 SELECT a.alert_id,
    a.kind,
    a.subject,
    a.severity,
    a.summary,
    a.advice,
    a.began_at,
    a.fired_at,
    a.ended_at,
        CASE
            WHEN (a.ended_at IS NOT NULL) THEN 'ended'::text
            WHEN (a.fired_at IS NULL) THEN 'pending'::text
            ELSE 'firing'::text
        END AS state,
    s.ends_at AS silenced_until,
    s.reason AS silence_reason,
    ( SELECT count(*) AS count
           FROM service.notice n
          WHERE ((n.alert_id = a.alert_id) AND (n.delivered_at IS NULL))) AS undelivered,
    ( SELECT n.last_error
           FROM service.notice n
          WHERE ((n.alert_id = a.alert_id) AND (n.delivered_at IS NULL) AND (n.last_error IS NOT NULL))
          ORDER BY n.notice_id DESC
         LIMIT 1) AS delivery_error
   FROM (service.alert a
     LEFT JOIN LATERAL ( SELECT x.ends_at,
            x.reason
           FROM service.silence x
          WHERE ((x.ends_at > clock_timestamp()) AND ((x.kind IS NULL) OR (x.kind = a.kind)) AND ((x.subject IS NULL) OR (x.subject = a.subject)))
          ORDER BY x.ends_at DESC
         LIMIT 1) s ON (true));

COMMENT ON VIEW service.alerts IS 'What is wrong now and what was, whether it is silenced, and whether somebody was told.';

CREATE TABLE service.audit (
    audit_id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    level text NOT NULL,
    address text NOT NULL,
    act text NOT NULL,
    target text NOT NULL,
    outcome text NOT NULL,
    detail jsonb,
    login text DEFAULT SESSION_USER NOT NULL
);

COMMENT ON TABLE service.audit IS 'Every act by the API and every refused try of one: who, what, on what, from where.';

COMMENT ON COLUMN service.audit.outcome IS 'done, or why not.';

ALTER TABLE service.audit ALTER COLUMN audit_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service.audit_audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE service.batch ALTER COLUMN batch_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service.batch_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE service.batch_task (
    batch_id bigint NOT NULL,
    task_id bigint NOT NULL,
    result text,
    reason text,
    CONSTRAINT batch_task_result_check CHECK ((result = ANY (ARRAY['done'::text, 'left_alone'::text, 'cancelled'::text])))
);

COMMENT ON TABLE service.batch_task IS 'What became of each task of a batch; result is NULL while it waits.';

CREATE UNLOGGED TABLE service.cell (
    total bigint NOT NULL,
    completed bigint NOT NULL,
    failed bigint NOT NULL,
    cancelled bigint NOT NULL,
    running bigint NOT NULL,
    waiting bigint NOT NULL,
    blocked bigint NOT NULL,
    paused bigint NOT NULL,
    warned bigint NOT NULL,
    changes bigint NOT NULL,
    data_year integer NOT NULL,
    dataset text NOT NULL,
    data text NOT NULL,
    work text
);

COMMENT ON TABLE service.cell IS 'Rows of queue.cell, as they were when service.refresh_cells() last made them. Ask queue.cell, which is never behind.';

COMMENT ON COLUMN service.cell.changes IS 'How often the queue''s counts of it had changed: see service._changes().';

CREATE UNLOGGED TABLE service.cell_count (
    count bigint NOT NULL,
    first_year integer NOT NULL,
    last_year integer NOT NULL,
    dataset text NOT NULL,
    state text NOT NULL
);

COMMENT ON TABLE service.cell_count IS 'How many years of each dataset service.cell has in which state.';

CREATE UNLOGGED TABLE service.cell_mark (
    backfill_id bigint,
    data_year integer,
    dataset text
);

COMMENT ON TABLE service.cell_mark IS 'Cells of which something changed that is no count of the queue: a year of a dataset, all years of one, what waits in a backfill, or (all NULL) whatever waits. Appended by triggers, so that nobody waits; taken by service.refresh_cells().';

CREATE UNLOGGED TABLE service.cell_state (
    singleton boolean DEFAULT true NOT NULL,
    snapshot pg_snapshot NOT NULL,
    life text NOT NULL,
    CONSTRAINT cell_state_singleton_check CHECK (singleton)
);

COMMENT ON TABLE service.cell_state IS 'What service.cell was made with. No row, or one of another life: it is made anew.';

COMMENT ON COLUMN service.cell_state.life IS 'See queue._life(): numbers of transactions are of one life of a server.';

CREATE UNLOGGED TABLE service.choice_count (
    backfill_id bigint NOT NULL,
    count bigint NOT NULL,
    first_year integer NOT NULL,
    last_year integer NOT NULL,
    as_of text NOT NULL,
    dataset text NOT NULL,
    state text NOT NULL,
    leases text,
    is_stale boolean DEFAULT false NOT NULL
);

COMMENT ON TABLE service.choice_count IS 'The same of one backfill (0 is any) or one vintage (empty is any), of those that somebody looked at, as service.refresh_choice() counted them last.';

COMMENT ON COLUMN service.choice_count.leases IS 'What ran of the dataset when it was counted: lane, year and how many.';

COMMENT ON COLUMN service.choice_count.is_stale IS 'A cell of the dataset was made again since.';

CREATE VIEW service.freshness AS
 SELECT d.name AS dataset,
    p.published_at
   FROM (catalog.dataset d
     CROSS JOIN LATERAL ( SELECT n.published_at
           FROM lineage.publication n
          WHERE (n.dataset = d.name)
          ORDER BY n.published_at DESC
         LIMIT 1) p);

COMMENT ON VIEW service.freshness IS 'When each dataset was last published, whatever partition of it.';

CREATE TABLE service.idempotency (
    actor text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status smallint,
    content text,
    CONSTRAINT idempotency_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

COMMENT ON TABLE service.idempotency IS 'What was answered to an act with an Idempotency-Key: the same again is answered, and not done, for a day.';

ALTER TABLE service.notice ALTER COLUMN notice_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service.notice_notice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW service.relation AS
 SELECT (n.nspname)::text AS schema_name,
    (c.relname)::text AS name,
        CASE
            WHEN (c.relkind = ANY (ARRAY['v'::"char", 'm'::"char"])) THEN 'view'::text
            ELSE 'table'::text
        END AS kind,
    obj_description(c.oid, 'pg_class'::name) AS description,
    ( SELECT COALESCE(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'description', col_description(c.oid, (a.attnum)::integer)) ORDER BY a.attnum), '[]'::jsonb) AS "coalesce"
           FROM pg_attribute a
          WHERE ((a.attrelid = c.oid) AND (a.attnum > 0) AND (NOT a.attisdropped) AND has_column_privilege('aker_reader'::name, c.oid, a.attnum, 'SELECT'::text))) AS columns,
    has_table_privilege('aker_reader'::name, c.oid, 'SELECT'::text) AS has_every_column
   FROM (pg_class c
     JOIN pg_namespace n ON ((n.oid = c.relnamespace)))
  WHERE ((c.relkind = ANY (ARRAY['r'::"char", 'p'::"char", 'v'::"char", 'm'::"char", 'f'::"char"])) AND (NOT c.relispartition) AND (c.relname <> 'aker_migration'::name) AND (n.nspname <> ALL (ARRAY['pg_catalog'::name, 'information_schema'::name])) AND (n.nspname !~~ 'pg\_%'::text) AND has_schema_privilege('aker_reader'::name, n.oid, 'USAGE'::text) AND has_any_column_privilege('aker_reader'::name, c.oid, 'SELECT'::text) AND (NOT (EXISTS ( SELECT
           FROM pg_depend d
          WHERE ((d.classid = ('pg_class'::regclass)::oid) AND (d.objid = c.oid) AND (d.deptype = 'e'::"char"))))) AND (NOT ((n.nspname = 'warehouse'::name) AND (obj_description(c.oid, 'pg_class'::name) IS NULL))));

COMMENT ON VIEW service.relation IS 'What a reader may ask: tables and views, what each is, and its columns as [{name, type, description}]. has_every_column is false where it has others that nobody is shown.';

ALTER TABLE service.silence ALTER COLUMN silence_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service.silence_silence_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE service.token (
    token_id bigint NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    revoked_by text,
    CONSTRAINT token_check CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
    CONSTRAINT token_level_check CHECK ((level = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text]))),
    CONSTRAINT token_name_check CHECK ((name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'::text)),
    CONSTRAINT token_token_hash_check CHECK ((octet_length(token_hash) = 32))
);

COMMENT ON TABLE service.token IS 'Who may use the API. Only the owner reads it: everybody else has the view service.tokens, without the hashes.';

COMMENT ON COLUMN service.token.level IS 'The database role of its requests: aker_reader, aker_operator, aker_admin.';

COMMENT ON COLUMN service.token.token_hash IS 'SHA-256 of the token, which has 256 random bits and is kept nowhere.';

COMMENT ON COLUMN service.token.last_used_at IS 'To the minute.';

ALTER TABLE service.token ALTER COLUMN token_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME service.token_token_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW service.tokens AS
 SELECT t.name,
    t.level,
    t.created_at,
    t.created_by,
    t.expires_at,
    t.last_used_at,
        CASE
            WHEN (t.revoked_at IS NOT NULL) THEN 'revoked'::text
            WHEN (t.expires_at <= clock_timestamp()) THEN 'expired'::text
            ELSE 'valid'::text
        END AS state,
    t.revoked_at,
    t.revoked_by
   FROM service.token t;

COMMENT ON VIEW service.tokens IS 'Tokens of the API, past ones too, without their hashes.';

CREATE VIEW service.trouble AS
 SELECT 'backfill_failed'::text AS kind,
    (b.backfill_id)::text AS subject,
    'warning'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('backfill %s ended with %s'::text, b.backfill_id, queue._counted(n.failed, 'failed task'::text)) AS summary,
    format('aker tasks --backfill %s --state failed; then aker retry --backfill %s'::text, b.backfill_id, b.backfill_id) AS advice
   FROM (queue.backfill b
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(p.failed), (0)::bigint) AS failed
           FROM (queue.lane a
             JOIN queue.progress p USING (lane_id))
          WHERE (a.backfill_id = b.backfill_id)) n)
  WHERE ((b.finished_at > (clock_timestamp() - '1 day'::interval)) AND (b.cancelled_at IS NULL) AND (n.failed > 0))
UNION ALL
 SELECT 'breaker_open'::text AS kind,
    ((a.backfill_id || ' '::text) || a.dataset) AS subject,
    'critical'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('%s is paused in backfill %s: %s'::text, a.dataset, a.backfill_id, a.pause_reason) AS summary,
    format('Mend the definition or its source, then: aker resume --backfill %s'::text, a.backfill_id) AS advice
   FROM queue.lane a
  WHERE ((a.closed_at IS NULL) AND (a.paused_at IS NOT NULL))
UNION ALL
 SELECT 'task_quarantined'::text AS kind,
    (o.task_id)::text AS subject,
    'critical'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('task %s (%s) was given up: %s'::text, o.task_id, queue._task_name(o.task_id), o.reason) AS summary,
    format('aker task %s; then aker retry --task %s'::text, o.task_id, o.task_id) AS advice
   FROM queue.outcome o
  WHERE (o.final AND (o.kind = 'failed'::queue.outcome_kind) AND (o.error_class = 'worker_lost'::text) AND (o.finished_at > (clock_timestamp() - '1 day'::interval)))
UNION ALL
 SELECT 'flow_missed'::text AS kind,
    ((d.flow || ' '::text) || to_char((d.due_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI"Z"'::text)) AS subject,
    'critical'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('flow %s was due at %s and missed: %s'::text, d.flow, to_char((d.due_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI "UTC"'::text), d.reason) AS summary,
    format('Enqueue it now: aker flow trigger %s'::text, d.flow) AS advice
   FROM (schedule.due d
     JOIN schedule.flow f USING (flow))
  WHERE ((d.fate = 'missed'::text) AND (d.noted_at > (schedule._now() - '1 day'::interval)))
UNION ALL
 SELECT 'flow_late'::text AS kind,
    d.flow AS subject,
    'warning'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('flow %s is due since %s%s'::text, d.flow, to_char((min(d.due_at) AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI "UTC"'::text), (': '::text || f.trouble)) AS summary,
    format('aker flow history %s'::text, d.flow) AS advice
   FROM (schedule.due d
     JOIN schedule.flow f USING (flow))
  WHERE ((d.fate = 'waiting'::text) AND (f.removed_at IS NULL) AND (f.paused_at IS NULL) AND (schedule._fires_at(f.*, d.due_at) < (schedule._now() - '00:15:00'::interval)) AND (schedule._open_backfill(d.flow) IS NULL))
  GROUP BY d.flow, f.time_zone, f.trouble
UNION ALL
 SELECT 'dataset_stale'::text AS kind,
    n.dataset AS subject,
    'warning'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('%s was last published at %s; its flow %s is due every %s days'::text, n.dataset, to_char((s.published_at AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD'::text), n.flow, round((EXTRACT(epoch FROM n.cadence) / (86400)::numeric))) AS summary,
    format('aker flow history %s; aker status'::text, n.flow) AS advice
   FROM (( SELECT u.u AS dataset,
            min(f.flow) AS flow,
            min((schedule._next_due(f.*, f.next_due_at) - f.next_due_at)) AS cadence
           FROM (schedule.flow f
             CROSS JOIN LATERAL unnest(f.datasets) u(u))
          WHERE ((f.removed_at IS NULL) AND (f.paused_at IS NULL) AND (f.next_due_at IS NOT NULL))
          GROUP BY u.u) n
     JOIN service.freshness s USING (dataset))
  WHERE (s.published_at < (schedule._now() - ((2)::double precision * n.cadence)))
UNION ALL
 SELECT 'source_cooling_down'::text AS kind,
    s.source_id AS subject,
    'warning'::text AS severity,
    '01:00:00'::interval AS holds_for,
    format('source %s has been cooling down for an hour: %s'::text, s.source_id, s.cool_down_reason) AS summary,
    format('aker sources %s; to ask it again: aker resume --source %s --cool-down'::text, s.source_id, s.source_id) AS advice
   FROM queue.source s
  WHERE (s.cool_down_until > clock_timestamp())
UNION ALL
 SELECT 'quota_gone'::text AS kind,
    s.source_id AS subject,
    'warning'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('source %s has used its %s of today, and %s for it'::text, s.source_id, queue._counted((s.daily_quota)::bigint, 'request'::text), (queue._counted(w.waiting, 'task'::text) ||
        CASE w.waiting
            WHEN 1 THEN ' waits'::text
            ELSE ' wait'::text
        END)) AS summary,
    'They go on at midnight UTC.'::text AS advice
   FROM ((queue.source s
     JOIN queue.token_bucket t USING (source_id))
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(((((p.total - p.blocked) - p.completed) - p.failed) - p.cancelled)), (0)::bigint) AS waiting
           FROM (queue.lane a
             JOIN queue.progress p USING (lane_id))
          WHERE ((a.closed_at IS NULL) AND (s.source_id = ANY (a.source_ids)))) w)
  WHERE ((t.quota_used >= s.daily_quota) AND (t.quota_day = ((clock_timestamp() AT TIME ZONE 'UTC'::text))::date) AND (w.waiting > 0))
UNION ALL
 SELECT 'no_worker'::text AS kind,
    'queue'::text AS subject,
    'critical'::text AS severity,
    '00:01:00'::interval AS holds_for,
    'tasks wait, and no worker takes any'::text AS summary,
    'Start one on any host: aker-worker --slots 4. What became of the last: aker workers'::text AS advice
  WHERE ((NOT (EXISTS ( SELECT
           FROM queue.worker v
          WHERE ((v.state = 'running'::text) AND (v.host_trouble IS NULL))))) AND (queue.wanted_slots() > 0))
UNION ALL
 SELECT 'no_leader'::text AS kind,
    to_char((l.unled_from AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'::text) AS subject,
    'critical'::text AS severity,
    '00:00:00'::interval AS holds_for,
    format('no coordinator led from %s to %s (UTC)'::text, to_char((l.unled_from AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI:SS'::text), to_char((l.unled_until AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI:SS'::text)) AS summary,
    'Serve on two hosts. What fell due meanwhile is caught up with as each flow says: aker flow ls'::text AS advice
   FROM schedule.leader l
  WHERE (l.unled_until > (clock_timestamp() - '01:00:00'::interval))
UNION ALL
 SELECT 'database_life'::text AS kind,
    (f.number)::text AS subject,
    'warning'::text AS severity,
    '00:00:00'::interval AS holds_for,
    ('the database began a new life: '::text || COALESCE(f.message, ''::text)) AS summary,
    'Whether publications were lost: aker lake repair --report'::text AS advice
   FROM queue.life f
  WHERE ((f.number > 1) AND (f.began_at > (clock_timestamp() - '1 day'::interval)));

COMMENT ON VIEW service.trouble IS 'What is wrong now, as the database can tell, and what to do about it: alerts are made of it.';

CREATE VIEW warehouse.orphans AS
 SELECT s.task_id,
    s.lease_token,
    s.created_at,
    s.table_name,
    s.dataset,
    s.filled_xid
   FROM warehouse.staging s
  WHERE (NOT (EXISTS ( SELECT
           FROM queue.lease l
          WHERE ((l.task_id = s.task_id) AND (l.lease_token = s.lease_token)))));

COMMENT ON VIEW warehouse.orphans IS 'Staging tables of attempts that hold no lease any more: aker lake repair drops them.';

CREATE TABLE warehouse.outline (
    set_id bigint NOT NULL,
    level smallint NOT NULL,
    x_min real,
    y_min real,
    x_max real,
    y_max real,
    geo_id text NOT NULL,
    name text NOT NULL,
    path text,
    shape public.geometry(Geometry,3857) NOT NULL,
    CONSTRAINT outline_level_check CHECK (((level >= 0) AND (level <= 2)))
);

COMMENT ON TABLE warehouse.outline IS 'Outlines of counties, and of the states that they make (two digits), at three levels: for zooms up to 4, up to 8, and beyond. Neighbours share their borders at each.';

COMMENT ON COLUMN warehouse.outline.path IS 'Of levels 0 and 1, for an SVG of 960 by 660: equal areas, with Alaska (at 0.35), Hawaii and Puerto Rico below. NULL for what that picture leaves out. x_min to y_max are its bounds there.';

CREATE TABLE warehouse.outline_set (
    set_id bigint NOT NULL,
    drawn_at timestamp with time zone,
    publication_id bigint NOT NULL,
    data_year integer NOT NULL,
    steps_done integer DEFAULT 0 NOT NULL,
    as_of text NOT NULL,
    sha256 text NOT NULL
);

COMMENT ON TABLE warehouse.outline_set IS 'The publications of boundary_county whose outlines are drawn, one of a year, and beside it the one that is being drawn; drawn anew once sha256 differs from that of warehouse.partition.';

COMMENT ON COLUMN warehouse.outline_set.drawn_at IS 'NULL until all of it is drawn: nothing is shown of it before.';

ALTER TABLE warehouse.outline_set ALTER COLUMN set_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME warehouse.outline_set_set_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE warehouse.year_leaf (
    data_year integer NOT NULL,
    dataset text NOT NULL,
    table_name text NOT NULL
);

COMMENT ON TABLE warehouse.year_leaf IS 'Large years of a dataset, each with the table in schema warehouse that holds its rows. All other years share <dataset>__years.';

ALTER TABLE ONLY catalog.dataset_column
    ADD CONSTRAINT dataset_column_dataset_ordinal_key UNIQUE (dataset, ordinal);

ALTER TABLE ONLY catalog.dataset_column
    ADD CONSTRAINT dataset_column_pkey PRIMARY KEY (dataset, name);

ALTER TABLE ONLY catalog.dataset
    ADD CONSTRAINT dataset_pkey PRIMARY KEY (name);

ALTER TABLE ONLY catalog.definition
    ADD CONSTRAINT definition_dataset_definition_hash_key UNIQUE (dataset, definition_hash);

ALTER TABLE ONLY catalog.definition
    ADD CONSTRAINT definition_pkey PRIMARY KEY (definition_hash);

ALTER TABLE ONLY catalog.source_file
    ADD CONSTRAINT source_file_file_key UNIQUE (file);

ALTER TABLE ONLY catalog.source_file
    ADD CONSTRAINT source_file_pkey PRIMARY KEY (ordinal);

ALTER TABLE ONLY lake.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY lake.manifest
    ADD CONSTRAINT manifest_path_key UNIQUE (path);

ALTER TABLE ONLY lake.manifest
    ADD CONSTRAINT manifest_pkey PRIMARY KEY (dataset, data_year, region, as_of);

ALTER TABLE ONLY lake.withdrawal
    ADD CONSTRAINT withdrawal_pkey PRIMARY KEY (publication_id);

ALTER TABLE ONLY lineage.input
    ADD CONSTRAINT input_pkey PRIMARY KEY (publication_id, ordinal);

ALTER TABLE ONLY lineage.open_run
    ADD CONSTRAINT open_run_pkey PRIMARY KEY (task_id, lease_token);

ALTER TABLE ONLY lineage.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY lineage.publication
    ADD CONSTRAINT publication_pkey PRIMARY KEY (publication_id);

ALTER TABLE ONLY lineage.publication
    ADD CONSTRAINT publication_task_id_lease_token_key UNIQUE (task_id, lease_token);

ALTER TABLE ONLY quality.check_result
    ADD CONSTRAINT check_result_pkey PRIMARY KEY (validation_id, ordinal);

ALTER TABLE ONLY quality.validation
    ADD CONSTRAINT validation_pkey PRIMARY KEY (validation_id);

ALTER TABLE ONLY queue.attempt_note
    ADD CONSTRAINT attempt_note_pkey PRIMARY KEY (task_id, lease_token);

ALTER TABLE ONLY queue.backfill
    ADD CONSTRAINT backfill_backfill_key_key UNIQUE (backfill_key);

ALTER TABLE ONLY queue.backfill
    ADD CONSTRAINT backfill_pkey PRIMARY KEY (backfill_id);

ALTER TABLE ONLY queue.blocked
    ADD CONSTRAINT blocked_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY queue.dataset_pause
    ADD CONSTRAINT dataset_pause_pkey PRIMARY KEY (dataset);

ALTER TABLE ONLY queue.delayed
    ADD CONSTRAINT delayed_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY queue.dependency
    ADD CONSTRAINT dependency_pkey PRIMARY KEY (upstream_task_id, task_id);

ALTER TABLE ONLY queue.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY queue.lane
    ADD CONSTRAINT lane_backfill_id_dataset_key UNIQUE (backfill_id, dataset);

ALTER TABLE ONLY queue.lane_definition
    ADD CONSTRAINT lane_definition_pkey PRIMARY KEY (lane_id, since);

ALTER TABLE ONLY queue.lane
    ADD CONSTRAINT lane_pkey PRIMARY KEY (lane_id);

ALTER TABLE ONLY queue.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY queue.lock_space
    ADD CONSTRAINT lock_space_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY queue.planned_task
    ADD CONSTRAINT planned_task_partition UNIQUE (lane_id, data_year, region);

ALTER TABLE ONLY queue.planned_task
    ADD CONSTRAINT planned_task_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY queue.progress
    ADD CONSTRAINT progress_pkey PRIMARY KEY (lane_id, data_year);

ALTER TABLE ONLY queue.ready
    ADD CONSTRAINT ready_pkey PRIMARY KEY (task_id);

ALTER TABLE ONLY queue.setting
    ADD CONSTRAINT setting_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY queue.skipped_partition
    ADD CONSTRAINT skipped_partition_pkey PRIMARY KEY (lane_id, data_year, region);

ALTER TABLE ONLY queue.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (source_id);

ALTER TABLE ONLY queue.task_definition
    ADD CONSTRAINT task_definition_pkey PRIMARY KEY (task_id, since);

ALTER TABLE ONLY queue.token_bucket
    ADD CONSTRAINT token_bucket_pkey PRIMARY KEY (source_id);

ALTER TABLE ONLY queue.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (worker_id);

ALTER TABLE ONLY review.decision
    ADD CONSTRAINT decision_pkey PRIMARY KEY (decision_id);

ALTER TABLE ONLY schedule.due
    ADD CONSTRAINT due_pkey PRIMARY KEY (flow, due_at);

ALTER TABLE ONLY schedule.flow
    ADD CONSTRAINT flow_pkey PRIMARY KEY (flow);

ALTER TABLE ONLY schedule.leader
    ADD CONSTRAINT leader_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY service.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (alert_id);

ALTER TABLE ONLY service.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (audit_id);

ALTER TABLE ONLY service.batch
    ADD CONSTRAINT batch_pkey PRIMARY KEY (batch_id);

ALTER TABLE ONLY service.batch_task
    ADD CONSTRAINT batch_task_pkey PRIMARY KEY (batch_id, task_id);

ALTER TABLE ONLY service.cell_count
    ADD CONSTRAINT cell_count_pkey PRIMARY KEY (dataset, state);

ALTER TABLE ONLY service.cell
    ADD CONSTRAINT cell_pkey PRIMARY KEY (dataset, data_year);

ALTER TABLE ONLY service.cell_state
    ADD CONSTRAINT cell_state_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY service.choice_count
    ADD CONSTRAINT choice_count_pkey PRIMARY KEY (backfill_id, as_of, dataset, state);

ALTER TABLE ONLY service.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (actor, key);

ALTER TABLE ONLY service.notice
    ADD CONSTRAINT notice_alert_id_destination_is_recovery_key UNIQUE (alert_id, destination, is_recovery);

ALTER TABLE ONLY service.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (notice_id);

ALTER TABLE ONLY service.silence
    ADD CONSTRAINT silence_pkey PRIMARY KEY (silence_id);

ALTER TABLE ONLY service.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (token_id);

ALTER TABLE ONLY service.token
    ADD CONSTRAINT token_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY warehouse.outline
    ADD CONSTRAINT outline_pkey PRIMARY KEY (set_id, level, geo_id);

ALTER TABLE ONLY warehouse.outline_set
    ADD CONSTRAINT outline_set_data_year_sha256_key UNIQUE (data_year, sha256);

ALTER TABLE ONLY warehouse.outline_set
    ADD CONSTRAINT outline_set_pkey PRIMARY KEY (set_id);

ALTER TABLE ONLY warehouse.partition
    ADD CONSTRAINT partition_pkey PRIMARY KEY (dataset, data_year, region);

ALTER TABLE ONLY warehouse.staging
    ADD CONSTRAINT staging_pkey PRIMARY KEY (table_name);

ALTER TABLE ONLY warehouse.year_leaf
    ADD CONSTRAINT year_leaf_pkey PRIMARY KEY (dataset, data_year);

ALTER TABLE ONLY warehouse.year_leaf
    ADD CONSTRAINT year_leaf_table_name_key UNIQUE (table_name);

CREATE INDEX manifest_committed ON lake.manifest USING btree (committed_at) WHERE (state = 'committed'::text);

CREATE INDEX manifest_publication ON lake.manifest USING btree (publication_id);

CREATE INDEX manifest_vintage ON lake.manifest USING btree (dataset, as_of);

CREATE INDEX input_publication_read ON lineage.input USING btree (input_publication_id) WHERE (input_publication_id IS NOT NULL);

CREATE INDEX outbox_delivered ON lineage.outbox USING btree (delivered_at) WHERE (delivered_at IS NOT NULL);

CREATE INDEX outbox_waiting ON lineage.outbox USING btree (next_attempt_at, event_id) WHERE (delivered_at IS NULL);

CREATE INDEX publication_freshness ON lineage.publication USING btree (dataset, published_at);

CREATE INDEX publication_partition ON lineage.publication USING btree (dataset, data_year, region, as_of, publication_id);

CREATE INDEX publication_published_at ON lineage.publication USING btree (published_at);

CREATE INDEX validation_partition ON quality.validation USING btree (dataset, data_year, region, validation_id);

CREATE INDEX validation_publication ON quality.validation USING btree (publication_id);

CREATE INDEX validation_task ON quality.validation USING btree (task_id, validation_id);

CREATE INDEX validation_warned ON quality.validation USING btree (dataset, data_year) WHERE ((warned_count > 0) AND success AND (publication_id IS NOT NULL));

CREATE INDEX backfill_open ON queue.backfill USING btree (backfill_id) WHERE (finished_at IS NULL);

CREATE INDEX delayed_due ON queue.delayed USING btree (run_at, task_id);

CREATE INDEX dependency_across ON queue.dependency USING btree (task_id) WHERE across;

CREATE INDEX dependency_task ON queue.dependency USING btree (task_id);

CREATE INDEX event_backfill ON queue.event USING btree (backfill_id, event_id);

CREATE INDEX lane_dataset ON queue.lane USING btree (dataset);

CREATE INDEX lane_open ON queue.lane USING btree (priority, head_rank, lane_id) WHERE (closed_at IS NULL);

CREATE INDEX lease_by_token ON queue.lease USING btree (lease_token);

CREATE INDEX outcome_attempt ON queue.outcome USING btree (task_id) WHERE (NOT final);

CREATE INDEX outcome_cancelled ON queue.outcome USING btree (task_id) WHERE (final AND (kind = 'cancelled'::queue.outcome_kind));

CREATE INDEX outcome_error ON queue.outcome USING btree (lane_id) WHERE (error_class IS NOT NULL);

CREATE INDEX outcome_failed ON queue.outcome USING btree (task_id) WHERE (final AND (kind = 'failed'::queue.outcome_kind));

CREATE UNIQUE INDEX outcome_final ON queue.outcome USING btree (task_id) WHERE final;

CREATE INDEX outcome_finished_at ON queue.outcome USING brin (finished_at) WITH (pages_per_range='32');

CREATE INDEX outcome_remarkable ON queue.outcome USING btree (lane_id) WHERE ((kind = 'completed'::queue.outcome_kind) AND (((result ->> 'outcome'::text) = 'lake_only'::text) OR ((result ->> 'warnings'::text) <> '0'::text)));

CREATE INDEX progress_changed ON queue.progress USING btree (changed_in);

CREATE INDEX ready_order ON queue.ready USING btree (lane_id, rank, task_id);

CREATE INDEX worker_live ON queue.worker USING btree (worker_id) WHERE (ended_at IS NULL);

CREATE INDEX worker_missing ON queue.worker USING btree (worker_id) WHERE ((ended_at IS NULL) AND (lock_missing_since IS NOT NULL));

CREATE INDEX decision_row ON review.decision USING btree (dataset, row_id, decision_id DESC);

CREATE INDEX due_waiting ON schedule.due USING btree (flow, due_at) WHERE (fate = 'waiting'::text);

CREATE INDEX alert_ended ON service.alert USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE UNIQUE INDEX alert_open ON service.alert USING btree (kind, subject) WHERE (ended_at IS NULL);

CREATE INDEX audit_at ON service.audit USING btree (at);

CREATE INDEX batch_open ON service.batch USING btree (batch_id) WHERE (finished_at IS NULL);

CREATE INDEX batch_task_waiting ON service.batch_task USING btree (batch_id, task_id) WHERE (result IS NULL);

CREATE INDEX cell_running ON service.cell USING btree (dataset, data_year) WHERE (running > 0);

CREATE INDEX cell_waiting ON service.cell USING btree (dataset, data_year) WHERE (waiting > 0);

CREATE INDEX choice_count_dataset ON service.choice_count USING btree (dataset) WHERE (NOT is_stale);

CREATE INDEX idempotency_at ON service.idempotency USING btree (at);

CREATE INDEX notice_waiting ON service.notice USING btree (next_attempt_at, notice_id) WHERE (delivered_at IS NULL);

CREATE UNIQUE INDEX token_name ON service.token USING btree (name) WHERE (revoked_at IS NULL);

CREATE INDEX outline_shape ON warehouse.outline USING gist (shape);

CREATE INDEX partition_vintage ON warehouse.partition USING btree (dataset, data_year, as_of);

CREATE TRIGGER marks_cells AFTER INSERT OR DELETE ON catalog.dataset FOR EACH ROW EXECUTE FUNCTION service._mark_row();

CREATE TRIGGER marks_cells_update AFTER UPDATE ON catalog.dataset FOR EACH ROW WHEN (((old.definition_hash IS DISTINCT FROM new.definition_hash) OR (old.depends_on IS DISTINCT FROM new.depends_on))) EXECUTE FUNCTION service._mark_row();

CREATE TRIGGER marks_cells_delete AFTER DELETE ON lake.manifest REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();

CREATE TRIGGER marks_cells_insert AFTER INSERT ON lake.manifest REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();

CREATE TRIGGER marks_cells_update AFTER UPDATE ON lake.manifest REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();

CREATE TRIGGER marks_cells_delete AFTER DELETE ON quality.validation REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();

CREATE TRIGGER marks_cells_insert AFTER INSERT ON quality.validation REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_cells();

CREATE TRIGGER marks_cells AFTER UPDATE OF paused_at ON queue.backfill FOR EACH ROW WHEN ((old.paused_at IS DISTINCT FROM new.paused_at)) EXECUTE FUNCTION service._mark_row();

CREATE TRIGGER marks_cells AFTER INSERT OR DELETE ON queue.dataset_pause FOR EACH ROW EXECUTE FUNCTION service._mark_row();

CREATE TRIGGER marks_cells AFTER UPDATE OF paused_at ON queue.lane FOR EACH ROW WHEN ((old.paused_at IS DISTINCT FROM new.paused_at)) EXECUTE FUNCTION service._mark_row();

CREATE TRIGGER marks_cells AFTER UPDATE OF paused_at ON queue.setting FOR EACH ROW WHEN ((old.paused_at IS DISTINCT FROM new.paused_at)) EXECUTE FUNCTION service._mark_row();

CREATE TRIGGER marks_cells_delete AFTER DELETE ON queue.planned_task REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_lanes();

CREATE TRIGGER marks_cells_delete AFTER DELETE ON queue.progress REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION service._mark_lanes();

CREATE TRIGGER marks_cells AFTER UPDATE OF as_of ON warehouse.partition FOR EACH ROW WHEN ((old.as_of IS DISTINCT FROM new.as_of)) EXECUTE FUNCTION service._mark_row();

ALTER TABLE ONLY catalog.dataset_column
    ADD CONSTRAINT dataset_column_dataset_fkey FOREIGN KEY (dataset) REFERENCES catalog.dataset(name) ON DELETE CASCADE;

ALTER TABLE ONLY catalog.dataset
    ADD CONSTRAINT dataset_name_definition_hash_fkey FOREIGN KEY (name, definition_hash) REFERENCES catalog.definition(dataset, definition_hash);

ALTER TABLE ONLY lake.manifest
    ADD CONSTRAINT manifest_publication_id_fkey FOREIGN KEY (publication_id) REFERENCES lineage.publication(publication_id);

ALTER TABLE ONLY lake.withdrawal
    ADD CONSTRAINT withdrawal_publication_id_fkey FOREIGN KEY (publication_id) REFERENCES lineage.publication(publication_id) ON DELETE CASCADE;

ALTER TABLE ONLY lake.withdrawal
    ADD CONSTRAINT withdrawal_shown_publication_id_fkey FOREIGN KEY (shown_publication_id) REFERENCES lineage.publication(publication_id) ON DELETE SET NULL;

ALTER TABLE ONLY lineage.input
    ADD CONSTRAINT input_input_publication_id_fkey FOREIGN KEY (input_publication_id) REFERENCES lineage.publication(publication_id) ON DELETE SET NULL;

ALTER TABLE ONLY lineage.input
    ADD CONSTRAINT input_publication_id_fkey FOREIGN KEY (publication_id) REFERENCES lineage.publication(publication_id) ON DELETE CASCADE;

ALTER TABLE ONLY lineage.publication
    ADD CONSTRAINT publication_definition_hash_fkey FOREIGN KEY (definition_hash) REFERENCES catalog.definition(definition_hash);

ALTER TABLE ONLY quality.check_result
    ADD CONSTRAINT check_result_validation_id_fkey FOREIGN KEY (validation_id) REFERENCES quality.validation(validation_id) ON DELETE CASCADE;

ALTER TABLE ONLY quality.validation
    ADD CONSTRAINT validation_publication_id_fkey FOREIGN KEY (publication_id) REFERENCES lineage.publication(publication_id);

ALTER TABLE ONLY queue.lane
    ADD CONSTRAINT lane_backfill_id_fkey FOREIGN KEY (backfill_id) REFERENCES queue.backfill(backfill_id) ON DELETE CASCADE;

ALTER TABLE ONLY queue.lane_definition
    ADD CONSTRAINT lane_definition_lane_id_fkey FOREIGN KEY (lane_id) REFERENCES queue.lane(lane_id) ON DELETE CASCADE;

ALTER TABLE ONLY queue.skipped_partition
    ADD CONSTRAINT skipped_partition_lane_id_fkey FOREIGN KEY (lane_id) REFERENCES queue.lane(lane_id) ON DELETE CASCADE;

ALTER TABLE ONLY queue.task_definition
    ADD CONSTRAINT task_definition_task_id_fkey FOREIGN KEY (task_id) REFERENCES queue.planned_task(task_id) ON DELETE CASCADE;

ALTER TABLE ONLY queue.token_bucket
    ADD CONSTRAINT token_bucket_source_id_fkey FOREIGN KEY (source_id) REFERENCES queue.source(source_id) ON DELETE CASCADE;

ALTER TABLE ONLY schedule.due
    ADD CONSTRAINT due_flow_fkey FOREIGN KEY (flow) REFERENCES schedule.flow(flow);

ALTER TABLE ONLY service.batch_task
    ADD CONSTRAINT batch_task_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES service.batch(batch_id) ON DELETE CASCADE;

ALTER TABLE ONLY service.notice
    ADD CONSTRAINT notice_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES service.alert(alert_id) ON DELETE CASCADE;

ALTER TABLE ONLY warehouse.outline
    ADD CONSTRAINT outline_set_id_fkey FOREIGN KEY (set_id) REFERENCES warehouse.outline_set(set_id) ON DELETE CASCADE;

ALTER TABLE ONLY warehouse.outline_set
    ADD CONSTRAINT outline_set_publication_id_fkey FOREIGN KEY (publication_id) REFERENCES lineage.publication(publication_id);

ALTER TABLE ONLY warehouse.partition
    ADD CONSTRAINT partition_dataset_fkey FOREIGN KEY (dataset) REFERENCES catalog.dataset(name);

ALTER TABLE ONLY warehouse.partition
    ADD CONSTRAINT partition_publication_id_fkey FOREIGN KEY (publication_id) REFERENCES lineage.publication(publication_id);

ALTER TABLE ONLY warehouse.year_leaf
    ADD CONSTRAINT year_leaf_dataset_fkey FOREIGN KEY (dataset) REFERENCES catalog.dataset(name);

GRANT USAGE ON SCHEMA catalog TO aker_admin;
GRANT USAGE ON SCHEMA catalog TO aker_worker;
GRANT USAGE ON SCHEMA catalog TO aker_reader;

GRANT USAGE ON SCHEMA lake TO aker_admin;
GRANT USAGE ON SCHEMA lake TO aker_worker;
GRANT USAGE ON SCHEMA lake TO aker_reader;

GRANT USAGE ON SCHEMA lineage TO aker_admin;
GRANT USAGE ON SCHEMA lineage TO aker_worker;
GRANT USAGE ON SCHEMA lineage TO aker_reader;

GRANT USAGE ON SCHEMA quality TO aker_admin;
GRANT USAGE ON SCHEMA quality TO aker_worker;
GRANT USAGE ON SCHEMA quality TO aker_reader;

GRANT USAGE ON SCHEMA queue TO aker_admin;
GRANT USAGE ON SCHEMA queue TO aker_worker;
GRANT USAGE ON SCHEMA queue TO aker_reader;
GRANT USAGE ON SCHEMA queue TO aker_monitor;

GRANT USAGE ON SCHEMA review TO aker_admin;
GRANT USAGE ON SCHEMA review TO aker_worker;
GRANT USAGE ON SCHEMA review TO aker_reader;

GRANT USAGE ON SCHEMA schedule TO aker_admin;
GRANT USAGE ON SCHEMA schedule TO aker_worker;
GRANT USAGE ON SCHEMA schedule TO aker_reader;

GRANT USAGE ON SCHEMA service TO aker_admin;
GRANT USAGE ON SCHEMA service TO aker_worker;
GRANT USAGE ON SCHEMA service TO aker_reader;
GRANT USAGE ON SCHEMA service TO aker_monitor;

GRANT USAGE ON SCHEMA warehouse TO aker_admin;
GRANT USAGE ON SCHEMA warehouse TO aker_worker;
GRANT USAGE ON SCHEMA warehouse TO aker_reader;

REVOKE ALL ON FUNCTION catalog._rights() FROM PUBLIC;

REVOKE ALL ON FUNCTION catalog.apply_dataset(declaration jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.apply_dataset(declaration jsonb) TO aker_admin;

REVOKE ALL ON FUNCTION catalog.apply_sources(files text[], texts text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.apply_sources(files text[], texts text[]) TO aker_admin;

REVOKE ALL ON FUNCTION catalog.apply_view(view_name text, query text, description text) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.apply_view(view_name text, query text, description text) TO aker_admin;

REVOKE ALL ON FUNCTION catalog.lock_apply() FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.lock_apply() TO aker_admin;

REVOKE ALL ON FUNCTION lake._is_left_behind(publication bigint, found boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION lake._own_id() FROM PUBLIC;

REVOKE ALL ON FUNCTION lake.adopt(place text, host_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.adopt(place text, host_name text) TO aker_admin;

REVOKE ALL ON FUNCTION lake.begin_publication(dataset_name text, year integer, region_name text, vintage text, output_hash text, task bigint, token bigint, OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.begin_publication(dataset_name text, year integer, region_name text, vintage text, output_hash text, task bigint, token bigint, OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION lake.begin_publication(dataset_name text, year integer, region_name text, vintage text, output_hash text, task bigint, token bigint, OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint) TO aker_worker;

REVOKE ALL ON FUNCTION lake.begin_withdrawal(dataset_name text, year integer, region_name text, vintage text) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.begin_withdrawal(dataset_name text, year integer, region_name text, vintage text) TO aker_admin;

REVOKE ALL ON FUNCTION lake.builder_of(dataset_name text, year integer, region_name text, vintage text) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.builder_of(dataset_name text, year integer, region_name text, vintage text) TO aker_admin;
GRANT ALL ON FUNCTION lake.builder_of(dataset_name text, year integer, region_name text, vintage text) TO aker_worker;
GRANT ALL ON FUNCTION lake.builder_of(dataset_name text, year integer, region_name text, vintage text) TO aker_reader;

REVOKE ALL ON FUNCTION lake.create_withdrawal_table(dataset_name text, year integer, region_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.create_withdrawal_table(dataset_name text, year integer, region_name text) TO aker_admin;

REVOKE ALL ON FUNCTION lake.establish(place text, said_id text, host_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.establish(place text, said_id text, host_name text) TO aker_admin;
GRANT ALL ON FUNCTION lake.establish(place text, said_id text, host_name text) TO aker_worker;

REVOKE ALL ON FUNCTION lake.expired_vintages(dataset_name text, kept_count integer) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.expired_vintages(dataset_name text, kept_count integer) TO aker_admin;
GRANT ALL ON FUNCTION lake.expired_vintages(dataset_name text, kept_count integer) TO aker_worker;
GRANT ALL ON FUNCTION lake.expired_vintages(dataset_name text, kept_count integer) TO aker_reader;

REVOKE ALL ON FUNCTION lake.forget_file(publication bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.forget_file(publication bigint) TO aker_admin;

REVOKE ALL ON FUNCTION lake.live_staging(names text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.live_staging(names text[]) TO aker_admin;
GRANT ALL ON FUNCTION lake.live_staging(names text[]) TO aker_worker;

REVOKE ALL ON FUNCTION lake.mark_in_place(publication bigint, found boolean, token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.mark_in_place(publication bigint, found boolean, token bigint) TO aker_admin;
GRANT ALL ON FUNCTION lake.mark_in_place(publication bigint, found boolean, token bigint) TO aker_worker;

REVOKE ALL ON FUNCTION lake.publication_file(publication bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.publication_file(publication bigint) TO aker_admin;
GRANT ALL ON FUNCTION lake.publication_file(publication bigint) TO aker_worker;
GRANT ALL ON FUNCTION lake.publication_file(publication bigint) TO aker_reader;

REVOKE ALL ON FUNCTION lake.record_publication(publication jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.record_publication(publication jsonb) TO aker_admin;
GRANT ALL ON FUNCTION lake.record_publication(publication jsonb) TO aker_worker;

REVOKE ALL ON FUNCTION lake.record_withdrawal(publication bigint, shown_publication bigint, why text, rows_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION lake.record_withdrawal(publication bigint, shown_publication bigint, why text, rows_table text) TO aker_admin;

REVOKE ALL ON FUNCTION lineage.close_lost_runs() FROM PUBLIC;
GRANT ALL ON FUNCTION lineage.close_lost_runs() TO aker_admin;
GRANT ALL ON FUNCTION lineage.close_lost_runs() TO aker_worker;

REVOKE ALL ON FUNCTION lineage.end_run(task bigint, token bigint, end_event jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION lineage.end_run(task bigint, token bigint, end_event jsonb) TO aker_admin;
GRANT ALL ON FUNCTION lineage.end_run(task bigint, token bigint, end_event jsonb) TO aker_worker;

REVOKE ALL ON FUNCTION lineage.prune_outbox() FROM PUBLIC;
GRANT ALL ON FUNCTION lineage.prune_outbox() TO aker_admin;
GRANT ALL ON FUNCTION lineage.prune_outbox() TO aker_worker;

REVOKE ALL ON FUNCTION lineage.settle_event(event bigint, failure text) FROM PUBLIC;
GRANT ALL ON FUNCTION lineage.settle_event(event bigint, failure text) TO aker_admin;
GRANT ALL ON FUNCTION lineage.settle_event(event bigint, failure text) TO aker_worker;

REVOKE ALL ON FUNCTION lineage.start_run(task bigint, token bigint, start_event jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION lineage.start_run(task bigint, token bigint, start_event jsonb) TO aker_admin;
GRANT ALL ON FUNCTION lineage.start_run(task bigint, token bigint, start_event jsonb) TO aker_worker;

REVOKE ALL ON FUNCTION lineage.take_events(wanted integer, hide_interval interval) FROM PUBLIC;
GRANT ALL ON FUNCTION lineage.take_events(wanted integer, hide_interval interval) TO aker_admin;
GRANT ALL ON FUNCTION lineage.take_events(wanted integer, hide_interval interval) TO aker_worker;

REVOKE ALL ON FUNCTION quality._store_validation(validation jsonb, publication bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION quality.expected(arguments jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION quality.expected(arguments jsonb) TO aker_admin;
GRANT ALL ON FUNCTION quality.expected(arguments jsonb) TO aker_worker;
GRANT ALL ON FUNCTION quality.expected(arguments jsonb) TO aker_reader;

REVOKE ALL ON FUNCTION quality.record_validation(validation jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION quality.record_validation(validation jsonb) TO aker_admin;
GRANT ALL ON FUNCTION quality.record_validation(validation jsonb) TO aker_worker;

REVOKE ALL ON FUNCTION queue._asked_regions(datasets text[], regions text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._asked_regions(datasets text[], regions text[]) TO aker_admin;
GRANT ALL ON FUNCTION queue._asked_regions(datasets text[], regions text[]) TO aker_worker;
GRANT ALL ON FUNCTION queue._asked_regions(datasets text[], regions text[]) TO aker_reader;

REVOKE ALL ON FUNCTION queue._begin_life(before text, life text) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._caller_operates() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._check_request(datasets text[], years integer[], as_of text, mode text) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._complete(task_ids bigint[], lease_tokens bigint[], results jsonb[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._counted(number bigint, noun text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._counted(number bigint, noun text) TO aker_admin;
GRANT ALL ON FUNCTION queue._counted(number bigint, noun text) TO aker_worker;
GRANT ALL ON FUNCTION queue._counted(number bigint, noun text) TO aker_reader;

REVOKE ALL ON FUNCTION queue._definition_of(task_id bigint, at timestamp with time zone, planned text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._definition_of(task_id bigint, at timestamp with time zone, planned text) TO aker_admin;
GRANT ALL ON FUNCTION queue._definition_of(task_id bigint, at timestamp with time zone, planned text) TO aker_worker;
GRANT ALL ON FUNCTION queue._definition_of(task_id bigint, at timestamp with time zone, planned text) TO aker_reader;

REVOKE ALL ON FUNCTION queue._end_unserved() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._ended_partitions(datasets text[], as_of text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._ended_partitions(datasets text[], as_of text) TO aker_admin;
GRANT ALL ON FUNCTION queue._ended_partitions(datasets text[], as_of text) TO aker_worker;
GRANT ALL ON FUNCTION queue._ended_partitions(datasets text[], as_of text) TO aker_reader;

REVOKE ALL ON FUNCTION queue._enter_life() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._fail_dependents(upstream_task_id bigint, why text) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._floor(lane_id integer, now_at bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._floor(lane_id integer, now_at bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue._floor(lane_id integer, now_at bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue._floor(lane_id integer, now_at bigint) TO aker_reader;

REVOKE ALL ON FUNCTION queue._held_elsewhere(task_ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text) TO aker_admin;
GRANT ALL ON FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text) TO aker_worker;
GRANT ALL ON FUNCTION queue._held_partitions(datasets text[], as_of text, own_key text) TO aker_reader;

REVOKE ALL ON FUNCTION queue._held_words(held_by bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._incarnation() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._is_claimable() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._is_mine(worker_id integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._is_one_missing() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._life() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._link_tasks(backfill_id bigint, as_of text, after_task_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._lock_backfill(backfill_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._lock_backfill_shared(backfill_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._lock_key(purpose text) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._look(OUT claimable boolean, OUT pending boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._made_partitions(datasets text[], as_of text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._made_partitions(datasets text[], as_of text) TO aker_admin;
GRANT ALL ON FUNCTION queue._made_partitions(datasets text[], as_of text) TO aker_worker;
GRANT ALL ON FUNCTION queue._made_partitions(datasets text[], as_of text) TO aker_reader;

REVOKE ALL ON FUNCTION queue._notify(task_count bigint) FROM PUBLIC;

GRANT SELECT ON TABLE queue.backfill TO aker_admin;
GRANT SELECT ON TABLE queue.backfill TO aker_worker;
GRANT SELECT ON TABLE queue.backfill TO aker_reader;

REVOKE ALL ON FUNCTION queue._open_backfill(request queue.backfill) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._open_upstream_count(task_id bigint, done bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._place_tasks(after_task_id bigint, with_dependencies boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._published_since(task_ids bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._published_words(task_id bigint, publication_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._raise_lease_lost(task_id bigint, lease_token bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._rank(at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._release_dependents(done bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._reopen(backfill_id bigint, task_ids bigint[], named text) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._require_lease(task_id bigint, lease_token bigint, dataset text, data_year integer, region text, as_of text) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._room(source_ids text[], backfill_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._room(source_ids text[], backfill_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue._room(source_ids text[], backfill_id bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue._room(source_ids text[], backfill_id bigint) TO aker_reader;

REVOKE ALL ON FUNCTION queue._rooms(sources text[], backfills bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._rooms(sources text[], backfills bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION queue._rooms(sources text[], backfills bigint[]) TO aker_worker;
GRANT ALL ON FUNCTION queue._rooms(sources text[], backfills bigint[]) TO aker_reader;

REVOKE ALL ON FUNCTION queue._round(OUT claimable boolean, OUT pending boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._round_interval() FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._running(limits text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._running(limits text[]) TO aker_admin;
GRANT ALL ON FUNCTION queue._running(limits text[]) TO aker_worker;
GRANT ALL ON FUNCTION queue._running(limits text[]) TO aker_reader;

REVOKE ALL ON FUNCTION queue._server_began_at() FROM PUBLIC;

GRANT SELECT(lease_token) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(lease_token) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(lease_token) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(task_id) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(task_id) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(task_id) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(started_at) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(started_at) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(started_at) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(deadline_at) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(deadline_at) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(deadline_at) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(worker_id) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(worker_id) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(worker_id) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(lane_id) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(lane_id) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(lane_id) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(data_year) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(data_year) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(data_year) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(attempt_count) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(attempt_count) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(attempt_count) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(lost_count) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(lost_count) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(lost_count) ON TABLE queue.lease TO aker_reader;

GRANT SELECT(throttle_count) ON TABLE queue.lease TO aker_admin;
GRANT SELECT(throttle_count) ON TABLE queue.lease TO aker_worker;
GRANT SELECT(throttle_count) ON TABLE queue.lease TO aker_reader;

REVOKE ALL ON FUNCTION queue._settle(l queue.lease, kind queue.outcome_kind, error_class text, reason text, detail jsonb, run_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._settle_lanes(backfill_id bigint, after_task_id bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._shares(slots integer, now_at bigint, only_datasets text[], only_sources text[], full_sources text[], full_backfills bigint[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._superseded(datasets text[], years integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._superseded(datasets text[], years integer[]) TO aker_admin;
GRANT ALL ON FUNCTION queue._superseded(datasets text[], years integer[]) TO aker_worker;
GRANT ALL ON FUNCTION queue._superseded(datasets text[], years integer[]) TO aker_reader;

REVOKE ALL ON FUNCTION queue._take(worker_id integer, lane_id integer, wanted integer, now_at bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._take_back(task_id bigint, lease_token bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION queue._task_name(task_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue._task_name(task_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue._task_name(task_id bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue._task_name(task_id bigint) TO aker_reader;

REVOKE ALL ON FUNCTION queue.cancel_backfill(backfill_id bigint, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.cancel_backfill(backfill_id bigint, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.cancel_backfill(backfill_id bigint, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.cancel_task(task_id bigint, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.cancel_task(task_id bigint, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.cancel_task(task_id bigint, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.cells(datasets text[], years integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.cells(datasets text[], years integer[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.cells(datasets text[], years integer[]) TO aker_worker;
GRANT ALL ON FUNCTION queue.cells(datasets text[], years integer[]) TO aker_reader;

REVOKE ALL ON FUNCTION queue.claim(worker_id integer, slots integer, only_datasets text[], only_sources text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.claim(worker_id integer, slots integer, only_datasets text[], only_sources text[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.claim(worker_id integer, slots integer, only_datasets text[], only_sources text[]) TO aker_worker;

REVOKE ALL ON FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) TO aker_worker;

REVOKE ALL ON FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb) TO aker_admin;
GRANT ALL ON FUNCTION queue.complete(task_id bigint, lease_token bigint, result jsonb) TO aker_worker;

REVOKE ALL ON FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[], results jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[], results jsonb[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.complete_many(task_ids bigint[], lease_tokens bigint[], results jsonb[]) TO aker_worker;

REVOKE ALL ON FUNCTION queue.configure_source(source_id text, max_running integer, tokens_per_second double precision, burst double precision, daily_quota integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.configure_source(source_id text, max_running integer, tokens_per_second double precision, burst double precision, daily_quota integer) TO aker_admin;

REVOKE ALL ON FUNCTION queue.contracts() FROM PUBLIC;
GRANT ALL ON FUNCTION queue.contracts() TO aker_admin;
GRANT ALL ON FUNCTION queue.contracts() TO aker_worker;
GRANT ALL ON FUNCTION queue.contracts() TO aker_reader;

REVOKE ALL ON FUNCTION queue.cool_down(source_id text, wait_interval interval, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.cool_down(source_id text, wait_interval interval, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.cool_down(source_id text, wait_interval interval, reason text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.drain_unserved(served int4range) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.drain_unserved(served int4range) TO aker_admin;

REVOKE ALL ON FUNCTION queue.drain_worker(worker_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.drain_worker(worker_id integer) TO aker_admin;
GRANT ALL ON FUNCTION queue.drain_worker(worker_id integer) TO aker_worker;

REVOKE ALL ON FUNCTION queue.end_cool_down(source_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.end_cool_down(source_id text) TO aker_admin;
GRANT ALL ON FUNCTION queue.end_cool_down(source_id text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.ending(task_id bigint, lease_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.ending(task_id bigint, lease_token bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.ending(task_id bigint, lease_token bigint) TO aker_worker;

REVOKE ALL ON FUNCTION queue.enqueue_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, newest_first boolean, priority integer, max_running integer, backfill_key text, note text, max_attempts integer, task_timeout interval, requested_by text, allow_future_vintage boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.enqueue_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, newest_first boolean, priority integer, max_running integer, backfill_key text, note text, max_attempts integer, task_timeout interval, requested_by text, allow_future_vintage boolean) TO aker_admin;
GRANT ALL ON FUNCTION queue.enqueue_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, newest_first boolean, priority integer, max_running integer, backfill_key text, note text, max_attempts integer, task_timeout interval, requested_by text, allow_future_vintage boolean) TO aker_operator;

REVOKE ALL ON FUNCTION queue.excuse_loss(worker_id integer, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.excuse_loss(worker_id integer, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.excuse_loss(worker_id integer, reason text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.fail(task_id bigint, lease_token bigint, error_class text, reason text, detail jsonb, retry_after interval, fingerprint text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.fail(task_id bigint, lease_token bigint, error_class text, reason text, detail jsonb, retry_after interval, fingerprint text) TO aker_admin;
GRANT ALL ON FUNCTION queue.fail(task_id bigint, lease_token bigint, error_class text, reason text, detail jsonb, retry_after interval, fingerprint text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.fence(task_id bigint, lease_token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.fence(task_id bigint, lease_token bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.fence(task_id bigint, lease_token bigint) TO aker_worker;

REVOKE ALL ON FUNCTION queue.follow_definition(dataset text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.follow_definition(dataset text) TO aker_admin;

REVOKE ALL ON FUNCTION queue.give_back(task_id bigint, lease_token bigint, reason text, detail jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.give_back(task_id bigint, lease_token bigint, reason text, detail jsonb) TO aker_admin;
GRANT ALL ON FUNCTION queue.give_back(task_id bigint, lease_token bigint, reason text, detail jsonb) TO aker_worker;

REVOKE ALL ON FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.heartbeat(worker_id integer, lease_tokens bigint[]) TO aker_worker;

REVOKE ALL ON FUNCTION queue.held_elsewhere(task_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.held_elsewhere(task_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.held_elsewhere(task_id bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue.held_elsewhere(task_id bigint) TO aker_reader;

REVOKE ALL ON FUNCTION queue.hold_worker_lock(worker_id integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.hold_worker_lock(worker_id integer) TO aker_admin;
GRANT ALL ON FUNCTION queue.hold_worker_lock(worker_id integer) TO aker_worker;

REVOKE ALL ON FUNCTION queue.left_alone(task_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.left_alone(task_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.left_alone(task_id bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue.left_alone(task_id bigint) TO aker_reader;

REVOKE ALL ON FUNCTION queue.name_definition(task_id bigint, definition text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.name_definition(task_id bigint, definition text) TO aker_admin;

REVOKE ALL ON FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.note_attempts(task_ids bigint[], lease_tokens bigint[], details jsonb[]) TO aker_worker;

REVOKE ALL ON FUNCTION queue.pause_backfill(backfill_id bigint, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.pause_backfill(backfill_id bigint, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.pause_backfill(backfill_id bigint, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.pause_dataset(dataset text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.pause_dataset(dataset text, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.pause_dataset(dataset text, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.pause_queue(reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.pause_queue(reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.pause_queue(reason text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.pause_source(source_id text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.pause_source(source_id text, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.pause_source(source_id text, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.plan_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, backfill_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.plan_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, backfill_key text) TO aker_admin;
GRANT ALL ON FUNCTION queue.plan_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, backfill_key text) TO aker_worker;
GRANT ALL ON FUNCTION queue.plan_backfill(datasets text[], years integer[], as_of text, regions text[], mode text, backfill_key text) TO aker_reader;

REVOKE ALL ON FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text) TO aker_admin;
GRANT ALL ON FUNCTION queue.prioritize_backfill(backfill_id bigint, priority integer, dataset text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.prioritize_task(task_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.prioritize_task(task_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.prioritize_task(task_id bigint) TO aker_operator;

REVOKE ALL ON FUNCTION queue.promote_due(batch_size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.promote_due(batch_size integer) TO aker_admin;
GRANT ALL ON FUNCTION queue.promote_due(batch_size integer) TO aker_worker;

REVOKE ALL ON FUNCTION queue.prune(older_than interval, batch_size integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.prune(older_than interval, batch_size integer) TO aker_admin;

REVOKE ALL ON FUNCTION queue.reap() FROM PUBLIC;
GRANT ALL ON FUNCTION queue.reap() TO aker_admin;
GRANT ALL ON FUNCTION queue.reap() TO aker_worker;

REVOKE ALL ON FUNCTION queue.register_worker(name text, host text, pid integer, version text, slots integer, session_lock boolean, contract integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.register_worker(name text, host text, pid integer, version text, slots integer, session_lock boolean, contract integer) TO aker_admin;
GRANT ALL ON FUNCTION queue.register_worker(name text, host text, pid integer, version text, slots integer, session_lock boolean, contract integer) TO aker_worker;

REVOKE ALL ON FUNCTION queue.release(task_id bigint, lease_token bigint, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.release(task_id bigint, lease_token bigint, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.release(task_id bigint, lease_token bigint, reason text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.release_unknown(worker_id integer, known_tokens bigint[]) TO aker_worker;

REVOKE ALL ON FUNCTION queue.report_host(worker_id integer, trouble text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.report_host(worker_id integer, trouble text) TO aker_admin;
GRANT ALL ON FUNCTION queue.report_host(worker_id integer, trouble text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.require_contract(contract integer, version text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.require_contract(contract integer, version text) TO aker_admin;
GRANT ALL ON FUNCTION queue.require_contract(contract integer, version text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.require_vintage(as_of text, allow_future boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.require_vintage(as_of text, allow_future boolean) TO aker_admin;
GRANT ALL ON FUNCTION queue.require_vintage(as_of text, allow_future boolean) TO aker_worker;
GRANT ALL ON FUNCTION queue.require_vintage(as_of text, allow_future boolean) TO aker_reader;

REVOKE ALL ON FUNCTION queue.resume_backfill(backfill_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.resume_backfill(backfill_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.resume_backfill(backfill_id bigint) TO aker_operator;

REVOKE ALL ON FUNCTION queue.resume_dataset(dataset text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.resume_dataset(dataset text) TO aker_admin;
GRANT ALL ON FUNCTION queue.resume_dataset(dataset text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.resume_queue() FROM PUBLIC;
GRANT ALL ON FUNCTION queue.resume_queue() TO aker_admin;
GRANT ALL ON FUNCTION queue.resume_queue() TO aker_operator;

REVOKE ALL ON FUNCTION queue.resume_source(source_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.resume_source(source_id text) TO aker_admin;
GRANT ALL ON FUNCTION queue.resume_source(source_id text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.retry_backfill(backfill_id bigint, error_class text, dataset text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.retry_backfill(backfill_id bigint, error_class text, dataset text) TO aker_admin;
GRANT ALL ON FUNCTION queue.retry_backfill(backfill_id bigint, error_class text, dataset text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.retry_task(task_id bigint, definition text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.retry_task(task_id bigint, definition text) TO aker_admin;
GRANT ALL ON FUNCTION queue.retry_task(task_id bigint, definition text) TO aker_operator;

REVOKE ALL ON FUNCTION queue.return_tokens(source_id text, unused integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.return_tokens(source_id text, unused integer) TO aker_admin;
GRANT ALL ON FUNCTION queue.return_tokens(source_id text, unused integer) TO aker_worker;

REVOKE ALL ON FUNCTION queue.sign(fact text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.sign(fact text) TO aker_admin;
GRANT ALL ON FUNCTION queue.sign(fact text) TO aker_worker;
GRANT ALL ON FUNCTION queue.sign(fact text) TO aker_reader;

REVOKE ALL ON FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.snooze(task_id bigint, lease_token bigint, wait_interval interval, reason text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.standstill(backfill_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.standstill(backfill_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.standstill(backfill_id bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue.standstill(backfill_id bigint) TO aker_reader;

REVOKE ALL ON FUNCTION queue.stop_worker(worker_id integer, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.stop_worker(worker_id integer, reason text) TO aker_admin;
GRANT ALL ON FUNCTION queue.stop_worker(worker_id integer, reason text) TO aker_worker;

REVOKE ALL ON FUNCTION queue.take_tokens(source_id text, wanted integer) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.take_tokens(source_id text, wanted integer) TO aker_admin;
GRANT ALL ON FUNCTION queue.take_tokens(source_id text, wanted integer) TO aker_worker;

REVOKE ALL ON FUNCTION queue.those_left_alone(task_ids bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.those_left_alone(task_ids bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.those_left_alone(task_ids bigint[]) TO aker_worker;
GRANT ALL ON FUNCTION queue.those_left_alone(task_ids bigint[]) TO aker_reader;

REVOKE ALL ON FUNCTION queue.tick(worker_id integer, lease_tokens bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.tick(worker_id integer, lease_tokens bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION queue.tick(worker_id integer, lease_tokens bigint[]) TO aker_worker;

REVOKE ALL ON FUNCTION queue.tidy() FROM PUBLIC;
GRANT ALL ON FUNCTION queue.tidy() TO aker_admin;
GRANT ALL ON FUNCTION queue.tidy() TO aker_worker;
GRANT ALL ON FUNCTION queue.tidy() TO aker_operator;

REVOKE ALL ON FUNCTION queue.unmet_dependencies(datasets text[], years integer[], as_of text, regions text[], mode text) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.unmet_dependencies(datasets text[], years integer[], as_of text, regions text[], mode text) TO aker_admin;
GRANT ALL ON FUNCTION queue.unmet_dependencies(datasets text[], years integer[], as_of text, regions text[], mode text) TO aker_worker;
GRANT ALL ON FUNCTION queue.unmet_dependencies(datasets text[], years integer[], as_of text, regions text[], mode text) TO aker_reader;

REVOKE ALL ON FUNCTION queue.unserved_workers(served int4range) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.unserved_workers(served int4range) TO aker_admin;
GRANT ALL ON FUNCTION queue.unserved_workers(served int4range) TO aker_worker;
GRANT ALL ON FUNCTION queue.unserved_workers(served int4range) TO aker_reader;

REVOKE ALL ON FUNCTION queue.wanted() FROM PUBLIC;
GRANT ALL ON FUNCTION queue.wanted() TO aker_admin;
GRANT ALL ON FUNCTION queue.wanted() TO aker_worker;
GRANT ALL ON FUNCTION queue.wanted() TO aker_reader;

REVOKE ALL ON FUNCTION queue.wanted_slots() FROM PUBLIC;
GRANT ALL ON FUNCTION queue.wanted_slots() TO aker_admin;
GRANT ALL ON FUNCTION queue.wanted_slots() TO aker_worker;
GRANT ALL ON FUNCTION queue.wanted_slots() TO aker_reader;
GRANT ALL ON FUNCTION queue.wanted_slots() TO aker_monitor;

REVOKE ALL ON FUNCTION queue.why(task_id bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION queue.why(task_id bigint) TO aker_admin;
GRANT ALL ON FUNCTION queue.why(task_id bigint) TO aker_worker;
GRANT ALL ON FUNCTION queue.why(task_id bigint) TO aker_reader;

REVOKE ALL ON FUNCTION review._corrected(rules jsonb, changes jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION review._rules(dataset_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION review._rules(dataset_name text) TO aker_admin;
GRANT ALL ON FUNCTION review._rules(dataset_name text) TO aker_worker;
GRANT ALL ON FUNCTION review._rules(dataset_name text) TO aker_reader;

REVOKE ALL ON FUNCTION review.apply_view(dataset_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION review.apply_view(dataset_name text) TO aker_admin;

REVOKE ALL ON FUNCTION review.decide(dataset_name text, row_name text, decision text, reason text, decided_by text, changes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION review.decide(dataset_name text, row_name text, decision text, reason text, decided_by text, changes jsonb) TO aker_admin;
GRANT ALL ON FUNCTION review.decide(dataset_name text, row_name text, decision text, reason text, decided_by text, changes jsonb) TO aker_operator;

REVOKE ALL ON FUNCTION review.find_row(dataset_name text, row_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION review.find_row(dataset_name text, row_name text) TO aker_admin;
GRANT ALL ON FUNCTION review.find_row(dataset_name text, row_name text) TO aker_operator;

REVOKE ALL ON FUNCTION review.undecided(dataset_name text, data_year integer, below double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION review.undecided(dataset_name text, data_year integer, below double precision) TO aker_admin;
GRANT ALL ON FUNCTION review.undecided(dataset_name text, data_year integer, below double precision) TO aker_worker;
GRANT ALL ON FUNCTION review.undecided(dataset_name text, data_year integer, below double precision) TO aker_reader;

GRANT SELECT ON TABLE schedule.flow TO aker_admin;
GRANT SELECT ON TABLE schedule.flow TO aker_worker;
GRANT SELECT ON TABLE schedule.flow TO aker_reader;

REVOKE ALL ON FUNCTION schedule._coalesce(f schedule.flow, now_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION schedule._due_times(f schedule.flow, after_at timestamp with time zone, until_at timestamp with time zone, max_count integer) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule._due_times(f schedule.flow, after_at timestamp with time zone, until_at timestamp with time zone, max_count integer) TO aker_admin;
GRANT ALL ON FUNCTION schedule._due_times(f schedule.flow, after_at timestamp with time zone, until_at timestamp with time zone, max_count integer) TO aker_worker;
GRANT ALL ON FUNCTION schedule._due_times(f schedule.flow, after_at timestamp with time zone, until_at timestamp with time zone, max_count integer) TO aker_reader;

REVOKE ALL ON FUNCTION schedule._enqueue(f schedule.flow, due_at timestamp with time zone, regions text[], now_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION schedule._fires_at(f schedule.flow, due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule._fires_at(f schedule.flow, due_at timestamp with time zone) TO aker_admin;
GRANT ALL ON FUNCTION schedule._fires_at(f schedule.flow, due_at timestamp with time zone) TO aker_worker;
GRANT ALL ON FUNCTION schedule._fires_at(f schedule.flow, due_at timestamp with time zone) TO aker_reader;

REVOKE ALL ON FUNCTION schedule._flow_of(definition jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION schedule._next_due(f schedule.flow, after_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule._next_due(f schedule.flow, after_at timestamp with time zone) TO aker_admin;
GRANT ALL ON FUNCTION schedule._next_due(f schedule.flow, after_at timestamp with time zone) TO aker_worker;
GRANT ALL ON FUNCTION schedule._next_due(f schedule.flow, after_at timestamp with time zone) TO aker_reader;

REVOKE ALL ON FUNCTION schedule._note_due(f schedule.flow, now_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION schedule._now() FROM PUBLIC;
GRANT ALL ON FUNCTION schedule._now() TO aker_admin;
GRANT ALL ON FUNCTION schedule._now() TO aker_worker;
GRANT ALL ON FUNCTION schedule._now() TO aker_reader;

REVOKE ALL ON FUNCTION schedule._open_backfill(flow text) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule._open_backfill(flow text) TO aker_admin;
GRANT ALL ON FUNCTION schedule._open_backfill(flow text) TO aker_worker;
GRANT ALL ON FUNCTION schedule._open_backfill(flow text) TO aker_reader;

REVOKE ALL ON FUNCTION schedule._require_flow(flow text) FROM PUBLIC;

REVOKE ALL ON FUNCTION schedule._require_term(term bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION schedule._years(f schedule.flow, due_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule._years(f schedule.flow, due_at timestamp with time zone) TO aker_admin;
GRANT ALL ON FUNCTION schedule._years(f schedule.flow, due_at timestamp with time zone) TO aker_worker;
GRANT ALL ON FUNCTION schedule._years(f schedule.flow, due_at timestamp with time zone) TO aker_reader;

REVOKE ALL ON FUNCTION schedule.abdicate(holder uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.abdicate(holder uuid) TO aker_admin;

REVOKE ALL ON FUNCTION schedule.apply_flows(term bigint, definitions jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.apply_flows(term bigint, definitions jsonb) TO aker_admin;

REVOKE ALL ON FUNCTION schedule.fire(flow text, regions text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.fire(flow text, regions text[]) TO aker_admin;

REVOKE ALL ON FUNCTION schedule.lead(holder uuid, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.lead(holder uuid, name text) TO aker_admin;

REVOKE ALL ON FUNCTION schedule.note_due() FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.note_due() TO aker_admin;

REVOKE ALL ON FUNCTION schedule.note_trouble(flow text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.note_trouble(flow text, reason text) TO aker_admin;

REVOKE ALL ON FUNCTION schedule.pause_flow(flow text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.pause_flow(flow text, reason text) TO aker_admin;
GRANT ALL ON FUNCTION schedule.pause_flow(flow text, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION schedule.prune(term bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.prune(term bigint) TO aker_admin;

REVOKE ALL ON FUNCTION schedule.resume_flow(flow text) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.resume_flow(flow text) TO aker_admin;
GRANT ALL ON FUNCTION schedule.resume_flow(flow text) TO aker_operator;

REVOKE ALL ON FUNCTION schedule.trigger_flow(flow text, regions text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION schedule.trigger_flow(flow text, regions text[]) TO aker_admin;
GRANT ALL ON FUNCTION schedule.trigger_flow(flow text, regions text[]) TO aker_operator;

REVOKE ALL ON FUNCTION service._changed_counts(since pg_snapshot) FROM PUBLIC;
GRANT ALL ON FUNCTION service._changed_counts(since pg_snapshot) TO aker_admin;
GRANT ALL ON FUNCTION service._changed_counts(since pg_snapshot) TO aker_worker;
GRANT ALL ON FUNCTION service._changed_counts(since pg_snapshot) TO aker_reader;

REVOKE ALL ON FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_worker;
GRANT ALL ON FUNCTION service._changed_runs(running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_reader;

REVOKE ALL ON FUNCTION service._changes() FROM PUBLIC;

GRANT SELECT ON TABLE service.batch TO aker_admin;
GRANT SELECT ON TABLE service.batch TO aker_worker;
GRANT SELECT ON TABLE service.batch TO aker_reader;

REVOKE ALL ON FUNCTION service._do(b service.batch, task bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION service._fleet_metrics() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._flow_metrics() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._is_silenced(alert_kind text, alert_subject text) FROM PUBLIC;

REVOKE ALL ON FUNCTION service._leases() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._make_cells(datasets text[], years integer[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION service._mark_cells() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._mark_lanes() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._mark_row() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._queue_metrics() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._source_metrics() FROM PUBLIC;

REVOKE ALL ON FUNCTION service._table_metrics() FROM PUBLIC;

REVOKE ALL ON FUNCTION service.answer_rows(names text, row_count integer, byte_count bigint, row_byte_count bigint, as_json boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION service.answer_rows(names text, row_count integer, byte_count bigint, row_byte_count bigint, as_json boolean) TO aker_admin;
GRANT ALL ON FUNCTION service.answer_rows(names text, row_count integer, byte_count bigint, row_byte_count bigint, as_json boolean) TO aker_worker;

REVOKE ALL ON FUNCTION service.authenticate(token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION service.authenticate(token_hash bytea) TO aker_admin;

REVOKE ALL ON FUNCTION service.await_changes(patience interval, after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION service.await_changes(patience interval, after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_admin;

REVOKE ALL ON FUNCTION service.begin_question(question text, names text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.begin_question(question text, names text) TO aker_admin;
GRANT ALL ON FUNCTION service.begin_question(question text, names text) TO aker_worker;

REVOKE ALL ON FUNCTION service.cancel_batch(batch bigint, actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.cancel_batch(batch bigint, actor text) TO aker_admin;
GRANT ALL ON FUNCTION service.cancel_batch(batch bigint, actor text) TO aker_operator;

REVOKE ALL ON FUNCTION service.changes(after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION service.changes(after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_admin;
GRANT ALL ON FUNCTION service.changes(after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_worker;
GRANT ALL ON FUNCTION service.changes(after_event bigint, since pg_snapshot, running_lanes integer[], running_years integer[], running_counts bigint[]) TO aker_reader;

REVOKE ALL ON FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer, last integer) FROM PUBLIC;
GRANT ALL ON FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer, last integer) TO aker_admin;
GRANT ALL ON FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer, last integer) TO aker_worker;
GRANT ALL ON FUNCTION service.choice_cells(backfill bigint, vintage text, datasets text[], first integer, last integer) TO aker_reader;

REVOKE ALL ON FUNCTION service.claim_key(actor text, key text, request_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION service.claim_key(actor text, key text, request_hash bytea) TO aker_admin;

REVOKE ALL ON FUNCTION service.create_batch(act text, selection jsonb, reason text, actor text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.create_batch(act text, selection jsonb, reason text, actor text) TO aker_admin;
GRANT ALL ON FUNCTION service.create_batch(act text, selection jsonb, reason text, actor text) TO aker_operator;

REVOKE ALL ON FUNCTION service.create_token(name text, level text, token_hash bytea, valid_for interval) FROM PUBLIC;
GRANT ALL ON FUNCTION service.create_token(name text, level text, token_hash bytea, valid_for interval) TO aker_admin;

REVOKE ALL ON FUNCTION service.forget_cells(most_marks integer) FROM PUBLIC;
GRANT ALL ON FUNCTION service.forget_cells(most_marks integer) TO aker_admin;

REVOKE ALL ON FUNCTION service.keep_answer(actor text, key text, status integer, content text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.keep_answer(actor text, key text, status integer, content text) TO aker_admin;

REVOKE ALL ON FUNCTION service.look_for_trouble(term bigint, destinations text[], of_host jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION service.look_for_trouble(term bigint, destinations text[], of_host jsonb) TO aker_admin;

REVOKE ALL ON FUNCTION service.metrics() FROM PUBLIC;
GRANT ALL ON FUNCTION service.metrics() TO aker_admin;
GRANT ALL ON FUNCTION service.metrics() TO aker_worker;
GRANT ALL ON FUNCTION service.metrics() TO aker_reader;
GRANT ALL ON FUNCTION service.metrics() TO aker_monitor;

REVOKE ALL ON FUNCTION service.prune(term bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION service.prune(term bigint) TO aker_admin;

REVOKE ALL ON FUNCTION service.record_act(actor text, level text, address text, act text, target text, outcome text, detail jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION service.record_act(actor text, level text, address text, act text, target text, outcome text, detail jsonb) TO aker_admin;

REVOKE ALL ON FUNCTION service.refresh_cells() FROM PUBLIC;
GRANT ALL ON FUNCTION service.refresh_cells() TO aker_admin;

REVOKE ALL ON FUNCTION service.refresh_choice(backfill bigint, vintage text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.refresh_choice(backfill bigint, vintage text) TO aker_admin;

REVOKE ALL ON FUNCTION service.revoke_token(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.revoke_token(name text) TO aker_admin;

REVOKE ALL ON FUNCTION service.selected_tasks(act text, selection jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION service.selected_tasks(act text, selection jsonb) TO aker_admin;
GRANT ALL ON FUNCTION service.selected_tasks(act text, selection jsonb) TO aker_worker;
GRANT ALL ON FUNCTION service.selected_tasks(act text, selection jsonb) TO aker_reader;

REVOKE ALL ON FUNCTION service.settle_notice(notice bigint, failure text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.settle_notice(notice bigint, failure text) TO aker_admin;

REVOKE ALL ON FUNCTION service.silence_alerts(kind text, subject text, silent_for interval, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION service.silence_alerts(kind text, subject text, silent_for interval, reason text) TO aker_admin;
GRANT ALL ON FUNCTION service.silence_alerts(kind text, subject text, silent_for interval, reason text) TO aker_operator;

REVOKE ALL ON FUNCTION service.take_notices(destinations text[], wanted integer, hide_interval interval) FROM PUBLIC;
GRANT ALL ON FUNCTION service.take_notices(destinations text[], wanted integer, hide_interval interval) TO aker_admin;

REVOKE ALL ON FUNCTION service.work_batches(piece integer) FROM PUBLIC;
GRANT ALL ON FUNCTION service.work_batches(piece integer) TO aker_admin;

GRANT SELECT ON TABLE catalog.dataset TO aker_admin;
GRANT SELECT ON TABLE catalog.dataset TO aker_worker;
GRANT SELECT ON TABLE catalog.dataset TO aker_reader;

REVOKE ALL ON FUNCTION warehouse._apply_indexes(d catalog.dataset, declared jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._clear_partition(dataset_name text, year integer, region_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._common_leaf(dataset_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._create_table(d catalog.dataset, key_columns text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._draw_closest(new_set bigint, year integer, grid double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._draw_level(of_set bigint, of_level integer, tolerance double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._draw_picture(of_set bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._grow(dataset_name text, year integer, mark text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._held_snapshots() FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._index_leaf(dataset_name text, table_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._is_large(dataset_name text, year integer, region_name text, row_count bigint, large_row_count bigint, token bigint) FROM PUBLIC;

GRANT SELECT ON TABLE catalog.dataset_column TO aker_admin;
GRANT SELECT ON TABLE catalog.dataset_column TO aker_worker;
GRANT SELECT ON TABLE catalog.dataset_column TO aker_reader;

REVOKE ALL ON FUNCTION warehouse._is_measure(d catalog.dataset_column) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse._is_measure(d catalog.dataset_column) TO aker_admin;
GRANT ALL ON FUNCTION warehouse._is_measure(d catalog.dataset_column) TO aker_worker;
GRANT ALL ON FUNCTION warehouse._is_measure(d catalog.dataset_column) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse._layout_key(dataset_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._leaf_of(dataset_name text, year integer) FROM PUBLIC;

GRANT SELECT ON TABLE warehouse.staging TO aker_admin;
GRANT SELECT ON TABLE warehouse.staging TO aker_worker;
GRANT SELECT ON TABLE warehouse.staging TO aker_reader;

REVOKE ALL ON FUNCTION warehouse._orphans() FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._picture_place(state text, OUT projection integer, OUT scale double precision, OUT x_shown double precision, OUT y_shown double precision, OUT x double precision, OUT y double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._postgis_path() FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse._postgis_path() TO aker_admin;
GRANT ALL ON FUNCTION warehouse._postgis_path() TO aker_worker;
GRANT ALL ON FUNCTION warehouse._postgis_path() TO aker_reader;

REVOKE ALL ON FUNCTION warehouse._postgis_schema() FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse._postgis_schema() TO aker_admin;
GRANT ALL ON FUNCTION warehouse._postgis_schema() TO aker_worker;
GRANT ALL ON FUNCTION warehouse._postgis_schema() TO aker_reader;

REVOKE ALL ON FUNCTION warehouse._require_no_old_snapshot() FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._seal_staging(staging_table text, dataset_name text, year integer, region_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse._split_off_year(dataset_name text, year integer, table_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse.abandoned_sessions() FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.abandoned_sessions() TO aker_admin;
GRANT ALL ON FUNCTION warehouse.abandoned_sessions() TO aker_worker;
GRANT ALL ON FUNCTION warehouse.abandoned_sessions() TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.apply_table(dataset_name text, key_columns text[], indexes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.apply_table(dataset_name text, key_columns text[], indexes jsonb) TO aker_admin;

REVOKE ALL ON FUNCTION warehouse.attach_leaf(dataset_name text, year integer, region_name text, table_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse.column_type(declared text) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.column_type(declared text) TO aker_admin;

REVOKE ALL ON FUNCTION warehouse.create_leaf(dataset_name text, year integer, region_name text, table_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse.create_staging(dataset_name text, year integer, region_name text, task bigint, token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.create_staging(dataset_name text, year integer, region_name text, task bigint, token bigint) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.create_staging(dataset_name text, year integer, region_name text, task bigint, token bigint) TO aker_worker;

REVOKE ALL ON FUNCTION warehouse.draw_outlines(OUT year integer, OUT is_drawn boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.draw_outlines(OUT year integer, OUT is_drawn boolean) TO aker_admin;

REVOKE ALL ON FUNCTION warehouse.drop_orphans() FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.drop_orphans() TO aker_admin;
GRANT ALL ON FUNCTION warehouse.drop_orphans() TO aker_worker;

REVOKE ALL ON FUNCTION warehouse.drop_staging(staging_table text, token bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.drop_staging(staging_table text, token bigint) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.drop_staging(staging_table text, token bigint) TO aker_worker;

REVOKE ALL ON FUNCTION warehouse.end_abandoned_sessions() FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.end_abandoned_sessions() TO aker_admin;

REVOKE ALL ON FUNCTION warehouse.index_staging(dataset_name text, year integer, region_name text, staging_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.index_staging(dataset_name text, year integer, region_name text, staging_table text) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.index_staging(dataset_name text, year integer, region_name text, staging_table text) TO aker_worker;

REVOKE ALL ON FUNCTION warehouse.is_seen_by_all(filled_xid xid8) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse.leaf_name(dataset_name text, year integer, region_name text, mark text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse.map_choices(dataset_name text, year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.map_choices(dataset_name text, year integer) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.map_choices(dataset_name text, year integer) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.map_choices(dataset_name text, year integer) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.map_datasets() FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.map_datasets() TO aker_admin;
GRANT ALL ON FUNCTION warehouse.map_datasets() TO aker_worker;
GRANT ALL ON FUNCTION warehouse.map_datasets() TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.map_figures(dataset_name text, year integer, measure text, vintage text, chosen jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.map_figures(dataset_name text, year integer, measure text, vintage text, chosen jsonb) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.map_figures(dataset_name text, year integer, measure text, vintage text, chosen jsonb) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.map_figures(dataset_name text, year integer, measure text, vintage text, chosen jsonb) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.map_mark(dataset_name text, year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.map_mark(dataset_name text, year integer) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.map_mark(dataset_name text, year integer) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.map_mark(dataset_name text, year integer) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.map_measures(dataset_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.map_measures(dataset_name text) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.map_measures(dataset_name text) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.map_measures(dataset_name text) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.map_tile(dataset_name text, year integer, z integer, x integer, y integer, measure text, vintage text, chosen jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.map_tile(dataset_name text, year integer, z integer, x integer, y integer, measure text, vintage text, chosen jsonb) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.map_tile(dataset_name text, year integer, z integer, x integer, y integer, measure text, vintage text, chosen jsonb) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.map_tile(dataset_name text, year integer, z integer, x integer, y integer, measure text, vintage text, chosen jsonb) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.move_partition(dataset_name text, year integer, region_name text, staging_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.move_partition(dataset_name text, year integer, region_name text, staging_table text) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.move_partition(dataset_name text, year integer, region_name text, staging_table text) TO aker_worker;

REVOKE ALL ON FUNCTION warehouse.outline_year(year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.outline_year(year integer) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.outline_year(year integer) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.outline_year(year integer) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.outlines_of(year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.outlines_of(year integer) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.outlines_of(year integer) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.outlines_of(year integer) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.prepare_partition(dataset_name text, year integer, region_name text, task bigint, token bigint, row_count bigint, large_row_count bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.prepare_partition(dataset_name text, year integer, region_name text, task bigint, token bigint, row_count bigint, large_row_count bigint) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.prepare_partition(dataset_name text, year integer, region_name text, task bigint, token bigint, row_count bigint, large_row_count bigint) TO aker_worker;

REVOKE ALL ON FUNCTION warehouse.require_dataset(dataset_name text) FROM PUBLIC;

REVOKE ALL ON FUNCTION warehouse.require_map(dataset_name text, year integer) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.require_map(dataset_name text, year integer) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.require_map(dataset_name text, year integer) TO aker_worker;
GRANT ALL ON FUNCTION warehouse.require_map(dataset_name text, year integer) TO aker_reader;

REVOKE ALL ON FUNCTION warehouse.swap_partition(dataset_name text, year integer, region_name text, staging_table text) FROM PUBLIC;
GRANT ALL ON FUNCTION warehouse.swap_partition(dataset_name text, year integer, region_name text, staging_table text) TO aker_admin;
GRANT ALL ON FUNCTION warehouse.swap_partition(dataset_name text, year integer, region_name text, staging_table text) TO aker_worker;

GRANT SELECT ON TABLE catalog.definition TO aker_admin;
GRANT SELECT ON TABLE catalog.definition TO aker_worker;
GRANT SELECT ON TABLE catalog.definition TO aker_reader;

GRANT SELECT ON TABLE catalog.source_file TO aker_admin;
GRANT SELECT ON TABLE catalog.source_file TO aker_worker;
GRANT SELECT ON TABLE catalog.source_file TO aker_reader;

GRANT SELECT ON TABLE lake.manifest TO aker_admin;
GRANT SELECT ON TABLE lake.manifest TO aker_worker;
GRANT SELECT ON TABLE lake.manifest TO aker_reader;

GRANT SELECT ON TABLE warehouse.partition TO aker_admin;
GRANT SELECT ON TABLE warehouse.partition TO aker_worker;
GRANT SELECT ON TABLE warehouse.partition TO aker_reader;

GRANT SELECT ON TABLE lake.current TO aker_admin;
GRANT SELECT ON TABLE lake.current TO aker_worker;
GRANT SELECT ON TABLE lake.current TO aker_reader;

GRANT SELECT ON TABLE lake.identity TO aker_admin;
GRANT SELECT ON TABLE lake.identity TO aker_worker;
GRANT SELECT ON TABLE lake.identity TO aker_reader;

GRANT SELECT ON TABLE lake.withdrawal TO aker_admin;
GRANT SELECT ON TABLE lake.withdrawal TO aker_worker;
GRANT SELECT ON TABLE lake.withdrawal TO aker_reader;

GRANT SELECT ON TABLE lineage.input TO aker_admin;
GRANT SELECT ON TABLE lineage.input TO aker_worker;
GRANT SELECT ON TABLE lineage.input TO aker_reader;

GRANT SELECT ON TABLE lineage.publication TO aker_admin;
GRANT SELECT ON TABLE lineage.publication TO aker_worker;
GRANT SELECT ON TABLE lineage.publication TO aker_reader;

GRANT SELECT ON TABLE lineage.downstream TO aker_admin;
GRANT SELECT ON TABLE lineage.downstream TO aker_worker;
GRANT SELECT ON TABLE lineage.downstream TO aker_reader;

GRANT SELECT ON TABLE lineage.open_run TO aker_admin;
GRANT SELECT ON TABLE lineage.open_run TO aker_worker;
GRANT SELECT ON TABLE lineage.open_run TO aker_reader;

GRANT SELECT ON TABLE lineage.outbox TO aker_admin;
GRANT SELECT ON TABLE lineage.outbox TO aker_worker;
GRANT SELECT ON TABLE lineage.outbox TO aker_reader;

GRANT SELECT ON TABLE lineage.upstream TO aker_admin;
GRANT SELECT ON TABLE lineage.upstream TO aker_worker;
GRANT SELECT ON TABLE lineage.upstream TO aker_reader;

GRANT SELECT ON TABLE quality.check_result TO aker_admin;
GRANT SELECT ON TABLE quality.check_result TO aker_worker;
GRANT SELECT ON TABLE quality.check_result TO aker_reader;

GRANT SELECT ON TABLE quality.validation TO aker_admin;
GRANT SELECT ON TABLE quality.validation TO aker_worker;
GRANT SELECT ON TABLE quality.validation TO aker_reader;

GRANT SELECT ON TABLE quality.publication_warning TO aker_admin;
GRANT SELECT ON TABLE quality.publication_warning TO aker_worker;
GRANT SELECT ON TABLE quality.publication_warning TO aker_reader;

GRANT SELECT ON TABLE quality.task_check TO aker_admin;
GRANT SELECT ON TABLE quality.task_check TO aker_worker;
GRANT SELECT ON TABLE quality.task_check TO aker_reader;

GRANT SELECT ON TABLE quality.warned TO aker_admin;
GRANT SELECT ON TABLE quality.warned TO aker_worker;
GRANT SELECT ON TABLE quality.warned TO aker_reader;

GRANT SELECT ON TABLE quality.warned_cell TO aker_admin;
GRANT SELECT ON TABLE quality.warned_cell TO aker_worker;
GRANT SELECT ON TABLE quality.warned_cell TO aker_reader;

GRANT SELECT ON TABLE quality.warning TO aker_admin;
GRANT SELECT ON TABLE quality.warning TO aker_worker;
GRANT SELECT ON TABLE quality.warning TO aker_reader;

GRANT SELECT ON TABLE quality.warned_partition TO aker_admin;
GRANT SELECT ON TABLE quality.warned_partition TO aker_worker;
GRANT SELECT ON TABLE quality.warned_partition TO aker_reader;

GRANT SELECT ON TABLE queue.attempt_note TO aker_admin;
GRANT SELECT ON TABLE queue.attempt_note TO aker_worker;
GRANT SELECT ON TABLE queue.attempt_note TO aker_reader;

GRANT SELECT ON TABLE queue.lane TO aker_admin;
GRANT SELECT ON TABLE queue.lane TO aker_worker;
GRANT SELECT ON TABLE queue.lane TO aker_reader;

GRANT SELECT ON TABLE queue.outcome TO aker_admin;
GRANT SELECT ON TABLE queue.outcome TO aker_worker;
GRANT SELECT ON TABLE queue.outcome TO aker_reader;

GRANT SELECT ON TABLE queue.planned_task TO aker_admin;
GRANT SELECT ON TABLE queue.planned_task TO aker_worker;
GRANT SELECT ON TABLE queue.planned_task TO aker_reader;

GRANT SELECT(worker_id) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(worker_id) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(worker_id) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(name) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(name) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(name) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(host) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(host) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(host) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(pid) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(pid) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(pid) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(version) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(version) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(version) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(slots) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(slots) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(slots) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(contract) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(contract) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(contract) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(state) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(state) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(state) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(session_lock) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(session_lock) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(session_lock) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(started_at) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(started_at) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(started_at) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(heartbeat_at) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(heartbeat_at) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(heartbeat_at) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(lock_missing_since) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(lock_missing_since) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(lock_missing_since) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(host_trouble_since) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(host_trouble_since) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(host_trouble_since) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(ended_at) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(ended_at) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(ended_at) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(loss_excused_at) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(loss_excused_at) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(loss_excused_at) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(host_trouble) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(host_trouble) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(host_trouble) ON TABLE queue.worker TO aker_reader;

GRANT SELECT(end_reason) ON TABLE queue.worker TO aker_admin;
GRANT SELECT(end_reason) ON TABLE queue.worker TO aker_worker;
GRANT SELECT(end_reason) ON TABLE queue.worker TO aker_reader;

GRANT SELECT ON TABLE queue.attempt TO aker_admin;
GRANT SELECT ON TABLE queue.attempt TO aker_worker;
GRANT SELECT ON TABLE queue.attempt TO aker_reader;

GRANT SELECT ON TABLE queue.progress TO aker_admin;
GRANT SELECT ON TABLE queue.progress TO aker_worker;
GRANT SELECT ON TABLE queue.progress TO aker_reader;

GRANT SELECT ON TABLE queue.progress_delta TO aker_admin;
GRANT SELECT ON TABLE queue.progress_delta TO aker_worker;
GRANT SELECT ON TABLE queue.progress_delta TO aker_reader;

GRANT SELECT ON TABLE queue.progress_now TO aker_admin;
GRANT SELECT ON TABLE queue.progress_now TO aker_worker;
GRANT SELECT ON TABLE queue.progress_now TO aker_reader;

GRANT SELECT ON TABLE queue.grid TO aker_admin;
GRANT SELECT ON TABLE queue.grid TO aker_worker;
GRANT SELECT ON TABLE queue.grid TO aker_reader;

GRANT SELECT ON TABLE queue.backfill_cell TO aker_admin;
GRANT SELECT ON TABLE queue.backfill_cell TO aker_worker;
GRANT SELECT ON TABLE queue.backfill_cell TO aker_reader;

GRANT SELECT ON TABLE queue.skipped_partition TO aker_admin;
GRANT SELECT ON TABLE queue.skipped_partition TO aker_worker;
GRANT SELECT ON TABLE queue.skipped_partition TO aker_reader;

GRANT SELECT ON TABLE queue.backfill_progress TO aker_admin;
GRANT SELECT ON TABLE queue.backfill_progress TO aker_worker;
GRANT SELECT ON TABLE queue.backfill_progress TO aker_reader;

GRANT SELECT ON TABLE queue.blocked TO aker_admin;
GRANT SELECT ON TABLE queue.blocked TO aker_worker;
GRANT SELECT ON TABLE queue.blocked TO aker_reader;

GRANT SELECT ON TABLE queue.cell TO aker_admin;
GRANT SELECT ON TABLE queue.cell TO aker_worker;
GRANT SELECT ON TABLE queue.cell TO aker_reader;

GRANT SELECT ON TABLE queue.dataset_pause TO aker_admin;
GRANT SELECT ON TABLE queue.dataset_pause TO aker_worker;
GRANT SELECT ON TABLE queue.dataset_pause TO aker_reader;

GRANT SELECT,UPDATE ON TABLE queue.setting TO aker_admin;
GRANT SELECT ON TABLE queue.setting TO aker_worker;
GRANT SELECT ON TABLE queue.setting TO aker_reader;

GRANT SELECT ON TABLE queue.source TO aker_admin;
GRANT SELECT ON TABLE queue.source TO aker_worker;
GRANT SELECT ON TABLE queue.source TO aker_reader;

GRANT SELECT ON TABLE queue.token_bucket TO aker_admin;
GRANT SELECT ON TABLE queue.token_bucket TO aker_worker;
GRANT SELECT ON TABLE queue.token_bucket TO aker_reader;

GRANT SELECT ON TABLE queue.claimable_lane TO aker_admin;
GRANT SELECT ON TABLE queue.claimable_lane TO aker_worker;
GRANT SELECT ON TABLE queue.claimable_lane TO aker_reader;

GRANT SELECT ON TABLE queue.delayed TO aker_admin;
GRANT SELECT ON TABLE queue.delayed TO aker_worker;
GRANT SELECT ON TABLE queue.delayed TO aker_reader;

GRANT SELECT ON TABLE queue.dependency TO aker_admin;
GRANT SELECT ON TABLE queue.dependency TO aker_worker;
GRANT SELECT ON TABLE queue.dependency TO aker_reader;

GRANT SELECT ON TABLE queue.eta TO aker_admin;
GRANT SELECT ON TABLE queue.eta TO aker_worker;
GRANT SELECT ON TABLE queue.eta TO aker_reader;

GRANT SELECT ON TABLE queue.event TO aker_admin;
GRANT SELECT ON TABLE queue.event TO aker_worker;
GRANT SELECT ON TABLE queue.event TO aker_reader;

GRANT SELECT ON TABLE queue.superseded TO aker_admin;
GRANT SELECT ON TABLE queue.superseded TO aker_worker;
GRANT SELECT ON TABLE queue.superseded TO aker_reader;

GRANT SELECT ON TABLE queue.failures TO aker_admin;
GRANT SELECT ON TABLE queue.failures TO aker_worker;
GRANT SELECT ON TABLE queue.failures TO aker_reader;

GRANT SELECT ON TABLE queue.history TO aker_admin;
GRANT SELECT ON TABLE queue.history TO aker_worker;
GRANT SELECT ON TABLE queue.history TO aker_reader;

GRANT SELECT ON TABLE queue.lane_definition TO aker_admin;
GRANT SELECT ON TABLE queue.lane_definition TO aker_worker;
GRANT SELECT ON TABLE queue.lane_definition TO aker_reader;

GRANT SELECT ON SEQUENCE queue.lease_token TO aker_admin;
GRANT SELECT ON SEQUENCE queue.lease_token TO aker_worker;
GRANT SELECT ON SEQUENCE queue.lease_token TO aker_reader;

GRANT SELECT ON TABLE queue.life TO aker_admin;
GRANT SELECT ON TABLE queue.life TO aker_worker;
GRANT SELECT ON TABLE queue.life TO aker_reader;

GRANT SELECT ON TABLE queue.overview TO aker_admin;
GRANT SELECT ON TABLE queue.overview TO aker_worker;
GRANT SELECT ON TABLE queue.overview TO aker_reader;

GRANT SELECT ON TABLE queue.ready TO aker_admin;
GRANT SELECT ON TABLE queue.ready TO aker_worker;
GRANT SELECT ON TABLE queue.ready TO aker_reader;

GRANT SELECT ON TABLE queue.running TO aker_admin;
GRANT SELECT ON TABLE queue.running TO aker_worker;
GRANT SELECT ON TABLE queue.running TO aker_reader;

GRANT SELECT ON TABLE queue.source_usage TO aker_admin;
GRANT SELECT ON TABLE queue.source_usage TO aker_worker;
GRANT SELECT ON TABLE queue.source_usage TO aker_reader;

GRANT SELECT ON TABLE queue.waiting TO aker_admin;
GRANT SELECT ON TABLE queue.waiting TO aker_worker;
GRANT SELECT ON TABLE queue.waiting TO aker_reader;

GRANT SELECT ON TABLE queue.stuck TO aker_admin;
GRANT SELECT ON TABLE queue.stuck TO aker_worker;
GRANT SELECT ON TABLE queue.stuck TO aker_reader;

GRANT SELECT ON TABLE queue.task TO aker_admin;
GRANT SELECT ON TABLE queue.task TO aker_worker;
GRANT SELECT ON TABLE queue.task TO aker_reader;

GRANT SELECT ON TABLE queue.task_definition TO aker_admin;
GRANT SELECT ON TABLE queue.task_definition TO aker_worker;
GRANT SELECT ON TABLE queue.task_definition TO aker_reader;

GRANT SELECT ON TABLE queue.throughput TO aker_admin;
GRANT SELECT ON TABLE queue.throughput TO aker_worker;
GRANT SELECT ON TABLE queue.throughput TO aker_reader;

GRANT SELECT ON TABLE queue.uncompleted TO aker_admin;
GRANT SELECT ON TABLE queue.uncompleted TO aker_worker;
GRANT SELECT ON TABLE queue.uncompleted TO aker_reader;

GRANT SELECT ON TABLE queue.workers TO aker_admin;
GRANT SELECT ON TABLE queue.workers TO aker_worker;
GRANT SELECT ON TABLE queue.workers TO aker_reader;

GRANT SELECT ON TABLE review.decision TO aker_admin;
GRANT SELECT ON TABLE review.decision TO aker_worker;
GRANT SELECT ON TABLE review.decision TO aker_reader;

GRANT SELECT ON TABLE review.latest TO aker_admin;
GRANT SELECT ON TABLE review.latest TO aker_worker;
GRANT SELECT ON TABLE review.latest TO aker_reader;

GRANT SELECT ON TABLE schedule.due TO aker_admin;
GRANT SELECT ON TABLE schedule.due TO aker_worker;
GRANT SELECT ON TABLE schedule.due TO aker_reader;

GRANT SELECT ON TABLE schedule.waiting TO aker_admin;
GRANT SELECT ON TABLE schedule.waiting TO aker_worker;
GRANT SELECT ON TABLE schedule.waiting TO aker_reader;

GRANT SELECT ON TABLE schedule.history TO aker_admin;
GRANT SELECT ON TABLE schedule.history TO aker_worker;
GRANT SELECT ON TABLE schedule.history TO aker_reader;

GRANT SELECT ON TABLE schedule.flow_state TO aker_admin;
GRANT SELECT ON TABLE schedule.flow_state TO aker_worker;
GRANT SELECT ON TABLE schedule.flow_state TO aker_reader;

GRANT SELECT ON TABLE schedule.leader TO aker_admin;
GRANT SELECT ON TABLE schedule.leader TO aker_worker;
GRANT SELECT ON TABLE schedule.leader TO aker_reader;

GRANT SELECT ON TABLE service.alert TO aker_admin;
GRANT SELECT ON TABLE service.alert TO aker_worker;
GRANT SELECT ON TABLE service.alert TO aker_reader;

GRANT SELECT ON TABLE service.notice TO aker_admin;
GRANT SELECT ON TABLE service.notice TO aker_worker;
GRANT SELECT ON TABLE service.notice TO aker_reader;

GRANT SELECT ON TABLE service.silence TO aker_admin;
GRANT SELECT ON TABLE service.silence TO aker_worker;
GRANT SELECT ON TABLE service.silence TO aker_reader;

GRANT SELECT ON TABLE service.alerts TO aker_admin;
GRANT SELECT ON TABLE service.alerts TO aker_worker;
GRANT SELECT ON TABLE service.alerts TO aker_reader;

GRANT SELECT ON TABLE service.audit TO aker_admin;

GRANT SELECT ON TABLE service.batch_task TO aker_admin;
GRANT SELECT ON TABLE service.batch_task TO aker_worker;
GRANT SELECT ON TABLE service.batch_task TO aker_reader;

GRANT SELECT ON TABLE service.cell TO aker_admin;
GRANT SELECT ON TABLE service.cell TO aker_worker;
GRANT SELECT ON TABLE service.cell TO aker_reader;

GRANT SELECT ON TABLE service.cell_count TO aker_admin;
GRANT SELECT ON TABLE service.cell_count TO aker_worker;
GRANT SELECT ON TABLE service.cell_count TO aker_reader;

GRANT SELECT ON TABLE service.cell_mark TO aker_admin;
GRANT SELECT ON TABLE service.cell_mark TO aker_worker;
GRANT SELECT ON TABLE service.cell_mark TO aker_reader;

GRANT SELECT ON TABLE service.cell_state TO aker_admin;
GRANT SELECT ON TABLE service.cell_state TO aker_worker;
GRANT SELECT ON TABLE service.cell_state TO aker_reader;

GRANT SELECT ON TABLE service.choice_count TO aker_admin;
GRANT SELECT ON TABLE service.choice_count TO aker_worker;
GRANT SELECT ON TABLE service.choice_count TO aker_reader;

GRANT SELECT ON TABLE service.freshness TO aker_admin;
GRANT SELECT ON TABLE service.freshness TO aker_worker;
GRANT SELECT ON TABLE service.freshness TO aker_reader;

GRANT SELECT ON TABLE service.idempotency TO aker_admin;

GRANT SELECT ON TABLE service.relation TO aker_admin;
GRANT SELECT ON TABLE service.relation TO aker_worker;
GRANT SELECT ON TABLE service.relation TO aker_reader;

GRANT SELECT ON TABLE service.tokens TO aker_admin;
GRANT SELECT ON TABLE service.tokens TO aker_worker;
GRANT SELECT ON TABLE service.tokens TO aker_reader;

GRANT SELECT ON TABLE service.trouble TO aker_admin;
GRANT SELECT ON TABLE service.trouble TO aker_worker;
GRANT SELECT ON TABLE service.trouble TO aker_reader;

GRANT SELECT ON TABLE warehouse.orphans TO aker_admin;
GRANT SELECT ON TABLE warehouse.orphans TO aker_worker;
GRANT SELECT ON TABLE warehouse.orphans TO aker_reader;

GRANT SELECT ON TABLE warehouse.outline TO aker_admin;
GRANT SELECT ON TABLE warehouse.outline TO aker_worker;
GRANT SELECT ON TABLE warehouse.outline TO aker_reader;

GRANT SELECT ON TABLE warehouse.outline_set TO aker_admin;
GRANT SELECT ON TABLE warehouse.outline_set TO aker_worker;
GRANT SELECT ON TABLE warehouse.outline_set TO aker_reader;

GRANT SELECT ON TABLE warehouse.year_leaf TO aker_admin;
GRANT SELECT ON TABLE warehouse.year_leaf TO aker_worker;
GRANT SELECT ON TABLE warehouse.year_leaf TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA catalog GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA catalog GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA lake GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA lake GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA lineage GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA lineage GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA quality GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA quality GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA queue GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA queue GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA review GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA review GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA schedule GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA schedule GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA service GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA service GRANT SELECT ON TABLES  TO aker_reader;

ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA warehouse GRANT SELECT ON TABLES  TO aker_admin;
ALTER DEFAULT PRIVILEGES FOR ROLE aker IN SCHEMA warehouse GRANT SELECT ON TABLES  TO aker_reader;
