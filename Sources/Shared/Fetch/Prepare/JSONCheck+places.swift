/// What stands where records are, and on the way to them.
extension JSONCheck {
  /// - Parameter byte: what a value begins with that is no word.
  func checkBeginning(_ byte: UInt8, at place: Int) throws {
    if places?.due(at: place).opening == byte { return }
    let found =
      switch byte {
      case UInt8(ascii: "{"): "an object"
      case UInt8(ascii: "["): "a list"
      case UInt8(ascii: "\""): "a text"
      case UInt8(ascii: "-"), 0x30...0x39: "a number"
      // Of what is no value at all there is more to say.
      default: ""
      }
    if !found.isEmpty { throw misplaced(found, byte, at: place, offset) }
  }

  /// - Parameter word: `null`, `true`, and what else stands without quotes; it has ended.
  func checkWord(_ word: String, at place: Int) throws {
    guard let places, word != "null" || !places.due(at: place).takesNull else { return }
    throw misplaced(word, word.utf8.first ?? 0, at: place, offset - word.utf8.count)
  }

  private func misplaced(_ found: String, _ byte: UInt8, at place: Int, _ offset: Int) -> Failure {
    var failure = Failure(what: "found \(found)", offset: offset)
    guard let places else { return failure }
    failure.what += ", expected \(places.expectation(at: place))"
    failure.advice = places.advice(at: place, found: byte)
    if found.contains(" ") { failure.shown = .text }
    return failure
  }

  /// Of an object that ends on the way to the records: what leads on must be there.
  /// - Parameters:
  ///   - start: of its members.
  ///   - began: where it did.
  func checkMember(at place: Int, from start: Int, _ began: Int) throws {
    guard let places, let member = places.due(at: place).member, !members[start...].contains(member) else { return }
    throw Failure(
      what: places.absence(at: place), offset: began, advice: places.advice(at: place, found: UInt8(ascii: "{")),
      shown: .text)
  }
}
