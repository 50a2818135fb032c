package import Base

/// What is wrong with this host, whatever task runs on it.
package struct HostTrouble: ClassifiedError, Equatable {
  package var summary: String
  package var advice: String?

  package init(_ summary: String, advice: String? = nil) {
    self.summary = summary
    self.advice = advice
  }

  package var errorClass: ErrorClass { .transient }
  package var mayBeHost: Bool { true }
}
