-- The publish transaction, as functions:
--   queue.fence → lake.begin_publication → rows → lake.record_publication → queue.complete → COMMIT
-- and lake.mark_in_place once the file has its name.

-- Orders publications of one partition by a row lock, and says what this one is. Call within the publish transaction.
CREATE FUNCTION lake.begin_publication(
  dataset_name text, year int, region_name text, vintage text, output_hash text,
  OUT outcome text, OUT leaf text, OUT current_as_of text, OUT previous_publication_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  shown warehouse.partition;
  filed lake.manifest;
BEGIN
  SELECT * INTO STRICT shown FROM warehouse.partition p
  WHERE p.dataset = dataset_name AND p.data_year = year AND p.region = region_name FOR UPDATE;
  SELECT * INTO filed FROM lake.manifest m
  WHERE m.dataset = dataset_name AND m.data_year = year AND m.region = region_name AND m.as_of = vintage FOR UPDATE;
  leaf := shown.leaf;
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
COMMENT ON FUNCTION lake.begin_publication(text, int, text, text, text) IS
  'Locks the partition and decides: unchanged (same bytes of the same vintage), lake_only (older than what the warehouse shows), or published.';

-- Stores the validation of one attempt, with its checks. Its own transaction when it failed; the publish transaction otherwise.
CREATE FUNCTION quality.record_validation(validation jsonb, publication bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
BEGIN
  INSERT INTO quality.validation
    (publication_id, task_id, lease_token, row_count, data_year, check_count, failed_count, warned_count, success,
     drift_failed, dataset, region, as_of, definition_hash, drift, profile)
  SELECT publication, v.task_id, v.lease_token, v.row_count, v.data_year, v.check_count, v.failed_count, v.warned_count,
    v.success, v.drift_failed, v.dataset, v.region, v.as_of, v.definition_hash, v.drift, v.profile
  FROM jsonb_to_record(validation) AS v (
    task_id bigint, lease_token bigint, row_count bigint, data_year int, check_count int, failed_count int,
    warned_count int, success boolean, drift_failed boolean, dataset text, region text, as_of text, definition_hash text,
    drift jsonb, profile jsonb)
  RETURNING validation_id INTO new_id;
  INSERT INTO quality.check_result
    (validation_id, ordinal, check_name, column_name, severity, success, unexpected_count, element_count, message, arguments,
     observed, examples)
  SELECT new_id, c.ordinal, c.check_name, c.column_name, c.severity, c.success, c.unexpected_count, c.element_count,
    c.message, coalesce(c.arguments, '{}'), c.observed, c.examples
  FROM jsonb_to_recordset(validation -> 'checks') AS c (
    ordinal int, check_name text, column_name text, severity text, success boolean, unexpected_count bigint,
    element_count bigint, message text, arguments jsonb, observed jsonb, examples jsonb);
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION quality.record_validation(jsonb, bigint) IS 'Stores a validation and its checks; publication is NULL when nothing was published.';

-- Writes lineage, quality, manifest and the warehouse's state of one publication. Call within the publish transaction, after
-- the rows.
CREATE FUNCTION lake.record_publication(publication jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p lineage.publication;
  new_id bigint;
BEGIN
  INSERT INTO lineage.publication
    (task_id, backfill_id, attempt_id, attempt_number, lease_token, row_count, byte_count, started_at, data_year, dataset,
     region, as_of, outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version,
     is_synthetic, change, steps)
  SELECT r.task_id, r.backfill_id, r.attempt_id, r.attempt_number, r.lease_token, r.row_count, r.byte_count, r.started_at,
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
     synthetic, input_publication_id, note)
  SELECT new_id, i.ordinal, i.kind, i.request_name, i.source_id, i.url, i.fetched_at, i.status, i.sha256, i.byte_count,
    coalesce(i.cache_hit, false), coalesce(i.synthetic, false), i.input_publication_id, i.note
  FROM jsonb_to_recordset(publication -> 'inputs') AS i (
    ordinal int, kind text, request_name text, source_id text, url text, fetched_at timestamptz, status int, sha256 text,
    byte_count bigint, cache_hit boolean, synthetic boolean, input_publication_id bigint, note text);

  PERFORM quality.record_validation(publication -> 'validation', new_id);

  IF p.outcome = 'unchanged' THEN
    UPDATE lake.manifest m
    SET publication_id = new_id, definition_hash = p.definition_hash, committed_at = clock_timestamp()
    WHERE m.dataset = p.dataset AND m.data_year = p.data_year AND m.region = p.region AND m.as_of = p.as_of;
  ELSE
    INSERT INTO lake.manifest AS m
      (publication_id, row_count, byte_count, data_year, dataset, region, as_of, state, definition_hash, sha256, path,
       staged_path, lake)
    VALUES (new_id, p.row_count, p.byte_count, p.data_year, p.dataset, p.region, p.as_of, 'committed', p.definition_hash,
      p.output_sha256, p.lake_path, publication ->> 'staged_path', publication ->> 'lake')
    ON CONFLICT (dataset, data_year, region, as_of) DO UPDATE SET
      publication_id = EXCLUDED.publication_id, row_count = EXCLUDED.row_count, byte_count = EXCLUDED.byte_count,
      state = EXCLUDED.state, definition_hash = EXCLUDED.definition_hash, sha256 = EXCLUDED.sha256, path = EXCLUDED.path,
      staged_path = EXCLUDED.staged_path, lake = EXCLUDED.lake, committed_at = clock_timestamp();
  END IF;
  IF p.outcome = 'published' OR p.outcome = 'unchanged' THEN
    UPDATE warehouse.partition w
    SET publication_id = new_id, as_of = p.as_of, sha256 = p.output_sha256, row_count = p.row_count
    WHERE w.dataset = p.dataset AND w.data_year = p.data_year AND w.region = p.region
      AND (p.outcome = 'published' OR w.as_of = p.as_of);
  END IF;

  INSERT INTO lineage.outbox (event)
  SELECT e.event FROM jsonb_array_elements(publication -> 'events') WITH ORDINALITY AS e (event, ordinal) ORDER BY e.ordinal;
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION lake.record_publication(jsonb) IS 'Writes all that is known of a publication; returns its id.';

CREATE FUNCTION lake.mark_in_place(publication bigint, found boolean) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE lake.manifest m SET state = CASE WHEN found THEN 'in_place' ELSE 'missing' END, staged_path = NULL
  WHERE m.publication_id = publication
  RETURNING true
$$;
COMMENT ON FUNCTION lake.mark_in_place(bigint, boolean) IS
  'The file of a publication has its name in the lake, or is lost. NULL when a later publication has taken its place meanwhile.';

-- Staging folders are named <task_id>-<lease_token>; which of them belong to attempts that still run, or wait for repair?
CREATE FUNCTION lake.live_staging(names text[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY SELECT n FROM unnest(names) AS n
  WHERE EXISTS (SELECT FROM queue.lease l WHERE l.task_id || '-' || l.lease_token = n)
    OR EXISTS (SELECT FROM lake.manifest m WHERE m.state = 'committed' AND split_part(m.staged_path, '/', 2) = n);
END
$$;
COMMENT ON FUNCTION lake.live_staging(text[]) IS 'Of these staging folders, those that must be kept.';

CREATE FUNCTION lineage.queue_events(events jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO lineage.outbox (event)
  SELECT e.event FROM jsonb_array_elements(events) WITH ORDINALITY AS e (event, ordinal) ORDER BY e.ordinal
$$;
COMMENT ON FUNCTION lineage.queue_events(jsonb) IS 'Queues OpenLineage events for delivery.';

-- Takes events to deliver, and hides them from other senders while they are on the way.
CREATE FUNCTION lineage.take_events(wanted int, hide_interval interval)
RETURNS TABLE (event_id bigint, event text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE lineage.outbox o SET attempt_count = o.attempt_count + 1, next_attempt_at = clock_timestamp() + hide_interval
  WHERE o.event_id IN (
    SELECT w.event_id FROM lineage.outbox w WHERE w.delivered_at IS NULL AND w.next_attempt_at <= clock_timestamp()
    ORDER BY w.next_attempt_at, w.event_id LIMIT wanted FOR UPDATE SKIP LOCKED)
  RETURNING o.event_id, o.event::text
$$;
COMMENT ON FUNCTION lineage.take_events(int, interval) IS 'Events to deliver now; each comes again after hide_interval unless it is settled.';

CREATE FUNCTION lineage.settle_event(event bigint, failure text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE lineage.outbox o SET
    delivered_at = CASE WHEN failure IS NULL THEN clock_timestamp() END, last_error = failure,
    -- 5 s doubling to an hour: an endpoint that is down is not hammered, and is found again soon after a short outage.
    next_attempt_at = clock_timestamp() + least(interval '1 hour', interval '5 seconds' * 2 ^ least(o.attempt_count, 20))
  WHERE o.event_id = event;
  DELETE FROM lineage.outbox o WHERE o.delivered_at < clock_timestamp() - interval '1 day';
END
$$;
COMMENT ON FUNCTION lineage.settle_event(bigint, text) IS 'An event was delivered (failure NULL), or not, and will be tried again later.';

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA lake FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA quality FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA lineage FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA lake TO aker_worker, aker_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA quality TO aker_worker, aker_admin;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA lineage TO aker_worker, aker_admin;
