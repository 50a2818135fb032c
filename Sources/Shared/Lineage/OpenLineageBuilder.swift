internal import FoundationEssentials

/// Writes OpenLineage run events (specification 2-0-2), as JSON.
package struct OpenLineageBuilder: Sendable {
  package enum EventType: String, Sendable {
    case start = "START"
    case complete = "COMPLETE"
    case fail = "FAIL"
    case abort = "ABORT"
  }

  private let namespace: String
  private let producer = "https://github.com/aker-etl/aker"
  private let specification = "https://openlineage.io/spec"

  /// - Parameter namespace: of jobs and warehouse tables, such as `postgres://host:5432/warehouse`.
  package init(namespace: String) {
    self.namespace = namespace
  }

  package func event(_ type: EventType, _ run: OpenLineageRun, _ time: String) throws -> String {
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
        "ParentRunFacet", "1-1-0",
        [
          "run": .object(["runId": .text(Self.uuid("backfill \(backfill)", namespace))]),
          "job": .object(["namespace": .text(namespace), "name": .text("backfill.\(run.dataset)")]),
        ])
    }
    if let message = run.errorMessage {
      runFacets["errorMessage"] = facet(
        "ErrorMessageRunFacet", "1-0-1", ["message": .text(message), "programmingLanguage": .text("SQL")])
    }
    let event = OpenLineageValue.object([
      "eventType": .text(type.rawValue), "eventTime": .text(time), "producer": .text(producer),
      "schemaURL": .text(specification + "/2-0-2/OpenLineage.json#/$defs/RunEvent"),
      "run": .object([
        "runId": .text(Self.uuid("task \(run.taskID) lease \(run.leaseToken)", namespace)),
        "facets": .object(runFacets),
      ]),
      "job": .object([
        "namespace": .text(namespace), "name": .text(run.dataset),
        "facets": .object([
          "jobType": facet(
            "JobTypeJobFacet", "2-0-3",
            ["processingType": .text("BATCH"), "integration": .text("AKER"), "jobType": .text("TASK")])
        ]),
      ]),
      "inputs": .list(run.inputs.map(input)),
      "outputs": .list(run.output.map { outputs(run, $0) } ?? []),
    ])
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(event), as: UTF8.self)
  }

  private func input(_ input: LineageInput) -> OpenLineageValue {
    var facets: [String: OpenLineageValue] = [:]
    if let sha256 = input.sha256 {
      facets["version"] = facet("DatasetVersionDatasetFacet", "1-0-1", ["datasetVersion": .text(sha256)])
    }
    switch input.origin {
    case .source(let id, let url, _, _, _):
      facets["dataSource"] = facet("DatasourceDatasetFacet", "1-0-1", ["name": .text(id), "uri": .text(url)])
      return .object([
        "namespace": .text("aker-source://\(id)"), "name": .text(input.requestName), "facets": .object(facets),
      ])
    case .dataset(let name, _):
      return .object(["namespace": .text(namespace), "name": .text("public.\(name)"), "facets": .object(facets)])
    }
  }

  private func outputs(_ run: OpenLineageRun, _ output: OpenLineageRun.Output) -> [OpenLineageValue] {
    let schema = facet(
      "SchemaDatasetFacet", "1-1-1",
      [
        "fields": .list(
          output.fields.map {
            .object(["name": .text($0.name), "type": .text($0.type), "description": .text($0.description)])
          })
      ])
    let assertions = facet(
      "DataQualityAssertionsDatasetFacet", "1-0-1",
      [
        "assertions": .list(
          output.assertions.map { assertion in
            var fields: [String: OpenLineageValue] = [
              "assertion": .text(assertion.name), "success": .flag(assertion.success),
            ]
            if let column = assertion.column { fields["column"] = .text(column) }
            return .object(fields)
          })
      ])
    let statistics = facet(
      "OutputStatisticsOutputDatasetFacet", "1-0-2",
      ["rowCount": .integer(output.rowCount), "size": .integer(output.byteCount), "fileCount": .integer(1)])
    let subset = OpenLineageValue.object([
      "_producer": .text(producer),
      "_schemaURL": .text(specification + "/2-0-2/OpenLineage.json#/$defs/OutputDatasetFacet"),
      "dimensions": .object([
        "data_year": .integer(run.dataYear), "region": .text(run.region), "as_of": .text(run.asOf),
      ]),
    ])
    let version = facet("DatasetVersionDatasetFacet", "1-0-1", ["datasetVersion": .text(output.version)])
    func dataset(_ namespace: String, _ name: String, _ uri: String) -> OpenLineageValue {
      .object([
        "namespace": .text(namespace), "name": .text(name),
        "facets": .object([
          "schema": schema, "version": version, "dataQualityAssertions": assertions,
          "dataSource": facet("DatasourceDatasetFacet", "1-0-1", ["name": .text(namespace), "uri": .text(uri)]),
        ]),
        "outputFacets": .object(["outputStatistics": statistics, "aker_partitionSubset": subset]),
      ])
    }
    let lake = output.lake.hasPrefix("s3://") ? output.lake : "file"
    return [
      dataset(namespace, "public.\(run.dataset)", namespace),
      dataset(lake, "\(output.lake)/\(run.dataset)", "\(output.lake)/\(output.path)"),
    ]
  }

  private func facet(
    _ name: String, _ version: String, _ fields: [String: OpenLineageValue]
  ) -> OpenLineageValue {
    var fields = fields
    fields["_producer"] = .text(producer)
    fields["_schemaURL"] = .text("\(specification)/facets/\(version)/\(name).json#/$defs/\(name)")
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
