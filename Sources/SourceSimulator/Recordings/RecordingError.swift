/// A recording is not what its name promises.
struct RecordingError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) {
    self.description = description
  }
}
