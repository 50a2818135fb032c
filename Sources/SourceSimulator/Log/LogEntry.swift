/// One request, as the log keeps it.
struct LogEntry: Sendable {
  var source: String
  var client: String
  var method: String
  /// Values of keys are left out.
  var target: String
  /// Unix time, in microseconds.
  var arrivedAt: Int64
  /// The faults that struck it.
  var faults: [String]
  /// Nil while it is being answered.
  var status: UInt?

  var second: Int64 { arrivedAt / 1_000_000 }

  var report: JSONValue {
    [
      "source": .string(source),
      "client": .string(client),
      "method": .string(method),
      "target": .string(target),
      "arrived_at_us": .number(String(arrivedAt)),
      "faults": .array(faults.map { .string($0) }),
      "status": status.map { .integer(Int($0)) } ?? nil,
    ]
  }
}
