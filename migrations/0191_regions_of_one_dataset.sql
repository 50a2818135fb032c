-- What is asked for may differ between the datasets of one backfill: an installation keeps tracts of two states, and jobs of four counties.

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
    SELECT coalesce(
      array_agg(split_part(a, ':', 2)) FILTER (WHERE split_part(a, ':', 1) = d.name AND a ~ ':'),
      array_agg(a) FILTER (WHERE a !~ ':'),
      CASE WHEN $4 = '{}' THEN '{}' ELSE d.regions END) AS regions
    FROM unnest($4) AS a) AS asked
  CROSS JOIN LATERAL (
    SELECT '' AS region WHERE NOT d.is_split
    UNION
    SELECT a FROM unnest(asked.regions) AS a
    WHERE d.is_split AND (a = ANY (d.regions) OR a ~ '^[A-Za-z0-9_-]{1,16}$' AND a ~ ('^(' || d.region_pattern || ')$'))) AS r
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
  WHERE d.name = ANY ($1)
$$;
COMMENT ON FUNCTION queue.plan_backfill IS 'What queue.enqueue_backfill() would do with the same arguments: each partition, enqueue or skip, and why. Changes nothing. Of regions, dataset:region is asked of that dataset alone, and overrides for it those without a dataset; a dataset for which neither is there has those of its definition.';
