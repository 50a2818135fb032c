/// A file of the lake that was sent in part: its worker is at it, or died.
package struct UnfinishedUpload: Sendable, Equatable {
  /// Where the file would be, relative to the lake.
  package var path: String
  package var id: String
}
