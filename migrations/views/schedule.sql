CREATE VIEW schedule.waiting AS
  SELECT d.flow, d.due_at, schedule._fires_at(f, d.due_at) AS fires_at, f.datasets,
    schedule._years(f, d.due_at) AS years, f.regions,
    CASE WHEN f.overlap = 'queue' THEN schedule._open_backfill(f.flow) END AS waits_for_backfill_id
  FROM schedule.due d JOIN schedule.flow f USING (flow)
  WHERE d.fate = 'waiting';
COMMENT ON VIEW schedule.waiting IS 'Due times that are yet to fire, and what each would enqueue.';

CREATE VIEW schedule.history AS
  SELECT d.flow, d.due_at, d.fate,
    CASE WHEN d.fate <> 'waiting' THEN d.reason
      WHEN w.waits_for_backfill_id IS NOT NULL
        THEN format('backfill %s of this flow has not ended', w.waits_for_backfill_id)
      WHEN w.fires_at > schedule._now() THEN 'its jitter is not over'
      ELSE f.trouble END AS reason,
    d.backfill_id, d.triggered_by, d.noted_at, d.settled_at
  FROM schedule.due d JOIN schedule.flow f USING (flow) LEFT JOIN schedule.waiting w USING (flow, due_at);
COMMENT ON VIEW schedule.history IS 'Every due time of every flow, what became of it, and why.';

CREATE VIEW schedule.flow_state AS
  SELECT f.flow, f.title, f.expression, f.time_zone, f.datasets, f.first_year, f.last_year, f.catch_up, f.overlap,
    f.next_due_at,
    f.paused_at, f.pause_reason, f.trouble, last.due_at AS last_due_at, last.fate AS last_fate,
      last.reason AS last_reason,
    last.backfill_id AS last_backfill_id, schedule._open_backfill(f.flow) AS open_backfill_id,
    (SELECT count(*) FROM schedule.due m WHERE m.flow = f.flow AND m.fate = 'missed') AS missed_count
  FROM schedule.flow f LEFT JOIN LATERAL (
    SELECT h.* FROM schedule.history h WHERE h.flow = f.flow ORDER BY h.due_at DESC LIMIT 1) AS last ON true
  WHERE f.removed_at IS NULL;
COMMENT ON VIEW schedule.flow_state IS
  'Each flow: when it is due next, what became of its last due time, and what is wrong with it.';
