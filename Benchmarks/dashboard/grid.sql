-- A grid of bench.datasets datasets by bench.years years, each of bench.regions partitions. Of bench.failing tasks (20
-- unless told) one has failed, and the rest is published; with 1 all have failed.
DO $$
DECLARE
  names text[] := ARRAY(SELECT format('dataset_%s', lpad(n::text, 4, '0'))
    FROM generate_series(1, current_setting('bench.datasets')::int) n);
  span int := current_setting('bench.years')::int;
  parts text[] := ARRAY(SELECT lpad(n::text, 5, '0')
    FROM generate_series(1, nullif(current_setting('bench.regions')::int, 1)) n);
  failing int := coalesce(current_setting('bench.failing', true), '20')::int;
  w integer;
  b bigint;
BEGIN
  INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql)
    SELECT encode(sha256(n::bytea), 'hex'), n, '', '' FROM unnest(names) n;
  INSERT INTO catalog.dataset (name, definition_hash, title, first_year, is_split, regions, source_ids, primary_source_id)
    SELECT n, encode(sha256(n::bytea), 'hex'), n, 2024 - span, parts <> '{}', parts, ARRAY['bench'], 'bench'
    FROM unnest(names) n;
  PERFORM queue.configure_source('bench');
  b := (SELECT backfill_id FROM queue.enqueue_backfill(names, ARRAY(SELECT generate_series(2024 - span, 2023)), '2024-05'));
  w := queue.register_worker('bench', 'bench', 1, 'bench', 200000);
  CREATE TEMPORARY TABLE claimed AS SELECT * FROM queue.claim(w, 200000);
  PERFORM queue.fail(c.task_id, c.lease_token, 'permanent', 'HTTP 404') FROM claimed c WHERE c.task_id % failing = 0;
  WITH made AS (
    INSERT INTO lineage.publication (task_id, backfill_id, lease_token, row_count, byte_count, started_at, data_year, dataset,
        region, as_of, outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version)
      SELECT c.task_id, b, c.lease_token, 1, 1, now(), c.data_year, c.dataset, coalesce(c.region, ''), c.as_of,
        'published', c.definition_hash,
        repeat('0', 64), 'p' || c.task_id, '1', 'bench', 'v', 'e'
      FROM claimed c WHERE c.task_id % failing <> 0 RETURNING *)
  INSERT INTO lake.manifest (publication_id, row_count, byte_count, data_year, dataset, region, as_of, definition_hash,
      sha256, path,
      lake, state)
    SELECT publication_id, 1, 1, data_year, dataset, region, as_of, definition_hash, repeat('0', 64), lake_path, '/tmp',
      'in_place'
    FROM made;
  IF failing > 1 THEN
    PERFORM queue.complete_many(array_agg(c.task_id), array_agg(c.lease_token)) FROM claimed c
      WHERE c.task_id % failing <> 0;
  END IF;
  PERFORM queue.stop_worker(w);
  -- As the ticks of workers do.
  WHILE queue.tidy() > 0 LOOP END LOOP;
END $$;
ANALYZE;
