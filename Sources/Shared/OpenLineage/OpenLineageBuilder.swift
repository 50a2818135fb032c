package import FoundationEssentials
internal import Lineage

/// Writes OpenLineage run events (specification 2-0-2), as JSON.
package struct OpenLineageBuilder: Sendable {
  package enum EventType: String, Sendable {
    case start = "START"
    case complete = "COMPLETE"
    case fail = "FAIL"
    case abort = "ABORT"
  }

  private let namespace: String
  private let warehouse: String
  private let database: String
  private let producer = "https://github.com/aker-etl/aker"
  private let specification = "https://openlineage.io/spec"

  /// - Parameters:
  ///   - namespace: of jobs.
  ///   - warehouse: the namespace of warehouse tables: `postgres://host:port`.
  ///   - database: the first part of their names.
  package init(namespace: String, warehouse: String, database: String) {
    self.namespace = namespace
    self.warehouse = warehouse
    self.database = database
  }

  /// Run ids: unique among all databases that tell the same endpoint.
  private func runID(_ name: String) -> OpenLineageValue {
    .text(Self.uuid(name, "\(namespace) \(warehouse)/\(database)"))
  }

  private static func text(_ time: Date) -> OpenLineageValue {
    .text(time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
  }

  package func event(_ type: EventType, _ run: OpenLineageRun, _ time: Date) throws -> String {
    var runFacets: [String: OpenLineageValue] = [
      "nominalTime": facet(
        "NominalTimeRunFacet", "1-0-1",
        [
          "nominalStartTime": .text("\(run.dataYear)-01-01T00:00:00Z"),
          "nominalEndTime": .text("\(run.dataYear + 1)-01-01T00:00:00Z"),
        ]),
      "processing_engine": facet(
        "ProcessingEngineRunFacet", "1-1-1", ["name": .text("aker"), "version": .text(run.codeVersion)]),
      "aker_partition": .object([
        "_producer": .text(producer), "_schemaURL": .text(specification + "/2-0-2/OpenLineage.json#/$defs/RunFacet"),
        "dataset": .text(run.dataset), "data_year": .integer(run.dataYear), "region": .text(run.region),
        "as_of": .text(run.asOf), "task_id": .integer(Int(run.taskID)), "lease_token": .integer(Int(run.leaseToken)),
      ]),
    ]
    if let backfill = run.backfillID {
      runFacets["parent"] = facet(
        "ParentRunFacet", "1-2-0",
        [
          "run": .object(["runId": runID("backfill \(backfill)")]),
          "job": .object(["namespace": .text(namespace), "name": .text("backfill.\(run.dataset)")]),
        ])
    }
    if let message = run.errorMessage {
      runFacets["errorMessage"] = facet(
        "ErrorMessageRunFacet", "1-0-1", ["message": .text(message), "programmingLanguage": .text("SQL")])
    }
    let event = OpenLineageValue.object([
      "eventType": .text(type.rawValue), "eventTime": Self.text(time), "producer": .text(producer),
      "schemaURL": .text(specification + "/2-0-2/OpenLineage.json#/$defs/RunEvent"),
      "run": .object([
        "runId": runID("task \(run.taskID) lease \(run.leaseToken)"),
        "facets": .object(runFacets),
      ]),
      "job": .object([
        "namespace": .text(namespace), "name": .text(run.dataset),
        "facets": .object([
          "jobType": facet(
            "JobTypeJobFacet", "2-0-4",
            ["processingType": .text("BATCH"), "integration": .text("AKER"), "jobType": .text("TASK")])
        ]),
      ]),
      "inputs": .list(inputs(run.inputs)),
      "outputs": .list(run.output.map { outputs(run, $0) } ?? []),
    ])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(event), as: UTF8.self)
  }

  /// A request that was answered by many documents is one dataset.
  private func inputs(_ inputs: [LineageInput]) -> [OpenLineageValue] {
    var names: [String] = []
    var documents: [String: [LineageInput]] = [:]
    for input in inputs {
      let name =
        switch input.origin {
        case .source(let id, _, _, _, _): "\(id)\n\(input.requestName)"
        case .dataset(let dataset, _): "\n\(dataset)"
        }
      if documents[name] == nil { names.append(name) }
      documents[name, default: []].append(input)
    }
    return names.compactMap { documents[$0].map(self.input) }
  }

  private func input(_ documents: [LineageInput]) -> OpenLineageValue {
    let input = documents[0]
    var facets: [String: OpenLineageValue] = [:]
    if documents.count == 1, let sha256 = input.sha256 {
      facets["version"] = facet("DatasetVersionDatasetFacet", "1-0-1", ["datasetVersion": .text(sha256)])
    }
    switch input.origin {
    case .source(let id, let url, _, _, _):
      facets["dataSource"] = facet("DatasourceDatasetFacet", "1-0-1", ["name": .text(id), "uri": .text(url)])
      return .object([
        "namespace": .text(Self.sourceNamespace(id)), "name": .text(input.requestName), "facets": .object(facets),
      ])
    case .dataset(let name, _):
      return .object(["namespace": .text(warehouse), "name": .text(table(name)), "facets": .object(facets)])
    }
  }

  private static func sourceNamespace(_ id: String) -> String { "aker-source://\(id)" }

  private func table(_ dataset: String) -> String { "\(database).public.\(dataset)" }

  private func outputs(_ run: OpenLineageRun, _ output: OpenLineageRun.Output) -> [OpenLineageValue] {
    let schema = facet(
      "SchemaDatasetFacet", "1-2-0",
      [
        "fields": .list(
          output.fields.map {
            .object(["name": .text($0.name), "type": .text($0.type), "description": .text($0.description)])
          })
      ])
    let assertions = facet(
      "DataQualityAssertionsDatasetFacet", "1-1-0",
      [
        "assertions": .list(
          output.assertions.map { assertion in
            var fields: [String: OpenLineageValue] = [
              "assertion": .text(assertion.name), "success": .flag(assertion.success),
              "severity": .text(assertion.isFatal ? "error" : "warn"),
            ]
            if let column = assertion.column { fields["column"] = .text(column) }
            return .object(fields)
          })
      ])
    let statistics = facet(
      "OutputStatisticsOutputDatasetFacet", "1-0-2",
      ["rowCount": .integer(output.rowCount), "size": .integer(output.byteCount), "fileCount": .integer(1)])
    var dimensions: [String: OpenLineageValue] = ["data_year": .integer(run.dataYear), "as_of": .text(run.asOf)]
    if !run.region.isEmpty { dimensions["region"] = .text(run.region) }
    let subset = facet(
      "OutputSubsetOutputDatasetFacet", "1-0-0", file: "BaseSubsetDatasetFacet",
      [
        "outputCondition": .object([
          "type": .text("partition"), "partitions": .list([.object(["dimensions": .object(dimensions)])]),
        ])
      ])
    let version = facet("DatasetVersionDatasetFacet", "1-0-1", ["datasetVersion": .text(output.version)])
    let columnLineage = columnLineage(output.fields)
    func dataset(_ namespace: String, _ name: String, _ uri: String) -> OpenLineageValue {
      var facets: [String: OpenLineageValue] = [
        "schema": schema, "version": version, "dataQualityAssertions": assertions,
        "dataSource": facet("DatasourceDatasetFacet", "1-0-1", ["name": .text(namespace), "uri": .text(uri)]),
      ]
      facets["columnLineage"] = columnLineage
      return .object([
        "namespace": .text(namespace), "name": .text(name), "facets": .object(facets),
        "outputFacets": .object(["outputStatistics": statistics, "subset": subset]),
      ])
    }
    let file = "\(output.lake)/\(output.path)"
    // s3://bucket, and the key within it; or `file`, and the path.
    let afterBucket = output.lake.hasPrefix("s3://") ? output.lake.dropFirst("s3://".count).firstIndex(of: "/") : nil
    let lakeNamespace = afterBucket.map { String(output.lake[..<$0]) } ?? "file"
    let folder = afterBucket.map { String(output.lake[output.lake.index(after: $0)...]) } ?? output.lake
    return [
      dataset(warehouse, table(run.dataset), "\(warehouse)/\(database)"),
      dataset(lakeNamespace, "\(folder)/\(run.dataset)", file),
    ]
  }

  /// Nil where the definition tells of no column what it is made of.
  private func columnLineage(_ fields: [OpenLineageRun.Field]) -> OpenLineageValue? {
    let told = fields.filter { !$0.sources.isEmpty }
    if told.isEmpty { return nil }
    let pairs = told.map { field in
      (
        field.name,
        OpenLineageValue.object([
          "inputFields": .list(
            field.sources.map { source in
              .object([
                "namespace": .text(source.sourceID.map(Self.sourceNamespace) ?? warehouse),
                "name": .text(source.sourceID == nil ? table(source.name) : source.name),
                "field": .text(source.column),
              ])
            })
        ])
      )
    }
    return facet(
      "ColumnLineageDatasetFacet", "1-2-0",
      ["fields": .object(Dictionary(pairs) { first, _ in first })])
  }

  private func facet(
    _ name: String, _ version: String, file: String? = nil, _ fields: [String: OpenLineageValue]
  ) -> OpenLineageValue {
    var fields = fields
    fields["_producer"] = .text(producer)
    fields["_schemaURL"] = .text("\(specification)/facets/\(version)/\(file ?? name).json#/$defs/\(name)")
    return .object(fields)
  }

  /// A UUID of its own for each name: the same attempt always gets the same, so that an event delivered twice is one run.
  static func uuid(_ name: String, _ namespace: String) -> String {
    // FNV-1a, twice with different starts, makes 128 bits; version and variant as for a name-based UUID (8: custom).
    func hash(_ text: String, _ start: UInt64) -> UInt64 {
      text.utf8.reduce(start) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
    let high = hash(namespace + "\n" + name, 0xcbf2_9ce4_8422_2325) & 0xffff_ffff_ffff_0fff | 0x8000
    let low = hash(name + "\n" + namespace, 0x6c62_272e_07bb_0142) & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    let digits = [high, low].map { value in
      let hex = String(value, radix: 16)
      return String(repeating: "0", count: 16 - hex.count) + hex
    }.joined()
    func part(_ from: Int, _ to: Int) -> Substring {
      digits[digits.index(digits.startIndex, offsetBy: from)..<digits.index(digits.startIndex, offsetBy: to)]
    }
    return "\(part(0, 8))-\(part(8, 12))-\(part(12, 16))-\(part(16, 20))-\(part(20, 32))"
  }
}
