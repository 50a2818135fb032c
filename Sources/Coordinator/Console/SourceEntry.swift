import Catalog
import Configuration

/// A source as the data dictionary has it.
struct SourceEntry: Encodable {
  var id: String
  var name: String
  var enabled: Bool
  var endpoint: String
  var geography: [String]
  var cadence: String?
  var license: String?
  var cache_ttl_days: Double
  var per_second: Double?
  var per_minute: Double?
  var per_day: Int?
  var burst: Int?
  var concurrency: Int?
  /// The environment's variable of its key.
  var key_variable: String?
  /// Whether this process was given the key; nil where none is needed.
  var key_is_set: Bool?
  var notes: String?
  var datasets: [String]
  /// Of the database, where there is one.
  var state: SourceState?

  /// - Parameter configuration: nil leaves this process' keys out.
  init(_ source: SourceDefinition, datasets: [DatasetSpec], configuration: AkerConfiguration?, state: SourceState?) {
    (id, name, enabled, endpoint) = (source.id, source.name, source.isEnabled, source.endpoint)
    (geography, cadence, license) = (source.geography, source.cadence, source.license)
    cache_ttl_days = source.cacheTTLDays
    let limit = source.rateLimit
    (per_second, per_minute, per_day) = (limit.perSecond, limit.perMinute, limit.perDay)
    (burst, concurrency) = (limit.burst, limit.concurrency)
    key_variable = source.authKeyName.map { "AKER_" + $0 }
    if let configuration, let key = source.authKeyName {
      key_is_set = ((try? configuration.secret(key)) ?? nil) != nil
    }
    notes = source.notes
    self.datasets = datasets.filter { $0.sourceIDs.contains(source.id) }.map(\.name)
    self.state = state
  }

  /// Such as `10/s, 500/day`; empty without a limit.
  var limitText: String {
    [
      per_second.map { "\(Self.number($0))/s" }, per_minute.map { "\(Self.number($0))/min" },
      per_day.map { "\($0)/day" },
    ].compactMap { $0 }.joined(separator: ", ")
  }

  var keyText: String {
    guard key_variable != nil else { return "none" }
    return key_is_set == true ? "set" : "missing"
  }

  var stateText: String {
    enabled ? state?.text ?? "" : "disabled"
  }

  /// How long an answer counts as fresh: `30 d`, or `1 h` where it is less than a day.
  var freshText: String {
    cache_ttl_days > 0 && cache_ttl_days < 1
      ? "\(Int((cache_ttl_days * 24).rounded())) h" : "\(Self.number(cache_ttl_days)) d"
  }

  static func number(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}
