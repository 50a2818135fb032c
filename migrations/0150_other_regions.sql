-- A backfill may ask for regions that no list names: any county, where a source is asked county by county.

ALTER TABLE catalog.dataset ADD COLUMN region_pattern text,
  -- Matching is what tells whether it is a regular expression at all.
  ADD CONSTRAINT dataset_region_pattern CHECK (region_pattern IS NULL OR is_split AND ('' ~ region_pattern) IS NOT NULL);
COMMENT ON COLUMN catalog.dataset.region_pattern IS 'Regular expression of the regions beside these that may be asked for; NULL where there are no others.';

CREATE OR REPLACE FUNCTION catalog.apply_dataset(declaration jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  dataset_name text := declaration ->> 'name';
BEGIN
  INSERT INTO catalog.definition (definition_hash, dataset, dataset_yml, transform_sql, rows_sql)
  VALUES (declaration ->> 'definition_hash', dataset_name, declaration ->> 'dataset_yml', declaration ->> 'transform_sql',
    coalesce(declaration -> 'rows_sql', '{}'))
  ON CONFLICT (definition_hash) DO NOTHING;

  INSERT INTO catalog.dataset AS d
    (name, definition_hash, title, description, owner, first_year, last_year, is_split, regions, region_pattern, source_ids,
     primary_source_id, depends_on)
  SELECT r.name, r.definition_hash, r.title, r.description, r.owner, r.first_year, r.last_year, r.is_split, r.regions,
    r.region_pattern, r.source_ids, r.primary_source_id, r.depends_on
  FROM jsonb_to_record(declaration) AS r (
    name text, definition_hash text, title text, description text, owner text, first_year int, last_year int,
    is_split boolean, regions text[], region_pattern text, source_ids text[], primary_source_id text, depends_on text[])
  ON CONFLICT (name) DO UPDATE SET
    definition_hash = EXCLUDED.definition_hash, title = EXCLUDED.title, description = EXCLUDED.description,
    owner = EXCLUDED.owner, first_year = EXCLUDED.first_year, last_year = EXCLUDED.last_year,
    is_split = EXCLUDED.is_split, regions = EXCLUDED.regions, region_pattern = EXCLUDED.region_pattern, source_ids = EXCLUDED.source_ids,
    primary_source_id = EXCLUDED.primary_source_id, depends_on = EXCLUDED.depends_on,
    applied_at = now(), applied_by = session_user;

  DELETE FROM catalog.dataset_column WHERE dataset = dataset_name;
  INSERT INTO catalog.dataset_column (dataset, ordinal, name, type, unit, description, is_key, sources)
  SELECT dataset_name, c.ordinal, c.name, c.type, c.unit, c.description, c.is_key, c.sources
  FROM jsonb_to_recordset(declaration -> 'columns') AS c (
    ordinal int, name text, type text, unit text, description text, is_key boolean, sources text[]);
END
$$;

CREATE OR REPLACE FUNCTION queue.plan_backfill(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing',
  backfill_key text DEFAULT NULL
) RETURNS TABLE (dataset text, data_year integer, region text, action text, reason text)
LANGUAGE sql STABLE AS $$
  SELECT d.name, y.data_year, r.region,
    CASE WHEN v.reason IS NULL THEN 'enqueue' ELSE 'skip' END, v.reason
  FROM catalog.dataset d
  CROSS JOIN unnest($2) AS y(data_year)
  CROSS JOIN LATERAL (
    SELECT unnest(CASE WHEN d.is_split THEN d.regions ELSE ARRAY[''] END) AS region
    UNION
    SELECT asked FROM unnest($4) AS asked WHERE asked ~ '^[A-Za-z0-9_-]{1,16}$' AND asked ~ ('^(' || d.region_pattern || ')$')) AS r
  LEFT JOIN (
    SELECT m.dataset, m.data_year, m.region, m.definition_hash, p.published_at
    FROM lake.manifest m JOIN lineage.publication p USING (publication_id)
    WHERE m.dataset = ANY ($1) AND m.state <> 'missing' AND m.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))) AS made
    ON made.dataset = d.name AND made.data_year = y.data_year AND made.region = r.region
  LEFT JOIN (
    SELECT DISTINCT ON (l.dataset, t.data_year, t.region) l.dataset, t.data_year, t.region, t.task_id, b.backfill_id, b.backfill_key
    FROM queue.backfill b JOIN queue.lane l USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
    WHERE b.finished_at IS NULL AND l.closed_at IS NULL AND l.dataset = ANY ($1) AND b.backfill_key IS DISTINCT FROM $6
      AND b.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))
      AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final)
    ORDER BY l.dataset, t.data_year, t.region, t.task_id) AS held
    ON held.dataset = d.name AND held.data_year = y.data_year AND held.region = r.region
  LEFT JOIN (
    SELECT DISTINCT ON (l.dataset, t.data_year, t.region) l.dataset, t.data_year, t.region, o.kind
    FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
      JOIN queue.outcome o ON o.task_id = t.task_id AND o.final
    WHERE $5 = 'failed' AND l.dataset = ANY ($1) AND b.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))
    ORDER BY l.dataset, t.data_year, t.region, o.finished_at DESC) AS ended
    ON ended.dataset = d.name AND ended.data_year = y.data_year AND ended.region = r.region
  CROSS JOIN LATERAL (SELECT CASE
    WHEN y.data_year < d.first_year OR y.data_year > d.last_year THEN
      format('outside the dataset''s years, %s-%s', d.first_year, coalesce(d.last_year::text, ''))
    WHEN held.task_id IS NOT NULL THEN
      format('task %s of backfill %s (%s) already builds it', held.task_id, held.backfill_id, held.backfill_key)
    WHEN $5 = 'missing' AND made.dataset IS NOT NULL THEN 'already published'
    WHEN $5 = 'failed' AND ended.kind IS DISTINCT FROM 'failed' THEN 'its last task did not fail'
    WHEN $5 = 'stale' AND made.dataset IS NULL THEN 'not published yet: nothing to be stale'
    WHEN $5 = 'stale' AND made.definition_hash = d.definition_hash AND NOT EXISTS (
      SELECT FROM lineage.publication u
      WHERE u.dataset = ANY (d.depends_on) AND u.data_year = y.data_year AND u.published_at > made.published_at
        AND u.outcome = 'published') THEN 'up to date'
    END AS reason) AS v
  WHERE d.name = ANY ($1) AND ($4 IS NULL OR NOT d.is_split OR r.region = ANY ($4))
$$;
