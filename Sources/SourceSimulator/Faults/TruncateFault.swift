/// `{"fault": "truncate", "after_bytes": 1000}`: the connection is closed in an orderly way before the promised length is
/// reached (half way, unless told). With `"hide_length": true` no length was promised, as from a server that ends its
/// answers by closing.
struct TruncateFault: Fault {
  static let name = "truncate"

  private let afterBytes: Int?
  private let hidesLength: Bool

  init(_ parameters: inout FaultParameters) throws {
    afterBytes = try parameters.integer("after_bytes")
    hidesLength = try parameters.flag("hide_length") ?? false
  }

  func deliver(_ response: inout Response, _ context: FaultContext) {
    response.delivery.end = .close(afterByteCount: afterBytes ?? response.body.byteCount / 2)
    response.delivery.hidesLength = hidesLength
  }
}
