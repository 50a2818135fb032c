internal import Base
internal import FoundationEssentials
internal import Glibc

/// The files that a workbook (.xlsx) is made of, taken out of it while they are looked at.
struct WorkbookParts {
  /// A part that is written anew.
  struct Change {
    var name: String
    var write: (_ from: String, _ to: String) throws -> Void
  }

  let path: String
  /// Where parts may lie while they are read.
  let folder: String
  let maximumBytes: Int64
  let cancellation: BlockingWork.Cancellation

  /// - Returns: nil where the workbook has no such part.
  func read<Value>(_ name: String, _ body: (String) throws -> Value) throws -> Value? {
    let place = folder + "/workbook"
    defer { try? FileManager.default.removeItem(atPath: place) }
    do {
      return try extract(name, into: place).first.map { try body("\(place)/\($0)") }
    } catch ArchiveMember.Failure.noMember { return nil }
  }

  /// - Returns: the workbook with these parts in place of its own.
  func rewritten(_ changes: [Change]) throws -> String {
    let parts = folder + "/parts"
    defer { try? FileManager.default.removeItem(atPath: parts) }
    let names = try extract("*", into: parts)
    for change in changes {
      let written = "\(parts)/\(change.name).new"
      try change.write("\(parts)/\(change.name)", written)
      guard rename(written, "\(parts)/\(change.name)") == 0 else {
        throw OutputFile.Failure(why: "\(written): \(String(cString: strerror(errno)))")
      }
    }
    let result = folder + "/workbook.xlsx"
    try WorkbookSheet.zip(names, of: parts, to: result, cancellation)
    return result
  }

  private func extract(_ name: String, into place: String) throws -> [String] {
    try ArchiveMember.extract(
      name, companions: [], from: path, into: place, maximumBytes: maximumBytes, cancellation: cancellation
    ).map(\.name)
  }
}
