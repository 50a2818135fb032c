package import Catalog
internal import FoundationEssentials
internal import Glibc
internal import Base

/// Makes of fetched documents what DuckDB reads: members out of archives, items out of feeds, plain text out of odd text, and
/// plain JSON where it came as gzip or with a byte order mark, and records of JSON that is too large to be held whole. The raw cache keeps what came; what is made of it lies in the attempt's staging folder.
package struct InputPreparation: Sendable {
  private let folder: String
  private let year: Int
  private let recordsByteCount: Int64
  private let foldedByteCount: Int64
  /// What was made of a document, by request and path: a document may be asked for twice.
  private var made: [String: [Prepared]] = [:]

  /// A file that DuckDB reads.
  private struct Prepared: Sendable {
    var path: String
    var text: String
    var layout: DelimitedLayout?
  }

  /// 64 GiB: what comes out of one archive; more is no data set of a state or a year.
  private static let maximumByteCount: Int64 = 64 << 30
  /// 32 MiB: below, a table on the disk costs nothing, and is read faster.
  package static let smallestFoldedByteCount: Int64 = 32 << 20
  /// What a shapefile consists of, as far as it is read.
  private static let shapefileParts = ["shx", "dbf", "prj", "cpg"]

  /// - Parameters:
  ///   - recordsByteCount: JSON documents of so many bytes are read by their records.
  ///   - foldedByteCount: tables of so many bytes are read out of their zip as gzip, rather than lie on the disk as they are.
  package init(
    folder: String, year: Int, recordsByteCount: Int64 = JSONRecords.smallestByteCount,
    foldedByteCount: Int64 = smallestFoldedByteCount
  ) {
    self.folder = folder
    self.year = year
    self.recordsByteCount = recordsByteCount
    self.foldedByteCount = foldedByteCount
  }

  /// Whether any of the documents must be changed before it is read.
  package func isNeeded(for fetched: [FetchedInput], of requests: [DatasetRequest]) -> Bool {
    requests.contains(where: Self.changes) || !Self.wrappedPaths(fetched, requests).isEmpty
      || requests.contains { request in
        fetched.contains { $0.requestName == request.name && $0.path.map { isLarge($0, request) } ?? false }
      }
  }

  private static func changes(_ request: DatasetRequest) -> Bool {
    request.input.member != nil || changesText(request) || request.format == .shapefile || request.format == .xlsx
      || isChecked(request)
  }

  /// Text that is looked through before anything is made of it.
  private static func isChecked(_ request: DatasetRequest) -> Bool {
    switch request.format {
    case .csv, .tsv, .lines, .fixedWidth, .json, .jsonTable, .jsonDocument, .ndjson, .geojson, .geojsonLines: true
    case .feed, .parquet, .shapefile, .xlsx: false
    }
  }

  private static func isJSON(_ format: InputFormat) -> Bool {
    switch format {
    case .json, .jsonTable, .jsonDocument, .ndjson, .geojson, .geojsonLines: true
    case .csv, .tsv, .lines, .fixedWidth, .feed, .parquet, .shapefile, .xlsx: false
    }
  }

  private static func changesText(_ request: DatasetRequest) -> Bool {
    switch request.format {
    case .lines, .fixedWidth: request.input.encoding != nil || request.input.skippedLineCount > 0
    case .feed: true
    default: false
    }
  }

  /// Where the records are in a document that DuckDB would hold whole; nil where it reads a stream as it is.
  private static func recordsPath(_ request: DatasetRequest) -> String? {
    switch request.format {
    case .json: request.input.jsonPath.flatMap { JSONRecords.canRead($0) ? $0 : nil }
    case .geojson: "features"
    default: nil
    }
  }

  private func isLarge(_ path: String, _ request: DatasetRequest) -> Bool {
    guard Self.recordsPath(request) != nil else { return false }
    var status = stat()
    return stat(path, &status) == 0 && status.st_size >= recordsByteCount
  }

  /// The documents that DuckDB's readers do not take as they came. Those of JSON take no gzip, and no byte order mark before
  /// lines; those of tables and lines take both, but gzip only of all files of a request at once, and of one member without
  /// padding (what is not known to be so is unfolded here).
  private static func wrappedPaths(_ fetched: [FetchedInput], _ requests: [DatasetRequest]) -> Set<String> {
    var wrapped: Set<String> = []
    for request in requests {
      let inputs = fetched.filter { $0.requestName == request.name }
      let paths = inputs.compactMap(\.path)
      switch request.format {
      case .json, .jsonTable, .jsonDocument, .geojson, .ndjson:
        wrapped.formUnion(paths.filter(TextReader.isWrapped))
      case .csv, .tsv, .lines, .fixedWidth, .geojsonLines:
        let folded = paths.filter(TextReader.isGzip)
        let isPlain = folded.count == paths.count && inputs.allSatisfy { $0.folding == .gzip || $0.path == nil }
        if !isPlain { wrapped.formUnion(folded) }
        wrapped.formUnion(paths.filter(TextReader.hasEndMark))
      case .feed, .parquet, .shapefile, .xlsx: break
      }
    }
    return wrapped
  }

  /// What comes out of an archive is not compressed once more, but where it was.
  private static func isWrappedMember(_ path: String, _ request: DatasetRequest) -> Bool {
    switch request.format {
    case .json, .jsonTable, .jsonDocument, .geojson, .ndjson: TextReader.isWrapped(path)
    case .csv, .tsv, .lines, .fixedWidth, .geojsonLines: TextReader.isGzip(path) || TextReader.hasEndMark(path)
    case .feed, .parquet, .shapefile, .xlsx: false
    }
  }

  /// - Returns: the inputs with the paths of what is to be read; one that was an archive once for each of its members.
  /// - Throws: `FetchError` with reason `unreadable`.
  package mutating func prepare(_ fetched: [FetchedInput], for requests: [DatasetRequest]) async throws
    -> [FetchedInput]
  {
    let wrapped = Self.wrappedPaths(fetched, requests)
    var prepared: [FetchedInput] = []
    for input in fetched {
      guard let request = requests.first(where: { $0.name == input.requestName }), let path = input.path,
        Self.changes(request) || wrapped.contains(path) || isLarge(path, request)
      else {
        prepared.append(input)
        continue
      }
      let key = request.name + " " + path
      let paths: [Prepared]
      if let known = made[key] {
        paths = known
      } else {
        let number = made.count
        paths = try await BlockingWork.run { [self] cancellation in
          try files(
            of: input, path, request, isWrapped: wrapped.contains(path), number: number, cancellation)
        }
      }
      made[key] = paths
      for file in paths {
        var input = input
        (input.path, input.text, input.layout) = (file.path, file.text, file.layout)
        prepared.append(input)
      }
    }
    return prepared
  }

  /// Removes what was made.
  package func remove() {
    try? FileManager.default.removeItem(atPath: folder)
  }

  private func files(
    of input: FetchedInput, _ path: String, _ request: DatasetRequest, isWrapped: Bool, number: Int,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> [Prepared] {
    let place = "\(folder)/\(number)"
    // Of the archive, while it is looked at: an error names it.
    var member: String?
    func refused(_ why: String, advice: String? = nil) -> FetchError {
      unreadable(input, member.map { "its member '\($0)': \(why)" } ?? why, advice: advice)
    }
    do {
      try ArchiveMember.makeFolders(above: place + "/")
      var paths = [path]
      var folded: Set<String> = []
      if let pattern = request.input.member ?? (request.format == .shapefile ? "*.shp" : nil) {
        let members = try ArchiveMember.extract(
          pattern, companions: request.format == .shapefile ? Self.shapefileParts : [], from: path, into: place,
          maximumBytes: Self.maximumByteCount,
          foldedFrom: request.format == .csv || request.format == .tsv ? foldedByteCount : nil,
          cancellation: cancellation)
        paths = members.map { place + "/" + $0.name }
        folded = Set(members.filter(\.isFolded).map { place + "/" + $0.name })
      }
      return try paths.enumerated().map { index, path in
        if path.hasPrefix(place + "/") { member = String(path.dropFirst(place.count + 1)) }
        let isWrapped =
          isWrapped || request.input.member != nil && !folded.contains(path) && Self.isWrappedMember(path, request)
        let target = "\(place)/\(index).prepared"
        var plain = path
        if request.format == .csv || request.format == .tsv {
          return try table(path, to: target, request, isWrapped: isWrapped, cancellation)
        }
        try Self.check(path, request, in: place, cancellation)
        if Self.changesText(request) {
          try change(path, to: target, request, cancellation)
          plain = target
        } else if isWrapped {
          try unfold(path, to: target, InputOptions(), cancellation)
          plain = target
        }
        guard isLarge(plain, request), let records = Self.recordsPath(request) else {
          return Prepared(path: plain, text: path)
        }
        defer { if plain != path { unlink(plain) } }
        let temporary = "\(place)/\(index).new"
        let largest = try JSONRecords.write(plain, path: records, to: temporary, cancellation)
        let named = "\(place)/" + RecordsFile.name(index, largestByteCount: largest)
        guard rename(temporary, named) == 0 else {
          throw OutputFile.Failure(why: "\(named): \(String(cString: strerror(errno)))")
        }
        return Prepared(path: named, text: path)
      }
    } catch ArchiveMember.Failure.cannotWrite(let why) {
      throw unwritable(input, why)
    } catch let failure as ArchiveMember.Failure {
      throw unreadable(input, failure.summary)
    } catch let failure as FeedReader.Failure {
      throw unreadable(input, failure.summary)
    } catch let failure as JSONRecords.Failure {
      throw refused(failure.description)
    } catch let failure as TextReader.Failure {
      throw refused(failure.summary, advice: "Check the request's encoding.")
    } catch let failure as DelimitedText.Failure {
      throw refused(failure.summary, advice: failure.advice)
    } catch let failure as TextCheck.Failure {
      throw refused(failure.summary, advice: failure.advice)
    } catch let failure as WorkbookCheck.Failure {
      throw refused(failure.summary, advice: failure.advice)
    } catch let failure as AttributeTable.Failure {
      throw refused(failure.summary, advice: failure.advice)
    } catch let failure as OutputFile.Failure {
      throw unwritable(input, failure.why)
    }
  }

  private func unwritable(_ input: FetchedInput, _ why: String) -> FetchError {
    FetchError(
      sourceID: input.sourceID, url: input.url, reason: .cache(why), errorClass: .transient,
      advice: FetchError.cacheAdvice)
  }

  private func change(
    _ path: String, to target: String, _ request: DatasetRequest, _ cancellation: BlockingWork.Cancellation
  ) throws {
    switch request.format {
    case .feed: try readFeed(path, to: target, request, cancellation)
    default:
      try unfold(path, to: target, request.input, cancellation)
    }
  }

  /// Delimited text as it is where it is plain, else put right; or an error with its line.
  private func table(
    _ path: String, to target: String, _ request: DatasetRequest, isWrapped: Bool,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> Prepared {
    let usual: UInt8 = request.format == .csv ? UInt8(ascii: ",") : UInt8(ascii: "\t")
    let delimiter = request.input.delimiter?.utf8.first ?? usual
    let declared = request.columns(year: year)
    if let encoding = request.input.encoding, TextEncoding.isSingleByte(encoding),
      try TextCheck.isUTF8WithLetters(path)
    {
      throw TextCheck.misdeclared(encoding)
    }
    try HeaderCheck(request: request, declared: declared, delimiter: delimiter).check(path)
    if !request.input.needsTidying,
      let layout = try DelimitedScan.layout(of: path, delimiter: delimiter, cancellation)
    {
      var plain = path
      if isWrapped {
        try unfold(path, to: target, InputOptions(), cancellation)
        plain = target
      }
      return Prepared(path: plain, text: path, layout: layout)
    }
    let layout = try DelimitedText.tidy(
      path, to: target, options: request.input, delimiter: usual,
      declaredNames: declared?.names.map { declared?.sourceName($0) ?? $0 } ?? [], cancellation)
    return Prepared(path: target, text: path, layout: layout)
  }

  private static func check(
    _ path: String, _ request: DatasetRequest, in place: String, _ cancellation: BlockingWork.Cancellation
  ) throws {
    if request.format == .xlsx {
      try WorkbookCheck.check(
        path, sheet: request.input.sheet, in: place, maximumBytes: maximumByteCount, cancellation)
    } else if request.format == .shapefile {
      try AttributeTable.recode(beside: path, declared: request.input.encoding)
    } else if isChecked(request) {
      try FeatureFrame.check(path, request)
      if TextEncoding.isUTF8(request.input.encoding) {
        try TextCheck.check(path, isJSON: isJSON(request.format), cancellation)
      } else if let encoding = request.input.encoding, TextEncoding.isSingleByte(encoding),
        try TextCheck.isUTF8WithLetters(path)
      {
        throw TextCheck.misdeclared(encoding)
      }
    }
  }

  private func readFeed(
    _ path: String, to target: String, _ request: DatasetRequest, _ cancellation: BlockingWork.Cancellation
  ) throws {
    var output = try OutputFile(target, cancellation)
    let encoder = JSONEncoder()
    func write(_ item: FeedReader.Item) throws {
      try output.write(encoder.encode(item))
      try output.write([UInt8(ascii: "\n")])
    }
    var plain = path
    if TextReader.isWrapped(path) {
      plain = target + ".xml"
      try unfold(path, to: plain, InputOptions(), cancellation)
    }
    var status = stat()
    do {
      if stat(plain, &status) == 0, status.st_size <= FeedText.byteLimit,
        let text = FileManager.default.contents(atPath: plain), let repaired = try FeedText.repaired(Array(text))
      {
        plain = target + ".xml"
        var file = try OutputFile(plain, cancellation)
        try file.write(repaired)
        try file.flush()
      }
      try FeedReader.read(plain, write)
    } catch let failure as FeedReader.Failure {
      guard request.declaresUnreadableFeeds else { throw failure }
      try write(FeedReader.Item(unreadable: failure.summary))
    }
    try output.flush()
  }

  /// A text as it is, without what is about it.
  private func unfold(
    _ path: String, to target: String, _ options: InputOptions, _ cancellation: BlockingWork.Cancellation
  ) throws {
    var reader = try TextReader(path, encoding: options.encoding)
    var output = try OutputFile(target, cancellation)
    var skipped = options.skippedLineCount
    while var piece = try reader.next() {
      while skipped > 0, !piece.isEmpty {
        guard let end = piece.firstIndex(of: UInt8(ascii: "\n")) else {
          piece = []
          break
        }
        piece.removeFirst(end + 1)
        skipped -= 1
      }
      try output.write(piece)
    }
    try output.flush()
  }

  private func unreadable(_ input: FetchedInput, _ why: String, advice: String? = nil) -> FetchError {
    FetchError(
      sourceID: input.sourceID, url: input.url, reason: .unreadable(why), errorClass: .data, advice: advice)
  }
}
