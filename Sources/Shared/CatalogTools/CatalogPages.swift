package import Catalog
internal import FoundationEssentials

/// The data dictionary as files: an index, and a page per dataset.
package struct CatalogPages: Sendable {
  /// Texts by file name.
  package let pages: [String: String]

  package init(_ folder: CatalogFolder, registry: SourceRegistry) {
    var pages = ["README.md": DatasetIndex(folder.datasets, flows: folder.flows).text]
    for spec in folder.datasets {
      let page = DatasetPage(spec, registry: registry, flows: folder.flows)
      pages[page.fileName] = page.text
    }
    self.pages = pages
  }

  /// Writes all pages, and removes other Markdown files of the folder.
  ///
  /// - Returns: the paths written.
  package func write(to directory: String) throws -> [String] {
    let files = FileManager.default
    try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
    for name in try files.contentsOfDirectory(atPath: directory) where name.hasSuffix(".md") && pages[name] == nil {
      try files.removeItem(atPath: directory + "/" + name)
    }
    return try pages.sorted { $0.key < $1.key }.map { name, text in
      let path = directory + "/" + name
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
      return path
    }
  }
}
