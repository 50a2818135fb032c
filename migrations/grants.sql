-- Roles, and who may do what. Run again whenever functions or views were made again, and by hand after a restore: it
-- takes nothing for granted, and changes nothing that is right already.
--
-- A reader sees everything and changes nothing; a worker runs tasks and cannot enqueue, cancel or pause; an operator
-- enqueues, cancels, pauses and tries again; an admin may do all that, apply definitions and say who may use the API.
-- A monitor asks for figures, and for nothing else. Nobody but the owner writes to the tables: every change goes
-- through a function. The exception is queue.setting, an admin's.

-- Roles belong to the server, not to the database: another database of the same server may have made them already, or
-- be making them at this moment.
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['aker_admin', 'aker_operator', 'aker_worker', 'aker_reader',
    'aker_monitor'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- made by a concurrent migration in the meantime: just as well
      END;
    END IF;
  END LOOP;
END
$$;

-- An operator reads as a reader does, and an admin may act as either: the service's login is granted aker_admin, and
-- runs each request under the role of whoever asks.
DO $$
DECLARE
  granted record;
BEGIN
  FOR granted IN SELECT * FROM (VALUES ('aker_reader', 'aker_operator'), ('aker_operator', 'aker_admin'))
    AS g (role, member)
  LOOP
    IF NOT pg_has_role(granted.member, granted.role, 'USAGE') THEN
      BEGIN
        EXECUTE format('GRANT %I TO %I', granted.role, granted.member);
      EXCEPTION
        WHEN unique_violation THEN
          NULL; -- granted by a concurrent migration in the meantime: just as well
        WHEN insufficient_privilege THEN
          -- The roles are an administrator's: aker doctor says what is to be granted. Commands need none of it.
          RAISE NOTICE 'not granted, since the roles are another''s: GRANT % TO %', granted.role, granted.member;
      END;
    END IF;
  END LOOP;
END
$$;

-- Tables and views: everybody reads. Default privileges are for what is made later, which is leaves of the warehouse.
DO $$
DECLARE
  schema_name text;
BEGIN
  FOREACH schema_name IN ARRAY ARRAY['queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review',
    'schedule', 'service'] LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO aker_admin, aker_worker, aker_reader', schema_name);
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA %I '
      'FROM PUBLIC, aker_admin, aker_worker, aker_reader', schema_name);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO aker_admin, aker_worker, aker_reader', schema_name);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO aker_admin, aker_reader',
      schema_name);
  END LOOP;
END
$$;
GRANT UPDATE ON queue.setting TO aker_admin;
-- How far the tokens are, for queue._running().
GRANT SELECT ON SEQUENCE queue.lease_token TO aker_admin, aker_worker, aker_reader;
DO $$
BEGIN
  IF to_regclass('public.aker_migration') IS NOT NULL THEN
    GRANT SELECT ON public.aker_migration TO aker_admin, aker_worker, aker_reader;
  END IF;
END
$$;
-- Which process holds a lease is for that process to know: whoever could state the same could speak for it, with
-- numbers that are in the names of tables and folders. All other columns can be read.
DO $$
DECLARE
  table_name regclass;
BEGIN
  FOREACH table_name IN ARRAY ARRAY['queue.lease', 'queue.worker']::regclass[] LOOP
    EXECUTE format('REVOKE SELECT ON %s FROM PUBLIC, aker_admin, aker_worker, aker_reader', table_name);
    EXECUTE format('GRANT SELECT (%s) ON %s TO aker_admin, aker_worker, aker_reader', (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
      WHERE a.attrelid = table_name AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'incarnation'),
      table_name);
  END LOOP;
END
$$;
-- Who knew it could foresee the queue's locks, and hold them.
REVOKE ALL ON queue.lock_space FROM aker_admin, aker_worker, aker_reader;
-- What is asked by whom is no worker's business, and the hashes of tokens nobody's.
REVOKE ALL ON service.token FROM aker_admin, aker_worker, aker_reader;
REVOKE ALL ON service.audit, service.idempotency FROM aker_worker, aker_reader;
GRANT USAGE ON SCHEMA queue, service TO aker_monitor;
DO $$
DECLARE
  dataset_name text;
BEGIN
  FOR dataset_name IN
    SELECT d.name FROM catalog.dataset d WHERE to_regclass(format('public.%I', d.name)) IS NOT NULL ORDER BY d.name
  LOOP
    EXECUTE format('GRANT SELECT ON public.%I TO aker_admin, aker_worker, aker_reader', dataset_name);
  END LOOP;
END
$$;

-- Functions: Postgres lets PUBLIC execute each new one, and default privileges of one schema cannot take that back. So
-- it is taken from all, and given by name: to an admin all but the internal ones, to the others what is listed here.
-- A name that no function has is an error: it was renamed or dropped, and this list is to follow.
DO $$
DECLARE
  worker_functions constant text[] := ARRAY[
    'queue.require_contract',
    'queue.register_worker', 'queue.hold_worker_lock', 'queue.heartbeat', 'queue.drain_worker', 'queue.stop_worker',
    'queue.claim', 'queue.claim_task', 'queue.fence', 'queue.ending', 'queue.complete', 'queue.complete_many',
      'queue.fail',
    'queue.release', 'queue.give_back', 'queue.report_host', 'queue.excuse_loss', 'queue.release_unknown',
    'queue.snooze', 'queue.note_attempts', 'queue.take_tokens',
    'queue.return_tokens', 'queue.cool_down', 'queue.reap', 'queue.promote_due', 'queue.tidy', 'queue.tick',
    'lake.establish', 'lake.begin_publication', 'lake.record_publication', 'lake.mark_in_place', 'lake.live_staging',
    'quality.record_validation', 'lineage.take_events', 'lineage.settle_event',
    'lineage.start_run', 'lineage.end_run', 'lineage.close_lost_runs', 'lineage.prune_outbox',
    'warehouse.prepare_partition', 'warehouse.drop_orphans', 'warehouse.drop_staging', 'warehouse.create_staging',
    'warehouse.index_staging', 'warehouse.swap_partition', 'warehouse.move_partition'];
  -- For everybody; the internal ones are called by reading functions and views, with the caller's rights.
  reader_functions constant text[] := ARRAY[
    'queue.contracts', 'queue.unserved_workers', 'queue.plan_backfill', 'queue.unmet_dependencies', 'queue.why',
    'queue.held_elsewhere', 'queue.left_alone', 'queue.those_left_alone',
    'queue.require_vintage', 'queue._definition_of', 'queue.sign', 'quality.expected',
    'lake.expired_vintages', 'lake.builder_of', 'lake.publication_file',
    'queue.standstill', 'queue.wanted', 'queue.wanted_slots', 'service.metrics', 'service.selected_tasks',
    'service.changes', 'service._changed_runs', 'service.choice_cells',
    'queue._room', 'queue._rooms', 'queue._running', 'queue._floor', 'queue._task_name',
    'queue._counted', 'queue._asked_regions', 'queue.cells', 'queue._superseded', 'service._changed_counts',
    'queue._made_partitions', 'queue._held_partitions', 'queue._ended_partitions', 'warehouse.abandoned_sessions',
    'review._rules', 'review.undecided', 'service.begin_question', 'service.answer_rows',
    'schedule._now', 'schedule._due_times', 'schedule._next_due', 'schedule._years', 'schedule._fires_at',
      'schedule._open_backfill',
    'warehouse._postgis_schema', 'warehouse._postgis_path', 'warehouse._is_measure', 'warehouse.map_datasets',
      'warehouse.map_measures', 'warehouse.map_choices', 'warehouse.map_figures', 'warehouse.require_map',
      'warehouse.outline_year', 'warehouse.outlines_of',
      'warehouse.map_mark', 'warehouse.map_tile'];
  -- For operators, and so for admins.
  operator_functions constant text[] := ARRAY[
    'queue.enqueue_backfill', 'queue.cancel_backfill', 'queue.cancel_task', 'queue.retry_backfill', 'queue.retry_task',
    'queue.pause_backfill', 'queue.pause_dataset', 'queue.pause_queue', 'queue.pause_source', 'queue.resume_backfill',
    'queue.resume_dataset', 'queue.resume_queue', 'queue.resume_source', 'queue.end_cool_down',
    'queue.prioritize_backfill', 'queue.prioritize_task', 'schedule.pause_flow', 'schedule.resume_flow',
    'schedule.trigger_flow', 'review.decide', 'review.find_row', 'service.create_batch', 'service.cancel_batch',
    'service.silence_alerts'];
  -- For who watches, besides readers.
  monitor_functions constant text[] := ARRAY['queue.wanted_slots', 'service.metrics'];
  -- Parts of others, which run with their owner's rights: for nobody. So is what begins with an underscore.
  internal_functions constant text[] := ARRAY[
    'warehouse.require_dataset', 'warehouse.create_leaf', 'warehouse.attach_leaf', 'warehouse.leaf_name',
    'warehouse.is_seen_by_all'];
  f record;
  unknown text;
BEGIN
  SELECT string_agg(listed, ', ') INTO unknown
    FROM unnest(worker_functions || reader_functions || operator_functions || internal_functions) AS listed
    WHERE NOT EXISTS (
      SELECT FROM pg_proc p WHERE p.pronamespace::regnamespace::text || '.' || p.proname = listed);
  IF unknown IS NOT NULL THEN
    RAISE EXCEPTION 'grants.sql names functions that are not there: %', unknown;
  END IF;
  FOR f IN
    SELECT p.oid::regprocedure AS signature, n.nspname || '.' || p.proname AS name, p.proname LIKE '\_%' AS hidden
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service')
    ORDER BY 1
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, aker_admin, aker_operator, aker_worker, aker_reader, '
      'aker_monitor', f.signature);
    IF f.name = ANY (reader_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin, aker_worker, aker_reader', f.signature);
    ELSIF f.name = ANY (worker_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin, aker_worker', f.signature);
      IF f.name = 'queue.tidy' THEN -- what was cancelled to the last task has ended, also where no worker is
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_operator', f.signature);
      END IF;
    ELSIF f.name = ANY (operator_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin, aker_operator', f.signature);
    ELSIF NOT f.hidden AND f.name <> ALL (internal_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin', f.signature);
    END IF;
    IF f.name = ANY (monitor_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_monitor', f.signature);
    END IF;
  END LOOP;
END
$$;

-- Questions in SQL of readers' own run with the rights of aker_reader, whoever the session's login is: the functions
-- that ask them belong to it. Who is no superuser has to be its member, and it has to be able to make things in the
-- schema for that moment.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN
    SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'service'::regnamespace
      AND p.proname IN ('begin_question', 'answer_rows') AND pg_get_userbyid(p.proowner) <> 'aker_reader'
  LOOP
    GRANT CREATE ON SCHEMA service TO aker_reader;
    EXECUTE format('ALTER FUNCTION %s OWNER TO aker_reader', f);
    REVOKE CREATE ON SCHEMA service FROM aker_reader;
  END LOOP;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the login may not give functions to aker_reader, and nobody can ask in SQL: GRANT aker_reader TO %',
    current_user;
END
$$;
