package import Base
internal import Glibc

/// Why a document could not be had. Every text in it is redacted.
package struct FetchError: ClassifiedError, CustomStringConvertible {
  package enum Reason: Sendable, Equatable {
    case unknownSource
    case disabledSource
    case missingSecret(String)
    case unsafeURL(String)
    /// The transfer failed below HTTP: name resolution, connection, TLS, timeout.
    case transfer(String)
    case truncated(String)
    /// Bytes that are not those that the document itself says they are: a checksum, a length, an end.
    case damaged(String)
    case tooLarge(limit: Int64)
    case status(Int)
    /// A success that brings no document, or not all of it.
    case noDocument(String)
    /// Another kind of content than was asked for; `title` of an HTML page where it has one.
    case unexpectedContent(expected: String, found: String, title: String?)
    /// The source reported an error inside a success.
    case reported(String)
    case cache(String)
    /// The shared budget (rate, daily quota) or a cool-down has nothing to give for longer than a slot should wait.
    case outOfBudget(Duration)
    /// What came back is not all that was asked for.
    case incomplete(String)
    /// The bytes could not be turned into what was declared.
    case unreadable(String)
  }

  package var sourceID: String
  package var url: String
  package var reason: Reason
  package var errorClass: ErrorClass
  package var retryAfter: Duration?
  package var advice: String?
  package var causes: [String] = []

  package init(
    sourceID: String, url: String, reason: Reason, errorClass: ErrorClass, retryAfter: Duration? = nil,
    advice: String? = nil
  ) {
    self.sourceID = sourceID
    self.url = url
    self.reason = reason
    self.errorClass = errorClass
    self.retryAfter = retryAfter
    self.advice = advice
  }

  package var mayBeHost: Bool {
    switch reason {
    // A source that nobody reaches, and a host that reaches nobody, look the same from here.
    case .cache, .transfer: true
    default: false
    }
  }

  package var isHosts: Bool {
    if case .cache(let why) = reason { UsedUp.says(why) } else { false }
  }

  /// Says that a document was taken away from whoever read it, which is no fault of the document's; nil while it is there.
  package init?(lost path: String, of sourceID: String, _ url: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor < 0 else {
      close(descriptor)
      return nil
    }
    let why = String(cString: strerror(errno))
    self.init(
      sourceID: sourceID, url: url, reason: .cache("\(path) was there and cannot be opened any more: \(why)"),
      errorClass: .transient, advice: Self.cacheAdvice)
  }

  /// For what the disk below the cache refuses.
  static let cacheAdvice =
    "Free space below AKER_CACHE_PATH, or make it writable for the worker's user; the task is tried again by itself."

  /// A source that has not what was asked, or refuses the key, is no fault of the program's.
  package var exitStatus: ExitStatus { errorClass == .permanent ? .unsuccessful : errorClass.exitStatus }

  package var summary: String {
    switch reason {
    case .unknownSource: "source \(sourceID) is not in the registry"
    case .disabledSource: "source \(sourceID) is disabled: it is licensed, and has to be configured first"
    case .missingSecret(let name): "source \(sourceID) needs the secret \(name)"
    case .unsafeURL(let why): "source \(sourceID): \(url) is refused: \(why)"
    case .transfer(let why): "source \(sourceID): \(url) failed: \(why)"
    case .truncated(let why): "source \(sourceID): \(url) ended early: \(why)"
    case .damaged(let why): "source \(sourceID): \(url) is damaged: \(why)"
    case .tooLarge(let limit): "source \(sourceID): \(url) is larger than the limit of \(limit.counted("byte"))"
    case .status(let status): "source \(sourceID) answered \(status) for \(url)"
    case .noDocument(let what): "source \(sourceID) answered \(what) where a document was due: \(url)"
    case .unexpectedContent(let expected, let found, let title):
      "source \(sourceID) answered \(found)\(title.map { " ('\($0)')" } ?? "") where \(expected) was due: \(url)"
    case .reported(let message): "source \(sourceID) reported an error for \(url): \(message)"
    case .outOfBudget(let wait):
      "source \(sourceID) may be asked again in \(wait.components.seconds) s (rate limit, daily quota or cool-down)"
    case .incomplete(let why): "source \(sourceID) did not answer all of \(url): \(why)"
    case .unreadable(let why): "source \(sourceID): \(url) cannot be read: \(why)"
    case .cache(let why): "the raw cache: \(why)"
    }
  }

  package var description: String { summary }
}
