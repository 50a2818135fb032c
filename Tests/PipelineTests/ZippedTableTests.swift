import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// A large table is read out of its zip as a stream, however the zip was made; what it is not plain enough for is taken out.
@Suite("Tables in zips")
struct ZippedTableTests {
  private static let table = "a,b\n" + (0..<5_000).map { "\"00\($0)\",\($0 % 7)\n" }.joined()

  /// Python that writes `table.csv` into zip `p`.
  private static let makers: [(name: String, isFolded: Bool, code: String)] = [
    ("deflated", true, "z=Z(p,'w',D); z.writestr('t.csv',t); z.close()"),
    (
      "beside others", true,
      "z=Z(p,'w',D); z.writestr('readme.txt','x'*99); z.writestr('d/t.csv',t); z.writestr('z.txt','y'); z.close()"
    ),
    (
      "with a comment", true,
      "z=Z(p,'w',D); z.writestr('t.csv',t); z.comment=b'PK is what a zip begins with'; z.close()"
    ),
    // Sizes come after the data, as from a program that writes to a pipe.
    (
      "streamed", true,
      "o=io.BytesIO()\nclass W:\n  def write(s,b): return o.write(b)\n  def flush(s): pass\nz=Z(W(),'w',D); z.writestr('t.csv',t); z.close(); open(p,'wb').write(o.getvalue())"
    ),
    ("stored", false, "z=Z(p,'w'); z.writestr('t.csv',t); z.close()"),
    ("bzip2", false, "z=Z(p,'w',zipfile.ZIP_BZIP2); z.writestr('t.csv',t); z.close()"),
    ("zip64", true, "z=Z(p,'w',D)\nwith z.open('t.csv','w',force_zip64=True) as f: f.write(t.encode())\nz.close()"),
  ]

  private func zip(_ code: String, _ scene: FormatScene) async throws -> String {
    let path = try scene.file("table.zip", [])
    let table = try scene.file("table.txt", Array(Self.table.utf8))
    let result = try await Program.run(
      "python3",
      [
        "-c",
        "import zipfile,io,sys\np=sys.argv[1]; t=open(sys.argv[2]).read(); Z=zipfile.ZipFile; D=zipfile.ZIP_DEFLATED\n"
          + code, path, table,
      ])
    try #require(result.exitCode == 0, "\(result)")
    return path
  }

  private func folded(below folder: String) -> Bool {
    (try? FileManager.default.subpathsOfDirectory(atPath: folder))?.contains { $0.hasSuffix(".csv.gz") } ?? false
  }

  @Test func everyMakersZipIsReadWhole() async throws {
    for maker in Self.makers {
      try await FormatScene.open { scene in
        let path = try await zip(maker.code, scene)
        let rows = try await scene.read(
          #"format: csv, member: "*.csv", columns: [a, {name: b, type: integer}]"#, path,
          "SELECT count(*) AS n, sum(CAST(b AS INT))::INT AS s, max(a) AS m FROM raw.rows", foldedByteCount: 1000
        ).rows
        #expect(rows == [#"{"n":5000,"s":14995,"m":"00999"}"#], "\(maker.name)")
        #expect(folded(below: scene.folder) == maker.isFolded, "\(maker.name)")
      }
    }
  }

  @Test func whatIsWrongInItIsToldByItsLine() async throws {
    try await FormatScene.open { scene in
      let path = try await zip("z=Z(p,'w',D); z.writestr('t.csv',t+'1,2,3\\n'); z.close()", scene)
      do {
        _ = try await scene.read(
          #"format: csv, member: "*.csv", columns: [a, b]"#, path, "SELECT 1", foldedByteCount: 1000)
        Issue.record("it was read")
      } catch let error as FetchError {
        #expect(error.summary.contains("line 5002") && error.summary.contains("3"), "\(error)")
      }
    }
  }

  /// Of a nation's year the table is ten times its zip: what an attempt holds is bounded by what it fetched.
  @Test func severalLargeTablesTakeNoMoreRoomThanTheirZips() async throws {
    try await FormatScene.open { scene in
      let request = try scene.request(#"format: csv, member: "*.csv", columns: [a, b]"#)
      var zips = 0
      var inputs: [FetchedInput] = []
      for number in 1...5 {
        let path = "\(scene.folder)/\(number).zip"
        try await FormatScene.zip("z.writestr('\(number).csv', 'a,b\\n' + '17031,\(number)\\n' * 200000)", path)
        zips += Self.byteCount(path)
        inputs.append(
          FetchedInput(
            requestName: "rows", sourceID: "test_files", url: "/\(number)", status: 200, fetchedAt: Date(), sha256: "",
            byteCount: 0, cacheHit: false, path: path))
      }
      let folder = scene.folder + "/prepared"
      var preparation = InputPreparation(folder: folder, year: 2020, foldedByteCount: 1_000_000)
      let prepared = try await preparation.prepare(inputs, for: [request])
      #expect(prepared.count == 5)
      let files = try FileManager.default.subpathsOfDirectory(atPath: folder)
      let held = files.reduce(0) { $0 + Self.byteCount(folder + "/" + $1) }
      // Beside the bytes themselves, a header of gzip each; as tables they were 8 MB.
      #expect(held > 0 && held <= zips + 5 * 1024, "\(held) bytes of \(zips) in \(files)")
    }
  }

  /// Of a file; a folder has none.
  private static func byteCount(_ path: String) -> Int { FileManager.default.contents(atPath: path)?.count ?? 0 }
}
