internal import Base
internal import Catalog
internal import Fetch
internal import HTTP

/// One document that a request asks for, with the values of its variables.
struct DocumentRequest: Sendable {
  var request: FetchRequest
  var format: InputFormat
  var pages: RequestPages?
  var verifications: [Fetcher.Verification]
  /// Of the variables that have one value, by name.
  var values: [String: String]
  /// A file to send along, read when its turn comes.
  var upload: Upload?

  struct Upload: Sendable {
    var file: String
    var field: String
    var fileName: String
  }
}

extension DatasetRequest {
  /// The documents to fetch for one partition, in the declared order.
  ///
  /// - Parameter selected: what a request with `rows` is made for.
  /// - Throws: only what an encoder of texts throws.
  func documents(for partition: Partition, _ selected: SelectedRows? = nil) throws -> [DocumentRequest] {
    try combinations(variables[...]).flatMap { chosen -> [DocumentRequest] in
      guard let selected else { return [try document(for: partition, chosen, row: [:])] }
      guard let upload else { return try selected.rows.map { try document(for: partition, chosen, row: $0) } }
      return try selected.files.map { file in
        var document = try document(for: partition, chosen, row: [:])
        document.upload = .init(file: file, field: upload.field, fileName: upload.fileName)
        return document
      }
    }
  }

  /// Each combination of the variables, the last changing fastest; the values of a group together.
  private func combinations(_ variables: ArraySlice<RequestVariable>) -> [[String: [String]]] {
    guard let first = variables.first else { return [[:]] }
    let rest = combinations(variables.dropFirst())
    return first.groups.flatMap { group in rest.map { $0.merging([first.name: group]) { $1 } } }
  }

  private func document(
    for partition: Partition, _ chosen: [String: [String]], row: [String: String]
  ) throws -> DocumentRequest {
    func value(_ name: String) -> String? {
      switch name {
      case "data_year": String(partition.dataYear)
      case "yy": String(String(partition.dataYear).suffix(2))
      case "region": partition.region
      case "as_of": partition.asOf
      default: chosen[name]?.joined(separator: ",") ?? row[name] ?? (hasRowColumns && name != "key" ? "" : nil)
      }
    }
    func filled(_ text: String) -> String { Placeholder.fill(text, value) }

    let expected: FetchRequest.Content =
      switch format {
      // A compressed document, rather than a compressed transfer: DuckDB reads it as it is.
      case _ where filled(path).hasSuffix(".gz"): .gzip
      // A tar is not known by its beginning.
      case _ where input.member != nil && !filled(path).hasSuffix(".tar"): .zip
      case _ where input.member != nil: .any
      case .xlsx, .shapefile: .zip
      // Whatever is no feed is told in a row.
      case .feed where declaresUnreadableFeeds: .any
      case .feed: .xml
      case .geojson: .json
      case .jsonTable, .json, .jsonDocument: .json
      case .parquet: .parquet
      case .csv, .tsv, .ndjson, .lines, .fixedWidth, .geojsonLines: .text
      }
    // A value is text, whatever it holds; only the definition itself may name folders.
    let path = Placeholder.fill(path) { name in
      value(name).map { PercentEncoding.encoded($0, keeping: row[name] == nil ? "/," : "") }
    }
    var request = FetchRequest(name: name, sourceID: sourceID, path: path, expected: expected)
    request.method = method == .post ? .post : .get
    request.query = query.map { FetchRequest.Parameter(name: $0.name, value: filled($0.value)) }
    let groups = chosen.filter { name, _ in variables.contains { $0.name == name && $0.groupSize != nil } }
    request.body = Array((try body?.json(groups: groups, fill: filled) ?? "").utf8)
    request.multipart = upload?.fields.map { .init(name: $0.name, bytes: Array(filled($0.value).utf8)) } ?? []
    request.isOptional = isOptional
    request.hasFinalNewline = input.hasFinalNewline
    return DocumentRequest(
      request: request, format: format, pages: pages,
      verifications: verifications.map { verification in
        Fetcher.Verification(
          path: verification.path,
          values: chosen[verification.placeholder] ?? [value(verification.placeholder) ?? ""])
      },
      values: row.merging(chosen.filter { groups[$0.key] == nil }.compactMapValues(\.first)) { $1 })
  }
}
