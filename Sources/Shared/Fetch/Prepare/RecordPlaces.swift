internal import Catalog

/// Where the records of a JSON document stand, and what must stand there and on the way: what is none of it would be read as a
/// row of NULLs, or left out. Places are told by how many steps lead to them.
struct RecordPlaces {
  /// What must begin at a place.
  struct Due {
    var opening: UInt8
    var takesNull: Bool
    /// A member that the object there must have, by its hash.
    var member: UInt64?
  }

  private enum Kind {
    case object, feature, line, row
  }

  let steps: [RecordPath.Step]
  private let kind: Kind
  private let recordPlace: Int
  private let dues: [Due]

  /// - Returns: nil where a document has no records, or where what leads to them is told in another way than by names and `[*]`.
  init?(_ request: DatasetRequest) {
    switch request.format {
    case .json:
      guard let path = RecordPath(request.input.jsonPath ?? "[*]") else { return nil }
      self.init(path.steps.contains(.everyElement) ? path.steps : path.steps + [.everyElement], .object)
    case .jsonTable: self.init([.everyElement], .row)
    case .ndjson: self.init([], .line)
    case .geojson: self.init([.member("features"), .everyElement, .member("properties")], .feature)
    default: return nil
    }
  }

  private init(_ steps: [RecordPath.Step], _ kind: Kind) {
    (self.steps, self.kind) = (steps, kind)
    let recordPlace = kind == .feature ? steps.count - 1 : steps.count
    self.recordPlace = recordPlace
    let lists = steps.indices.filter { steps[$0] == .everyElement }
    let (first, last) = (lists.first ?? 0, lists.last ?? 0)
    dues = (0...steps.count).map { place in
      // One list at least must be there. Of those within it any may be left out, or be null: they have no records. What the
      // innermost one holds are records.
      let isFree = place > first && place <= last
      guard place < recordPlace else {
        return Due(opening: UInt8(ascii: kind == .row ? "[" : "{"), takesNull: place > recordPlace)
      }
      guard case .member(let name) = steps[place] else { return Due(opening: UInt8(ascii: "["), takesNull: isFree) }
      return Due(
        opening: UInt8(ascii: "{"), takesNull: isFree, member: isFree ? nil : JSONCheck.hash(Array(name.utf8)))
    }
  }

  /// How many of the steps lead to a value; nil where another way does.
  /// - Parameters:
  ///   - place: of what it is in, where there are further steps.
  ///   - isObject: what that is.
  ///   - name: of the member that it is, where it is one.
  func place(from place: Int, isObject: Bool, name: () -> [UInt8]) -> Int? {
    switch steps[place] {
    case .everyElement: isObject ? nil : place + 1
    case .member(let wanted): isObject && name().elementsEqual(wanted.utf8) ? place + 1 : nil
    }
  }

  func due(at place: Int) -> Due { dues[place] }

  // MARK: Words

  /// What is due there.
  func expectation(at place: Int) -> String {
    guard place < recordPlace else {
      if place > recordPlace { return "a feature's properties, which are an object" }
      return switch kind {
      case .object, .line: "a record, which is an object"
      case .feature: "a feature, which is an object"
      case .row: "a row, which is a list of values"
      }
    }
    guard case .member(let name) = steps[place] else {
      return place == 0 ? "the list of records" : "the list at \(path(to: place))"
    }
    return "an object with '\(name)'"
  }

  /// What an object lacks that leads to the records.
  func absence(at place: Int) -> String {
    guard case .member(let name) = steps[place] else { return "nothing" }
    return "an object has no '\(name)', which \(place + 1 == steps.count ? "is a record" : "leads to the records")"
  }

  private func path(to place: Int) -> String {
    steps[..<place].reduce("") { path, step in
      switch step {
      case .member(let name): path.isEmpty ? name : "\(path).\(name)"
      case .everyElement: path + "[*]"
      }
    }
  }

  /// - Parameter found: what something begins with.
  func advice(at place: Int, found: UInt8) -> String {
    switch (kind, found) {
    case (.object, UInt8(ascii: "[")) where place == recordPlace && steps.count == 1:
      "If its rows are lists of values, and the first one is their header, state `format: json_table`."
    case (.row, UInt8(ascii: "{")): "If its rows are objects, state `format: json`."
    case (.object, _) where place < recordPlace && steps.count > 1:
      "Correct `json_path:`, or look at what its source says there in the place of records."
    case (.feature, _) where place < recordPlace:
      "It is due to be a FeatureCollection; where there is a feature a line, state `format: geojson_lines`."
    default: "Ask its source. If it sends such on purpose, read \(wayOut), and take that apart in the transform."
    }
  }

  private var wayOut: String {
    kind == .line ? "the lines as they are (`format: lines`)" : "the document whole (`format: json_document`)"
  }
}
