internal import FoundationEssentials
internal import Glibc

/// Foundation's copy of a file, with an error that says which call failed on what: its own is a dump for programmers.
package enum FileCopy {
  /// - Throws: `FileError` of the file that could not be made.
  package static func make(of source: String, at destination: String) throws {
    do {
      try FileManager.default.copyItem(atPath: source, toPath: destination)
    } catch {
      let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue
      throw FileError(action: "copy \(source) to", path: destination, code: code ?? EIO)
    }
  }
}
