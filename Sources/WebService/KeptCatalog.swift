internal import CatalogTools
internal import FoundationEssentials
internal import Synchronization

/// The service's catalog folder, read again when one of its files is another: pages and lists ask for it each time.
enum KeptCatalog {
  private struct Kept {
    var directory: String
    var mark: [String: Date]
    var folder: CatalogFolder
  }

  private static let kept = Mutex<Kept?>(nil)

  static func folder(_ directory: String) -> CatalogFolder {
    let mark = mark(directory)
    if let kept = kept.withLock({ $0 }), kept.directory == directory, kept.mark == mark { return kept.folder }
    let folder = CatalogFolder(directory: directory)
    kept.withLock { $0 = Kept(directory: directory, mark: mark, folder: folder) }
    return folder
  }

  /// When each of its files was written last.
  private static func mark(_ directory: String) -> [String: Date] {
    let manager = FileManager.default
    let paths = (try? manager.subpathsOfDirectory(atPath: directory)) ?? []
    return paths.reduce(into: [:]) { mark, path in
      let attributes = try? manager.attributesOfItem(atPath: directory + "/" + path)
      mark[path] = attributes?[.modificationDate] as? Date
    }
  }
}
