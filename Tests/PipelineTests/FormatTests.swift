import Catalog
import Engine
import Fetch
import FoundationEssentials
import Quality
import TestSupport
import Testing

/// Documents as sources write them, from their bytes to text columns.
@Suite("Input formats")
struct FormatTests {
  @Test("all members of a zip that fit the glob are read as one")
  func zipMembers() async throws {
    try await FormatScene.open { scene in
      let path = scene.folder + "/a.zip"
      try await FormatScene.zip(
        "z.writestr('readme.txt','x'); z.writestr('y/a.csv','id,v\\n01,x\\n'); z.writestr('y/b.CSV','v,id\\ny,02\\n')",
        path)
      let read = try await scene.read(
        #"format: csv, member: "*.csv", columns: [id, v]"#, path, "SELECT id, v FROM raw.rows ORDER BY id")
      #expect(read.rows == [#"{"id":"01","v":"x"}"#, #"{"id":"02","v":"y"}"#])
      let missing = await FormatScene.unreadable {
        _ = try await scene.read(#"format: csv, member: "*.tsv", columns: [id]"#, path, "SELECT 1")
      }
      #expect(missing.contains("the archive has no '*.tsv', but readme.txt, y/a.csv, y/b.CSV"))
    }
  }

  @Test("GeoJSON: properties are text, a null geometry and a collection of geometries survive")
  func geojson() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file(
        "a.geojson",
        #"""
        {"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"GEOID":"01","Shape.STArea()":1.5},"geometry":null},
        {"type":"Feature","properties":{"GEOID":"02","new":true},"geometry":{"type":"GeometryCollection",
          "geometries":[{"type":"Point","coordinates":[-80.1,40.25]}]}},
        {"type":"Feature","properties":null,"geometry":{"type":"Point","coordinates":[1,2]}}]}
        """#.utf8)
      let fields = #"format: geojson, columns: [GEOID, {name: area, in_file: "Shape.STArea()"}, geometry]"#
      let read = try await scene.read(fields, path, "SELECT * FROM raw.rows ORDER BY GEOID")
      #expect(
        read.rows == [
          #"{"GEOID":"01","area":"1.5","geometry":null}"#,
          #"{"GEOID":"02","area":null,"geometry":"GEOMETRYCOLLECTION (POINT (-80.1 40.25))"}"#,
          #"{"GEOID":null,"area":null,"geometry":"POINT (1 2)"}"#,
        ])
      #expect(read.drift.filter { $0.kind == .extra }.map(\.column) == ["new"])
      #expect(read.drift.filter(\.isFailure) == [])
      let other = try await scene.read(
        "format: geojson, columns: [GEO_ID, geometry]", path, "SELECT count(*) AS n FROM raw.rows")
      #expect(other.drift.filter(\.isFailure).map(\.column) == ["GEO_ID"])
    }
  }

  @Test(
    "a feature a line: with the frame of a collection, and what cannot be read goes to a column, or stops the partition"
  )
  func geojsonLines() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file(
        "a.geojsonl",
        #"""
        {"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"height":-1.0},"geometry":{"type":"Point","coordinates":[1,2]}},
        {"type":"Feature","properties":{"height":3},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1]]]}},
        {"type":"Feature","prop
        ]}
        """#.replacing("\n", with: "\r\n").utf8)
      let read = try await scene.read(
        "format: geojson_lines, columns: [height, geometry, rejected_line]", path,
        "SELECT height, geometry, left(rejected_line, 23) AS bad FROM raw.rows")
      #expect(
        read.rows == [
          #"{"height":"-1.0","geometry":"POINT (1 2)","bad":null}"#,
          #"{"height":"3","geometry":null,"bad":"{\"type\":\"Feature\",\"prop"}"#,
          #"{"height":null,"geometry":null,"bad":"{\"type\":\"Feature\",\"prop"}"#,
        ])
      await #expect(throws: EngineFailure.self) {
        try await scene.read("format: geojson_lines, columns: [height, geometry]", path, "SELECT * FROM raw.rows")
      }
    }
  }

  @Test("feeds: items of an encoding of its own, without guid, are rows")
  func feed() async throws {
    try await FormatScene.open { scene in
      let rss =
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><rss version=\"2.0\"><channel><title>News</title>"
        + "<item><title>Caf\u{E9} opens</title><pubDate>Wed, 10 Jun 2026 09:45 GMT</pubDate></item></channel></rss>"
      let path = try scene.file("a.xml", rss.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
      let read = try await scene.read(
        "format: feed, columns: [title, guid, published, source]", path, "SELECT * FROM raw.rows")
      #expect(
        read.rows == [
          #"{"title":"Café opens","guid":null,"published":"Wed, 10 Jun 2026 09:45 GMT","source":"News"}"#
        ])
      #expect(read.drift.filter(\.isFailure) == [])
      let none = try scene.file("b.xml", "<rss><channel><title>N</title></channel></rss>".utf8)
      let empty = try await scene.read("format: feed, columns: [title]", none, "SELECT * FROM raw.rows")
      #expect(empty.rows == [])
      let page = try scene.file("c.xml", "<html><body/></html>".utf8)
      let message = await FormatScene.unreadable {
        _ = try await scene.read("format: feed, columns: [title]", page, "SELECT 1")
      }
      #expect(message.contains("neither RSS nor Atom, but 'html'"))
    }
  }

  @Test("two header rows with repeated names, padding and a blank line, as the permits survey has them")
  func twoHeaderRows() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file(
        "a.txt",
        """
        \u{FEFF}Survey,FIPS,FIPS,County,,1-unit,,\r
        Date,State,County,Name,Bldgs,Units, Bldgs ,Bldgs,\r
         \r
        2019,01,001,Autauga County    ,242,242,1,2,\r

        """.utf8)
      let read = try await scene.read(
        #"""
        format: csv, header_rows: 2, columns: [{name: state, in_file: FIPS State}, {name: county, in_file: FIPS County},
        {name: units, in_file: 1-unit Units}, {name: again, in_file: Bldgs_1}]
        """#, path, "SELECT * FROM raw.rows")
      #expect(read.rows == [#"{"state":"01","county":"001","units":"242","again":"1"}"#])
      #expect(read.drift.filter(\.isFailure) == [])
    }
  }

  @Test("a plain header whose names repeat or are padded: numbered and trimmed, and compared so")
  func repeatedNames() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file("a.csv", "GEO_ID , Name,FIPS,FIPS\r\n1,x,01,001\r\n".utf8)
      let read = try await scene.read(
        "format: csv, columns: [GEO_ID, Name, FIPS, {name: county, in_file: FIPS_1}]", path, "SELECT * FROM raw.rows")
      #expect(read.rows == [#"{"GEO_ID":"1","Name":"x","FIPS":"01","county":"001"}"#])
      #expect(read.drift == [])
    }
  }

  @Test("a space before quotes, notes at the end, and empty fields that are quoted or not")
  func quotesAndFooter() async throws {
    try await FormatScene.open { scene in
      let text = #"""
        GeoFIPS,GeoName,Region,1969
         "00000","United ""States"" ", ,791
         "01001","Autauga,
         AL",,""
        "Note: See the footnotes."
        "Last updated: November 16, 2022"
        """#
      let path = try scene.file("a.csv", text.utf8)
      let read = try await scene.read(
        "format: csv, footer: true, columns: [GeoFIPS, GeoName, Region, '1969']", path, "SELECT * FROM raw.rows")
      #expect(
        read.rows == [
          #"{"GeoFIPS":"00000","GeoName":"United \"States\" ","Region":" ","1969":"791"}"#,
          #"{"GeoFIPS":"01001","GeoName":"Autauga,\n AL","Region":null,"1969":null}"#,
        ])
      // Between rows, a short one is no note: it may be a row that was cut.
      let cut = try scene.file("b.csv", "a,b\n1\n2,3\n".utf8)
      let message = await FormatScene.unreadable {
        _ = try await scene.read("format: csv, footer: true, columns: [a]", cut, "SELECT 1")
      }
      #expect(message.contains("line 2 has 1 column, and begins with '1', where the header has 2"))
    }
  }

  @Test("skipped lines, another delimiter, another encoding, gzip")
  func encodedAndSkipped() async throws {
    try await FormatScene.open { scene in
      let plain = try scene.file("a.txt", Array("# made\nname|n\n".utf8) + [0x43, 0xE9, 0x93] + Array("|1\n".utf8))
      let result = try await Program.run("gzip", ["-k", plain])
      try #require(result.exitCode == 0)
      for path in [plain, plain + ".gz"] {
        let read = try await scene.read(
          #"format: csv, skip_lines: 1, delimiter: "|", encoding: windows-1252, columns: [name, n]"#, path,
          "SELECT * FROM raw.rows")
        #expect(read.rows == [#"{"name":"Cé“","n":"1"}"#])
      }
      let message = await FormatScene.unreadable {
        _ = try await scene.read("format: csv, skip_lines: 1, encoding: ascii, columns: [name]", plain, "SELECT 1")
      }
      #expect(message.contains("byte 15 is not ascii"))
      let unknown = await FormatScene.unreadable {
        _ = try await scene.read("format: csv, encoding: klingon, columns: [name]", plain, "SELECT 1")
      }
      #expect(unknown.contains("there is no encoding 'klingon'"))
    }
  }

  @Test("what is being prepared ends with the task that waits for it")
  func cancelled() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file("a.csv", "# made\na,b\n1,2\n".utf8)
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        _ = try await scene.read("format: csv, skip_lines: 1, columns: [a]", path, "SELECT 1")
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test("no header: the declared names, and rows that end early where that is said")
  func noHeader() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file(
        "a.csv", "\"3\",\"3 Gramercy Park\",\"Match\",\"Exact\"\n\"2\",\"79 Wistful Vista\",\"No_Match\"\n".utf8)
      let read = try await scene.read(
        "format: csv, has_header: false, ragged: true, columns: [id, address, result, match]", path,
        "SELECT * FROM raw.rows")
      #expect(
        read.rows == [
          #"{"id":"3","address":"3 Gramercy Park","result":"Match","match":"Exact"}"#,
          #"{"id":"2","address":"79 Wistful Vista","result":"No_Match","match":null}"#,
        ])
      let message = await FormatScene.unreadable {
        _ = try await scene.read(
          "format: csv, has_header: false, columns: [id, address, result, match]", path, "SELECT 1")
      }
      #expect(message.contains("line 2 has 3 columns, and begins with '2', where the header has 4"))
    }
  }

  @Test("fixed width: columns by their places; lines that became shorter have lost a column")
  func fixedWidth() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file(
        "a.txt", "Title\n\nCN01  001  Autauga, AL   25,838\nCN72  001  Adjuntas, PR    N.A.\n".utf8)
      let fields = """
        format: fixed_width, skip_lines: 1, columns: [{name: state, at: [3, 4]}, {name: name, at: [12, 24]},
        {name: force, at: [25, 32]}]
        """
      let read = try await scene.read(fields, path, "SELECT * FROM raw.rows")
      #expect(
        read.rows == [
          #"{"state":"01","name":"Autauga, AL","force":"25,838"}"#,
          #"{"state":"72","name":"Adjuntas, PR","force":"N.A."}"#,
        ])
      #expect(read.drift.filter(\.isFailure) == [])
      let tabbed = try scene.file("c.txt", "Title\nCN01  001\tAutauga, AL   25,838\n".utf8)
      await #expect(throws: EngineFailure.self) { try await scene.read(fields, tabbed, "SELECT * FROM raw.rows") }
      let short = try scene.file("b.txt", "Title\nCN01  001  Autauga\n".utf8)
      let drift = try await scene.read(fields, short, "SELECT 1").drift
      #expect(drift.filter(\.isFailure).map(\.column) == ["force"])
    }
  }

  @Test("JSON: the array at a path, and objects within objects")
  func jsonPath() async throws {
    try await FormatScene.open { scene in
      let path = try scene.file(
        "a.json",
        #"{"data":{"items":[{"id":"007","a b":1.0},{"id":"8","list":[1]}]}, "features":[{"attributes":{"G":"1"}}]}"#
          .utf8)
      let read = try await scene.read(
        #"format: json, json_path: data.items, columns: [id, {name: ab, in_file: "a b"}, list]"#, path,
        "SELECT * FROM raw.rows")
      #expect(read.rows == [#"{"id":"007","ab":"1.0","list":null}"#, #"{"id":"8","ab":null,"list":"[1]"}"#])
      #expect(read.drift.filter(\.isFailure) == [])
      let nested = try await scene.read(
        #"format: json, json_path: "features[*].attributes", columns: [G]"#, path, "SELECT * FROM raw.rows")
      #expect(nested.rows == [#"{"G":"1"}"#])
      let message = await FormatScene.unreadable {
        _ = try await scene.read("format: json, json_path: data.rows, columns: [id]", path, "SELECT * FROM raw.rows")
      }
      #expect(message.contains("character 9: an object has no 'rows', which leads to the records"), "\(message)")
    }
  }

  @Test("xlsx: a sheet by its name, behind one that is to be read by people")
  func workbook() async throws {
    try await FormatScene.open { scene in
      let path = scene.folder + "/a.xlsx"
      let result = try await Program.run(
        "python3",
        [
          PackageRoot.path + "/Tests/Tools/workbook.py", path, "READ ME", "About|", "Counties",
          "GEOID|NAME |RISK_TO_HOMES", "06001|Alameda|0.125", "|a note|", "06003|Alpine|1",
        ])
      try #require(result.exitCode == 0, "\(result)")
      let read = try await scene.read(
        "format: xlsx, sheet: Counties, columns: [GEOID, {name: NAME, type: text}, RISK_TO_HOMES]", path,
        "SELECT GEOID, RISK_TO_HOMES AS risk FROM raw.rows WHERE GEOID <> ''")
      #expect(read.rows == [#"{"GEOID":"06001","risk":"0.125"}"#, #"{"GEOID":"06003","risk":"1"}"#])
      #expect(read.drift.filter(\.isFailure) == [])
    }
  }

  @Test("xlsx: a formula is read by its value; one without it, and a sheet that is cut, are refused by name")
  func formulas() async throws {
    try await FormatScene.open { scene in
      func workbook(_ name: String, _ cells: String...) async throws -> String {
        let path = scene.folder + "/" + name
        let result = try await Program.run(
          "python3", [PackageRoot.path + "/Tests/Tools/workbook.py", path, "ABOUT", "=NOW()|", "Counties"] + cells)
        try #require(result.exitCode == 0, "\(result)")
        return path
      }
      let fields = "format: xlsx, sheet: Counties, columns: [GEOID, RISK]"
      let query = "SELECT GEOID, RISK AS risk FROM raw.rows"
      let whole = try await workbook("a.xlsx", "GEOID|RISK", "06001|=1/8->0.125", "06003|1")
      #expect(
        try await scene.read(fields, whole, query).rows
          == [#"{"GEOID":"06001","risk":"0.125"}"#, #"{"GEOID":"06003","risk":"1"}"#])
      let bare = try await workbook("b.xlsx", "GEOID|RISK", "06001|0.5", "06003|=1/8")
      let refusal = await FormatScene.unreadable { _ = try await scene.read(fields, bare, query) }
      #expect(refusal.contains("sheet 'Counties': cell B3 has the formula '=1/8' and not its value"), "\(refusal)")
      let cut = scene.folder + "/c.xlsx"
      try await FormatScene.zip(
        """
        for i in zipfile.ZipFile('\(whole)').infolist():
          b=zipfile.ZipFile('\(whole)').read(i)
          z.writestr(i, b[:-40] if 'sheet2' in i.filename else b)
        """, cut)
      let damage = await FormatScene.unreadable { _ = try await scene.read(fields, cut, query) }
      #expect(damage.contains("sheet 'Counties' is damaged: it is not well-formed XML"), "\(damage)")
    }
  }

  @Test(
    "an option that a format has no use for, and a column that it cannot have, are refused when the definition is read",
    arguments: [
      ("format: json, header_rows: 2, columns: [a]", "format json has no header_rows; it is for csv, tsv"),
      ("format: fixed_width, columns: [a]", "request 'rows': column 'a' needs its place in a line: at: [1, 5]"),
      (
        "format: fixed_width, columns: [{name: a, at: [5, 1]}]", "expected the first and the last character in the line"
      ),
      ("format: feed, columns: [headline]", "request 'rows': a feed has no 'headline'"),
      ("format: csv, has_header: false", "request 'rows' names no columns by itself"),
      ("format: csv, ragged: true, columns: [a]", "rows can be ragged only without a header"),
      ("format: json, final_newline: false, columns: [a]", "format json has no final_newline; it is for csv, tsv"),
      ("format: csv, member: ../a.csv, columns: [a]", "a member is named from the archive's top"),
    ])
  func refusedOption(_ fields: String, _ message: String) {
    let errors = FormatScene.reading(fields).errors.map(\.message)
    #expect(errors.contains { $0.contains(message) }, "\(errors)")
  }
}

/// The same on the files of real sources; what is expected is computed by Python from the files themselves.
@Suite("Input formats of real files", .enabled(if: SharedData.isPresent, "the shared data is not beside this clone"))
struct RealFormatTests {
  private func python(_ script: String) async throws -> String {
    let shared = try #require(SharedData.directory)
    let result = try await Program.run("python3", ["-c", script], directory: shared)
    #expect(result.exitCode == 0, "\(result)")
    return result.output.filter { !$0.isNewline }
  }

  @Test("OpenAddresses: CSV and GeoJSON in zips, shapefiles by their own projections")
  func openAddresses() async throws {
    let shared = try #require(SharedData.directory) + "/openaddresses/machine"
    try await FormatScene.open { scene in
      // A value here is a quote that was not doubled: nobody can know where it ends.
      await #expect(throws: FetchError.self) {
        try await scene.read(
          #"format: csv, member: "*.csv", columns: [address_id, X, Y]"#, shared + "/us-or-portland.zip", "FROM raw.rows"
        )
      }
      let traverse = try await scene.read(
        #"format: geojson, member: "*.geojson", columns: [ADDNUMB, geometry]"#,
        shared + "/us-mi-grand-traverse.geojson.zip",
        "SELECT count(*) AS n, count(geometry) AS shapes, max(ADDNUMB) AS last FROM raw.rows")
      let features = try await python(
        """
        import zipfile,json
        z=zipfile.ZipFile('openaddresses/machine/us-mi-grand-traverse.geojson.zip')
        f=json.loads(z.read('us-mi-grand-traverse.geojson'))['features']
        print(json.dumps({'n':len(f),'shapes':sum(x['geometry'] is not None for x in f),
          'last':max(x['properties']['ADDNUMB'] for x in f)},separators=(',',':')))
        """)
      #expect(traverse.rows == [features])
      // The count of records of a shapefile: the index file has 100 bytes, and 8 for each.
      for (file, stem) in [("TRU_ADDS-excerpt.zip", "TRU_ADDS"), ("us-ca-berkeley-excerpt.zip", "Parcels")] {
        let read = try await scene.read(
          "format: shapefile, columns: [geometry]", shared + "/" + file,
          "SELECT count(*) AS n, count(geometry) > 0 AS has FROM raw.rows")
        let count = try await python(
          """
          import zipfile
          print((len(zipfile.ZipFile('openaddresses/machine/\(file)').read('\(stem).shx'))-100)//8)
          """)
        #expect(read.rows == [#"{"n":\#(count),"has":true}"#])
      }
    }
  }

  @Test("BEA's file of all areas: a space before the quote, four notes at the end")
  func bea() async throws {
    let shared = try #require(SharedData.directory)
    try await FormatScene.open { scene in
      let read = try await scene.read(
        "format: csv, footer: true, encoding: latin1, columns: [GeoFIPS, LineCode, '2021']",
        shared + "/bea_regional/CAINC1__ALL_AREAS_1969_2021.csv",
        "SELECT count(*) AS n, max(GeoFIPS) AS last, count(*) FILTER ('2021' IS NULL) AS gone FROM raw.rows")
      let expected = try await python(
        """
        import csv,json
        rows=list(csv.reader(open('bea_regional/CAINC1__ALL_AREAS_1969_2021.csv',encoding='latin1'),skipinitialspace=True))
        full=[r for r in rows[1:] if len(r)==len(rows[0])]
        print(json.dumps({'n':len(full),'last':max(r[0] for r in full),'gone':0},separators=(',',':')))
        """)
      #expect(read.rows == [expected])
    }
  }

  @Test("permits of counties, by the two header rows")
  func permits() async throws {
    let shared = try #require(SharedData.directory)
    try await FormatScene.open { scene in
      let read = try await scene.read(
        #"""
        format: csv, header_rows: 2, columns: [{name: state, in_file: FIPS State}, {name: name, in_file: County Name},
        {name: units, in_file: 1-unit Units}]
        """#, shared + "/census_bps/county_annual/co2019a.txt",
        "SELECT count(*) AS n, CAST(sum(CAST(units AS BIGINT)) AS BIGINT) AS units FROM raw.rows")
      let expected = try await python(
        """
        import json
        rows=[l.strip().split(',') for l in open('census_bps/county_annual/co2019a.txt',encoding='latin1')][3:]
        rows=[r for r in rows if len(r)>5]
        print(json.dumps({'n':len(rows),'units':sum(int(r[7]) for r in rows)},separators=(',',':')))
        """)
      #expect(read.rows == [expected])
    }
  }

  @Test("counties of an ArcGIS server: a feature collection of Virginia, DC and Maryland")
  func counties() async throws {
    let shared = try #require(SharedData.directory)
    try await FormatScene.open { scene in
      let read = try await scene.read(
        "format: geojson, columns: [GEOID, geometry]",
        shared + "/county_boundaries/va_dc_md_vintages/county_2019.geojson",
        "SELECT count(*) AS n, min(GEOID) AS first, sum(ST_NPoints(ST_GeomFromText(geometry)))::BIGINT AS points FROM raw.rows"
      )
      let expected = try await python(
        """
        import json
        f=json.load(open('county_boundaries/va_dc_md_vintages/county_2019.geojson'))['features']
        n=lambda c: 1 if not isinstance(c[0],list) else sum(map(n,c))
        print(json.dumps({'n':len(f),'first':min(x['properties']['GEOID'] for x in f),
          'points':sum(n(x['geometry']['coordinates']) for x in f)},separators=(',',':')))
        """)
      #expect(read.rows == [expected])
    }
  }
}
