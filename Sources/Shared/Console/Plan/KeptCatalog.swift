package import CatalogTools
internal import FoundationEssentials
internal import Synchronization

/// A catalog folder, read again when one of its files is another: a service asks for it with each request, and reading it takes
/// a tenth of a second.
package enum KeptCatalog {
  private struct Kept {
    var directory: String
    var mark: [String: Mark]
    var folder: CatalogFolder
  }

  private struct Mark: Equatable {
    var written: Date?
    var byteCount: Int?
  }

  private static let kept = Mutex<Kept?>(nil)

  package static func folder(_ directory: String) -> CatalogFolder {
    // Before it is read: what is written meanwhile is read next time.
    let mark = mark(directory)
    if let kept = kept.withLock({ $0 }), kept.directory == directory, kept.mark == mark { return kept.folder }
    let folder = CatalogFolder(directory: directory)
    kept.withLock { $0 = Kept(directory: directory, mark: mark, folder: folder) }
    return folder
  }

  /// When each of its files was written last, and how long it is.
  private static func mark(_ directory: String) -> [String: Mark] {
    let manager = FileManager.default
    let paths = (try? manager.subpathsOfDirectory(atPath: directory)) ?? []
    return paths.reduce(into: [:]) { mark, path in
      let attributes = try? manager.attributesOfItem(atPath: directory + "/" + path)
      mark[path] = Mark(
        written: attributes?[.modificationDate] as? Date, byteCount: attributes?[.size] as? Int)
    }
  }
}
