/// One cell of delimited text.
struct DelimitedField {
  /// What RFC 4180 does not have.
  enum Oddity {
    /// A quote within a value that does not begin with one.
    case strayQuote
    /// Text between a closing quote and the next delimiter.
    case textAfterQuote
  }

  var bytes: [UInt8] = []
  var isQuoted = false
  var oddity: Oddity?
}
