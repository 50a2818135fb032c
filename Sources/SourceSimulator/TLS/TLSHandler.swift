import CLibssl
import NIOCore

/// TLS between the socket and HTTP, by OpenSSL over two buffers in memory.
final class TLSHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// 16 KB, the most that a TLS record carries.
  private static let recordByteCount = 16_384

  private let session: OpaquePointer
  /// Owned by the session.
  private let incoming: OpaquePointer
  private let outgoing: OpaquePointer
  private var endsAbruptly = false

  init(session: OpaquePointer, incoming: OpaquePointer, outgoing: OpaquePointer) {
    self.session = session
    self.incoming = incoming
    self.outgoing = outgoing
  }

  deinit {
    SSL_free(session)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let buffer = unwrapInboundIn(data)
    buffer.withUnsafeReadableBytes { bytes in
      _ = BIO_write(incoming, bytes.baseAddress, Int32(bytes.count))
    }
    var plain = [UInt8](repeating: 0, count: Self.recordByteCount)
    while true {
      let count = SSL_read(session, &plain, Int32(plain.count))
      // The handshake happens in here too, and has something to say.
      sendPending(context, promise: nil)
      guard count > 0 else {
        let reason = SSL_get_error(session, count)
        ERR_clear_error()
        if reason != SSL_ERROR_WANT_READ { context.close(promise: nil) }
        return
      }
      context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: plain[..<Int(count)])))
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    let buffer = unwrapOutboundIn(data)
    guard buffer.readableBytes > 0 else {
      promise?.succeed()
      return
    }
    let written = buffer.withUnsafeReadableBytes { bytes in
      SSL_write(session, bytes.baseAddress, Int32(bytes.count))
    }
    guard Int(written) == buffer.readableBytes else {
      promise?.fail(TLSError("TLS cannot write"))
      context.close(promise: nil)
      return
    }
    sendPending(context, promise: promise)
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is AbruptEnd else {
      context.triggerUserOutboundEvent(event, promise: promise)
      return
    }
    endsAbruptly = true
    promise?.succeed()
  }

  /// Says goodbye first, as TLS wants it, unless the end is to be abrupt.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if !endsAbruptly, SSL_is_init_finished(session) == 1 {
      _ = SSL_shutdown(session)
      ERR_clear_error()
      sendPending(context, promise: nil)
    }
    context.close(mode: mode, promise: promise)
  }

  /// Puts on the wire what OpenSSL has made. The order is that of the calls, so the promise belongs to the last piece.
  private func sendPending(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
    let pending = BIO_ctrl_pending(outgoing)
    guard pending > 0 else {
      promise?.succeed()
      return
    }
    var bytes = [UInt8](repeating: 0, count: pending)
    let count = BIO_read(outgoing, &bytes, Int32(bytes.count))
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes.prefix(Int(max(0, count))))), promise: promise)
  }
}
