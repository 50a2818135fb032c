-- What a plan would enqueue in vain: tasks whose upstream partition is neither published, nor planned, nor under way.

-- Bodies name tables of other schemas (lake.current).
SET LOCAL check_function_bodies = off;

CREATE FUNCTION queue.unmet_dependencies(
  datasets text[], years integer[], as_of text DEFAULT NULL, regions text[] DEFAULT NULL, mode text DEFAULT 'missing'
) RETURNS TABLE (dataset text, upstream text, years integer[], task_count bigint, is_possible boolean)
LANGUAGE sql STABLE AS $$
  WITH planned AS MATERIALIZED (
    SELECT p.dataset, p.data_year, p.region FROM queue.plan_backfill($1, $2, $3, $4, $5) p WHERE p.action = 'enqueue'),
  needed AS (
    SELECT p.dataset, p.data_year, p.region, u.name AS upstream,
      p.data_year BETWEEN u.first_year AND coalesce(u.last_year, p.data_year) AS is_possible
    FROM planned p JOIN catalog.dataset d ON d.name = p.dataset JOIN catalog.dataset u ON u.name = ANY (d.depends_on))
  SELECT n.dataset, n.upstream, array_agg(DISTINCT n.data_year ORDER BY n.data_year), count(*), n.is_possible
  FROM needed n
  WHERE NOT EXISTS (
      SELECT FROM planned p WHERE p.dataset = n.upstream AND p.data_year = n.data_year
        AND (p.region = n.region OR p.region = '' OR n.region = ''))
    AND NOT EXISTS (
      SELECT FROM lake.current c WHERE c.dataset = n.upstream AND c.data_year = n.data_year
        AND (c.region = n.region OR c.region = '' OR n.region = ''))
    AND NOT EXISTS (
      SELECT FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.planned_task t USING (lane_id)
      WHERE l.dataset = n.upstream AND l.closed_at IS NULL AND b.finished_at IS NULL AND t.data_year = n.data_year
        AND b.as_of = coalesce($3, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'))
        AND (t.region = n.region OR t.region = '' OR n.region = '')
        AND NOT EXISTS (SELECT FROM queue.outcome o WHERE o.task_id = t.task_id AND o.final))
  GROUP BY n.dataset, n.upstream, n.is_possible ORDER BY n.dataset, n.upstream, n.is_possible DESC
$$;
COMMENT ON FUNCTION queue.unmet_dependencies IS 'Of what queue.plan_backfill() would enqueue with the same arguments: the years whose upstream dataset is neither published, nor planned with it, nor built by an open backfill of the same vintage. Their tasks would fail. is_possible: whether the upstream has those years at all.';
REVOKE ALL ON FUNCTION queue.unmet_dependencies FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue.unmet_dependencies TO aker_admin, aker_worker, aker_reader;
