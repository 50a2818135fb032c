/// The counts of one source.
struct SourceCount: Sendable {
  private(set) var total = 0
  private var underWay = 0
  private var mostUnderWay = 0
  private var statuses: [UInt: Int] = [:]
  private var perSecond: [Int64: Int] = [:]
  private var clients: [String: ClientCount] = [:]

  private struct ClientCount: Sendable {
    var total = 0
    var perSecond: [Int64: Int] = [:]
  }

  mutating func begin(_ entry: LogEntry) {
    total += 1
    underWay += 1
    mostUnderWay = max(mostUnderWay, underWay)
    perSecond[entry.second, default: 0] += 1
    clients[entry.client, default: ClientCount()].total += 1
    clients[entry.client, default: ClientCount()].perSecond[entry.second, default: 0] += 1
  }

  mutating func end(status: UInt) {
    underWay -= 1
    statuses[status, default: 0] += 1
  }

  var report: JSONValue {
    [
      "total": .integer(total),
      "under_way": .integer(underWay),
      "most_under_way": .integer(mostUnderWay),
      "statuses": .object(statuses.sorted { $0.key < $1.key }.map { JSONMember(String($0.key), .integer($0.value)) }),
      "most_in_a_second": .integer(perSecond.values.max() ?? 0),
      "per_second": Self.report(perSecond),
      "clients": .object(
        clients.sorted { $0.key < $1.key }.map {
          JSONMember(
            $0.key, ["total": .integer($0.value.total), "per_second": Self.report($0.value.perSecond)])
        }),
    ]
  }

  /// Unix seconds and their counts, in order.
  private static func report(_ counts: [Int64: Int]) -> JSONValue {
    .object(counts.sorted { $0.key < $1.key }.map { JSONMember(String($0.key), .integer($0.value)) })
  }
}
