package import Catalog
internal import FoundationEssentials
internal import Glibc
internal import Base

/// Makes of fetched documents what DuckDB reads: members out of archives, items out of feeds, plain text out of odd text, and
/// plain JSON where it came as gzip or with a byte order mark, and records of JSON that is too large to be held whole. The raw cache keeps what came; what is made of it lies in the attempt's staging folder.
package struct InputPreparation: Sendable {
  let folder: String
  let year: Int
  private let recordsByteCount: Int64
  let foldedByteCount: Int64
  /// What was made of a document, by request and path: a document may be asked for twice.
  private var made: [String: [Prepared]] = [:]

  /// A file that DuckDB reads.
  struct Prepared: Sendable {
    var path: String
    var text: String
    var layout: DelimitedLayout?
  }

  /// 64 GiB: what comes out of one archive; more is no data set of a state or a year.
  static let maximumByteCount: Int64 = 64 << 30
  /// 32 MiB: below, a table on the disk costs nothing, and is read faster.
  package static let smallestFoldedByteCount: Int64 = 32 << 20
  /// What a shapefile consists of, as far as it is read.
  static let shapefileParts = ["shx", "dbf", "prj", "cpg"]

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
  static func isChecked(_ request: DatasetRequest) -> Bool {
    switch request.format {
    case .csv, .tsv, .lines, .fixedWidth, .json, .jsonTable, .jsonDocument, .ndjson, .geojson, .geojsonLines: true
    case .feed, .parquet, .shapefile, .xlsx: false
    }
  }

  /// What JSON is due; nil of other texts. Lines of features are looked at one by one as they are read: some are no JSON.
  static func jsonShape(_ request: DatasetRequest) -> JSONCheck.Shape? {
    switch request.format {
    case .json: request.input.jsonPath == nil ? .array : .values
    case .jsonTable: .array
    case .jsonDocument, .geojson: .values
    case .ndjson: .lines
    case .geojsonLines, .csv, .tsv, .lines, .fixedWidth, .feed, .parquet, .shapefile, .xlsx: nil
    }
  }

  static func changesText(_ request: DatasetRequest) -> Bool {
    switch request.format {
    case .lines, .fixedWidth: request.input.encoding != nil || request.input.skippedLineCount > 0
    case .feed: true
    default: false
    }
  }

  /// Where the records are in a document that DuckDB would hold whole; nil where it reads a stream as it is.
  static func recordsPath(_ request: DatasetRequest) -> String? {
    switch request.format {
    case .json: request.input.jsonPath.flatMap { RecordPath($0) == nil ? nil : $0 }
    case .geojson: "features"
    default: nil
    }
  }

  func isLarge(_ path: String, _ request: DatasetRequest) -> Bool {
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
  static func isWrappedMember(_ path: String, _ request: DatasetRequest) -> Bool {
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
}
