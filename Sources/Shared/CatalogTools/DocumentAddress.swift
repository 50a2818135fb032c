package import Catalog
internal import FoundationEssentials

/// A document that a dataset is to be made from, as a person names it, taken apart into what a catalog says of it.
package struct DocumentAddress: Sendable, Equatable {
  /// One of the registry, or a new one.
  package var sourceID: String
  /// What is to be added to `sources.yml`; nil where the source is known.
  package var sourceEntry: String?
  /// Below the source's endpoint.
  package var path: String
  package var query: [DatasetRequest.QueryItem]
  /// What its name says that it is; nil where it says nothing.
  package var format: InputFormat?
  /// The year that stands in its address, where there is one and no other.
  package var year: Int?
  /// A secret that stood in the address, and is in neither file: its variable, and its value.
  package var secret: (variable: String, value: String)?

  package static func == (first: DocumentAddress, second: DocumentAddress) -> Bool {
    first.sourceID == second.sourceID && first.sourceEntry == second.sourceEntry && first.path == second.path
      && first.query == second.query && first.format == second.format && first.year == second.year
      && first.secret?.variable == second.secret?.variable && first.secret?.value == second.secret?.value
  }

  /// - Parameters:
  ///   - text: `https://host/path?query`, or a file of this host.
  ///   - sourceID: the source that it is of; found by its endpoint unless told.
  /// - Throws: `CatalogScaffold.Failure`.
  package init(_ text: String, source named: String?, dataset: String, registry: SourceRegistry) throws {
    let (endpoint, rest) = try Self.split(text)
    if let named, registry[named] == nil {
      throw CatalogScaffold.Failure.noSource(
        named, near: NearestName.find(named, in: registry.sources.keys), all: registry.sources.keys.sorted())
    }
    let whole = endpoint + rest.path
    // The longest endpoint that the address begins with is the most particular source.
    let known = registry.sources.values.filter {
      (named == nil || $0.id == named) && (whole == $0.endpoint || whole.hasPrefix($0.endpoint + "/"))
    }.max { ($0.endpoint.count, $1.id) < ($1.endpoint.count, $0.id) }
    if let named, known == nil {
      throw CatalogScaffold.Failure.elsewhere(text, source: named, endpoint: registry[named]?.endpoint ?? "")
    }
    var query = Self.query(rest.query)
    let isSecret: (String) -> Bool
    if let known {
      sourceID = known.id
      path = String(whole.dropFirst(known.endpoint.count))
      if case .query(let name) = known.authentication { isSecret = { $0 == name } } else { isSecret = { _ in false } }
    } else {
      sourceID = Self.identifier(endpoint, dataset: dataset, taken: Set(registry.sources.keys))
      path = rest.path
      isSecret = { $0.wholeMatch(of: /(?i)(api[_-]?)?key|(access[_-]?)?token|secret|app_?id/) != nil }
    }
    let keyName = known?.authKeyName ?? "\(sourceID.uppercased())_KEY"
    if let item = query.first(where: { isSecret($0.name) }) {
      secret = (variable: "AKER_\(keyName)", value: item.value)
      query.removeAll { isSecret($0.name) }
      if known == nil { sourceEntry = Self.entry(sourceID, endpoint, keyed: (item.name, keyName)) }
    } else if known == nil {
      sourceEntry = Self.entry(sourceID, endpoint, keyed: nil)
    }
    self.query = query
    format = Self.format(path)
    let years = Set(([path] + query.map(\.value)).flatMap(Self.years))
    year = years.count == 1 ? years.first : nil
  }

  /// The same, asked for each year by its own number.
  package func asked(of year: Int) -> DocumentAddress {
    var asked = self
    func replaced(_ text: String) -> String {
      let plain = text.replacing("{", with: "%7B").replacing("}", with: "%7D")
      // Four digits that are no part of a longer number.
      return plain.replacing(/(^|[^0-9])([0-9]{4})(?![0-9])/) { $0.2 == "\(year)" ? "\($0.1){data_year}" : "\($0.0)" }
    }
    asked.path = replaced(path)
    for index in asked.query.indices { asked.query[index].value = replaced(query[index].value) }
    return asked
  }

  package var namesYear: Bool { ([path] + query.map(\.value)).contains { $0.contains("{data_year}") } }

  // MARK: Parts

  private static func split(_ text: String) throws -> (endpoint: String, rest: (path: String, query: String)) {
    if let match = text.wholeMatch(of: /(https?:\/\/[^\/?#]+)([^?#]*)(?:\?([^#]*))?(?:#.*)?/) {
      let host = String(match.1)
      guard !host.contains("@") else { throw CatalogScaffold.Failure.credentials(host) }
      return (host, (match.2.isEmpty ? "/" : String(match.2), String(match.3 ?? "")))
    }
    let file = text.hasPrefix("file://") ? String(text.dropFirst("file://".count)) : text
    guard !text.contains("://") || text.hasPrefix("file://") else { throw CatalogScaffold.Failure.noDocument(text) }
    let absolute = file.hasPrefix("/") ? file : FileManager.default.currentDirectoryPath + "/" + file
    var isFolder = false
    guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder), !isFolder else {
      throw CatalogScaffold.Failure.noDocument(text)
    }
    let url = URL(filePath: absolute).standardized.absoluteString
    let slash = url.lastIndex(of: "/") ?? url.startIndex
    return (String(url[..<slash]), (String(url[slash...]), ""))
  }

  private static func query(_ text: String) -> [DatasetRequest.QueryItem] {
    text.split(separator: "&").map { item in
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        Self.decoded(String($0.replacing("+", with: " ")))
      }
      return DatasetRequest.QueryItem(name: parts[0], value: parts.count > 1 ? parts[1] : "")
    }
  }

  /// Without its `%20`s; what is no such code stays as it is.
  private static func decoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let first = rest.first {
      let digits = rest.dropFirst().prefix(2)
      if first == UInt8(ascii: "%"), digits.count == 2, let byte = UInt8(Substring(digits), radix: 16) {
        bytes.append(byte)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(first)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func format(_ path: String) -> InputFormat? {
    var name = (path.split(separator: "/").last.map(String.init) ?? "").lowercased()
    if name.hasSuffix(".gz") { name = String(name.dropLast(3)) }
    switch name.split(separator: ".").dropFirst().last {
    case "csv": return .csv
    case "tsv", "tab": return .tsv
    case "json": return .json
    case "ndjson", "jsonl": return .ndjson
    case "geojson": return .geojson
    case "parquet": return .parquet
    case "xlsx": return .xlsx
    default: return nil
    }
  }

  private static func years(_ text: String) -> [Int] {
    text.matches(of: /(?:^|[^0-9])((?:19|20)[0-9]{2})(?![0-9])/).compactMap { Int($0.1) }
  }

  private static func identifier(_ endpoint: String, dataset: String, taken: Set<String>) -> String {
    let host = endpoint.split(separator: "/").dropFirst().first.map(String.init) ?? ""
    let letters = endpoint.hasPrefix("file://") ? dataset + "_files" : host.prefix { $0 != ":" }.lowercased()
    var name = letters.replacing(/^(www[0-9]*|api|data)\./, with: "").replacing(/[^a-z0-9]+/, with: "_")
    while name.hasSuffix("_") { name.removeLast() }
    if name.first?.isLetter != true { name = "source_" + name }
    name = String(name.prefix(50))
    let free = [name] + (2...).lazy.prefix(1000).map { "\(name)_\($0)" }
    return free.first { !taken.contains($0) } ?? name
  }

  private static func entry(_ id: String, _ endpoint: String, keyed: (parameter: String, name: String)?) -> String {
    let isFile = endpoint.hasPrefix("file://")
    let host = endpoint.split(separator: "/").last.map(String.init) ?? ""
    let isPrivate =
      host.wholeMatch(of: /(localhost|127\..*|10\..*|192\.168\..*|172\.(1[6-9]|2[0-9]|3[01])\..*)/) != nil
    var lines = [
      "  - id: \(id)", "    name: \(quoted(isFile ? "Files of this host" : host))", "    endpoint: \(quoted(endpoint))",
    ]
    if let keyed {
      lines += ["    auth: {in: query, name: \(quoted(keyed.parameter))}", "    auth_key_name: \(keyed.name)"]
    }
    if isPrivate { lines.append("    allow_private_address: true") }
    if !isFile {
      lines.append("    # Our own restraint: put the source's published limit here.")
      lines.append("    rate_limit: {per_second: 2, burst: 2, concurrency: 2}")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// As YAML and JSON write a text.
  static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
