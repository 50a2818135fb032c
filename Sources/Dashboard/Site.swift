internal import Base

/// Addresses of the dashboard's own pages, below whatever path a proxy serves it at.
package struct Site: Sendable {
  /// `/aker`, or empty.
  package var prefix: String

  package init(prefix: String) { self.prefix = prefix }

  /// - Parameters:
  ///   - segments: each is one step of the path, whatever characters it has.
  package func path(_ segments: String..., query: [(String, String?)] = []) -> String {
    let path = prefix + "/" + segments.map { PercentEncoding.encoded($0) }.joined(separator: "/")
    let items = query.compactMap { name, value in
      value.map { "\(PercentEncoding.encoded(name))=\(PercentEncoding.encoded($0))" }
    }
    return items.isEmpty ? path : path + "?" + items.joined(separator: "&")
  }

  package func task(_ id: Int64) -> String { path("tasks", "\(id)") }
  package func backfill(_ id: Int64) -> String { path("backfills", "\(id)") }
  package func dataset(_ name: String) -> String { path("datasets", name) }

  package func partition(_ dataset: String, _ year: Int, region: String = "") -> String {
    path("datasets", dataset, "\(year)", query: [("region", region.isEmpty ? nil : region)])
  }

  /// A page of ours that somebody comes back to; the grid for whatever is none.
  package func safe(_ path: String?) -> String {
    guard let path, path.hasPrefix(prefix + "/"), !path.hasPrefix("//"), !path.contains("\\"),
      path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else { return self.path("") }
    return path
  }
}
