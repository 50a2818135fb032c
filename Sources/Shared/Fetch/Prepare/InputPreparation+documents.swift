internal import Base
internal import Catalog
internal import FoundationEssentials
internal import Glibc

extension InputPreparation {
  /// What is read in place of one document: itself, or what was made of it.
  func files(
    of input: FetchedInput, _ path: String, _ request: DatasetRequest, isWrapped: Bool, number: Int,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> [Prepared] {
    let place = "\(folder)/\(number)"
    // Of the archive, while it is looked at: an error names it.
    var member: String?
    do {
      try ArchiveMember.makeFolders(above: place + "/")
      guard let pattern = request.input.member ?? (request.format == .shapefile ? "*.shp" : nil) else {
        return [try file(path, 0, in: place, request, isWrapped: isWrapped, cancellation)]
      }
      let members = try ArchiveMember.extract(
        pattern, companions: request.format == .shapefile ? Self.shapefileParts : [], from: path, into: place,
        maximumBytes: Self.maximumByteCount,
        foldedFrom: request.format == .csv || request.format == .tsv ? foldedByteCount : nil,
        cancellation: cancellation)
      if request.format == .shapefile, request.input.member == nil, members.count > 1 {
        throw AttributeTable.Failure(
          summary: "it has \(members.count) shapefiles: \(members.map(\.name).joined(separator: ", "))",
          advice: "State which is meant by the request's `member:`; `member: \"*.shp\"` reads all of them as one.")
      }
      return try members.enumerated().map { index, found in
        member = found.name
        let path = place + "/" + found.name
        let isWrapped =
          isWrapped || request.input.member != nil && !found.isFolded && Self.isWrappedMember(path, request)
        return try file(path, index, in: place, request, isWrapped: isWrapped, cancellation)
      }
    } catch {
      throw refusal(error, of: input, member: member)
    }
  }

  private func file(
    _ path: String, _ index: Int, in place: String, _ request: DatasetRequest, isWrapped: Bool,
    _ cancellation: BlockingWork.Cancellation
  ) throws -> Prepared {
    let target = "\(place)/\(index).prepared"
    if request.format == .csv || request.format == .tsv {
      return try table(path, to: target, request, isWrapped: isWrapped, cancellation)
    }
    if request.format == .xlsx {
      let wanted = WorkbookCheck.Wanted(
        sheet: request.input.sheet, hasHeader: request.input.headerRowCount > 0, names: possibleNames(request) ?? [],
        merged: request.input.merged)
      let read = try WorkbookCheck.check(
        path, wanted, in: place, maximumBytes: Self.maximumByteCount, cancellation)
      return Prepared(path: read, text: path)
    }
    try check(path, request, in: place, cancellation)
    var plain = path
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

  /// What the declared columns may be called, in small letters; nil where all that comes is read.
  private func possibleNames(_ request: DatasetRequest) -> Set<String>? {
    request.columns(year: year).map { declared in
      Set(declared.names.flatMap { declared.possibleNames($0) }.map { $0.lowercased() })
    }
  }

  /// What to tell of an error that a document's reader met; other errors as they are.
  private func refusal(_ error: any Error, of input: FetchedInput, member: String?) -> any Error {
    func unwritable(_ why: String) -> FetchError {
      FetchError(
        sourceID: input.sourceID, url: input.url, reason: .cache(why), errorClass: .transient,
        advice: FetchError.cacheAdvice)
    }
    func unreadable(_ why: String, advice: String? = nil) -> FetchError {
      let named = member.map { "its member '\($0)': \(why)" } ?? why
      return FetchError(
        sourceID: input.sourceID, url: input.url, reason: .unreadable(named), errorClass: .data, advice: advice)
    }
    switch error {
    case ArchiveMember.Failure.cannotWrite(let why): return unwritable(why)
    case let failure as OutputFile.Failure: return unwritable(failure.why)
    case let failure as ArchiveMember.Failure: return unreadable(failure.summary)
    case let failure as FeedReader.Failure: return unreadable(failure.summary)
    case let failure as JSONRecords.Failure: return unreadable(failure.description)
    case let failure as TextReader.Failure:
      return unreadable(failure.summary, advice: "Check the request's encoding.")
    case let failure as DelimitedText.Failure: return unreadable(failure.summary, advice: failure.advice)
    case let failure as TextCheck.Failure: return unreadable(failure.summary, advice: failure.advice)
    case let failure as WorkbookCheck.Failure: return unreadable(failure.summary, advice: failure.advice)
    case let failure as AttributeTable.Failure: return unreadable(failure.summary, advice: failure.advice)
    default: return error
    }
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

  private func check(
    _ path: String, _ request: DatasetRequest, in place: String, _ cancellation: BlockingWork.Cancellation
  ) throws {
    if request.format == .shapefile {
      let count = try AttributeTable.recode(
        beside: path, declared: request.input.encoding, columns: possibleNames(request))
      try ShapefileCheck.check(path, recordCount: count)
    } else if Self.isChecked(request) {
      try FeatureFrame.check(path, request)
      if TextEncoding.isUTF8(request.input.encoding) {
        try TextCheck.check(
          path,
          json: Self.jsonShape(request).map { JSONCheck($0, RecordPlaces(request), JSONNames(request, year: year)) },
          takesEncoding: request.format == .lines || request.format == .fixedWidth, cancellation)
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
    } catch let failure as TextReader.Failure {
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
}
