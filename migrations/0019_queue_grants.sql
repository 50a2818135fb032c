-- Who may do what: a reader sees everything and changes nothing; a worker runs tasks and cannot enqueue, cancel or pause; an admin operates.
-- Nobody but the owner writes to the tables: every change goes through a function. The exception is queue.setting, an admin's.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA queue FROM PUBLIC;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA queue FROM PUBLIC, aker_admin, aker_worker, aker_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA queue TO aker_admin, aker_worker, aker_reader;
GRANT UPDATE ON queue.setting TO aker_admin;

DO $$
DECLARE
  f record;
  worker_functions constant text[] := ARRAY[
    'register_worker', 'hold_worker_lock', 'heartbeat', 'drain_worker', 'stop_worker', 'claim', 'fence', 'complete', 'complete_many', 'fail',
    'release', 'release_unknown', 'snooze', 'take_tokens', 'return_tokens', 'cool_down', 'reap', 'promote_due', 'tidy', 'tick'];
  -- Internal functions that the reading ones (run with the caller's rights) call.
  reader_functions constant text[] := ARRAY['plan_backfill', 'why', '_room', '_floor', '_task_name'];
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p WHERE p.pronamespace = 'queue'::regnamespace LOOP
    IF f.name = ANY (reader_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin, aker_worker, aker_reader', f.signature);
    ELSIF f.name = ANY (worker_functions) THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin, aker_worker', f.signature);
    ELSIF f.name NOT LIKE '\_%' THEN
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO aker_admin', f.signature);
    END IF;
  END LOOP;
END
$$;
