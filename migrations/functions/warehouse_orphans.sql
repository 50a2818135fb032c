-- What attempts leave behind that hold no lease any more: their staging tables, and sessions that still fill them.

CREATE FUNCTION warehouse._orphans() RETURNS SETOF warehouse.staging
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.* FROM warehouse.staging s
  WHERE NOT EXISTS (SELECT FROM queue.lease l WHERE l.task_id = s.task_id AND l.lease_token = s.lease_token)
$$;
COMMENT ON FUNCTION warehouse._orphans() IS 'Staging tables of attempts that hold no lease any more.';

-- Sessions that write into such a table, which only the attempt's own does: a worker that was suspended in the middle
-- of a COPY, or whose host is cut off. The server waits for its rows without any limit, keeps the table, and holds back
-- vacuum.
CREATE FUNCTION warehouse.abandoned_sessions() RETURNS TABLE (pid integer, table_name text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT l.pid, s.table_name
  FROM warehouse._orphans() s
  JOIN pg_locks l ON l.relation = to_regclass(format('warehouse.%I', s.table_name)) AND l.locktype = 'relation'
  WHERE l.mode = 'RowExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
$$;
COMMENT ON FUNCTION warehouse.abandoned_sessions() IS
  'Sessions in the middle of loading rows for an attempt whose lease is over.';

CREATE FUNCTION warehouse.end_abandoned_sessions() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  session record;
BEGIN
  -- Every worker asks each five seconds: the locks are looked at only where there is such a table.
  IF NOT EXISTS (SELECT FROM warehouse._orphans()) THEN
    RETURN;
  END IF;
  FOR session IN SELECT * FROM warehouse.abandoned_sessions() LOOP
    BEGIN
      IF pg_terminate_backend(session.pid) THEN RETURN NEXT session.table_name; END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      NULL; -- queue.stuck shows it, with what an administrator can do
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION warehouse.end_abandoned_sessions() IS
  'Ends sessions that load rows for an attempt whose lease is over, where the owner of this function may: as a member '
  'of the session''s role or of pg_signal_backend. Returns their tables.';

-- Waits for no lock, but for the second in which a session ends that was told to: whoever comes after a lock that is
-- waited for (a dump) would wait, too.
CREATE FUNCTION warehouse.drop_orphans() RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  ended text[] := ARRAY(SELECT warehouse.end_abandoned_sessions());
  orphan record;
BEGIN
  FOR orphan IN
    SELECT s.table_name, s.lease_token FROM warehouse.staging s
    WHERE s.table_name IN (SELECT o.table_name FROM warehouse._orphans() o) FOR UPDATE SKIP LOCKED
  LOOP
    BEGIN
      IF to_regclass(format('warehouse.%I', orphan.table_name)) IS NOT NULL THEN
        EXECUTE format('LOCK TABLE warehouse.%I IN ACCESS EXCLUSIVE MODE%s', orphan.table_name,
          CASE WHEN orphan.table_name = ANY (ended) THEN '' ELSE ' NOWAIT' END);
      END IF;
      PERFORM warehouse.drop_staging(orphan.table_name, orphan.lease_token);
      RETURN NEXT orphan.table_name;
    EXCEPTION WHEN lock_not_available THEN
      NULL; -- somebody reads it (a dump), or writes to it still: the next time, then
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION warehouse.drop_orphans() IS
  'Drops the staging tables of attempts that are gone, but for those that are locked; returns their names.';
