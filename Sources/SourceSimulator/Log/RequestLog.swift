import Glibc
import NIOHTTP1

/// What was asked, by whom and when.
actor RequestLog {
  /// 100,000 requests, about 20 MB; the counts go on when older ones are dropped.
  static let entryLimit = 100_000

  private var entries: [LogEntry] = []
  /// The number of `entries[0]`.
  private var firstNumber = 0
  private var sources: [String: SourceCount] = [:]

  /// - Returns: the number to `end` it by.
  func begin(_ request: Request, source: String, faults: [String]) -> Int {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let entry = LogEntry(
      source: source, client: request.client, method: request.method.rawValue,
      target: request.path + Self.redacted(request.query),
      arrivedAt: Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000, faults: faults)
    sources[source, default: SourceCount()].begin(entry)
    if entries.count >= Self.entryLimit {
      entries.removeFirst(Self.entryLimit / 2)
      firstNumber += Self.entryLimit / 2
    }
    entries.append(entry)
    return firstNumber + entries.count - 1
  }

  func end(_ number: Int, status: UInt) {
    guard number >= firstNumber, number - firstNumber < entries.count, entries[number - firstNumber].status == nil
    else { return }
    entries[number - firstNumber].status = status
    sources[entries[number - firstNumber].source]?.end(status: status)
  }

  func clear() {
    // Numbers go on, so that a request that is still under way ends nobody else's entry.
    firstNumber += entries.count
    entries = []
    sources = [:]
  }

  func report(withRequests: Bool) -> JSONValue {
    var members = [
      JSONMember("total", .integer(sources.values.reduce(0) { $0 + $1.total })),
      JSONMember(
        "sources", .object(sources.sorted { $0.key < $1.key }.map { JSONMember($0.key, $0.value.report) })),
    ]
    if withRequests {
      members.append(JSONMember("requests", .array(entries.map { $0.report })))
    }
    return .object(members)
  }

  /// The query, with what may be a secret replaced.
  private static func redacted(_ query: Query) -> String {
    guard !query.parameters.isEmpty else { return "" }
    let secrets: Set<String> = ["key", "api_key", "apikey", "registrationkey", "userid", "token", "access_token"]
    return "?"
      + query.parameters.map { "\($0.name)=\(secrets.contains($0.name.lowercased()) ? "REDACTED" : $0.value)" }
      .joined(separator: "&")
  }
}
