internal import Catalog
package import Postgres
internal import Base

/// What a plan means for the sources, and how long it takes: by their limits, and by what such partitions took before.
package struct PlanForecast: Encodable, Sendable {
  package struct Source: Encodable, Sendable {
    package var source: String
    package var requests: Int
    /// About what comes back: by the sizes that requests declare, else by what documents had before; nil where neither tells.
    package var bytes: Int64?
    /// Whether it may be more: answers in pages, and requests that rows decide on.
    package var is_least: Bool
    package var per_second: Double?
    package var daily_quota: Int?
    package var requests_today: Int
    /// Times that its tasks wait for midnight UTC, since the daily quota is used up.
    package var daily_resets: Int
    /// From its limits alone; nil without one.
    package var seconds: Double?
  }

  package var tasks: Int
  package var skipped: Int
  package var sources: [Source]
  package var slots: Int
  /// By history; nil where none of the datasets has one.
  package var worked_seconds: Double?
  /// Datasets that were never built: they are not part of `worked_seconds`.
  package var without_history: [String]
  /// The longer of the two; nil where neither is known.
  package var seconds: Double?

  /// Tasks that would fail for want of what they read.
  package var unmet_dependencies: [UnmetDependency] = []

  /// Recent partitions of each dataset that its history is made of.
  private static let historyCount = 100

  /// - Parameters:
  ///   - groups: of the plan.
  ///   - slots: tasks at a time, of workers that are to be started; those of living workers where it is nil, and of one
  ///     worker where none lives.
  package static func make(
    _ chosen: ChosenPartitions, _ groups: [Plan.Group], slots: Int?, maxRunning: Int?,
    _ session: some PostgresSession
  ) async throws -> PlanForecast {
    var tasks: [String: Int] = [:]
    for group in groups where group.action == .enqueue { tasks[group.dataset, default: 0] += group.count }
    let enqueued = tasks.values.reduce(0, +)
    let planned = chosen.specs.filter { tasks[$0.name] ?? 0 > 0 }
    let history = try await history(planned.map(\.name), session)
    let worked = planned.compactMap { spec in history[spec.name].map { $0 * Double(tasks[spec.name] ?? 0) } }
    var available = slots ?? 0
    if slots == nil { available = try await livingSlots(session) }
    if let maxRunning { available = min(available, maxRunning) }
    var forecast = PlanForecast(
      tasks: enqueued, skipped: groups.reduce(0) { $0 + $1.count } - enqueued,
      sources: try await sources(planned, try await parts(chosen, tasks, session), session), slots: available,
      worked_seconds: worked.isEmpty ? nil : worked.reduce(0, +) / Double(max(1, available)),
      without_history: planned.map(\.name).filter { history[$0] == nil })
    forecast.unmet_dependencies = try await UnmetDependency.find(chosen, session)
    forecast.seconds = (forecast.sources.map(\.seconds) + [forecast.worked_seconds]).compactMap { $0 }.max()
    return forecast
  }

  /// A worker's own default.
  private static let standardSlots = 2

  private static func livingSlots(_ session: some PostgresSession) async throws -> Int {
    let row = try await session.one(
      "SELECT coalesce(sum(slots), 0) AS slots FROM queue.worker WHERE state = 'running'")
    let slots: Int = try row.decode("slots")
    return slots > 0 ? slots : standardSlots
  }

  /// Median seconds of each dataset's last partitions.
  private static func history(_ datasets: [String], _ session: some PostgresSession) async throws -> [String: Double] {
    let rows = try await session.query(
      """
      SELECT d.name, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM o.ran_for)) AS seconds
      FROM unnest($1::text[]) AS d (name) CROSS JOIN LATERAL (
        SELECT coalesce(e.finished_at - e.started_at, p.published_at - p.started_at) AS ran_for
        FROM lineage.publication p LEFT JOIN queue.outcome e ON e.task_id = p.task_id AND e.final
        WHERE p.dataset = d.name ORDER BY p.published_at DESC LIMIT $2) o
      GROUP BY d.name
      """, [datasets, historyCount])
    return try Dictionary(
      uniqueKeysWithValues: rows.map {
        (try $0.decode("name", as: String.self), try $0.decode("seconds", as: Double.self))
      })
  }

  /// Partitions by dataset; of a year and region each, where that makes a difference.
  private static func parts(
    _ chosen: ChosenPartitions, _ tasks: [String: Int], _ session: some PostgresSession
  ) async throws -> [String: [PartitionCount]] {
    let varying = chosen.specs.filter { $0.requests.contains { $0.years != nil || $0.regionsPattern != nil } }.map(
      \.name)
    let rows = try await session.query(
      """
      SELECT dataset, CASE WHEN v THEN data_year END AS data_year, CASE WHEN v THEN region END AS region, count(*) AS tasks,
        count(DISTINCT p.data_year) AS years, count(DISTINCT p.region) AS regions
      FROM queue.plan_backfill($1, $2, $3, $4, $5) AS p CROSS JOIN LATERAL (SELECT p.dataset = ANY ($6)) AS d (v)
      WHERE action = 'enqueue' GROUP BY 1, 2, 3
      """, [Array(tasks.keys)] + chosen.parameters.dropFirst() + [varying])
    return try rows.reduce(into: [:]) { parts, row in
      parts[try row.decode("dataset"), default: []].append(
        PartitionCount(
          year: try row.decode("data_year"), region: try row.text("region"), tasks: try row.decode("tasks"),
          years: try row.decode("years"), regions: try row.decode("regions")))
    }
  }

  private static func sources(
    _ specs: [DatasetSpec], _ planned: [String: [PartitionCount]], _ session: some PostgresSession
  ) async throws -> [Source] {
    var costs: [String: SourceCost] = [:]
    let bytes = try await byteHistory(specs.map(\.name), session)
    for spec in specs {
      let parts = planned[spec.name] ?? []
      let tasks = Double(parts.reduce(0) { $0 + $1.tasks })
      for var cost in spec.costs(of: parts) {
        if !cost.isSized, let known = bytes[spec.name]?[cost.sourceID] {
          cost.addBytes(max(0, Int64(known * tasks) - cost.byteCount))
        }
        costs[cost.sourceID, default: SourceCost(sourceID: cost.sourceID)].add(cost)
      }
    }
    let (requests, leasts) = (costs.mapValues(\.requestCount), Set(costs.filter(\.value.isLeast).keys))
    let rows = try await session.query(
      """
      SELECT s.source_id, s.tokens_per_second, s.burst, s.daily_quota,
        CASE WHEN t.quota_day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN t.quota_used ELSE 0 END AS today,
        extract(epoch FROM ((clock_timestamp() AT TIME ZONE 'UTC')::date + 1) - (clock_timestamp() AT TIME ZONE 'UTC'))::float8
          AS until_midnight
      FROM queue.source s JOIN queue.token_bucket t USING (source_id) WHERE s.source_id = ANY ($1) ORDER BY s.source_id
      """, [Array(requests.keys)])
    return try rows.map { row in
      let id: String = try row.decode("source_id")
      let rate: Double? = try row.decode("tokens_per_second")
      let quota: Int? = try row.decode("daily_quota")
      let today: Int = try row.decode("today")
      let count = requests[id] ?? 0
      let (resets, seconds) = time(
        count, rate: rate, burst: try row.decode("burst") ?? 1, quota: quota, today: today,
        untilMidnight: try row.decode("until_midnight"))
      return Source(
        source: id, requests: count, bytes: costs[id].flatMap { $0.byteCount > 0 ? $0.byteCount : nil },
        is_least: leasts.contains(id), per_second: rate, daily_quota: quota,
        requests_today: today, daily_resets: resets, seconds: seconds)
    }
  }

  /// What the documents of a partition had on average, by dataset and source.
  private static func byteHistory(
    _ datasets: [String], _ session: some PostgresSession
  ) async throws -> [String: [String: Double]] {
    let rows = try await session.query(
      """
      SELECT d.name, i.source_id, avg(i.bytes)::float8 AS bytes
      FROM unnest($1::text[]) AS d (name) CROSS JOIN LATERAL (
        SELECT p.publication_id FROM lineage.publication p WHERE p.dataset = d.name ORDER BY p.publication_id DESC LIMIT $2) p
      CROSS JOIN LATERAL (
        SELECT n.source_id, sum(n.byte_count) AS bytes FROM lineage.input n
        WHERE n.publication_id = p.publication_id AND n.source_id IS NOT NULL GROUP BY n.source_id) i
      GROUP BY d.name, i.source_id
      """, [datasets, historyCount])
    return try rows.reduce(into: [:]) { history, row in
      history[try row.decode("name"), default: [:]][try row.decode("source_id")] = try row.decode(
        "bytes", as: Double.self)
    }
  }

  /// How often the daily quota runs out, and how long the requests take.
  package static func time(
    _ count: Int, rate: Double?, burst: Double, quota: Int?, today: Int, untilMidnight: Double
  ) -> (resets: Int, seconds: Double?) {
    func atRate(_ count: Int) -> Double? { rate.map { max(0, Double(count) - burst) / $0 } }
    guard let quota, quota > 0, count > max(0, quota - today) else { return (0, atRate(count)) }
    let later = count - max(0, quota - today)
    let days = (later + quota - 1) / quota
    let last = later - (days - 1) * quota
    return (days, untilMidnight + Double(days - 1) * 86_400 + (atRate(last) ?? 0))
  }

  /// A sentence for each source whose daily quota does not suffice.
  package var quotaNotes: [String] {
    sources.filter { $0.daily_resets > 0 }.map { source in
      let times = source.daily_resets == 1 ? "once" : source.daily_resets.counted("time")
      return
        "\(source.source) allows \((source.daily_quota ?? 0).counted("request")) a day, of which \(source.requests_today) \(source.requests_today == 1 ? "is" : "are") used: its tasks wait for the reset at midnight UTC \(times), and do not fail"
    }
  }
}
