/// A fault, or a page it is used on, makes no sense; the message is for who wrote the test.
struct FaultError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) {
    self.description = description
  }
}
