import NIOHTTP1

/// `{"fault": "empty_page"}`: the answer without its rows. Flags such as exceededTransferLimit, and headers, stay.
struct EmptyPageFault: Fault {
  static let name = "empty_page"

  init(_ parameters: inout FaultParameters) throws {}

  func alter(_ response: inout Response, _ context: FaultContext) throws {
    guard response.status == .ok else { return }
    let page = try DataPage(response)
    response.body = BytesBody(page.emptied().bytes)
  }
}
