/// A file that answers some queries of a path: `data@TableName=CAINC1&Year=2020.json`.
struct QueryVariant: Sendable {
  var fileName: String
  /// Names in lower case: some APIs do not care.
  var parameters: [(name: String, value: String)]

  /// Nil when the file is no variant of the path's last segment.
  init?(fileName: String, segment: String) {
    guard fileName.hasPrefix(segment + "@") else { return nil }
    self.fileName = fileName
    var text = fileName.dropFirst(segment.count + 1)
    if let known = ContentType.fileExtension(of: fileName) { text = text.dropLast(known.count + 1) }
    parameters = Query(text).parameters.map { ($0.name.lowercased(), $0.value) }
  }

  func matches(_ query: Query) -> Bool {
    parameters.allSatisfy { wanted in
      query.parameters.contains { $0.name.lowercased() == wanted.name && $0.value == wanted.value }
    }
  }
}
