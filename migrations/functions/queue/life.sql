-- Which life of itself the database is in. A standby that is promoted, a backup that is restored, a copy of the
-- database: each goes on from a state in which leases are held by workers who may go on in another history, and its
-- sequences would give the numbers of that history again. So a new life ends all that the old one had begun, and its
-- sequences leap: docs/queue.md#fail-over and docs/decisions/0014-new-lives.md.

CREATE FUNCTION queue._life() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- What a standby says of its log by itself (55000) is said of mistakes, too.
  IF pg_is_in_recovery() THEN
    RAISE EXCEPTION 'this server is a standby: it has no life of its own' USING ERRCODE = 'read_only_sql_transaction',
      HINT = 'Connect to the primary; after a fail-over that takes a moment.';
  END IF;
  RETURN concat_ws('/', (SELECT s.system_identifier FROM pg_control_system() s),
    left(pg_walfile_name(pg_current_wal_lsn()), 8),
    (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()));
END
$$;
COMMENT ON FUNCTION queue._life IS
  'Names this life of this database: system identifier, timeline, database oid. pg_control_checkpoint() would still '
  'tell the old timeline right after a promotion; pg_upgrade begins again at timeline 1, hence the identifier; CREATE '
  'DATABASE … TEMPLATE has another oid.';

CREATE FUNCTION queue._enter_life() RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- A fact about the server process, found once per session: neither the server nor its timeline changes beneath one.
  now_in text := current_setting('aker.life', true);
  before text;
BEGIN
  IF (SELECT g.life FROM queue.setting g WHERE g.singleton) = now_in THEN
    RETURN false;
  END IF;
  now_in := queue._life();
  PERFORM set_config('aker.life', now_in, false);
  -- A session's first look locks nothing: whoever publishes would keep the row until its commit.
  IF (SELECT g.life FROM queue.setting g WHERE g.singleton) = now_in THEN
    RETURN false;
  END IF;
  -- One of all that notice at once.
  SELECT g.life INTO before FROM queue.setting g WHERE g.singleton FOR UPDATE;
  IF before = now_in THEN
    RETURN false;
  END IF;
  UPDATE queue.setting g SET life = now_in, life_began_at = clock_timestamp() WHERE g.singleton;
  IF before IS NULL THEN
    RETURN false; -- the first: nothing came before
  END IF;
  PERFORM queue._begin_life(before, now_in);
  RETURN true;
END
$$;
COMMENT ON FUNCTION queue._enter_life IS
  'Begins the database''s new life, where it is in one. What registers, ticks, claims or fences calls '
  'this first.';

CREATE FUNCTION queue._begin_life(before text, life text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  s record;
  l queue.lease;
  worker_count integer;
  lease_count integer := 0;
BEGIN
  -- No number of the old life comes again, however much of it was lost: a million for each sequence, and a thousand
  -- million for leases and tasks, of which a busy pool may use a million in the seconds that a standby lags.
  FOR s IN
    SELECT c.oid::regclass AS sequence, q.seqmax,
      CASE WHEN c.relname IN ('lease_token', 'planned_task_task_id_seq') THEN 1000000000 ELSE 1000000 END AS leap
    FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service')
      ORDER BY c.oid
  LOOP
    PERFORM setval(s.sequence, least(nextval(s.sequence) + s.leap, s.seqmax - 1));
  END LOOP;
  -- Where transactions are numbered anew, too (a dump that is restored), what was counted is of none that is to come.
  UPDATE queue.progress p SET changed_in = pg_current_xact_id() WHERE p.changed_in > pg_current_xact_id();
  UPDATE queue.progress_delta p SET changed_in = pg_current_xact_id() WHERE p.changed_in > pg_current_xact_id();
  UPDATE queue.worker w SET state = 'lost', ended_at = clock_timestamp(), end_reason = 'the database began a new life'
    WHERE w.ended_at IS NULL;
  GET DIAGNOSTICS worker_count = ROW_COUNT;
  -- A publication that holds its lease in this life already goes on: what is skipped is the reaper's, afterwards.
  FOR l IN
    DELETE FROM queue.lease d USING (SELECT n.task_id FROM queue.lease n FOR UPDATE SKIP LOCKED) AS free
    WHERE d.task_id = free.task_id RETURNING d.*
  LOOP
    PERFORM queue._settle(l, 'released', NULL, 'the database began a new life', NULL);
    lease_count := lease_count + 1;
  END LOOP;
  INSERT INTO queue.event (kind, message) VALUES ('new_life', format(
    'the database began a new life (fail-over, restore or copy: %s, before: %s); %s ended, %s given back',
    $2, $1, queue._counted(worker_count, 'worker'), queue._counted(lease_count, 'task')));
  PERFORM pg_notify('aker_cancel', '');
END
$$;
COMMENT ON FUNCTION queue._begin_life IS
  'Ends all incarnations of the life before, gives their tasks back with their attempts, and lets every sequence '
  'leap.';
