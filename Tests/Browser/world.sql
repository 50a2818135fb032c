-- A world to look at: published, failed, running, waiting, cancelled, split by region; with texts that nobody means well with.
DO $$
DECLARE
  w integer;
  names text[] := ARRAY['boundary_county', 'building_permits', 'business_formation', 'commute_flows', 'hazard_risk', 'market_income',
    'market_jobs', 'market_population', 'market_tracker', 'personal_income', 'price_index', 'rent_index'];
  n text;
  r record;
  hash text;
  b bigint;
  made bigint;
BEGIN
  FOREACH n IN ARRAY names LOOP
    hash := encode(sha256(n::bytea), 'hex');
    INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql) VALUES (hash, n, '', '')
      ON CONFLICT DO NOTHING;
    INSERT INTO catalog.dataset (name, definition_hash, title, description, owner, first_year, is_split, regions, source_ids,
        primary_source_id, depends_on)
      VALUES (n, hash, initcap(replace(n, '_', ' ')), 'Made up for tests.', 'data team', 2009, n = 'market_jobs',
        CASE n WHEN 'market_jobs' THEN ARRAY['39041', '39049', '39045', '39089'] ELSE '{}' END, ARRAY[n || '_source'],
        n || '_source', CASE n WHEN 'market_tracker' THEN ARRAY['market_income'] ELSE '{}'::text[] END) ON CONFLICT DO NOTHING;
    PERFORM queue.configure_source(n || '_source');
  END LOOP;
  -- Of the registry.
  PERFORM queue.configure_source('bls_qcew');
  INSERT INTO catalog.dataset_column (ordinal, is_key, dataset, name, type, unit, description, sources) VALUES
    (1, true, 'market_income', 'geo_id', 'text', NULL, 'The county.', '{acs.geo_id}'),
    (2, false, 'market_income', 'median_income', 'integer', 'USD', 'Of all households.', '{acs.b19013_001e}');
  b := (SELECT backfill_id FROM queue.enqueue_backfill(names, ARRAY(SELECT generate_series(2009, 2023)), '2024-05',
    note => 'everything, 2009-2023'));
  w := queue.register_worker('worker-1', 'host-a', 71, '0.1.0', 400);
  FOR r IN SELECT * FROM queue.claim(w, 400) LOOP
    IF r.dataset = 'rent_index' AND r.data_year < 2017 THEN
      PERFORM queue.fail(r.task_id, r.lease_token, 'data', format(
        'check expect_column_values_to_be_between failed: %s of 3143 rows of median_rent are outside 100 to 9000', r.data_year - 1990),
        '{"error": "ChecksFailed", "advice": "look at the validation report", "step": "examine", "causes": ["12 rows have 0"],
          "steps": [{"step": "fetch", "after": 0, "seconds": 3.2, "done": true}, {"step": "build", "after": 3.2, "seconds": 1.1,
          "done": true}, {"step": "examine", "after": 4.3, "seconds": 0.2, "done": false}], "inputs": [{"request": "zori",
          "source": "rent_index_source", "url": "https://files.example.org/zori.csv?x=<script>alert(1)</script>",
          "fetched_at": "2024-06-01T10:00:00Z", "byte_count": 51233122, "sha256": "9f86d081884c7d659a2feaa0c55ad015",
          "cache_hit": false}], "log": [{"after": 0.1, "level": "info", "text": "asking <b>files.example.org</b>"},
          {"after": 4.4, "level": "warning", "text": "12 rows have 0"}]}');
    ELSIF r.dataset = 'hazard_risk' AND r.data_year = 2021 THEN
      PERFORM queue.fail(r.task_id, r.lease_token, 'permanent',
        '</script><img src=x onerror=alert(1)> ' || chr(8238) || 'turned' || chr(27) || '[31m ' || repeat('long ', 800));
    ELSIF r.dataset = 'price_index' AND r.data_year > 2021 OR r.dataset = 'market_jobs' AND r.data_year = 2023
        AND r.region = '39041' THEN
      CONTINUE;  -- runs
    ELSIF r.dataset = 'market_jobs' AND r.data_year = 2018 AND r.region = '39049' THEN
      PERFORM queue.fail(r.task_id, r.lease_token, 'permanent', 'HTTP 404 from data.bls.gov: the file is not there');
    ELSIF r.dataset = 'building_permits' AND r.data_year IN (2019, 2020) THEN
      PERFORM queue.cancel_task(r.task_id, 'wrong vintage');
    ELSE
      INSERT INTO lineage.publication (task_id, backfill_id, lease_token, row_count, byte_count, started_at, data_year, region,
          dataset, as_of, outcome, definition_hash, output_sha256, lake_path, worker_id, host, code_version, engine_version)
        VALUES (r.task_id, b, r.lease_token, 3143 + r.data_year % 7, 120000 + r.task_id, now(), r.data_year, coalesce(r.region, ''),
          r.dataset, r.as_of, 'published', r.definition_hash, repeat('0', 64), format('%s/year=%s/%s.parquet', r.dataset, r.data_year,
          r.task_id), '1', 'host-a', '0.1.0', 'duckdb') RETURNING publication_id INTO made;
      INSERT INTO lineage.input (publication_id, ordinal, kind, request_name, source_id, url, byte_count, cache_hit, fetched_at, sha256)
        VALUES (made, 1, 'source', 'table', r.dataset || '_source', 'https://files.example.org/' || r.dataset || '.csv', 120000, false, now(),
          repeat('1', 64));
      INSERT INTO lake.manifest (publication_id, row_count, byte_count, data_year, region, dataset, as_of, definition_hash, sha256,
          path, lake, state)
        VALUES (made, 3143, 120000, r.data_year, coalesce(r.region, ''), r.dataset, r.as_of, r.definition_hash, repeat('0', 64),
          format('%s/%s', r.dataset, r.task_id), '/tmp', 'in_place');
      PERFORM queue.complete(r.task_id, r.lease_token);
    END IF;
  END LOOP;
  PERFORM * FROM queue.enqueue_backfill(ARRAY['commute_flows', 'market_population', 'boundary_county'],
    ARRAY[2021, 2022, 2023], '2024-06', note => '<b>bold</b> & "quoted" </script> ' || chr(8238) || 'txt');
  PERFORM queue.pause_dataset('boundary_county', 'the source moved');
  PERFORM queue.tidy();
END $$;
-- A flow with a past.
INSERT INTO schedule.flow (flow, title, datasets, first_year, last_year, expression, next_due_at)
  VALUES ('refresh-market-data', 'Income and population', '{market_income,market_population}', 2021, 2023, '0 6 15 1,12 *',
    date_trunc('day', now()) + interval '30 days');
INSERT INTO schedule.due (flow, due_at, fate, reason, backfill_id, triggered_by, noted_at, settled_at)
  SELECT 'refresh-market-data', date_trunc('day', now()) - n * interval '30 days', f.fate, f.reason, f.backfill, f.by, now(),
    CASE f.fate WHEN 'waiting' THEN NULL ELSE now() END
  FROM (VALUES (1, 'waiting', NULL, NULL, NULL), (2, 'fired', NULL, 1, '<b>dana</b>'), (3, 'skipped', 'paused by operator', NULL, NULL),
    (4, 'missed', 'nobody served', NULL, NULL)) f(n, fate, reason, backfill, by);
-- What is wrong is told.
INSERT INTO service.alert (kind, subject, severity, summary, advice, fired_at)
  SELECT t.kind, t.subject, t.severity, t.summary, t.advice, clock_timestamp() FROM service.trouble t WHERE t.kind = 'flow_missed';
