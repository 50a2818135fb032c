internal import Catalog

/// Which members of a document's objects are read, for finding those that stand there in other letters, or with space about
/// their names: to a reader of JSON they are others, and what is declared is NULL.
struct JSONNames {
  /// A member that is nearly called as a column is.
  struct Other {
    var column: Int
    var name: String
    var offset: Int
  }

  private struct Level {
    /// What each column may be called.
    var columns: [[String]]
    var hashes: [[UInt64]]
    var exact: Set<UInt64>
    var likes: [String: Int]
    /// Names that were met, by their hashes, and which column they nearly name.
    var known: [UInt64: Int?] = [:]
    /// The same of names that are like none, found faster: each in the place that the end of its hash gives.
    var plain = [UInt64](repeating: 0, count: 256)

    init(_ columns: [[String]]) {
      self.columns = columns
      hashes = columns.map { $0.map { JSONCheck.hash(Array($0.utf8)) } }
      exact = Set(hashes.joined())
      likes = Dictionary(
        columns.enumerated().flatMap { index, names in names.map { (RequestColumns.folded($0), index) } },
        uniquingKeysWith: { first, _ in first })
    }
  }

  /// 4096: a document whose objects have more names than that has no columns, but values in their place.
  private static let knownLimit = 4096

  /// By the number of steps that lead to an object (`RecordPlaces`).
  private var levels: [Level?]

  /// - Returns: nil where nothing is declared, or the names stand in a header.
  init?(_ request: DatasetRequest, year: Int) {
    guard request.format != .jsonTable, let declared = request.columns(year: year),
      let steps = RecordPlaces(request)?.steps
    else { return nil }
    let beside = request.format == .geojson ? [InputFormat.geometryColumn] : []
    let columns = declared.names.filter { !beside.contains(declared.sourceName($0)) }
      .map { declared.possibleNames($0) }
    levels = Array(repeating: nil, count: steps.count) + [Level(columns)]
    if request.format == .geojson { levels[2] = Level([["type"], ["geometry"], ["properties"]]) }
  }

  /// - Parameter place: of the object whose member it is.
  /// - Returns: nil for what is called as declared, and for what nobody asked for.
  mutating func other(_ hash: UInt64, at place: Int?, offset: Int, name: () -> [UInt8]) -> Other? {
    guard let place, levels[place]?.plain[Int(hash & 255)] != hash, var level = levels[place] else { return nil }
    levels[place] = nil
    defer { levels[place] = level }
    let column: Int?
    if let known = level.known[hash] {
      column = known
    } else {
      let folded = RequestColumns.folded(String(decoding: name(), as: UTF8.self))
      column = level.exact.contains(hash) ? nil : level.likes[folded]
      if level.known.count < Self.knownLimit { level.known[hash] = .some(column) }
    }
    guard let column else {
      level.plain[Int(hash & 255)] = hash
      return nil
    }
    return Other(column: column, name: String(decoding: name(), as: UTF8.self), offset: offset)
  }

  /// - Parameter members: of the object that has the other one, by their hashes.
  /// - Throws: where what is declared is not there, too.
  func require(_ other: Other, at place: Int?, among members: ArraySlice<UInt64>) throws {
    guard let level = place.flatMap({ levels[$0] }), !members.contains(where: level.hashes[other.column].contains)
    else {
      return
    }
    let names = level.columns[other.column]
    let all = (names + [other.name]).map { "\"\($0)\"" }.joined(separator: ", ")
    throw JSONCheck.Failure(
      what: "'\(names[0])' is due, and stands there in other letters or with space about it", offset: other.offset,
      advice: "Names in JSON are what they are. If the source writes it so, state `in_file: [\(all)]`.", shown: .member)
  }
}
