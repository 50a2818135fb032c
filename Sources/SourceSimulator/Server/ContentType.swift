/// The content types that servers give to files, by the end of their names.
enum ContentType {
  private static let byExtension = [
    "csv": "text/csv",
    "dat": "text/plain",
    "geojson": "application/geo+json",
    "gz": "application/gzip",
    "htm": "text/html;charset=utf-8",
    "html": "text/html;charset=utf-8",
    "json": "application/json;charset=utf-8",
    "jsonl": "application/x-ndjson",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "rss": "application/rss+xml;charset=utf-8",
    "atom": "application/atom+xml;charset=utf-8",
    "tsv": "text/tab-separated-values",
    "tsv000": "text/tab-separated-values",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
  ]

  static func of(fileName: String) -> String {
    fileExtension(of: fileName).flatMap { byExtension[$0] } ?? "application/octet-stream"
  }

  /// The part after the last dot, in lower case, when it is one of those above.
  static func fileExtension(of fileName: String) -> String? {
    guard let dot = fileName.lastIndex(of: ".") else { return nil }
    let text = fileName[fileName.index(after: dot)...].lowercased()
    return byExtension[text] == nil ? nil : text
  }

  /// Whether compressing it is worth anything.
  static func isText(_ type: String) -> Bool {
    type.hasPrefix("text/") || type.contains("json") || type.contains("xml") && !type.contains("openxml")
  }
}
