internal import Base

/// What pages load besides themselves: three files, embedded in the program.
package struct Asset: Sendable {
  package let name: String
  package let type: String
  package let bytes: [UInt8]
  package let compressed: [UInt8]
  /// Of its bytes: another file has another address, so that each may be kept for good.
  package let version: String

  private init(_ name: String, _ type: String, _ bytes: [UInt8]) {
    self.name = name
    self.type = type
    self.bytes = bytes
    compressed = Gzip.compressed(bytes, level: 9)
    version = String(SHA256.hash(String(decoding: bytes, as: UTF8.self)).prefix(12))
  }

  package static let style = Asset("dashboard.css", "text/css; charset=utf-8", PackageResources.dashboard_css)
  package static let script = Asset("dashboard.js", "text/javascript; charset=utf-8", PackageResources.dashboard_js)
  package static let icon = Asset("icon.svg", "image/svg+xml", PackageResources.icon_svg)
  package static let all = [style, script, icon]
}
