/// What a watch asks of a backfill (`$1`), all of it in one round trip.
enum SnapshotQuestion: CaseIterable {
  case progress, grid, skipped, running, failures, workers
  case sources, remaining, kept, failureGroups, waits, warningGroups

  /// Whether it is about the backfill alone.
  var isOfBackfill: Bool { self != .workers }

  var sql: String {
    switch self {
    case .progress:
      "SELECT * FROM queue.backfill_progress WHERE backfill_id = $1"
    case .grid:
      "SELECT * FROM queue.backfill_cell WHERE backfill_id = $1"
    case .skipped:
      """
      SELECT l.dataset, s.data_year, count(*) AS skipped FROM queue.skipped_partition s JOIN queue.lane l USING (lane_id)
        JOIN catalog.dataset d ON d.name = l.dataset
      WHERE l.backfill_id = $1 AND s.data_year BETWEEN d.first_year AND coalesce(d.last_year, s.data_year)
      GROUP BY l.dataset, s.data_year
      """
    case .running:
      """
      SELECT worker_id, dataset, data_year, region, attempt_number, extract(epoch FROM running_for)::int AS seconds
      FROM queue.running WHERE backfill_id = $1 LIMIT 500
      """
    case .failures:
      """
      SELECT task_id, dataset, data_year, region, error_class, reason, state FROM queue.attempt
      WHERE backfill_id = $1 AND error_class IS NOT NULL ORDER BY finished_at DESC LIMIT 100
      """
    case .workers:
      """
      SELECT w.worker_id, w.name, w.host, w.slots, w.state = 'draining' AS is_draining,
        (SELECT count(*) FROM queue.lease l WHERE l.worker_id = w.worker_id) AS busy
      FROM queue.worker w WHERE w.ended_at IS NULL ORDER BY w.name, w.worker_id
      """
    case .sources:
      """
      SELECT s.source_id, s.pause_reason, s.cool_down_reason, s.tokens_per_second, s.daily_quota, t.granted_total,
        CASE WHEN t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN t.quota_used ELSE 0 END AS requests_today,
        CASE WHEN s.cool_down_until > clock_timestamp()
          THEN extract(epoch FROM s.cool_down_until - clock_timestamp())::int END AS cool_down_seconds,
        (SELECT count(*) FROM queue.lane a JOIN queue.lease l USING (lane_id) WHERE s.source_id = ANY (a.source_ids)) AS running
      FROM queue.source s JOIN queue.token_bucket t USING (source_id)
      WHERE EXISTS (SELECT FROM queue.lane l WHERE l.backfill_id = $1 AND s.source_id = ANY (l.source_ids))
      ORDER BY s.source_id
      """
    case .remaining:
      "SELECT extract(epoch FROM remaining_interval)::int AS seconds FROM queue.eta WHERE backfill_id = $1"
    case .kept:
      """
      SELECT a.dataset, t.data_year, count(*) AS kept, max(w.as_of) AS shown FROM queue.outcome o JOIN queue.lane a USING (lane_id)
        JOIN queue.planned_task t ON t.task_id = o.task_id
        LEFT JOIN warehouse.partition w ON w.dataset = a.dataset AND w.data_year = t.data_year AND w.region = t.region
      WHERE a.backfill_id = $1 AND o.final AND o.kind = 'completed' AND o.result ->> 'outcome' = 'lake_only'
      GROUP BY a.dataset, t.data_year
      """
    // An attempt that failed and was not the last is no news once its task has ended.
    case .failureGroups:
      """
      SELECT a.dataset, o.error_class, o.final, count(*) AS count, min(o.data_year)::int AS first_year, max(o.data_year)::int AS last_year,
        (array_agg(o.task_id ORDER BY o.finished_at DESC))[1] AS task_id,
        (array_agg(t.region ORDER BY o.finished_at DESC))[1] AS region,
        (array_agg(o.reason ORDER BY o.finished_at DESC))[1] AS reason
      FROM queue.outcome o JOIN queue.lane a USING (lane_id) JOIN queue.planned_task t ON t.task_id = o.task_id
      WHERE a.backfill_id = $1 AND o.error_class IS NOT NULL AND (o.final OR NOT EXISTS (
        SELECT FROM queue.outcome l WHERE l.task_id = o.task_id AND l.final))
      GROUP BY a.dataset, o.error_class, o.final, regexp_replace(o.reason, '[0-9]+', '#', 'g')
      ORDER BY o.final DESC, max(o.finished_at) DESC LIMIT 50
      """
    // Asked while nothing runs only: then it is what a person wants to know.
    case .waits:
      """
      SELECT reason, count(*) AS tasks FROM (
        SELECT w.reason FROM queue.waiting w WHERE w.backfill_id = $1 AND w.state = 'ready' AND NOT EXISTS (
          SELECT FROM queue.lease l JOIN queue.lane a USING (lane_id) WHERE a.backfill_id = $1) LIMIT 200) AS w
      GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 3
      """
    // Asked once it has ended only.
    case .warningGroups:
      """
      SELECT w.dataset, w.what || coalesce(' (' || w.column_name || ')', '') AS what, count(DISTINCT w.publication_id) AS count,
        min(w.data_year) AS first_year, max(w.data_year) AS last_year,
        (array_agg(w.message ORDER BY w.data_year DESC, w.region))[1] AS message
      FROM queue.outcome o JOIN queue.lane a USING (lane_id)
        JOIN quality.publication_warning w ON w.publication_id = (o.result ->> 'publication_id')::bigint
      WHERE a.backfill_id = $1 AND o.final AND o.kind = 'completed' AND o.result ->> 'warnings' <> '0'
        AND w.what <> 'schema drift: extra'
        AND EXISTS (SELECT FROM queue.backfill b WHERE b.backfill_id = $1 AND b.finished_at IS NOT NULL)
      GROUP BY w.dataset, 2 ORDER BY count(DISTINCT w.publication_id) DESC, w.dataset, 2 LIMIT 50
      """
    }
  }
}
