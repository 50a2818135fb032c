import Console
import Testing

/// Follows texts of the catalogue of advice: finds each in what a program printed, and the commands that it names.
final class AdviceWalk {
  let name: String
  private(set) var met: Set<Advice> = []

  init(_ name: String) { self.name = name }

  /// The advice as it was printed.
  func meet(_ advice: Advice, in output: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
    var pattern = ""
    var rest = advice.rawValue[...]
    while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
      pattern += Self.escaped(rest[..<open]) + "(?:.*?)"
      rest = rest[rest.index(after: close)...]
    }
    // The last placeholder runs to the end of the line.
    pattern += rest.isEmpty ? "$" : Self.escaped(rest)
    let regex = try Regex(pattern)
    var found: String?
    for line in output.split(separator: "\n").map(String.init) where found == nil {
      found = try regex.firstMatch(in: line).map { String(line[$0.range]) }
    }
    let text = try #require(found, "\(advice) is not in: \(output)", sourceLocation: sourceLocation)
    #expect(!text.contains("{"), "nothing is left to fill in: \(text)", sourceLocation: sourceLocation)
    met.insert(advice)
    return text
  }

  private static func escaped(_ text: Substring) -> String {
    text.map { $0.isLetter || $0.isNumber || $0 == " " ? String($0) : "\\\($0)" }.joined()
  }

  /// The commands that a text names, in order, without the word aker.
  func commands(_ text: String) -> [String] {
    text.matches(of: /\baker ([a-z][^;,()]*)/).map { match in
      String(match.1).replacing(#/ (then|says|here).*$/#, with: "").trimmingSuffix { $0 == " " }
    }
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> String {
    var text = Substring(self)
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return String(text)
  }
}
