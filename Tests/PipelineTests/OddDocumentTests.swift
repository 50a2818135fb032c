import Catalog
import Engine
import Fetch
import FoundationEssentials
import Quality
import TestSupport
import Testing

/// Documents that say one thing in one place and another in the next: read as they mean it, or refused by name.
@Suite("Odd documents")
struct OddDocumentTests {
  @Test("names of members in any letters, what macOS leaves beside them, and errors that name the member")
  func memberNames() async throws {
    try await FormatScene.open { scene in
      let path = scene.folder + "/a.zip"
      let cp437 = "i=zipfile.ZipInfo('b.csv'); z.writestr(i,'id\\n2\\n')"
      try await FormatScene.zip(
        "z.writestr('jürgen.csv','id\\n1\\n'); z.writestr('d/._b.csv',bytes([0,5,22,7])); \(cp437)", path)
      var bytes = Array(try #require(FileManager.default.contents(atPath: path)))
      // A name of the 437th code page, in both places where it stands.
      while let place = bytes.firstRange(of: Array("b.csv".utf8))?.lowerBound, bytes[place - 1] != UInt8(ascii: "_") {
        bytes[place] = 0x81
      }
      let other = try scene.file("other.zip", bytes)
      for archive in [path, other] {
        let read = try await scene.read(
          #"format: csv, member: "*.csv", columns: [id]"#, archive, "SELECT id FROM raw.rows ORDER BY id")
        #expect(read.rows == [#"{"id":"1"}"#, #"{"id":"2"}"#])
      }
      let damaged = scene.folder + "/b.zip"
      try await FormatScene.zip("z.writestr('a.csv','id\\n1\\n'); z.writestr('y/b.csv','id\\n1,2\\n')", damaged)
      let message = await FormatScene.unreadable {
        _ = try await scene.read(#"format: csv, member: "*.csv", columns: [id]"#, damaged, "SELECT 1")
      }
      #expect(message.contains("its member 'y/b.csv': line 2 has 2 columns"), "\(message)")
    }
  }

  @Test("rows of a JSON table have as many values as its header; names in JSON are what they are")
  func jsonShapes() async throws {
    try await FormatScene.open { scene in
      for row in [#"["2"]"#, #"["2","b","c"]"#] {
        let path = try scene.file("a.json", Array(#"[["code","text"],["1","a"],\#(row)]"#.utf8))
        do {
          let read = try await scene.read("format: json_table, columns: [code, text]", path, "SELECT * FROM raw.rows")
          Issue.record("\(read.rows)")
        } catch let failure as EngineFailure {
          #expect(failure.summary.contains("values where the header has 2: \(row)"), "\(failure)")
        }
      }
      let table = try scene.file("b.json", Array(#"[["code","TEXT"],["1","a"]]"#.utf8))
      let read = try await scene.read(
        "format: json_table, columns: [code, text]", table, "SELECT count(*) AS n FROM raw.rows")
      #expect(read.drift.filter(\.isFailure).map(\.column) == ["text"], "\(read)")
      let objects = try scene.file("c.json", Array(#"[{"code":"1","TEXT":"a"}]"#.utf8))
      let listed = try scene.file("d.json", Array(#"{"l":[{"code":"1","TEXT":"a"}]}"#.utf8))
      for (format, path) in [("json", objects), ("json, json_path: l", listed)] {
        let message = await FormatScene.unreadable {
          _ = try await scene.read("format: \(format), columns: [code, text]", path, "SELECT 1")
        }
        #expect(message.contains("'text' is due, and stands there in other letters"), "\(format): \(message)")
      }
    }
  }

  @Test("of two members or columns of one name, nothing says which one counts")
  func membersTwice() async throws {
    try await FormatScene.open { scene in
      let feature = #"{"type":"Feature","properties":{"code":"1","text":"a","text":"b"},"geometry":null}"#
      for (format, document) in [
        ("json_table", #"[["code","text","text"],["1","a","b"]]"#),
        ("json", #"[{"code":"1","text":"a","text":"b"}]"#),
        ("json, json_path: l", #"{"l":[{"code":"1","text":"a","text":"b"}]}"#),
        ("json, json_path: l", #"{"l":[{"code":"1","text":"a"}],"l":[{"code":"2","text":"b"}]}"#),
        ("geojson", #"{"type":"FeatureCollection","features":[\#(feature)]}"#),
        ("geojson", #"{"type":"FeatureCollection","features":[],"features":[]}"#),
        ("geojson_lines", feature + "\n"),
      ] {
        let path = try scene.file("a.json", Array(document.utf8))
        // What is read by its records is not looked into: its frame is.
        for recordsByteCount in [Int64(4 << 20)] + (document.contains("],\"") ? [1] : []) {
          do {
            let read = try await scene.read(
              "format: \(format), columns: [code, text]", path, "SELECT * FROM raw.rows",
              recordsByteCount: recordsByteCount)
            Issue.record("\(document): \(read.rows)")
          } catch {
            let told = (error as? EngineFailure)?.summary ?? (error as? FetchError)?.summary ?? "\(error)"
            #expect(told.contains("twice") || told.contains("duplicate key"), "\(document): \(told)")
          }
        }
      }
    }
  }

  @Test("what a document of features says beside them: its reference system, and that there are more")
  func featureFrames() async throws {
    try await FormatScene.open { scene in
      func document(_ frame: String) throws -> String {
        try scene.file(
          "\(UUID().uuidString).geojson",
          Array(
            #"{"type":"FeatureCollection",\#(frame)"features":[{"type":"Feature","properties":{"id":"1"},"geometry":{"type":"Point","coordinates":[50,60]}}]}"#
              .utf8))
      }
      let fields = "format: geojson, columns: [id, geometry]"
      func system(_ name: String) -> String { #""crs":{"type":"name","properties":{"name":"\#(name)"}},"# }
      for known in ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4269"] {
        let read = try await scene.read(fields, try document(system(known)), "SELECT geometry FROM raw.rows")
        #expect(read.rows == [#"{"geometry":"POINT (50 60)"}"#])
      }
      for recordsByteCount in [Int64(1), 4 << 20] {
        let path = try document(system("urn:ogc:def:crs:EPSG::32617"))
        let message = await FormatScene.unreadable {
          _ = try await scene.read(fields, path, "SELECT * FROM raw.rows", recordsByteCount: recordsByteCount)
        }
        #expect(message.contains("said to be in 'urn:ogc:def:crs:EPSG::32617'"), "\(message)")
      }
      let declared = try await scene.read(
        fields + ", geometry: {crs: \"EPSG:32617\"}", try document(system("EPSG:32617")),
        "SELECT geometry FROM raw.rows")
      #expect(declared.rows.first?.contains("POINT (50 60)") == false)
      for flag in [#""exceededTransferLimit":true,"#, #""properties":{"exceededTransferLimit":true},"#] {
        let path = try document(flag)
        let message = await FormatScene.unreadable { _ = try await scene.read(fields, path, "SELECT * FROM raw.rows") }
        #expect(message.contains("more features than it sent"), "\(message)")
      }
    }
  }
}
