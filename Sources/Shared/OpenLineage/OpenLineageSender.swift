internal import FoundationEssentials
internal import Glibc
internal import HTTP
package import Logging
package import Postgres

/// Delivers what the outbox holds to an OpenLineage endpoint, beside the tasks and never in their way: on a database session
/// of its own, each event at least once. Any number of processes may do so.
package struct OpenLineageSender: Sendable {
  /// Where events go: the URL itself, or `/api/v1/lineage` of it where it has no path, as OpenLineage's clients do.
  package let url: String
  private let apiKey: String?
  private let pool: PostgresPool
  private let scratch: String
  private let logger: Logger

  /// - Parameter scratch: a folder for the endpoint's answers, which are not kept.
  package init(url: String, apiKey: String?, database: PostgresConfiguration, scratch: String, logger: Logger) {
    let afterScheme = url.firstRange(of: "://")?.upperBound ?? url.startIndex
    let path = url[afterScheme...].firstIndex(of: "/").map { url[$0...] } ?? ""
    self.url =
      path.isEmpty || path == "/"
      ? url.prefix(upTo: url.index(url.endIndex, offsetBy: -path.count)) + "/api/v1/lineage" : url
    self.apiKey = apiKey
    pool = PostgresPool(database, maximumCount: 1)
    self.scratch = scratch
    self.logger = logger
  }

  /// 2 s: what happened is seen within moments, and an idle process asks seldom.
  private static let pollInterval = Duration.seconds(2)
  private static let batchCount = 50
  /// Longer than a batch of requests that all take their whole time; an event whose sender died is sent again after it.
  private static let hideInterval = "10 minutes"
  private static let requestTimeout = Duration.seconds(10)

  /// Delivers until the calling task is cancelled.
  package func run() async {
    while !Task.isCancelled {
      do {
        try await sendWaiting()
        try await Task.sleep(for: Self.pollInterval)
      } catch is CancellationError {
        break
      } catch {
        logger.info("OpenLineage events wait", metadata: ["reason": "\(error)"])
        try? await Task.sleep(for: Self.pollInterval)
      }
    }
  }

  package func close() async {
    await pool.close()
  }

  /// Delivers what is due now.
  /// - Returns: how many events were delivered.
  @discardableResult
  package func sendWaiting() async throws -> Int {
    try await pool.withConnection { connection in
      try await connection.execute("SELECT lineage.close_lost_runs()")
      try await connection.execute("SELECT lineage.prune_outbox()")
      var total = 0
      while true {
        let rows = try await connection.query(
          "SELECT event_id, event FROM lineage.take_events($1, $2::interval) ORDER BY event_id",
          [Self.batchCount, Self.hideInterval])
        if rows.isEmpty { return total }
        var outage: String?
        for row in rows {
          let failure: String?
          if let outage {
            failure = outage
          } else {
            (failure, outage) = try await post(row.decode("event"))
          }
          if let failure { logger.info("an OpenLineage event waits", metadata: ["reason": "\(failure)"]) }
          try await connection.execute(
            "SELECT lineage.settle_event($1, $2)", [try row.decode("event_id", as: Int64.self), failure])
          if failure == nil { total += 1 }
        }
        if outage != nil { return total }
      }
    }
  }

  /// - Returns: why it was not delivered, and, when the endpoint itself is out of order, that.
  private func post(_ event: String) async throws -> (failure: String?, outage: String?) {
    try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    let file = "\(scratch)/openlineage-\(UUID().uuidString)"
    defer { unlink(file) }
    var transfer = HTTPTransfer(posting: event, to: url, answerIn: file, within: Self.requestTimeout)
    if let apiKey { transfer.secretHeaders = ["Authorization: Bearer \(apiKey)"] }
    do {
      let status = try await transfer.perform().status
      if (200..<300).contains(status) { return (nil, nil) }
      let failure = "the endpoint answered \(status)"
      return (failure, status >= 500 || status == 429 ? failure : nil)
    } catch HTTPTransfer.Failure.cancelled {
      throw CancellationError()
    } catch let failure as HTTPTransfer.Failure {
      return ("\(failure)", "\(failure)")
    }
  }
}
