/// A file with a JSON record a line, made of a document that is too large to be held whole. Its name says so to who reads it.
package enum RecordsFile {
  private static let ending = ".records"

  /// - Parameter largestByteCount: of its records, with what ends the line.
  package static func name(_ index: Int, largestByteCount: Int) -> String {
    "\(index).\(largestByteCount)\(ending)"
  }

  /// Bytes of the largest record of a file; nil where its name is not of such a file.
  package static func largestByteCount(_ path: String) -> Int? {
    guard path.hasSuffix(ending) else { return nil }
    return path.dropLast(ending.count).split(separator: ".").last.flatMap { Int($0) }
  }
}
