internal import Catalog
package import Engine
internal import Fetch
internal import FoundationEssentials
package import Lake
internal import Lineage
package import Logging
internal import Postgres
internal import Quality
internal import Queue
internal import Base

/// Fetch, transform, check: everything before publishing, which changes nothing that anybody else can see.
package struct PartitionBuilder: Sendable {
  let engine: Engine
  let lake: any LakeStore
  /// Where the staging folder is made: the lake itself, or elsewhere for what is not to be published.
  let workspace: any LakeStore
  let inputs: any InputSource
  let logger: Logger
  /// Told of the documents before anything is made of them.
  var didFetch: (@Sendable ([FetchedInput]) -> Void)?

  package init(
    engine: Engine, lake: any LakeStore, workspace: (any LakeStore)? = nil, inputs: any InputSource, logger: Logger
  ) {
    self.engine = engine
    self.lake = lake
    self.workspace = workspace ?? lake
    self.inputs = inputs
    self.logger = logger
  }

  /// Builds into the staging folder. The caller removes that when this throws.
  /// - Parameter connection: to find upstream partitions and what the checks compare with; without one there is nothing
  ///   to compare with.
  /// - Parameter reproducing: a publication whose own inputs are to be read, rather than what is published now.
  /// - Throws: `ValidationError` for drift and failed checks, `FetchError`, `EngineFailure`, `LakeError`.
  func build(
    _ partition: Partition, spec: DatasetSpec, staging: String, reproducing: Int64? = nil,
    _ connection: PostgresConnection?, _ timer: inout StepTimer
  ) async throws -> BuiltPartition {
    let startedAt = Date()
    if let missing = spec.extensions.first(where: { engine.duckdb.extensions[$0] == nil }) {
      throw PipelineError.missingExtension(dataset: spec.name, name: missing.rawValue)
    }
    let folder = try await workspace.prepareStaging(staging)
    let upstreams = try await UpstreamPartition.read(
      for: partition, spec, lake: lake, scratch: folder, recorded: reproducing, connection)
    var preparation = InputPreparation(folder: folder + "/prepared", year: partition.dataYear)
    let fetched = try await timer.time(.fetch, detail: Self.describe) {
      try await fetch(partition, spec, upstreams, folder, &preparation)
    }
    didFetch?(fetched)
    StepBoundary.fetched.reached()
    return try await doubting(fetched, spec) {
      try await build(
        partition, spec: spec, staging: staging, folder, fetched, upstreams, &preparation, connection, &timer,
        startedAt: startedAt, isReproduction: reproducing != nil)
    }
  }

  /// Documents whose content is refused are suspect: the next attempt asks for them anew. One that somebody removed while
  /// it was read is none of those, whatever its reader says: this host's disk is to blame.
  private func doubting<Value>(
    _ fetched: [FetchedInput], _ spec: DatasetSpec, _ body: () async throws -> Value
  ) async throws -> Value {
    do {
      return try await body()
    } catch {
      guard Self.isOfDocuments(error, spec) else { throw error }
      for input in fetched {
        if let path = input.path, let lost = FetchError(lost: path, of: input.sourceID, input.url) { throw lost }
      }
      await inputs.suspect(fetched)
      throw error
    }
  }

  /// Whether another answer of the source could have been taken.
  private static func isOfDocuments(_ error: any Error, _ spec: DatasetSpec) -> Bool {
    switch error {
    case is ValidationError: return true
    case let error as FetchError: return error.errorClass == .data
    case let failure as EngineFailure:
      switch failure.error {
      case .failed: return true
      case .sql(_, let message, _, _):
        // What is wrong with the SQL itself, whatever it reads. Names are the documents' where none are declared.
        if ["Parser Error", "Catalog Error"].contains(where: message.hasPrefix) { return false }
        return !message.hasPrefix("Binder Error") || spec.requests.contains { $0.vintages.isEmpty }
      default: return false
      }
    default: return false
    }
  }

  private func build(
    _ partition: Partition, spec: DatasetSpec, staging: String, _ folder: String, _ fetched: [FetchedInput],
    _ upstreams: [UpstreamPartition], _ preparation: inout InputPreparation, _ connection: PostgresConnection?,
    _ timer: inout StepTimer, startedAt: Date, isReproduction: Bool
  ) async throws -> BuiltPartition {
    var prepared = fetched
    if preparation.isNeeded(for: fetched, of: spec.requests) {
      prepared = try await timer.time(.prepare, detail: { $0.count.counted("file") }) {
        try await preparation.prepare(fetched, for: spec.requests)
      }
    }
    // What is made again was compared when it was made.
    var context =
      isReproduction ? CheckContext() : try await Self.comparison(for: partition, spec, connection)
    context.oldestInputDays = fetched.map(\.fetchedAt).min().map { Date().timeIntervalSince($0) / 86_400 }
    let file = folder + "/" + spec.name + ".parquet"
    let rowsFile = folder + "/rows.csv"
    let validation = try await timer.time(
      .build, detail: { "\(($0.rowCount ?? 0).counted("row")), \($0.results.count.counted("check"))" }
    ) {
      try await BuildRun(
        spec: spec, partition: partition, fetched: prepared, upstreams: upstreams,
        engine: engine.spilling(into: folder),
        file: file, rowsFile: rowsFile, context: context
      ).run()
    }
    StepBoundary.built.reached()
    preparation.remove()

    let content = try await timer.time(
      .examine, detail: { (content: (sha256: String, byteCount: Int)) in "sha256 \(content.sha256.prefix(12))" }
    ) {
      try ReportFiles.write(ValidationReport(validation, validatedAt: Date()), into: folder)
      return try await SHA256.hash(ofFile: file)
    }
    StepBoundary.checked.reached()
    return BuiltPartition(
      partition: partition, spec: spec, definitionHash: spec.definitionHash, startedAt: startedAt, staging: staging,
      localFile: file, rowsFile: (validation.rowCount ?? 0) <= BuildScript.exportedRowLimit ? rowsFile : nil,
      sha256: content.sha256, byteCount: content.byteCount, validation: validation,
      inputs: fetched.map(\.lineage) + upstreams.filter { !spec.comparedDatasets.contains($0.dataset) }.map(\.lineage))
  }

  /// Request by request where rows that are fetched decide what is asked next; at once where nothing depends on another.
  private func fetch(
    _ partition: Partition, _ spec: DatasetSpec, _ upstreams: [UpstreamPartition], _ folder: String,
    _ preparation: inout InputPreparation
  ) async throws -> [FetchedInput] {
    var fetched: [FetchedInput] = []
    for stage in spec.requestStages {
      let known = fetched
      let prepared = try await doubting(known, spec) { try await preparation.prepare(known, for: spec.requests) }
      let selection = RowSelection(
        spec: spec, partition: partition, fetched: prepared, upstreams: upstreams,
        engine: engine.spilling(into: folder), scratch: folder + "/spill")
      let asked = stage.filter { $0.isAsked(in: partition.dataYear, partition.region) }
      fetched += try await inputs.fetch(asked, for: partition) { request in
        try await doubting(known, spec) { try await selection.rows(request) }
      }
    }
    return fetched
  }

  private static func describe(_ fetched: [FetchedInput]) -> String {
    // What a source does not offer is an answer, and no document.
    let documents = fetched.filter { $0.path != nil }
    let bytes = documents.reduce(0) { $0 + $1.byteCount }
    return
      "\(documents.count.counted("document")), \(bytes.counted("byte")), \(documents.count(where: \.cacheHit)) from the cache"
  }

  /// What the checks compare with: the year before of the same vintage or older, and the vintage before.
  static func comparison(
    for partition: Partition, _ spec: DatasetSpec, _ connection: PostgresConnection?
  ) async throws -> CheckContext {
    var context = CheckContext()
    guard let connection else { return context }
    let year = try await connection.query(
      """
      SELECT m.row_count, v.profile FROM lake.manifest m
      LEFT JOIN quality.validation v ON v.publication_id = m.publication_id
      WHERE m.dataset = $1 AND m.data_year = $2 AND m.region = $3 AND m.as_of <= $4 ORDER BY m.as_of DESC LIMIT 1
      """, [partition.dataset, partition.dataYear - 1, partition.region, partition.asOf])
    // A year that is not over has fewer rows than the one before: that is no finding.
    let isOver = partition.asOf.prefix(4) > String(partition.dataYear)
    context.previousYearRowCount = isOver ? try year.first?.decode("row_count") : nil
    let vintage = try await connection.query(
      """
      SELECT m.row_count, v.profile FROM lake.manifest m
      LEFT JOIN quality.validation v ON v.publication_id = m.publication_id
      WHERE m.dataset = $1 AND m.data_year = $2 AND m.region = $3 AND m.as_of < $4 ORDER BY m.as_of DESC LIMIT 1
      """, [partition.dataset, partition.dataYear, partition.region, partition.asOf])
    context.before = try Self.before("vintage", vintage.first) ?? Self.before("year", year.first)
    if let row = vintage.first {
      context.previousVintageRowCount = try row.decode("row_count")
      context.previousVintageNulls = try Self.before("vintage", row)?.profile.nulls
    }
    return context
  }

  private static func before(_ what: String, _ row: PostgresRow?) throws -> CheckContext.Before? {
    guard let row, let text = try row.text("profile") else { return nil }
    return CheckContext.Before(
      what: what, rowCount: try row.decode("row_count"),
      profile: try JSONDecoder().decode(Profile.self, from: Data(text.utf8)))
  }
}

extension FetchedInput {
  var lineage: LineageInput {
    LineageInput(
      requestName: requestName,
      origin: .source(id: sourceID, url: url, fetchedAt: fetchedAt, status: status, cacheHit: cacheHit),
      sha256: sha256, byteCount: byteCount, isSynthetic: isSynthetic,
      parameters: values, note: path == nil ? "the source does not offer it (\(status))" : nil)
  }
}

extension AttemptSteps.Input {
  init(_ input: FetchedInput) {
    self.init(
      request: input.requestName, source: input.sourceID, url: input.url,
      fetchedAt: input.fetchedAt.formatted(.iso8601), byteCount: input.byteCount, sha256: input.sha256,
      cacheHit: input.cacheHit)
  }
}
