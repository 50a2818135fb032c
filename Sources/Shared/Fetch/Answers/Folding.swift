/// How a document is compressed, where each of its parts has a checksum that was found to hold.
package enum Folding: String, Sendable, Codable {
  /// One member, and nothing after it, as every reader takes it.
  case gzip
  /// Several members, or zeros after the last.
  case oddGzip
  case zip
}
