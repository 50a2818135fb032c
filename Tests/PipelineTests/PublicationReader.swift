import FoundationEssentials
import Lake
import Postgres
import Synchronization
import TestSupport
import Testing

/// Reads one dataset in warehouse and lake for as long as a test runs, as analysts do, and notes whatever is not exactly
/// one publication of a partition, is gone after it was there, or has to be waited for.
struct PublicationReader: Sendable {
  fileprivate struct Partition: Hashable {
    var dataYear: Int
    var region: String
  }

  /// One publication's rows are always the same rows.
  fileprivate struct Publication: Hashable {
    var partition: Partition
    var asOf: String
    var sha256: String
  }

  /// The history of the database that readers look at. A fail-over begins another, in which the last publications of the one
  /// before may never have been.
  final class History: Sendable {
    private let number = Mutex(0)
    private let lost = Mutex<Set<String>>([])

    var current: Int { number.withLock { $0 } }

    /// - Parameter files: of publications that were lost, as `file` names them: they lie in the lake all the same.
    func begin(without files: some Sequence<String>) {
      lost.withLock { $0.formUnion(files) }
      number.withLock { $0 += 1 }
    }

    static func file(_ path: String, _ sha256: String) -> String { path + " " + sha256 }
    func hasLost(_ path: String, _ sha256: String) -> Bool { lost.withLock { $0.contains(Self.file(path, sha256)) } }
  }

  struct Report: Sendable {
    var problems: [String] = []
    /// What was seen in this history.
    fileprivate var partitions: Set<Partition> = []
    fileprivate var history = 0
    fileprivate var digests: [Publication: String] = [:]
    /// Rows that were not those of the publication that an old snapshot knows of. A swap may show it a newer one.
    fileprivate var newer: [Partition: Set<String>] = [:]
  }

  private enum Style {
    /// One statement after another, each with a snapshot of its own.
    case statements
    /// Transactions whose snapshot is older than what they read: `REPEATABLE READ`, as of pg_dump or a report of many queries.
    case oldSnapshot
  }

  /// How far one reader is, for those who wait for it.
  private final class Progress: Sendable {
    let readCount = Mutex(0)
  }

  private let dataset: String
  private let isSplit: Bool
  private let database: TestDatabase
  private let lake: any LakeStore
  private let history: History

  /// Runs `body` while readers look on, and records an issue for all that they saw and should not. Each has read once
  /// before the first step, and once more after the last, however quick `body` was.
  /// - Parameter minimumReads: of each reader, in the meantime; fewer would prove nothing of what takes long.
  static func watching(
    _ dataset: String, isSplit: Bool = false, of workshop: Workshop, minimumReads: Int = 0,
    history: History = History(), sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
  ) async throws {
    let reader = PublicationReader(
      dataset: dataset, isSplit: isSplit, database: workshop.database, lake: workshop.lake, history: history)
    let watches = [Style.statements, .oldSnapshot].map { style in
      let progress = Progress()
      return (progress, Task { try await reader.watch(style, progress) })
    }
    /// Returns when every reader has done so many more reads than it had, of which one may have been under way.
    func moreReads(_ count: Int) async throws -> [Int] {
      let before = watches.map { progress, _ in progress.readCount.withLock { $0 } }
      for ((progress, _), before) in zip(watches, before) {
        while progress.readCount.withLock({ $0 }) < before + count { try await Task.sleep(for: .milliseconds(5)) }
      }
      return before
    }
    let outcome: Result<Void, any Error>
    do {
      _ = try await moreReads(1)
      try await body()
      for count in try await moreReads(2) { #expect(count > minimumReads, sourceLocation: sourceLocation) }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    for (_, watch) in watches { watch.cancel() }
    var reports: [Report] = []
    for (_, watch) in watches { reports.append(try await watch.value) }
    // What stands in the end is known, however short the last publication's life in front of the readers was.
    var last = Report()
    let connection = try await reader.connect()
    reader.check(try await connection.query(reader.sql, [dataset]), .statements, &last)
    await connection.close()
    reports.append(last)
    let whole = reports.flatMap(\.digests)
    for (partition, digests) in reports.flatMap(\.newer)
    where !digests.isSubset(of: whole.filter { $0.key.partition == partition }.map(\.value)) {
      reports[0].problems.append("\(partition.dataYear) \(partition.region): rows of no publication")
    }
    for report in reports { #expect(report.problems == [], sourceLocation: sourceLocation) }
    try outcome.get()
  }

  private func watch(_ style: Style, _ progress: Progress) async throws -> Report {
    var report = Report()
    var connection: PostgresConnection?
    while !Task.isCancelled {
      do {
        if connection == nil { connection = try await connect() }
        guard let connection else { continue }
        let began = history.current
        let rows = try await self.rows(style, connection)
        if began != history.current { continue }
        if began != report.history {
          (report.history, report.partitions, report.newer) = (began, [], [:])
        }
        check(rows, style, &report)
        if style == .statements { report.problems += try await brokenFiles(connection) }
        progress.readCount.withLock { $0 += 1 }
      } catch is CancellationError {
        break
      } catch let error as PostgresError where error.isConnectionFailure {
        // The server is away, or has ended our session: readers come again.
        await connection?.close()
        connection = nil
        try? await Task.sleep(for: .milliseconds(20))
      } catch {
        if Task.isCancelled { break }
        report.problems.append("a read failed: \(error)")
        progress.readCount.withLock { $0 += 1 }
        if let broken = connection {
          await broken.close()
          connection = nil
        }
      }
    }
    await connection?.close()
    return report
  }

  /// "A moment", on a machine with other things to do: the swap makes readers queue for 150 ms at most, and a worker that
  /// hangs with the table in its hands is thrown out after 2 s.
  private static let patience = "4s"

  private func connect() async throws -> PostgresConnection {
    let connection = try await database.connect()
    _ = try await connection.query(
      "SELECT set_config('lock_timeout', $1, false), set_config('statement_timeout', '60s', false)", [Self.patience])
    return connection
  }

  private func rows(_ style: Style, _ connection: PostgresConnection) async throws -> [PostgresRow] {
    guard style == .oldSnapshot else { return try await connection.query(sql, [dataset]) }
    // A year gets a table of its own while nobody holds an old snapshot.
    try await Task.sleep(for: .milliseconds(Int.random(in: 0...100)))
    return try await connection.withTransaction { transaction in
      try await transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
      // Takes the snapshot, and holds no lock that a publication would have to wait for.
      _ = try await transaction.query("SELECT 1")
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
      return try await transaction.query(sql, [dataset])
    }
  }

  /// What the table shows against what the warehouse says that it shows, both in one snapshot.
  private var sql: String {
    """
    SELECT data_year, region, coalesce(r.row_count, 0) AS row_count, coalesce(r.vintages, 0) AS vintages,
      r.as_of, r.digest, p.row_count AS published_count, p.as_of AS published_as_of, p.sha256
    FROM (
      SELECT data_year, \(isSplit ? "region" : "''::text AS region"), count(*) AS row_count,
        count(DISTINCT as_of) AS vintages, max(as_of) AS as_of, sum(hashtextextended(t::text, 0))::text AS digest
      FROM public."\(dataset)" t GROUP BY 1, 2) r
    FULL JOIN (
      SELECT data_year, region, row_count, as_of, sha256 FROM warehouse.partition
      WHERE dataset = $1 AND publication_id IS NOT NULL) p
    USING (data_year, region)
    """
  }

  private func check(_ rows: [PostgresRow], _ style: Style, _ report: inout Report) {
    do {
      var missing = report.partitions
      for row in rows {
        let partition = Partition(dataYear: try row.decode("data_year"), region: try row.decode("region"))
        let name = "\(partition.dataYear) \(partition.region)"
        let (count, vintages): (Int, Int) = (try row.decode("row_count"), try row.decode("vintages"))
        let published: Int? = try row.decode("published_count")
        let asOf: String? = try row.decode("published_as_of")
        let sha256: String? = try row.decode("sha256")
        missing.remove(partition)
        guard count > 0 || published ?? 0 == 0 else {
          report.problems.append("\(name): the rows are gone")
          continue
        }
        guard count > 0 else { continue }
        let (shown, digest): (String, String) = (try row.decode("as_of"), try row.decode("digest"))
        let publication = Publication(partition: partition, asOf: asOf ?? "", sha256: sha256 ?? "")
        let isAsPublished =
          count == published && vintages == 1 && shown == asOf && report.digests[publication] ?? digest == digest
        if isAsPublished {
          report.digests[publication] = digest
          report.partitions.insert(partition)
        } else if style == .oldSnapshot {
          report.newer[partition, default: []].insert(digest)
        } else {
          report.problems.append(
            "\(name): \(count) rows of \(vintages) vintages, and not those published as of \(asOf ?? "never")")
        }
      }
      report.problems += missing.map { "\($0.dataYear) \($0.region): the partition is gone" }
    } catch {
      report.problems.append("a row could not be read: \(error)")
    }
  }

  /// Files under their names that are not, byte for byte, what some publication committed.
  private func brokenFiles(_ connection: PostgresConnection) async throws -> [String] {
    var problems: [String] = []
    for path in try await lake.files() where path.hasPrefix(dataset + "/") {
      guard let sha256 = try await lake.sha256(path), !history.hasLost(path, sha256) else { continue }
      let known = try await connection.query(
        "SELECT FROM lineage.publication WHERE lake_path = $1 AND output_sha256 = $2 LIMIT 1", [path, sha256])
      if known.isEmpty { problems.append("\(path) is no publication's file") }
    }
    return problems
  }
}
