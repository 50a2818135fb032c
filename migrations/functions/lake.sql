-- The manifest: which file is which partition, from the publish transaction to its removal.

-- Orders publications of one partition by a row lock, and says what this one is. Call within the publish transaction.
CREATE FUNCTION lake.begin_publication(
  dataset_name text, year int, region_name text, vintage text, output_hash text, task bigint, token bigint,
  OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  shown warehouse.partition;
  filed lake.manifest;
BEGIN
  PERFORM queue._require_lease(task, token, dataset_name, year, region_name, vintage);
  SELECT * INTO STRICT shown FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name FOR UPDATE;
  SELECT * INTO filed FROM lake.manifest m
  WHERE m.dataset = dataset_name AND m.data_year = year AND m.region = region_name AND m.as_of = vintage FOR UPDATE;
  leaf := warehouse._leaf_of(dataset_name, year);
  current_as_of := shown.as_of;
  previous_publication_id := coalesce(filed.publication_id, shown.publication_id);
  outcome := CASE
    WHEN filed.sha256 = output_hash AND filed.state <> 'missing'
      AND (shown.as_of > vintage OR (shown.as_of = vintage AND shown.sha256 = output_hash)) THEN 'unchanged'
    WHEN shown.as_of > vintage THEN 'lake_only'
    ELSE 'published'
  END;
END
$$;
COMMENT ON FUNCTION lake.begin_publication(text, int, text, text, text, bigint, bigint) IS
  'Locks the partition and decides: unchanged (same bytes of the same vintage), lake_only (older than what the '
  'warehouse shows), or published.';

-- Writes lineage, quality, manifest and the warehouse's state of one publication. Call within the publish transaction,
-- after the rows.
CREATE FUNCTION lake.record_publication(publication jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p lineage.publication;
  new_id bigint;
BEGIN
  PERFORM queue._require_lease((publication ->> 'task_id')::bigint, (publication ->> 'lease_token')::bigint,
    publication ->> 'dataset', (publication ->> 'data_year')::int, publication ->> 'region', publication ->> 'as_of');
  INSERT INTO lineage.publication
    (task_id, backfill_id, attempt_id, attempt_number, lease_token, row_count, byte_count, started_at, data_year,
      dataset,
     region, as_of, outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version,
     is_synthetic, change, steps)
  SELECT r.task_id, r.backfill_id, r.attempt_id, r.attempt_number, r.lease_token, r.row_count, r.byte_count,
    r.started_at,
    r.data_year, r.dataset, r.region, r.as_of, r.outcome, r.definition_hash, r.output_sha256, r.lake_path, r.worker_id,
    r.host, r.code_version, r.engine_version, r.is_synthetic, r.change, r.steps
  FROM jsonb_to_record(publication) AS r (
    task_id bigint, backfill_id bigint, attempt_id bigint, attempt_number int, lease_token bigint, row_count bigint,
    byte_count bigint, started_at timestamptz, data_year int, dataset text, region text, as_of text, outcome text,
    definition_hash text, output_sha256 text, lake_path text, worker_id text, host text, code_version text,
    engine_version text, is_synthetic boolean, change jsonb, steps jsonb)
  RETURNING * INTO p;
  new_id := p.publication_id;

  INSERT INTO lineage.input
    (publication_id, ordinal, kind, request_name, source_id, url, fetched_at, status, sha256, byte_count, cache_hit,
     synthetic, input_publication_id, parameters, note)
  SELECT new_id, i.ordinal, i.kind, i.request_name, i.source_id, i.url, i.fetched_at, i.status, i.sha256, i.byte_count,
    coalesce(i.cache_hit, false), coalesce(i.synthetic, false), i.input_publication_id, i.parameters,
    i.note
  FROM jsonb_to_recordset(publication -> 'inputs') AS i (
    ordinal int, kind text, request_name text, source_id text, url text, fetched_at timestamptz, status int,
      sha256 text,
    byte_count bigint, cache_hit boolean, synthetic boolean, input_publication_id bigint, parameters jsonb, note text);

  PERFORM quality._store_validation(publication -> 'validation', new_id);

  IF p.outcome = 'unchanged' THEN
    UPDATE lake.manifest m
    SET publication_id = new_id, definition_hash = p.definition_hash, committed_at = clock_timestamp()
    WHERE m.dataset = p.dataset AND m.data_year = p.data_year AND m.region = p.region AND m.as_of = p.as_of;
  ELSE
    INSERT INTO lake.manifest AS m
      (publication_id, row_count, byte_count, data_year, dataset, region, as_of, state, definition_hash, sha256, path,
       staged_path, lake)
    VALUES (new_id, p.row_count, p.byte_count, p.data_year, p.dataset, p.region, p.as_of, 'committed',
      p.definition_hash,
      p.output_sha256, p.lake_path, publication ->> 'staged_path', publication ->> 'lake')
    ON CONFLICT (dataset, data_year, region, as_of) DO UPDATE SET
      publication_id = EXCLUDED.publication_id, row_count = EXCLUDED.row_count, byte_count = EXCLUDED.byte_count,
      state = EXCLUDED.state, definition_hash = EXCLUDED.definition_hash, sha256 = EXCLUDED.sha256,
        path = EXCLUDED.path,
      staged_path = EXCLUDED.staged_path, lake = EXCLUDED.lake, committed_at = clock_timestamp();
  END IF;
  IF p.outcome = 'published' OR p.outcome = 'unchanged' THEN
    UPDATE warehouse.partition w
    SET publication_id = new_id, as_of = p.as_of, sha256 = p.output_sha256, row_count = p.row_count
    WHERE w.dataset = p.dataset AND w.data_year = p.data_year AND w.region = p.region
      AND (p.outcome = 'published' OR w.as_of = p.as_of);
  END IF;

  INSERT INTO lineage.outbox (event)
  SELECT e.event FROM jsonb_array_elements(publication -> 'events') WITH ORDINALITY AS e (event, ordinal)
    ORDER BY e.ordinal;
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION lake.record_publication(jsonb) IS 'Writes all that is known of a publication; returns its id.';

-- Repair may speak for an attempt that can no longer do so itself: its worker has ended, or its session has. Of one
-- that is merely slow it may say that the file is there, after a second, and never that it is lost.
CREATE FUNCTION lake._is_left_behind(publication bigint, found boolean) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT found AND EXISTS (
      SELECT FROM lake.manifest m
      WHERE m.publication_id = publication AND m.committed_at < clock_timestamp() - interval '1 second')
    OR NOT EXISTS (
      SELECT FROM lineage.publication p
        JOIN queue.outcome o ON o.task_id = p.task_id AND o.final AND o.lease_token = p.lease_token
        JOIN queue.worker w ON w.worker_id = o.worker_id
      WHERE p.publication_id = publication AND w.ended_at IS NULL AND (NOT w.session_lock OR EXISTS (
        SELECT FROM pg_locks k
        WHERE k.locktype = 'advisory' AND k.classid = 1634428274 AND k.objsubid = 2 AND k.granted
          AND k.objid::bigint = w.worker_id
          AND k.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))))
$$;
COMMENT ON FUNCTION lake._is_left_behind(bigint, boolean) IS
  'Whether somebody else may say what became of a publication''s file.';

-- The lease ended with the publication: its token is the proof, and that the attempt was this process's. That a file is
-- lost which was in place is for an operator to say.
CREATE FUNCTION lake.mark_in_place(publication bigint, found boolean, token bigint DEFAULT NULL) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE lake.manifest m SET state = CASE WHEN found THEN 'in_place' ELSE 'missing' END, staged_path = NULL
  WHERE m.publication_id = publication AND (queue._caller_operates() OR m.state = 'committed' AND CASE
      WHEN token IS NULL THEN lake._is_left_behind(publication, found)
      ELSE EXISTS (
        SELECT FROM lineage.publication p
          JOIN queue.outcome o ON o.task_id = p.task_id AND o.final AND o.lease_token = p.lease_token
        WHERE p.publication_id = publication AND p.lease_token = token AND queue._is_mine(o.worker_id)) END)
  RETURNING true
$$;
COMMENT ON FUNCTION lake.mark_in_place(bigint, boolean, bigint) IS
  'The file of a publication has its name in the lake, or is lost: says its own attempt, by its token; without one '
  'whoever repairs, once the attempt is over. NULL where it is not for the caller to say, or a later publication has '
  'taken its place.';

-- Staging folders are named <task_id>-<lease_token>-<process>; which of them belong to attempts that still run, or wait
-- for repair?
CREATE FUNCTION lake.live_staging(names text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT n FROM unnest(names) AS n
  WHERE EXISTS (
      SELECT FROM queue.lease l WHERE concat_ws('-', l.task_id, l.lease_token, left(l.incarnation::text, 8)) = n)
    OR EXISTS (SELECT FROM lake.manifest m WHERE m.state = 'committed' AND split_part(m.staged_path, '/', 2) = n);
END
$$;
COMMENT ON FUNCTION lake.live_staging(text[]) IS 'Of these staging folders, those that must be kept.';

-- A partition whose file is lost, or is of a publication that this database does not know: who builds it again?
CREATE FUNCTION lake.builder_of(dataset_name text, year int, region_name text, vintage text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT t.task_id FROM queue.task t
  WHERE t.dataset = dataset_name AND t.data_year = year AND t.region = region_name AND t.as_of = vintage
    AND t.state IN ('blocked', 'ready', 'running') ORDER BY t.task_id LIMIT 1
$$;
COMMENT ON FUNCTION lake.builder_of(text, int, text, text) IS
  'The task of an open backfill that will build this vintage of a partition, or NULL.';

-- The newest so many vintages of each partition stay, and so does the one that the warehouse shows. Lineage stays
-- whole.
CREATE FUNCTION lake.expired_vintages(dataset_name text, kept_count int)
RETURNS TABLE (publication_id bigint, path text, byte_count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.publication_id, r.path, r.byte_count FROM (
    SELECT m.*, row_number() OVER (PARTITION BY m.data_year, m.region ORDER BY m.as_of DESC) AS age
    FROM lake.manifest m WHERE m.dataset = dataset_name) AS r
  WHERE r.age > kept_count AND r.state <> 'committed'
    AND NOT EXISTS (
      SELECT FROM warehouse.partition w
      WHERE w.dataset = r.dataset AND w.data_year = r.data_year AND w.region = r.region AND w.as_of = r.as_of)
  ORDER BY r.path
$$;
COMMENT ON FUNCTION lake.expired_vintages(text, int) IS 'Files that a dataset keeping so many vintages does not need.';

-- Takes a file out of the manifest, before it is removed: a crash in between leaves an orphan, which repair finds.
CREATE FUNCTION lake.forget_file(publication bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM lake.manifest m WHERE m.publication_id = publication AND m.state <> 'committed';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION lake.forget_file(bigint) IS
  'Removes a publication''s file from the manifest; false when another publication has replaced it meanwhile.';

-- Which lake is this? ------------------------------------------------------------------------------------------------

-- Drawn by lot, it would be another one after a fail-over that lost the row while the lake kept the file.
CREATE FUNCTION lake._own_id() RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT left(encode(sha256(convert_to(concat_ws('/', (SELECT s.system_identifier FROM pg_control_system() s),
    (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()), 'lake.identity'::regclass::oid),
    'UTF8')), 'hex'), 32)::uuid
$$;
COMMENT ON FUNCTION lake._own_id() IS
  'The id that this database gives to its first lake: the same after each fail-over, and of no other database, be it a '
  'copy of this one or made anew under its name.';

-- A lake without an id becomes this database's when the database has none yet; so does one that it gave its id before,
-- and that was forgotten by a fail-over. Nothing else is changed.
CREATE FUNCTION lake.establish(place text, said_id text, host_name text)
RETURNS TABLE (lake_id uuid, location text, host text, has_files boolean, newest_path text, newest_bytes bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM lake.identity) AND coalesce(said_id = lake._own_id()::text, true) THEN
    INSERT INTO lake.identity (lake_id, location, host) VALUES (lake._own_id(), place, host_name)
    ON CONFLICT DO NOTHING;
  END IF;
  RETURN QUERY
    SELECT i.lake_id, i.location, i.host, EXISTS (SELECT FROM lake.manifest m WHERE m.state = 'in_place'),
      n.path, n.byte_count
    FROM lake.identity i LEFT JOIN LATERAL (
      SELECT m.path, m.byte_count FROM lake.manifest m WHERE m.state = 'in_place'
        ORDER BY m.committed_at DESC LIMIT 1) n ON true;
END
$$;
COMMENT ON FUNCTION lake.establish(text, text, text) IS
  'The id of this database''s lake, which is made for the first one that asks and has none; no row where a lake has '
  'another id and the database has none. With the host that made it, and the file that was published last.';

CREATE FUNCTION lake.adopt(place text, host_name text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  living text;
  id uuid;
BEGIN
  SELECT string_agg(w.name, ', ' ORDER BY w.name) INTO living FROM queue.worker w WHERE w.state = 'running';
  IF living IS NOT NULL THEN
    RAISE EXCEPTION 'workers are alive and may publish into the other lake: %', living
      USING ERRCODE = 'AK006', HINT = 'Stop them first; aker workers lists them.';
  END IF;
  INSERT INTO lake.identity AS i (location, host) VALUES (place, host_name)
  ON CONFLICT (only_one) DO UPDATE SET lake_id = gen_random_uuid(), location = place, host = host_name,
    created_at = now()
  RETURNING i.lake_id INTO id;
  RETURN id;
END
$$;
COMMENT ON FUNCTION lake.adopt(text, text) IS
  'Gives the database''s lake a new id and place; whoever uses another folder is refused from then on. AK006 while '
  'workers are alive.';

-- What was published then --------------------------------------------------------------------------------------------

CREATE FUNCTION lake.publication_file(publication bigint)
RETURNS TABLE (definition_hash text, as_of text, output_sha256 text, lake_path text, row_count bigint,
  engine_version text, is_kept boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.definition_hash, p.as_of, p.output_sha256, p.lake_path, p.row_count, p.engine_version,
    EXISTS (SELECT FROM lake.manifest m WHERE m.path = p.lake_path AND m.sha256 = p.output_sha256
      AND m.state <> 'missing')
  FROM lineage.publication p WHERE p.publication_id = publication
$$;
COMMENT ON FUNCTION lake.publication_file(bigint) IS
  'What a publication published, and whether the lake still has that very file.';

-- A vintage is taken back --------------------------------------------------------------------------------------------

-- Locks the partition as a publication does, and says what the warehouse is to show instead.
CREATE FUNCTION lake.begin_withdrawal(dataset_name text, year int, region_name text, vintage text)
RETURNS TABLE (
  publication_id bigint, path text, was_shown boolean, shown_as_of text, leaf text, before_publication_id bigint,
    before_as_of text,
  before_path text, before_sha256 text, before_row_count bigint, dataset_yml text, transform_sql text, rows_sql text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  shown warehouse.partition;
  filed lake.manifest;
  before lake.manifest;
  builder record;
BEGIN
  SELECT * INTO shown FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name FOR UPDATE;
  SELECT * INTO filed FROM lake.manifest m
  WHERE m.dataset = dataset_name AND m.data_year = year AND m.region = region_name AND m.as_of = vintage FOR UPDATE;
  IF filed.publication_id IS NULL THEN
    RAISE EXCEPTION '% % has no vintage %', dataset_name, trim(year || ' ' || region_name), vintage
      USING ERRCODE = 'AK005', HINT = format('aker lake history %s %s lists what there is.', dataset_name, year);
  END IF;
  IF filed.state = 'committed' THEN
    RAISE EXCEPTION 'its file does not have its name yet'
      USING ERRCODE = 'AK006', HINT = 'Run aker lake repair, then again.';
  END IF;
  SELECT t.task_id, t.backfill_id INTO builder FROM queue.task t
  WHERE t.dataset = dataset_name AND t.data_year = year AND t.region = region_name AND t.as_of = vintage
    AND t.state IN ('blocked', 'ready', 'running') LIMIT 1;
  IF builder.task_id IS NOT NULL THEN
    RAISE EXCEPTION 'task % of backfill % builds it again', builder.task_id, builder.backfill_id
      USING ERRCODE = 'AK006', HINT = format('aker cancel --task %s, then again.', builder.task_id);
  END IF;
  -- Until this ends, the year's rows stay in the table that they are in.
  PERFORM pg_advisory_xact_lock_shared(warehouse._layout_key(dataset_name));
  SELECT * INTO before FROM lake.manifest m
  WHERE m.dataset = dataset_name AND m.data_year = year AND m.region = region_name AND m.as_of < vintage
    AND m.state <> 'missing'
  ORDER BY m.as_of DESC LIMIT 1;
  RETURN QUERY SELECT filed.publication_id, filed.path, coalesce(shown.as_of = vintage, false), shown.as_of,
    warehouse._leaf_of(dataset_name, year),
    before.publication_id, before.as_of, before.path, before.sha256, before.row_count, d.dataset_yml, d.transform_sql,
      d.rows_sql::text
  FROM (SELECT) one LEFT JOIN catalog.definition d ON d.definition_hash = before.definition_hash;
END
$$;
COMMENT ON FUNCTION lake.begin_withdrawal(text, int, text, text) IS
  'Locks a partition, one of whose vintages is to be taken back, and says what the warehouse is to show instead: the '
  'vintage before, or nothing. AK005 where there is no such vintage, AK006 while a task builds it.';

-- Belongs to no lease: what a session leaves behind that commits without recording, warehouse.drop_orphans() removes.
CREATE FUNCTION lake.create_withdrawal_table(dataset_name text, year int, region_name text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  token bigint := nextval('queue.lease_token');
  table_name text := warehouse.leaf_name(dataset_name, year, region_name, token::text);
BEGIN
  PERFORM warehouse.create_leaf(dataset_name, year, region_name, table_name);
  INSERT INTO warehouse.staging (task_id, lease_token, table_name, dataset) VALUES (0, token, table_name, dataset_name);
  -- Who called: within this function the current user is its owner.
  EXECUTE format('GRANT INSERT ON warehouse.%I TO %I', table_name,
    CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END);
  RETURN table_name;
END
$$;
COMMENT ON FUNCTION lake.create_withdrawal_table(text, int, text) IS
  'A table for the rows of the vintage that the warehouse is to show instead of one that is taken back.';

-- Call in the transaction of begin_withdrawal.
CREATE FUNCTION lake.record_withdrawal(publication bigint, shown_publication bigint, why text,
  rows_table text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone lake.manifest;
  now_shown lake.manifest;
  column_list text;
  row_count bigint := 0;
BEGIN
  DELETE FROM lake.manifest m WHERE m.publication_id = publication RETURNING * INTO STRICT gone;
  SELECT * INTO now_shown FROM lake.manifest m WHERE m.publication_id = shown_publication;
  IF EXISTS (
    SELECT FROM warehouse.partition w
    WHERE w.dataset = gone.dataset AND w.data_year = gone.data_year AND w.region = gone.region AND w.as_of = gone.as_of)
  THEN
    PERFORM pg_advisory_xact_lock_shared(warehouse._layout_key(gone.dataset));
    PERFORM warehouse._clear_partition(gone.dataset, gone.data_year, gone.region);
    IF rows_table IS NOT NULL THEN
      DELETE FROM warehouse.staging s WHERE s.table_name = rows_table AND s.task_id = 0 AND s.dataset = gone.dataset;
      IF NOT FOUND THEN
        RAISE EXCEPTION '% is no table for a withdrawal of %', rows_table, gone.dataset USING ERRCODE = 'AK003';
      END IF;
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO column_list FROM pg_attribute a
      WHERE a.attrelid = format('warehouse.%I', rows_table)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
      EXECUTE format('INSERT INTO warehouse.%I (%s) SELECT %s FROM warehouse.%I',
        warehouse._leaf_of(gone.dataset, gone.data_year), column_list, column_list, rows_table);
      GET DIAGNOSTICS row_count = ROW_COUNT;
      EXECUTE format('DROP TABLE warehouse.%I', rows_table);
    END IF;
    IF row_count <> coalesce(now_shown.row_count, 0) THEN
      RAISE EXCEPTION '% of % came of the vintage before', row_count, queue._counted(now_shown.row_count, 'row')
        USING ERRCODE = 'AK003';
    END IF;
  END IF;
  UPDATE warehouse.partition w
  SET publication_id = now_shown.publication_id, as_of = now_shown.as_of, sha256 = now_shown.sha256,
    row_count = now_shown.row_count
  WHERE w.dataset = gone.dataset AND w.data_year = gone.data_year AND w.region = gone.region AND w.as_of = gone.as_of;
  INSERT INTO lake.withdrawal (publication_id, shown_publication_id, reason)
  VALUES (publication, shown_publication, coalesce(why, ''))
  ON CONFLICT (publication_id) DO NOTHING;
END
$$;
COMMENT ON FUNCTION lake.record_withdrawal(bigint, bigint, text, text) IS
  'Takes a vintage out of the manifest; where the warehouse showed it, puts the rows of the vintage before in the '
  'place of its own (or none), and keeps who did so.';
