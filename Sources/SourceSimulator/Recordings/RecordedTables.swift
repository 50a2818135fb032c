/// Recorded arrays of arrays, parsed once for as long as their files stay as they are.
actor RecordedTables {
  nonisolated let folder: String
  private var tables: [String: (stamp: Files.Stamp, table: RecordedTable)] = [:]

  init(folder: String) {
    self.folder = folder
  }

  /// Nil when `name` is not recorded.
  func table(_ name: String) throws -> RecordedTable? {
    let path = folder + "/" + name
    guard let stamp = Files.stamp(path) else { return nil }
    if let known = tables[name], known.stamp == stamp { return known.table }
    guard let bytes = Files.read(path) else { return nil }
    let table = try RecordedTable(bytes, path: path)
    tables[name] = (stamp, table)
    return table
  }
}
