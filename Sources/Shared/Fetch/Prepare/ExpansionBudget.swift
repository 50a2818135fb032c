internal import Glibc

/// What a document may unfold to, in bytes and in depth: one budget for zip, tar, workbooks, gzip, XML and JSON.
enum ExpansionBudget {
  /// 100 bytes out for each one in: text compresses 5 to 20 times; a bomb, a thousand times.
  private static let ratio: Int64 = 100
  /// 16 MiB: below that no ratio is suspicious.
  private static let harmlessByteCount: Int64 = 16 << 20

  /// 512 lists and objects within one another: no document of a source is nested deeper; what is, is made to exhaust the
  /// stack of whoever reads it.
  static let depth = 512

  /// In bytes, for a file of `byteCount`.
  static func limit(ofByteCount byteCount: Int64) -> Int64 {
    let (product, isTooLarge) = byteCount.multipliedReportingOverflow(by: ratio)
    return max(harmlessByteCount, isTooLarge ? .max : product)
  }

  static func limit(ofFile path: String) -> Int64 {
    var status = stat()
    guard stat(path, &status) == 0 else { return harmlessByteCount }
    return limit(ofByteCount: Int64(status.st_size))
  }
}
