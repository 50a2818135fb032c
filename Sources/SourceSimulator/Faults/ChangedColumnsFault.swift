import NIOHTTP1

/// `{"fault": "changed_columns", "rename": {"B19013_001E": "B19013_001"}, "drop": ["NAME"], "add": {"NEW": "1"}}`: the same
/// rows in other columns, in JSON tables, JSON records, features and delimited files.
struct ChangedColumnsFault: Fault {
  static let name = "changed_columns"

  private let change: ColumnChange

  init(_ parameters: inout FaultParameters) throws {
    change = ColumnChange(
      renamed: try (parameters.members("rename") ?? []).map {
        guard let name = $0.value.stringValue else { throw FaultError("rename: old names and new names expected") }
        return ($0.key, name)
      },
      dropped: Set(try parameters.texts("drop") ?? []), added: try parameters.members("add") ?? [])
    guard !change.isEmpty else { throw FaultError("rename, drop or add expected") }
  }

  func alter(_ response: inout Response, _ context: FaultContext) throws {
    guard response.status == .ok else { return }
    let page = try DataPage(response)
    response.body = BytesBody(page.changed(change).bytes)
  }
}
