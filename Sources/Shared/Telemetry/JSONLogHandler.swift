internal import Base
internal import FoundationEssentials
internal import Glibc
internal import Logging

/// An event as one object in one line on standard error: at, level, label, message, and each of its metadata as a member.
struct JSONLogHandler: LogHandler {
  let label: String
  var logLevel = Logger.Level.info
  var metadata: Logger.Metadata = [:]

  init(label: String) {
    self.label = label
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var members: [String: JSONValue] = [:]
    for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
      members[key] = .string("\(value)")
    }
    // These four are whose they are, whatever metadata says.
    members["at"] = .string(Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    members["level"] = .string(event.level.rawValue)
    members["label"] = .string(label)
    members["message"] = .string(event.message.description)
    let line = Array((JSONValue.object(members).json + "\n").utf8)
    _ = line.withUnsafeBytes { writeAll($0, to: STDERR_FILENO) }
  }
}
