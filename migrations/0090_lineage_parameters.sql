-- A request may be many documents (for_each): lineage keeps for which values each of them was asked, so that a
-- partition can be made again without asking.

ALTER TABLE lineage.input ADD COLUMN parameters jsonb
  CHECK (parameters IS NULL OR (kind = 'source' AND jsonb_typeof(parameters) = 'object'));
COMMENT ON COLUMN lineage.input.parameters IS 'The values of the request''s variables that this document was asked for; NULL where it has none.';

CREATE OR REPLACE FUNCTION lake.record_publication(publication jsonb) RETURNS bigint
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
     synthetic, input_publication_id, parameters, note)
  SELECT new_id, i.ordinal, i.kind, i.request_name, i.source_id, i.url, i.fetched_at, i.status, i.sha256, i.byte_count,
    coalesce(i.cache_hit, false), coalesce(i.synthetic, false), i.input_publication_id, i.parameters,
    i.note
  FROM jsonb_to_recordset(publication -> 'inputs') AS i (
    ordinal int, kind text, request_name text, source_id text, url text, fetched_at timestamptz, status int, sha256 text,
    byte_count bigint, cache_hit boolean, synthetic boolean, input_publication_id bigint, parameters jsonb, note text);

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
