internal import CLibcurl
internal import Synchronization

/// Idle libcurl handles, which keep their connections: by host, so that a connection is used again, and apart for those that
/// may reach private addresses, since an open connection is not looked at again.
enum HandlePool {
  struct Handle: @unchecked Sendable {
    // Sendable: a handle is in the pool or with one exchange, never with two threads at once.
    let pointer: UnsafeMutableRawPointer
  }

  /// 32 idle handles over all hosts: more than a worker's slots.
  private static let capacity = 32
  private static let idle = Mutex<[(key: String, handle: Handle)]>([])

  private static let isInitialized: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  static func take(_ key: String) throws -> Handle {
    guard isInitialized else { throw HTTPTransfer.Failure.transfer("libcurl could not be initialised") }
    let known = idle.withLock { idle -> Handle? in
      guard let index = idle.lastIndex(where: { $0.key == key }) else { return nil }
      return idle.remove(at: index).handle
    }
    if let known { return known }
    guard let pointer = curl_easy_init() else { throw HTTPTransfer.Failure.transfer("libcurl has no memory") }
    return Handle(pointer: pointer)
  }

  static func give(_ handle: Handle, _ key: String) {
    // Forgets options and secrets; keeps connections, the name cache and TLS sessions.
    curl_easy_reset(handle.pointer)
    let evicted = idle.withLock { idle -> Handle? in
      idle.append((key, handle))
      return idle.count > capacity ? idle.removeFirst().handle : nil
    }
    if let evicted { curl_easy_cleanup(evicted.pointer) }
  }
}
