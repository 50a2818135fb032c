/// What a fault may look at.
struct FaultContext: Sendable {
  var request: Request
  var source: String
  /// What the same path answered before, whatever its query was; kept only while a rule needs it.
  var previous: Response?
}
