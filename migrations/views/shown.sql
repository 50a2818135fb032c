-- What an operator's grid shows: of each year of a dataset, what the data is, and what the last work on it does or did.

-- Open lanes are counted, whatever else ran once; what failed is told task by task, since a later backfill of a few
-- regions mends those and no others.
CREATE VIEW queue.cell AS
WITH made AS (
  SELECT c.dataset, c.data_year, count(*) AS published,
    count(*) FILTER (WHERE c.definition_hash <> d.definition_hash OR p.published_at < u.published_at) AS stale,
    max(c.as_of) AS as_of, min(c.as_of) AS oldest_as_of
  FROM lake.current c JOIN catalog.dataset d ON d.name = c.dataset
    JOIN lineage.publication p USING (publication_id)
    LEFT JOIN (
      SELECT n.name AS dataset, x.data_year, max(x.published_at) AS published_at
      FROM catalog.dataset n JOIN lineage.publication x ON x.dataset = ANY (n.depends_on) AND x.outcome = 'published'
      GROUP BY n.name, x.data_year) u ON u.dataset = c.dataset AND u.data_year = c.data_year
  GROUP BY c.dataset, c.data_year),
asked AS (
  SELECT DISTINCT ON (g.dataset, g.data_year) g.dataset, g.data_year, g.total, g.completed, g.cancelled, g.backfill_id,
    max(b.as_of) OVER (PARTITION BY g.dataset, g.data_year) AS as_of
  FROM queue.grid g JOIN queue.backfill b USING (backfill_id)
  ORDER BY g.dataset, g.data_year, g.backfill_id DESC),
open AS (
  SELECT l.dataset, p.data_year, sum(p.running) AS running, sum(p.blocked) AS blocked, sum(p.ready) AS ready,
    sum(CASE WHEN l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL OR s.dataset IS NOT NULL OR g.paused_at IS NOT NULL
      THEN p.ready + p.blocked ELSE 0 END) AS paused
  FROM queue.lane l JOIN queue.backfill b USING (backfill_id) JOIN queue.progress_now p USING (lane_id)
    CROSS JOIN queue.setting g LEFT JOIN queue.dataset_pause s USING (dataset)
  WHERE l.closed_at IS NULL
  GROUP BY l.dataset, p.data_year),
failed AS (
  SELECT l.dataset, t.data_year::integer AS data_year, count(*) AS failed
  FROM queue.outcome o JOIN queue.planned_task t USING (task_id) JOIN queue.lane l ON l.lane_id = t.lane_id
  WHERE o.final AND o.kind = 'failed' AND o.task_id NOT IN (SELECT x.task_id FROM queue.superseded x)
  GROUP BY l.dataset, t.data_year)
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
      WHEN m.oldest_as_of < a.as_of THEN 'older vintage'
      WHEN n.warned > 0 THEN 'published with warnings'
      ELSE 'published' END AS data,
    CASE
      WHEN n.failed > 0 THEN 'failed'
      WHEN n.running > 0 THEN 'running'
      WHEN n.paused > 0 THEN 'paused'
      WHEN n.waiting > n.blocked THEN 'waiting'
      WHEN n.waiting > 0 THEN 'blocked'
      WHEN a.cancelled > 0 AND a.completed + a.cancelled = a.total THEN 'cancelled' END AS work) f;
COMMENT ON VIEW queue.cell IS
  'Dataset × year: what the data is (none, published, published with warnings, stale, older vintage) and what the '
  'last work on it does or did (failed, running, waiting, blocked, paused, cancelled; NULL when it ended well). '
  'Failed means failed now: not what was published since, nor what a later backfill has a task for.';
COMMENT ON COLUMN queue.cell.data IS
  'stale: by another definition than the applied one, or made of what was published again since. older vintage: a '
  'newer one was asked for than is published of all of it.';
COMMENT ON COLUMN queue.cell.total IS
  'Partitions in the last backfill that asked for this year; completed and cancelled are of those.';
