/// What happens to columns overnight.
struct ColumnChange: Sendable {
  var renamed: [(old: String, new: String)]
  var dropped: Set<String>
  /// A constant for each.
  var added: [JSONMember]

  var isEmpty: Bool { renamed.isEmpty && dropped.isEmpty && added.isEmpty }

  func name(_ old: String) -> String {
    renamed.first { $0.old == old }?.new ?? old
  }
}
