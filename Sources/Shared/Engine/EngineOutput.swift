internal import FoundationEssentials

/// What a script printed: rows as JSON objects, by step.
package struct EngineOutput: Sendable {
  private var lines: [String: [String]] = [:]
  package private(set) var lastStep: String?

  init(_ bytes: [UInt8]) {
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if line.hasPrefix(EngineScript.mark) {
        lastStep = String(line.dropFirst(EngineScript.mark.count))
      } else if let lastStep, line.hasPrefix("{") {
        // A row; what DuckDB has to say besides is for people at a terminal.
        lines[lastStep, default: []].append(String(line))
      }
    }
  }

  package func rows<Row: Decodable>(_ step: String, as type: Row.Type) throws -> [Row] {
    let decoder = JSONDecoder()
    return try (lines[step] ?? []).map { try decoder.decode(Row.self, from: Data($0.utf8)) }
  }

  /// The one JSON object that a step printed, as it stands.
  package func text(_ step: String) -> String? { lines[step]?.first }
  package func texts(_ step: String) -> [String] { lines[step] ?? [] }
}
