internal import Hummingbird
internal import NIOCore

/// What is known of a request besides itself: the address it came from, by its socket.
struct APIContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let address: String

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    address = source.channel.remoteAddress?.ipAddress ?? "unknown"
  }

  /// Far more than any selection of tasks by number needs.
  var maxUploadSize: Int { 1_048_576 }
}
