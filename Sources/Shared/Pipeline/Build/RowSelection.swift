internal import Catalog
internal import Engine
internal import Fetch
internal import Lake
internal import FoundationEssentials

/// Runs the SQL that decides what is asked for, over what is published and what was fetched before.
struct RowSelection {
  let spec: DatasetSpec
  let partition: Partition
  /// Documents of the requests before it.
  let fetched: [FetchedInput]
  let upstreams: [UpstreamPartition]
  let engine: Engine
  /// A folder for the files to upload, which DuckDB may write to; it is gone with the attempt.
  let scratch: String

  private struct Count: Decodable {
    let count: Int
  }

  /// 100,000 requests for rows of one partition: a day of one a second. Who asks for more should upload them, or take a
  /// part each time.
  private static let maximumRowCount = 100_000

  /// - Throws: `EngineFailure` for SQL that fails; `PipelineError.tooManyRows`.
  func rows(_ request: DatasetRequest) async throws -> SelectedRows {
    guard let file = request.rowsFile, let sql = spec.rowsSQL(of: request) else { return SelectedRows() }
    var script = inputScript(before: request)
    // In an order of its own: the same rows are the same requests, and are not asked for again by the next attempt.
    script.add(
      file, before: "CREATE TEMP TABLE selected AS SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (", userSQL: sql,
      after: ") ORDER BY ALL;")
    guard let upload = request.upload else {
      script.add("selected", "SELECT * FROM selected LIMIT \(Self.maximumRowCount + 1);")
      let rows = try await run(script, before: request).rows("selected", as: [String: String?].self)
      guard rows.count <= Self.maximumRowCount else {
        throw PipelineError.tooManyRows(
          partition: partition.description, request: request.name, limit: Self.maximumRowCount)
      }
      return SelectedRows(rows: rows.map { $0.compactMapValues { $0 } })
    }
    return SelectedRows(files: try await files(upload, request, script))
  }

  /// One process counts, since a script is written before it runs; the other writes.
  private func files(_ upload: RequestUpload, _ request: DatasetRequest, _ script: EngineScript) async throws
    -> [String]
  {
    var counting = script
    counting.add("count", "SELECT count(*) AS count FROM selected;")
    let count = try await run(counting, before: request).rows("count", as: Count.self).first?.count ?? 0
    if count == 0 { return [] }
    let folder = "\(scratch)/rows-\(request.name)"
    try DiskLake.makeFolders(folder)
    var writing = script
    var files: [String] = []
    for start in stride(from: 0, to: count, by: upload.size) {
      let file = "\(folder)/\(files.count + 1).csv"
      writing.add(
        "upload \(files.count + 1)",
        """
        COPY (SELECT * FROM selected WHERE rowid >= \(start) AND rowid < \(start + upload.size) ORDER BY rowid)
        TO \(SQL.literal(file)) (FORMAT csv, HEADER \(upload.hasHeader));
        """)
      writing.writePaths.append(file)
      files.append(file)
    }
    _ = try await engine.run(writing)
    return files
  }

  private func inputScript(before request: DatasetRequest) -> EngineScript {
    EngineScript.inputs(earlier(than: request), partition, fetched: fetched, upstreams: upstreams)
  }

  /// The dataset as far as it is fetched.
  private func earlier(than request: DatasetRequest) -> DatasetSpec {
    var earlier = spec
    earlier.requests = Array(spec.requests.prefix { $0.name != request.name })
    return earlier
  }

  /// An error names the document in which it stands, as a transform's does.
  private func run(_ script: EngineScript, before request: DatasetRequest) async throws -> EngineOutput {
    do {
      return try await engine.run(script)
    } catch let failure as EngineFailure {
      throw await RefusalPlaces(
        spec: earlier(than: request), partition: partition, fetched: fetched, upstreams: upstreams, engine: engine
      ).located(failure)
    }
  }
}

extension EngineScript {
  /// Makes readable what a partition is made of: documents as `raw.<request>`, datasets as `published.<name>`.
  static func inputs(
    _ spec: DatasetSpec, _ partition: Partition, fetched: [FetchedInput], upstreams: [UpstreamPartition]
  ) -> EngineScript {
    var script = EngineScript()
    script.extensions = spec.extensions
    let views = spec.requests.map { request in
      InputView(
        request: request,
        documents: fetched.filter { $0.requestName == request.name }.compactMap { input in
          input.path.map {
            InputView.Document(
              file: $0, values: input.values, layout: input.layout, url: input.url,
              answers: request.answers(for: partition, input.values))
          }
        }, year: partition.dataYear, rowsSQL: spec.rowsSQL(of: request))
    }
    var datasets = Dictionary(grouping: upstreams, by: \.dataset).sorted { $0.key < $1.key }
      .map { BuildScript.Upstream(dataset: $0.key, files: $0.value.map(\.file)) }
    if spec.readsItself {
      if let index = datasets.firstIndex(where: { $0.dataset == spec.name }) {
        datasets[index].columns = BuildScript.Upstream.columns(of: spec)
      } else {
        datasets.append(
          BuildScript.Upstream(dataset: spec.name, files: [], columns: BuildScript.Upstream.columns(of: spec)))
      }
    }
    BuildScript.addMacros(&script, spec: spec)
    BuildScript.addInputs(
      &script, views: views, upstreams: datasets, year: partition.dataYear, region: partition.region,
      asOf: partition.asOf)
    return script
  }
}

extension DatasetRequest {
  /// What each row of a document must say, with its placeholders filled.
  fileprivate func answers(for partition: Partition, _ values: [String: String]) -> [InputView.Answer] {
    answers.map { answer in
      InputView.Answer(
        column: answer.column,
        text: Placeholder.fill(answer.text) { name in
          switch name {
          case "data_year": String(partition.dataYear)
          case "yy": String(String(partition.dataYear).suffix(2))
          case "region": partition.region
          case "as_of": partition.asOf
          default: values[name]
          }
        }, isPattern: answer.isPattern)
    }
  }
}
