/// Who asks.
struct Caller: Sendable {
  /// A token's name, what a proxy says, or `anonymous`.
  var name: String
  var level: Level
  /// Where from: an IP address.
  var address: String
  /// Whether it was a token that let them in.
  var hasToken = false
}
