extension OddInputTests {
  private static let table = "format: shapefile, columns: [a, b]"
  private static let drawn = "format: shapefile, columns: [a, {name: b, in_file: geometry}]"
  private static let fields = ["a C 4 0", "b N 6 2"]
  private static let rows: [(text: String, point: (Double, Double)?)] = [
    ("x|12.50", (-83, 40)), ("y|1.00", (-82, 41)),
  ]

  private static func zipped(_ files: [String: [UInt8]], _ name: String = "s") -> [UInt8] {
    OddFile.archive(files.sorted { $0.key < $1.key }.map { ("\(name).\($0)", $1) })
  }

  private static func shapefile(
    _ fields: [String] = fields, _ rows: [(text: String, point: (Double, Double)?)] = rows,
    _ spoil: (inout [String: [UInt8]]) -> Void = { _ in }
  ) -> [UInt8] {
    var files = OddFile.shapefile(fields, rows)
    spoil(&files)
    return zipped(files)
  }

  static let shapefiles: [Input] = [
    Input("a shapefile", table, shapefile(), .rows(["x|12.50", "y|1.00"])),
    Input("its shapes", drawn, shapefile(), .rows(["x|POINT (-83 40)", "y|POINT (-82 41)"])),
    // Attributes.
    Input(
      "a number that is no number", table, shapefile(fields, [("x|1a.2", (-83, 40))]),
      .refused(["record 1, column b: '1a.2' is no number"])),
    Input(
      "a number that went over its width", table, shapefile(fields, [("x|******", (-83, 40))]), .rows(["x|"])),
    Input(
      "a number with a comma", table, shapefile(fields, [("x|12,50", (-83, 40))]), .refused(["record 1, column b"])),
    Input("no number", table, shapefile(fields, [("x|", (-83, 40))]), .rows(["x|"])),
    Input(
      "a number of more digits than a double has", table,
      shapefile(["a C 4 0", "b N 20 0"], [("x|12345678901234567891", (-83, 40))]), .rows(["x|12345678901234567891"])),
    Input(
      "a fraction of more digits than a double has", table,
      shapefile(["a C 4 0", "b N 20 3"], [("x|1234567890123456.789", (-83, 40))]), .rows(["x|1234567890123456.789"])),
    Input(
      "a floating number as Esri writes it", table,
      shapefile(["a C 4 0", "b F 19 11"], [("x|1.25000000000e+002", (-83, 40))]), .rows(["x|125"])),
    Input(
      "dates", table, shapefile(["a C 4 0", "b D 8 0"], [("x|20210610", (-83, 40)), ("y|", (-83, 40))]),
      .rows(["x|2021-06-10", "y|"])),
    Input(
      "a date that there is not", table, shapefile(["a C 4 0", "b D 8 0"], [("x|20210631", (-83, 40))]),
      .refused(["record 1, column b", "20210631"])),
    Input(
      "truths", table,
      shapefile(["a C 4 0", "b L 1 0"], [("x|T", (-83, 40)), ("y|?", (-83, 40)), ("z|n", (-83, 40))]),
      .rows(["x|true", "y|", "z|false"])),
    Input(
      "a truth that is none", table, shapefile(["a C 4 0", "b L 1 0"], [("x|3", (-83, 40))]),
      .refused(["record 1, column b", "'3'"])),
    Input(
      "a text that is kept elsewhere", table, shapefile(["a C 4 0", "b M 10 0"], [("x|1", (-83, 40))]),
      .refused(["column b", ".dbt"])),
    Input(
      "names that were cut to the same ten letters", "format: shapefile, columns: [a, {name: b, in_file: POPULATION}]",
      shapefile(["a C 4 0", "POPULATION N 4 0", "POPULATION N 4 0"], [("x|1|2", (-83, 40))]),
      .refused(["column 'POPULATION' at place 2 and place 3"])),
    Input(
      "a record that was deleted", drawn, shapefile(fields, [("*x|12.50", (-83, 40)), ("y|1.00", (-82, 41))]),
      .rows(["y|POINT (-82 41)"])),
    Input(
      "letters of Windows without a .cpg", table,
      shapefile(fields, [("x|12.50", (-83, 40))]) { files in
        files["dbf"]?[99] = 0xE9
      }, .refused(["record 1, column a", "encoding: iso-8859-1"])),
    Input(
      "letters of UTF-8 where the .cpg says Windows", table,
      shapefile(fields, [("é|1.50", (-83, 40))]) { files in
        files["cpg"] = Array("1252".utf8)
      }, .refused(["record 1, column a", "is UTF-8, and the .cpg says cp1252"])),
    Input(
      "an encoding that nobody knows", table,
      shapefile(fields, [("é|1.50", (-83, 40))]) { files in
        files["cpg"] = Array("klingon".utf8)
      }, .refused(["klingon"])),
    // Records and shapes.
    Input(
      "no shape", drawn, shapefile(fields, [("x|12.50", nil), ("y|1.00", (-82, 41))]),
      .rows(["x|", "y|POINT (-82 41)"])),
    Input(
      "more records than shapes", drawn,
      shapefile { files in
        files["dbf"] = OddFile.shapefile(fields, rows + [("z|2.00", nil)])["dbf"]
      }, .refused(["3 records", "2 shapes"])),
    Input(
      "more shapes than records", drawn,
      shapefile { files in
        files["dbf"] = OddFile.shapefile(fields, [rows[0]])["dbf"]
      }, .refused(["1 record", "2 shapes"])),
    Input(
      "a table that was cut", table, shapefile { files in files["dbf"]?.removeLast(6) },
      .refused([".dbf", "2 records", "ends"])),
    Input(
      "records of another length", table, shapefile { files in files["dbf"]?[10] += 1 }, .refused([".dbf"])),
    Input(
      "a table without its header", table, shapefile { files in files["dbf"] = [3, 126] }, .refused([".dbf"])),
    Input("no table", drawn, shapefile { files in files["dbf"] = nil }, .refused([".dbf"])),
    Input("no index", drawn, shapefile { files in files["shx"] = nil }, .refused([".shx"])),
    Input(
      "an index of another file", drawn,
      shapefile { files in
        files["shx"] = OddFile.shapefile(fields, [("", nil), ("", nil)])["shx"]
      }, .refused([".shx", "shape 1"])),
    Input(
      "an index in another order", drawn,
      shapefile { files in
        let index = files["shx"] ?? []
        files["shx"] = Array(index[..<100] + index[108...] + index[100..<108])
      }, .refused([".shx", "shape 1"])),
    Input(
      "shapes that were cut", drawn, shapefile { files in files["shp"]?.removeLast(10) }, .refused([".shp", "ends"])),
    Input(
      "a shape of another kind", drawn, shapefile { files in files["shp"]?[108] = 3 }, .refused([".shp", "shape 1"])),
    Input(
      "endings in capitals", table,
      OddFile.archive(
        OddFile.shapefile(fields, rows).sorted { $0.key < $1.key }.map { ("d/S.\($0.key.uppercased())", $0.value) }),
      .rows(["x|12.50", "y|1.00"])),
    Input(
      "two shapefiles", drawn,
      OddFile.archive(
        ["s", "t"].flatMap { name in
          OddFile.shapefile(fields, rows).sorted { $0.key < $1.key }.map { ("\(name).\($0.key)", $0.value) }
        }), .refused(["2 shapefiles", "s.shp, t.shp", "member:"])),
    // Reference systems.
    Input(
      "no reference system", drawn, shapefile { $0["prj"] = nil }, .rows(["x|POINT (-83 40)", "y|POINT (-82 41)"])),
    Input(
      "an empty one", drawn, shapefile { $0["prj"] = Array(" \n".utf8) },
      .rows(["x|POINT (-83 40)", "y|POINT (-82 41)"])),
    Input(
      "one that nobody knows", drawn, shapefile { $0["prj"] = Array("county grid".utf8) },
      .refused([".prj", "county grid", "geometry: {crs:"])),
    Input(
      "a local one", drawn,
      shapefile {
        $0["prj"] = Array(
          #"LOCAL_CS["site",LOCAL_DATUM["site",32767],UNIT["metre",1],AXIS["x",EAST],AXIS["y",NORTH]]"#.utf8)
      }, .refused([".prj", "geometry: {crs:"])),
    Input(
      "one that nobody knows, stated", drawn + ", geometry: {crs: \"EPSG:4326\"}",
      shapefile { $0["prj"] = Array("county grid".utf8) }, .rows(["x|POINT (-83 40)", "y|POINT (-82 41)"])),
    Input(
      "metres without one", drawn,
      shapefile(fields, [("x|12.50", (500_000, 4_400_000))]) { $0["prj"] = nil },
      .refused(["coordinates that are no degrees"])),
  ]
}
