package import Catalog
package import Settings

/// A source as the data dictionary has it.
package struct SourceEntry: Encodable, Sendable {
  package var id: String
  package var name: String
  package var enabled: Bool
  package var endpoint: String
  package var geography: [String]
  package var cadence: String?
  package var license: String?
  package var cache_ttl_days: Double
  package var per_second: Double?
  package var per_minute: Double?
  package var per_day: Int?
  package var burst: Int?
  package var concurrency: Int?
  /// The environment's variable of its key.
  package var key_variable: String?
  /// Whether this process was given the key; nil where none is needed.
  package var key_is_set: Bool?
  package var notes: String?
  package var datasets: [String]
  /// Of the database, where there is one.
  package var state: SourceState?

  /// - Parameter configuration: nil leaves this process' keys out.
  package init(
    _ source: SourceDefinition, datasets: [DatasetSpec], configuration: AkerConfiguration?, state: SourceState?
  ) {
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
  package var limitText: String {
    [
      per_second.map { "\(Self.number($0))/s" }, per_minute.map { "\(Self.number($0))/min" },
      per_day.map { "\($0)/day" },
    ].compactMap { $0 }.joined(separator: ", ")
  }

  /// Whether datasets need a key that this process was not given.
  package var lacksKey: Bool { enabled && key_is_set == false && !datasets.isEmpty }

  package var keyText: String {
    guard key_variable != nil else { return "none" }
    return key_is_set == true ? "set" : "missing"
  }

  package var stateText: String {
    enabled ? state?.text ?? "" : "disabled"
  }

  /// How long an answer counts as fresh: `30 d`, or `1 h` where it is less than a day.
  package var freshText: String {
    cache_ttl_days > 0 && cache_ttl_days < 1
      ? "\(Int((cache_ttl_days * 24).rounded())) h" : "\(Self.number(cache_ttl_days)) d"
  }

  package static func number(_ value: Double) -> String {
    value == value.rounded() ? "\(Int(value))" : "\(value)"
  }
}
