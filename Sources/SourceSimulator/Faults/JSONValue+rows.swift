extension JSONValue {
  /// A table keeps its header, an array of objects loses its items, wherever it is inside.
  func emptied() -> JSONValue {
    switch self {
    case .array(let values) where Self.isTable(values): .array(Array(values.prefix(1)))
    case .array(let values) where Self.isRecords(values): []
    case .array(let values): .array(values.map { $0.emptied() })
    case .object(let members): .object(members.map { JSONMember($0.key, $0.value.emptied()) })
    default: self
    }
  }

  func changed(_ change: ColumnChange) -> JSONValue {
    switch self {
    case .array(let values) where Self.isTable(values): .array(Self.changedTable(values, change))
    case .array(let values) where Self.isRecords(values): .array(values.map { $0.changedRecord(change) })
    case .array(let values): .array(values.map { $0.changed(change) })
    case .object(let members): .object(members.map { JSONMember($0.key, $0.value.changed(change)) })
    default: self
    }
  }

  private static func isTable(_ values: [JSONValue]) -> Bool {
    guard case .array(let header)? = values.first else { return false }
    return !header.isEmpty && header.allSatisfy { $0.stringValue != nil }
  }

  private static func isRecords(_ values: [JSONValue]) -> Bool {
    !values.isEmpty
      && values.allSatisfy {
        if case .object = $0 { true } else { false }
      }
  }

  private static func changedTable(_ rows: [JSONValue], _ change: ColumnChange) -> [JSONValue] {
    let header = rows.first?.arrayValue?.compactMap(\.stringValue) ?? []
    let kept = header.indices.filter { !change.dropped.contains(header[$0]) }
    return rows.enumerated().map { number, row in
      guard number > 0 else {
        return .array(
          kept.map { .string(change.name(header[$0])) } + change.added.map { .string($0.key) })
      }
      let values = row.arrayValue ?? []
      return .array(kept.map { $0 < values.count ? values[$0] : .null } + change.added.map(\.value))
    }
  }

  /// The fields of a feature are one level down.
  private func changedRecord(_ change: ColumnChange) -> JSONValue {
    guard case .object(let members) = self else { return self }
    let nests = ["attributes", "properties"]
    if members.contains(where: { nests.contains($0.key) }) {
      return .object(
        members.map { nests.contains($0.key) ? JSONMember($0.key, $0.value.changedRecord(change)) : $0 })
    }
    let kept = members.filter { !change.dropped.contains($0.key) }
    return .object(kept.map { JSONMember(change.name($0.key), $0.value) } + change.added)
  }
}
