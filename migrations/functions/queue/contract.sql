-- Which worker programs may work on this structure: each says which contract it keeps, a number that goes up whenever
-- what a worker calls, or may be answered, changes in a way that an older program would not bear.

CREATE FUNCTION queue.contracts() RETURNS int4range
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT int4range(1, 1, '[]')
$$;
COMMENT ON FUNCTION queue.contracts IS
  'The contracts that this structure serves. Raise the upper end with QueueContract.number in Swift; the lower one a '
  'release later, so that workers of the version before go on while hosts are updated one by one.';

CREATE FUNCTION queue.require_contract(contract integer, version text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF contract <@ queue.contracts() THEN
    RETURN;
  END IF;
  IF contract < lower(queue.contracts()) THEN
    RAISE EXCEPTION 'aker-worker % is too old for this database: it keeps contract %, and % is the oldest served here',
      version, contract, lower(queue.contracts())
      USING ERRCODE = 'AK008', HINT = 'Install on this host the version that migrated the database: aker migrate '
        '--status names it.';
  END IF;
  RAISE EXCEPTION 'the database is too old for aker-worker %: it serves contracts up to %, and this program keeps %',
    version, upper(queue.contracts()) - 1, contract
    USING ERRCODE = 'AK008', HINT = 'The database is not up to date. Run: aker migrate';
END
$$;
COMMENT ON FUNCTION queue.require_contract IS
  'AK008 unless a worker of this contract may work on this structure. Asked before anything else, by programs of all '
  'versions: its name and arguments never change.';

CREATE FUNCTION queue.unserved_workers(served int4range DEFAULT queue.contracts())
RETURNS TABLE (worker_id integer, name text, host text, version text, contract integer, state text, busy bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT w.worker_id, w.name, w.host, w.version, w.contract, w.state,
    (SELECT count(*) FROM queue.lease l WHERE l.worker_id = w.worker_id)
  FROM queue.worker w WHERE w.ended_at IS NULL AND NOT w.contract <@ served ORDER BY w.worker_id
$$;
COMMENT ON FUNCTION queue.unserved_workers IS
  'Living workers whose program keeps a contract that is not served, and how many tasks each holds.';

CREATE FUNCTION queue.drain_unserved(served int4range) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH drained AS (
    UPDATE queue.worker w SET state = 'draining'
    WHERE w.ended_at IS NULL AND w.state = 'running' AND NOT w.contract <@ served RETURNING w.name)
  SELECT count(*)::integer FROM drained
$$;
COMMENT ON FUNCTION queue.drain_unserved IS
  'Workers whose program a structure to come will not serve claim no more, and finish what they hold. Returns how '
  'many were told so now.';

CREATE FUNCTION queue._end_unserved() RETURNS integer
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH ended AS (
    UPDATE queue.worker w SET state = 'stopped', ended_at = clock_timestamp(),
      end_reason = 'its version is not served since the migration'
    WHERE w.ended_at IS NULL AND w.state = 'draining' AND NOT w.contract <@ queue.contracts()
      AND NOT EXISTS (SELECT FROM queue.lease l WHERE l.worker_id = w.worker_id) RETURNING w.name)
  SELECT count(*)::integer FROM ended
$$;
COMMENT ON FUNCTION queue._end_unserved IS
  'Ends drained workers that this structure does not serve: each is told so by AK002, registers anew, is refused by '
  'AK008, and ends with what to do.';
