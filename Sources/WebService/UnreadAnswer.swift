internal import NIOCore

/// Closes a connection whose other side does not read what it is sent: an answer would wait for it for ever.
final class UnreadAnswer: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = Any

  private let limit: TimeAmount
  /// While more waits to be read than is worth keeping.
  private var closing: Scheduled<Void>?

  init(_ limit: TimeAmount) {
    self.limit = limit
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable {
      stopWaiting()
    } else if closing == nil {
      let channel = context.channel
      closing = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    stopWaiting()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    stopWaiting()
  }

  private func stopWaiting() {
    closing?.cancel()
    closing = nil
  }
}
