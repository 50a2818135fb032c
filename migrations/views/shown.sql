-- What an operator's grid shows: of each year of a dataset, what the data is, and what the last work on it does or did.

CREATE VIEW queue.cell AS SELECT * FROM queue.cells();
COMMENT ON VIEW queue.cell IS
  'Dataset × year: what the data is (none, published, published with warnings, stale, other vintage) and what the '
  'last work on it does or did (failed, running, waiting, blocked, paused, cancelled; NULL when it ended well). '
  'Failed means failed now: not what was published since, nor what a later backfill has a task for.';
COMMENT ON COLUMN queue.cell.data IS
  'stale: by another definition than the applied one, or made of what was published again since. other vintage: a '
  'newer one was asked for than is published of all of it.';
COMMENT ON COLUMN queue.cell.total IS
  'Partitions in the last backfill that asked for this year; completed and cancelled are of those.';

CREATE VIEW queue.backfill_cell AS
SELECT c.*, CASE
    WHEN c.completed = 0 THEN 'none'
    WHEN c.is_other_vintage THEN 'other vintage'
    WHEN c.warned > 0 THEN 'published with warnings'
    ELSE 'published' END AS data,
  CASE
    WHEN c.failed > 0 THEN 'failed'
    WHEN c.running > 0 THEN 'running'
    WHEN c.waiting > 0 THEN CASE WHEN c.paused > 0 THEN 'paused' WHEN c.blocked = c.waiting THEN 'blocked'
      ELSE 'waiting' END
    WHEN c.cancelled > 0 THEN 'cancelled' END AS work
FROM (
  SELECT g.backfill_id, b.as_of, g.dataset, g.data_year, g.total, g.completed, g.failed, g.cancelled, g.running,
    g.blocked, g.ready + g.blocked AS waiting,
    CASE WHEN l.paused_at IS NOT NULL OR b.paused_at IS NOT NULL THEN g.ready + g.blocked ELSE 0 END AS paused,
    coalesce(w.warned, 0) AS warned,
    g.completed > 0 AND EXISTS (
      SELECT FROM warehouse.partition s
      WHERE s.dataset = g.dataset AND s.data_year = g.data_year AND s.as_of > b.as_of) AS is_other_vintage
  FROM queue.grid g JOIN queue.lane l USING (backfill_id, dataset) JOIN queue.backfill b USING (backfill_id)
    LEFT JOIN quality.warned_cell w USING (dataset, data_year)) c;
COMMENT ON VIEW queue.backfill_cell IS
  'Dataset × year of each backfill: the facts of queue.cell, of its own tasks. other vintage: the warehouse shows a '
  'newer one than it made, which is kept in the lake.';
