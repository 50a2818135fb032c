package import Base

/// An address that cannot be listened on.
package struct ListenError: ClassifiedError {
  package var address: ListenAddress
  package var reason: String

  package init(address: ListenAddress, reason: String) {
    self.address = address
    self.reason = reason
  }

  package var errorClass: ErrorClass { .permanent }
  package var exitStatus: ExitStatus { .unavailable }
  package var summary: String { "cannot listen on \(address): \(reason)" }
  package var advice: String? { "Another program may listen there already; choose another address or port." }
}
