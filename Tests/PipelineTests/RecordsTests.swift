import Engine
import Fetch
import FoundationEssentials
import Glibc
import Base
import TestSupport
import Testing

/// JSON that is too large to be held whole, read by its records.
@Suite("Records of large JSON")
struct RecordsTests {
  struct Tricky: CustomTestStringConvertible {
    var testDescription: String
    var fields: String
    var text: String
    var rowCount: Int
  }

  private static let items = "format: json, json_path: data.items, columns: [id, n, {name: deep, in_file: deep}]"
  private static let features =
    "format: geojson, columns: [{name: shape, in_file: geometry}, {name: n, in_file: \"n\"}]"

  private static let tricky: [Tricky] = [
    Tricky(
      testDescription: "escapes, and brackets within texts", fields: items,
      text: #"{"data":{"items":[{"id":"a\\\"]},{[","n":"\\"},{"id":"\u00e9\ud83d\ude00é😀\n\t","n":"]"}]}}"#, rowCount: 2
    ),
    Tricky(
      testDescription: "objects within objects, and lines within records", fields: items,
      text:
        "\u{FEFF} {\r\n\"data\" :\t{\"items\" : [ {\"id\":1,\n\"deep\":{\"a\":[1,\r\n [2 , {\"b\":\"]\"}]]}}\r\n,\n{ \"n\" : 1.50 } ] } }\n\n",
      rowCount: 2),
    Tricky(
      testDescription: "other members before, behind and of the same name further down", fields: items,
      text:
        #"{"items":[{"id":"no"}],"meta":{"data":{"items":[1]}, "e":"}\"]"},"data":{"x":[[],{}],"items":[{"id":"yes"}]},"later":{"data":null}}"#,
      rowCount: 1),
    Tricky(
      testDescription: "a name that is written with escapes", fields: items,
      text: #"{"d\u0061ta":{"it\u0065ms":[{"\u0069d":"1"}]}}"#,
      rowCount: 1),
    Tricky(testDescription: "no record", fields: items, text: #"{"data":{"items":[ ]}}"#, rowCount: 0),
    Tricky(
      testDescription: "records of nothing", fields: items,
      text: #"{"data":{"items":[{}, {} ,{"o":null}]}}"#, rowCount: 3),
    Tricky(
      testDescription: "numbers as they came", fields: items,
      text:
        #"{"data":{"items":[{"id":12345678901234567890123,"n":1.10},{"id":1e3,"n":-0.0},{"id":NaN,"n":-Infinity},]}}"#,
      rowCount: 3),
    Tricky(
      testDescription: "documents behind one another", fields: items,
      text: #"{"data":{"items":[{"id":"1"}]}} {"data":{"items":[{"id":"2"}]}}"#, rowCount: 2),
    Tricky(
      testDescription: "every element, of lists within a list",
      fields: #"format: json, json_path: "pages[*].rows[*]", columns: [id]"#,
      text:
        #"{"pages":[{"rows":[{"id":"1"},{"id":"2"}]},{"rows":[]},{"none":1},{"rows":null},{"rows":[{"id":"4"}]}]}"#,
      rowCount: 3),
    Tricky(
      testDescription: "a member of every element",
      fields: #"format: json, json_path: "features[*].attributes", columns: [id]"#,
      text:
        #"{"features":[{"attributes":{"id":"1"}},{"attributes":{}},{"geometry":[1],"attributes":{"id":"2"}}]}"#,
      rowCount: 3),
    Tricky(
      testDescription: "nothing at a path of every element",
      fields: #"format: json, json_path: "f[*].a", columns: [id]"#,
      text: #"{"f":[]}"#, rowCount: 0),
    Tricky(
      testDescription: "features", fields: features,
      text: """
        {"type":"FeatureCollection","name":"x","features":[
        { "type": "Feature", "properties": { "n": "a" }, "geometry": { "type": "Point", "coordinates": [ -84.5, 39.25 ] } },
        {"type":"Feature","properties":null,"geometry":null}
        ],"crs":{"type":"name"}}
        """, rowCount: 2),
  ]

  @Test("the rows are the same as those of the document held whole", arguments: tricky)
  func sameRows(_ tricky: Tricky) async throws {
    try await FormatScene.open { scene in
      let path = try scene.file("a.json", tricky.text.utf8)
      let sql = "SELECT * FROM raw.rows"
      let whole = try await scene.read(tricky.fields, path, sql, recordsByteCount: .max)
      let records = try await scene.read(tricky.fields, path, sql, recordsByteCount: 0)
      #expect(records.rows == whole.rows)
      #expect(records.rows.count == tricky.rowCount, "\(records.rows)")
      #expect(records.drift == whole.drift)
    }
  }

  @Test("it is read so from gzip, and from an archive")
  func wrapped() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file("a.json", #"{"data":{"items":[{"id":"1"},{"id":"2"}]}}"#.utf8)
      let sql = "SELECT id FROM raw.rows"
      for command in [["gzip", "-k", path], ["python3", "-m", "zipfile", "-c", path + ".zip", path]] {
        let made = try await Program.run(command[0], Array(command.dropFirst()))
        try #require(made.exitCode == 0, "\(made)")
      }
      let folded = try await scene.read(Self.items, path + ".gz", sql, recordsByteCount: 0)
      #expect(folded.rows == [#"{"id":"1"}"#, #"{"id":"2"}"#])
      let archived = try await scene.read(Self.items + ", member: a.json", path + ".zip", sql, recordsByteCount: 0)
      #expect(archived.rows == folded.rows)
    }
  }

  @Test(
    "a document that ends early, or is none, or has no list there, is an error of the data, whole or by its records",
    arguments: [
      (
        #"{"data":{"items":[{"id":"1"},{"id":"2""#,
        "character 39: it ends before an object does (it began at line 1, character 30)"
      ),
      (#"{"data":{"items":[{"id":"1"}"#, "it ends before a list does"),
      (#"{"data":{"items":[{"id":"1"}]"#, "it ends before an object does"),
      (#"{"data":{"items":[{"id":"1"},"#, "it ends before a list does"),
      (#"{"data":{"items":[{"id":"1"}]} x"#, "found 'x', expected a comma or the object's end"),
      ("<html>504 Gateway Time-out</html>", "found '<', expected a value"),
      (#"{"data":{"items":{"id":"1"}}}"#, "found an object, expected the list at data.items"),
      (#"{"data":[]}"#, "found a list, expected an object with 'items'"),
      (#"{"data":{}}"#, "character 9: an object has no 'items', which leads to the records: {}"),
      (#"{"data":{"items":[]}} {"error":1}"#, "character 23: an object has no 'data'"),
      (#"{"data":{"items":[{"id":"1"} {"id":"2"}]}}"#, "found '{', expected a comma or the list's end"),
      ("{\"data\":{\"items\":[{\"id\":\"1\n\"}]}}", "control character"),
      (#"{"data":{"items":[{"id":"1",,}]}}"#, "found ',', expected a member's name"),
      (#"{"data":{"items":[{"id":1 2}]}}"#, "found '2', expected a comma or the object's end"),
      (#"{"data":{"items":[{"id":[1}]}]}}"#, "found '}', expected the list's end"),
      (#"{"data":{"items":[,]}}"#, "found ',', expected a value"),
    ])
  func errors(_ text: String, _ why: String) async throws {
    try await FormatScene.open { scene in
      let path = try scene.file("a.json", text.utf8)
      func error(_ recordsByteCount: Int64) async -> (any ClassifiedError)? {
        do {
          let rows = try await scene.read(
            Self.items, path, "SELECT * FROM raw.rows", recordsByteCount: recordsByteCount
          ).rows
          Issue.record("\(rows)")
          return nil
        } catch { return error as? any ClassifiedError }
      }
      let whole = await error(.max)
      #expect(whole?.errorClass == .data)
      let records = await error(0)
      #expect(records?.errorClass == .data)
      for error in [whole, records] {
        let said = (error?.summary ?? "") + (error?.causes.joined() ?? "")
        #expect(said.contains(why), "\(said)")
      }
    }
  }

  @Test("memory stays flat: 210 MiB are read within 128 MiB")
  func large() async throws {
    try await FormatScene.open { scene in
      let record = #"{"id":"007","n":"\#(String(repeating: "]}\\\"", count: 1 << 10))"},"#
      let count = (210 << 20) / record.utf8.count
      let path = scene.folder + "/large.json"
      try write(#"{"data":{"items":["#, times: 1, to: path)
      try write(record, times: count, to: path)
      try write("]}}", times: 1, to: path)
      let read = try await scene.read(
        Self.items, path, "SELECT id, count(*) AS n, max(length(n)) AS l FROM raw.rows GROUP BY id",
        memoryBytes: 128 << 20)
      #expect(read.rows == [#"{"id":"007","n":\#(count),"l":\#(3 << 10)}"#])
    }
  }

  @Test("a record larger than DuckDB takes by itself")
  func largeRecord() async throws {
    try await FormatScene.open { scene in
      let record = #"{"id":"008","n":"\#(String(repeating: "]", count: 20 << 20))"}"#
      let path = try scene.file("a.json", #"{"data":{"items":[{"id":"007"},\#(record)]}}"#.utf8)
      let read = try await scene.read(Self.items, path, "SELECT id, length(n) AS l FROM raw.rows ORDER BY id")
      #expect(read.rows == [#"{"id":"007","l":null}"#, #"{"id":"008","l":\#(20 << 20)}"#])
    }
  }

  private func write(_ text: String, times: Int, to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    for _ in 0..<times { try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count) }
  }
}
