import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// A geocoder's answers to a batch, as it should not give them (`Tests/Tools/geocoder.py`): each address has what was said of it, or
/// nothing is published.
struct BatchAnswerTests {
  private static let list = """
    street,city,state,zip
    "55 Elm St
    Rear",Newark,OH,43055
    "7 ""The"" Elm St, ",Newark,OH,43055
    "9 Oak\r
    Ln",Newark,OH,43055
    12 Alder Ct,Newark,OH,43055

    """
  private static let elms = ["55 Elm St\nRear", "7 \"The\" Elm St,"]
  private static let others = ["9 Oak\r\nLn", "12 Alder Ct"]

  struct Answer: Sendable, CustomTestStringConvertible {
    var mode: String
    /// Of the two that it knows; nil where the answer is refused.
    var statuses: [String]?
    /// In the refusal; and how often it asks further, one by one.
    var says = ""
    var askedCount = 4

    var testDescription: String { mode }
  }

  static let all: [Answer] = [
    Answer(mode: "whole", statuses: ["matched", "matched"]),
    Answer(mode: "reordered", statuses: ["matched", "matched"]),
    Answer(mode: "line ends", statuses: ["matched", "matched"]),
    Answer(mode: "twice", statuses: ["matched", "matched"]),
    Answer(mode: "differently", statuses: ["tie", "tie"], askedCount: 8),
    Answer(mode: "matched and not", statuses: ["tie", "tie"], askedCount: 8),
    // It is asked for again with the next run.
    Answer(mode: "missing", statuses: ["matched", "waiting"]),
    Answer(mode: "unasked", says: "answers for what was not asked: 0123456789abcdef", askedCount: 0),
    Answer(mode: "nameless", says: "answers for what was not asked: ", askedCount: 0),
    Answer(mode: "nowhere", says: "a match of the batch has no place: ", askedCount: 0),
    Answer(mode: "status", says: "a row of the batch is not as it was: ", askedCount: 0),
    Answer(mode: "moved", says: "line 1 has 13 columns", askedCount: 0),
    Answer(mode: "cut", says: "is never closed", askedCount: 0),
    Answer(mode: "swapped", says: "expect_column_values_to_be_between (latitude): 2 of 2"),
  ]

  @Test(arguments: all)
  func isOfItsAddressOrRefused(_ answer: Answer) async throws {
    try await OperatorHome.with { home in
      var home = home
      try home.write(Self.list, to: "addresses_2021.csv")
      let port = home.path + "/port"
      let server = try await Program.start(
        "python3", [PackageRoot.path + "/Tests/Tools/geocoder.py", answer.mode, port])
      try await eventually("the geocoder listens") { FileManager.default.fileExists(atPath: port) }
      for source in ["CENSUS_GEOCODER", "NOMINATIM"] {
        home.environment["AKER_SOURCE_\(source)_ENDPOINT"] = "http://127.0.0.1:" + (try home.text("port"))
      }
      home.environment["AKER_SOURCE_ADDRESS_LIST_ENDPOINT"] = "file://" + home.path
      let result = try await home.aker("run", "geocode_cache", "--year", "2021", "--dry-run", "--json")
      server.send(SIGKILL)
      _ = try await server.wait()
      #expect(try home.text("port.log").split(separator: "\n").count == answer.askedCount, "\(result)")
      guard let statuses = answer.statuses else {
        #expect(result.exitCode == 65 && result.errorOutput.contains(answer.says), "\(result)")
        return
      }
      struct Report: Decodable {
        struct Row: Decodable {
          var street: String
          var status: String
          var longitude: Double?
        }
        var first_rows: [Row]
      }
      #expect(result.exitCode == 0, "\(result)")
      let rows = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)).first_rows
      let found = Dictionary(uniqueKeysWithValues: rows.map { ($0.street, $0.status) })
      #expect(
        found == Dictionary(uniqueKeysWithValues: zip(Self.elms + Self.others, statuses + ["no_match", "no_match"])))
      #expect(rows.allSatisfy { $0.longitude == ($0.status == "matched" ? -82.4 : nil) })
    }
  }
}
