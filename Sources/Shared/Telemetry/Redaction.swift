internal import Base

/// Takes known secrets out of text. Everything that leaves the process as a log, an error or a row passes through here.
package struct Redaction: Sendable {
  /// Longest first, so that a secret which contains another is taken out whole.
  private let secrets: [String]

  /// What stands in a secret's place.
  package static let mark = "[redacted]"

  /// - Parameter secrets: their values; shorter ones than 4 characters are left out, since they would eat words.
  package init(secrets: [String]) {
    // As they are, and as they would stand in a URL's query.
    let encoded = secrets.filter { $0.count >= 4 }.flatMap { [$0, PercentEncoding.encoded($0)] }
    self.secrets = Set(encoded).sorted { ($0.count, $0) > ($1.count, $1) }
  }

  package func callAsFunction(_ text: String) -> String {
    secrets.reduce(text) { text, secret in
      text.contains(secret)
        ? text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: Self.mark) : text
    }
  }
}
