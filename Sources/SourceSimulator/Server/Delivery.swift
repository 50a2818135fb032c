/// How an answer is put on the wire; whole and at once, unless a fault says otherwise.
struct Delivery: Sendable {
  /// Silence before the head.
  var delay = Duration.zero
  var bytesPerSecond: Int?
  var stall: Stall?
  var end = End.whole
  /// No Content-Length: the end of the connection is the end of the body.
  var hidesLength = false

  struct Stall: Sendable {
    var afterByteCount: Int
    /// Nil: until the client leaves.
    var duration: Duration?
  }

  enum End: Sendable {
    case whole
    /// An orderly end, after that many bytes of the body.
    case close(afterByteCount: Int)
    /// TCP RST.
    case reset(afterByteCount: Int)
    case resetBeforeAnswer
  }

  /// How many bytes of the body are sent.
  func byteLimit(of body: any Body) -> Int {
    switch end {
    case .whole: body.byteCount
    case .close(let count), .reset(let count): min(count, body.byteCount)
    case .resetBeforeAnswer: 0
    }
  }
}
