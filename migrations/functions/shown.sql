-- What queue.cell and quality.task_check are shown with.

-- One sign for each fact, wherever it is shown.
CREATE FUNCTION queue.sign(fact text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE $1
    WHEN 'none' THEN '□' WHEN 'published' THEN '■' WHEN 'published with warnings' THEN '▲' WHEN 'stale' THEN '◆'
    WHEN 'other vintage' THEN '◇'
    WHEN 'failed' THEN '✗' WHEN 'running' THEN '▶' WHEN 'waiting' THEN '·' WHEN 'blocked' THEN '⋯' WHEN 'paused'
      THEN '‖'
    WHEN 'cancelled' THEN '○' WHEN 'skipped' THEN '=' END
$$;
COMMENT ON FUNCTION queue.sign IS 'The sign of a fact of queue.cell, as terminals show it.';

CREATE FUNCTION quality.expected(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(a.key || ' ' || CASE jsonb_typeof(a.value)
      WHEN 'array' THEN (SELECT string_agg(e #>> '{}', ', ') FROM jsonb_array_elements(a.value) e)
        ELSE a.value #>> '{}' END,
    ', ' ORDER BY o.place)
  FROM jsonb_each($1) a JOIN unnest(ARRAY['value', 'min_value', 'max_value', 'value_set', 'regex', 'dataset',
    'other_column',
    'days', 'extent', 'within', 'mostly']) WITH ORDINALITY o(key, place) USING (key)
$$;
COMMENT ON FUNCTION quality.expected IS
  'What a check was told besides the columns, as one reads it: min_value 0, mostly 0.95.';

-- Without SET, so that the planner sees into it: what it is asked for restricts each of its parts.
-- Open lanes are counted, whatever else ran once; what failed is told task by task, since a later backfill of a few
-- regions mends those and no others.
CREATE FUNCTION queue.cells(datasets text[] DEFAULT NULL, years integer[] DEFAULT NULL) RETURNS TABLE (
  dataset text, data_year integer, data text, work text, data_sign text, work_sign text, published bigint, stale bigint,
  warned bigint, failed bigint, running bigint, waiting bigint, blocked bigint, paused bigint, total bigint,
  completed bigint, cancelled bigint, as_of text, backfill_id bigint)
LANGUAGE sql STABLE AS $$
WITH made AS (
  SELECT c.dataset, c.data_year, count(*) AS published,
    count(*) FILTER (WHERE c.definition_hash <> d.definition_hash OR p.published_at < u.published_at) AS stale,
    max(c.as_of) AS as_of, min(c.as_of) AS oldest_as_of
  FROM lake.current c JOIN catalog.dataset d ON d.name = c.dataset
    JOIN lineage.publication p USING (publication_id)
    LEFT JOIN (
      SELECT n.name AS dataset, x.data_year, max(x.published_at) AS published_at
      FROM catalog.dataset n JOIN lineage.publication x ON x.dataset = ANY (n.depends_on) AND x.outcome = 'published'
      WHERE ($1 IS NULL OR n.name = ANY ($1)) AND ($2 IS NULL OR x.data_year = ANY ($2))
      GROUP BY n.name, x.data_year) u ON u.dataset = c.dataset AND u.data_year = c.data_year
  WHERE ($1 IS NULL OR c.dataset = ANY ($1)) AND ($2 IS NULL OR c.data_year = ANY ($2))
  GROUP BY c.dataset, c.data_year),
asked AS (
  SELECT DISTINCT ON (g.dataset, g.data_year) g.dataset, g.data_year, g.total, g.completed, g.cancelled, g.backfill_id,
    max(b.as_of) OVER (PARTITION BY g.dataset, g.data_year) AS as_of
  FROM queue.grid g JOIN queue.backfill b USING (backfill_id)
  WHERE ($1 IS NULL OR g.dataset = ANY ($1)) AND ($2 IS NULL OR g.data_year = ANY ($2))
  ORDER BY g.dataset, g.data_year, g.backfill_id DESC),
open AS (
  SELECT l.dataset, p.data_year, sum(p.running) AS running, sum(p.blocked) AS blocked, sum(p.ready) AS ready,
    sum(CASE WHEN l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL OR s.dataset IS NOT NULL OR g.paused_at IS NOT NULL
      THEN p.ready + p.blocked ELSE 0 END) AS paused
  FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.progress_now p USING (lane_id)
    CROSS JOIN queue.setting g LEFT JOIN queue.dataset_pause s USING (dataset)
  WHERE l.closed_at IS NULL
    AND ($1 IS NULL OR l.dataset = ANY ($1)) AND ($2 IS NULL OR p.data_year = ANY ($2))
  GROUP BY l.dataset, p.data_year),
-- By the planner's guess half of them are superseded: one year of many failures were all failures read, not its own.
ended AS MATERIALIZED (
  SELECT l.dataset, t.data_year::integer AS data_year, t.task_id
  FROM queue.outcome o JOIN queue.planned_task t USING (task_id) JOIN queue.lane l ON l.lane_id = t.lane_id
  WHERE o.final AND o.kind = 'failed'
    AND ($1 IS NULL OR l.dataset = ANY ($1)) AND ($2 IS NULL OR t.data_year = ANY ($2))),
failed AS (
  SELECT e.dataset, e.data_year, count(*) AS failed FROM ended e
  WHERE e.task_id NOT IN (SELECT x.task_id FROM queue._superseded($1, $2) x)
  GROUP BY e.dataset, e.data_year)
SELECT k.dataset, k.data_year, f.data, f.work, queue.sign(f.data) AS data_sign, queue.sign(f.work) AS work_sign,
  f.published, f.stale, f.warned, f.failed, f.running, f.waiting, f.blocked, f.paused,
    coalesce(a.total, f.published) AS total,
  coalesce(a.completed, f.published) AS completed, coalesce(a.cancelled, 0) AS cancelled, m.as_of, a.backfill_id
FROM (SELECT dataset, data_year FROM made UNION SELECT dataset, data_year FROM asked) k
  LEFT JOIN made m USING (dataset, data_year) LEFT JOIN asked a USING (dataset, data_year)
  LEFT JOIN open o USING (dataset, data_year) LEFT JOIN failed x USING (dataset, data_year)
  LEFT JOIN quality.warned_cell w USING (dataset, data_year)
  CROSS JOIN LATERAL (SELECT coalesce(m.published, 0) AS published, coalesce(m.stale, 0) AS stale,
    coalesce(w.warned, 0) AS warned,
    coalesce(x.failed, 0) AS failed, coalesce(o.running, 0)::bigint AS running,
      coalesce(o.ready + o.blocked, 0)::bigint AS waiting,
    coalesce(o.blocked, 0)::bigint AS blocked, coalesce(o.paused, 0)::bigint AS paused) n
  CROSS JOIN LATERAL (SELECT n.*, CASE
      WHEN n.published = 0 THEN 'none'
      WHEN n.stale > 0 THEN 'stale'
      WHEN m.oldest_as_of < a.as_of THEN 'other vintage'
      WHEN n.warned > 0 THEN 'published with warnings'
      ELSE 'published' END AS data,
    CASE
      WHEN n.failed > 0 THEN 'failed'
      WHEN n.running > 0 THEN 'running'
      WHEN n.paused > 0 THEN 'paused'
      WHEN n.waiting > n.blocked THEN 'waiting'
      WHEN n.waiting > 0 THEN 'blocked'
      WHEN a.cancelled > 0 AND a.completed + a.cancelled = a.total THEN 'cancelled' END AS work) f
$$;
COMMENT ON FUNCTION queue.cells IS 'queue.cell, of these datasets and years alone; NULL is all.';

-- Sets joined to sets: a function that is asked per task costs a query each. Lanes first: most have nothing that could
-- have come after a failure of theirs, and of those no failure is read.
CREATE FUNCTION queue._superseded(datasets text[] DEFAULT NULL, years integer[] DEFAULT NULL)
RETURNS TABLE (task_id bigint)
LANGUAGE sql STABLE AS $$
  WITH asked AS MATERIALIZED (
    SELECT l.lane_id, l.backfill_id, l.dataset, b.as_of,
      max(l.backfill_id) OVER (PARTITION BY l.dataset, b.as_of) AS newest
    FROM queue.lane l JOIN queue.backfill b USING (backfill_id)
    WHERE $1 IS NULL OR l.dataset = ANY ($1)),
  lane AS MATERIALIZED (
    SELECT k.* FROM asked k
    WHERE k.backfill_id < k.newest
      -- By the first of its index: any of them is looked for among all partitions, where there is none.
      OR (SELECT min(m.as_of) FROM lake.manifest m WHERE m.dataset = k.dataset AND m.as_of >= k.as_of) = k.as_of),
  failed AS (
    SELECT o.task_id, o.finished_at, l.backfill_id, l.dataset, t.data_year, t.region, l.as_of
    FROM lane l JOIN queue.planned_task t USING (lane_id) JOIN queue.outcome o USING (task_id)
    WHERE o.final AND o.kind = 'failed' AND ($2 IS NULL OR t.data_year = ANY ($2)))
  SELECT f.task_id FROM failed f
    JOIN lake.manifest m ON m.dataset = f.dataset AND m.data_year = f.data_year AND m.region = f.region
      AND m.as_of = f.as_of
    JOIN lineage.publication p ON p.publication_id = m.publication_id AND p.published_at > f.finished_at
  UNION
  SELECT f.task_id FROM failed f
    JOIN asked l ON l.dataset = f.dataset AND l.backfill_id > f.backfill_id AND l.as_of = f.as_of
    JOIN queue.planned_task n ON n.lane_id = l.lane_id AND n.data_year = f.data_year AND n.region = f.region
$$;
COMMENT ON FUNCTION queue._superseded IS 'queue.superseded, of these datasets and years alone; NULL is all.';
