-- What an operator's grid shows: of each year of a dataset, what the data is, and what the last work on it does or did.

CREATE VIEW queue.cell AS SELECT * FROM queue.cells();
COMMENT ON VIEW queue.cell IS
  'Dataset × year: what the data is (none, published, published with warnings, stale, older vintage) and what the '
  'last work on it does or did (failed, running, waiting, blocked, paused, cancelled; NULL when it ended well). '
  'Failed means failed now: not what was published since, nor what a later backfill has a task for.';
COMMENT ON COLUMN queue.cell.data IS
  'stale: by another definition than the applied one, or made of what was published again since. older vintage: a '
  'newer one was asked for than is published of all of it.';
COMMENT ON COLUMN queue.cell.total IS
  'Partitions in the last backfill that asked for this year; completed and cancelled are of those.';
