/// JSON files, parsed once for as long as they stay as they are.
actor RecordedDocuments {
  private var documents: [String: (stamp: Files.Stamp, value: JSONValue)] = [:]

  /// Nil when there is no such file.
  func document(_ path: String) throws -> JSONValue? {
    guard let stamp = Files.stamp(path) else { return nil }
    if let known = documents[path], known.stamp == stamp { return known.value }
    guard let bytes = Files.read(path) else { return nil }
    let value: JSONValue
    do { value = try JSONValue(parsing: bytes) } catch { throw RecordingError("\(path): \(error)") }
    documents[path] = (stamp, value)
    return value
  }
}
