/// The protocol of each source: every folder of recordings is one.
actor SourceDirectory {
  private let recordings: Recordings
  private var handlers: [String: any SourceProtocol]

  init(recordings: Recordings, keyWall: String?) {
    self.recordings = recordings
    handlers = [
      "_generated": GeneratedFiles(),
      "census_acs5": CensusACS5(recordings: RecordedTables(folder: recordings.folder("census_acs5")), keyWall: keyWall),
    ]
  }

  /// Nil when there is no such source.
  func handler(of source: String) -> (any SourceProtocol)? {
    if let known = handlers[source] { return known }
    let folder = recordings.folder(source)
    guard !source.hasPrefix("."), !source.hasPrefix("_"), Files.isFolder(folder) else { return nil }
    let handler = RecordedSource(source, folder: folder)
    handlers[source] = handler
    return handler
  }
}
