/// The members of a rule, taken one by one; what is left over is a mistake.
struct FaultParameters: Sendable {
  private var members: [JSONMember]

  init(_ value: JSONValue) throws {
    guard case .object(let members) = value else { throw FaultError("an object expected: \(value.text)") }
    self.members = members
  }

  mutating func text(_ key: String) throws -> String? {
    guard let value = take(key) else { return nil }
    guard let text = value.stringValue else { throw FaultError("\(key) must be a text") }
    return text
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int> = 0...Int.max) throws -> Int? {
    guard let value = take(key) else { return nil }
    guard case .number(let literal) = value, let number = Int(literal), range.contains(number) else {
      throw FaultError("\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = take(key) else { return nil }
    guard case .number(let literal) = value, let number = Double(literal), range.contains(number) else {
      throw FaultError("\(key) must be a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  mutating func flag(_ key: String) throws -> Bool? {
    guard let value = take(key) else { return nil }
    guard case .bool(let flag) = value else { throw FaultError("\(key) must be true or false") }
    return flag
  }

  mutating func members(_ key: String) throws -> [JSONMember]? {
    guard let value = take(key) else { return nil }
    guard case .object(let members) = value else { throw FaultError("\(key) must be an object") }
    return members
  }

  mutating func texts(_ key: String) throws -> [String]? {
    guard let value = take(key) else { return nil }
    guard let values = value.arrayValue else { throw FaultError("\(key) must be a list of texts") }
    return try values.map {
      guard let text = $0.stringValue else { throw FaultError("\(key) must be a list of texts") }
      return text
    }
  }

  mutating func objects(_ key: String) throws -> [JSONValue]? {
    guard let value = take(key) else { return nil }
    guard let values = value.arrayValue else { throw FaultError("\(key) must be a list") }
    return values
  }

  func finish() throws {
    guard members.isEmpty else {
      throw FaultError("unknown or unfitting: \(members.map(\.key).joined(separator: ", "))")
    }
  }

  private mutating func take(_ key: String) -> JSONValue? {
    members.firstIndex { $0.key == key }.map { members.remove(at: $0).value }
  }
}
