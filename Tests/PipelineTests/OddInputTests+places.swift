/// What stands in the place of a record of JSON, or on the way to the records, and is none: refused by its place, wherever the
/// records come from.
extension OddInputTests {
  private static let misplaced: [(found: String, text: String)] = [
    ("null", "null"), ("a list", #"["y","2"]"#), ("an object", #"{"a":"y"}"#), ("a text", #""quota exceeded""#),
    ("a number", "-1.5"), ("true", "true"), ("NaN", "NaN"),
  ]

  /// A document's beginning up to its second record, and its end; `found` is a record there.
  private static let frames: [(name: String, fields: String, beginning: String, end: String, record: String)] = [
    ("a list", "format: json, columns: [a, b]", "[{\"a\":\"x\"},\n", "]", "a record, which is an object"),
    ("a list, undeclared", "format: json", "[{\"a\":\"x\"},\n", "]", "a record, which is an object"),
    (
      "a list at a path", "format: json, json_path: d.l, columns: [a, b]", "{\"d\":{\"l\":[{\"a\":\"x\"},\n", "]}}",
      "a record, which is an object"
    ),
    (
      "a list in a list", #"format: json, json_path: "p[*].l[*]", columns: [a, b]"#, "{\"p\":[{\"l\":[{\"a\":\"x\"},\n",
      "]}]}", "a record, which is an object"
    ),
    (
      "members of a list", #"format: json, json_path: "f[*].a", columns: [a, b]"#, "{\"f\":[{\"a\":{}},{\"a\":\n",
      "}]}",
      "a record, which is an object"
    ),
    ("lines", "format: ndjson, columns: [a, b]", "{\"a\":\"x\"}\n", "\n", "a record, which is an object"),
    (
      "a table", "format: json_table, columns: [a, b]", "[[\"a\",\"b\"],\n", "]", "a row, which is a list of values"
    ),
    (
      "features", "format: geojson, columns: [a, b]",
      "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":null,\"properties\":null},\n",
      "]}", "a feature, which is an object"
    ),
    (
      "properties", "format: geojson, columns: [a, b]",
      "{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"geometry\":null,\"properties\":\n", "}]}",
      "a feature's properties, which are an object"
    ),
  ]

  static let places: [Input] = recordPlaces + linesOfFeatures + atOtherPaths + ways

  private static let recordPlaces: [Input] = frames.flatMap { frame -> [Input] in
    misplaced.filter { !isDue($0.found, frame.name) }.map { found, text -> Input in
      let shown = found.contains(" ") ? ": \(text)" : ""
      let told = "line 2, character 1: found \(found), expected \(frame.record)\(shown)"
      return Input(
        "\(found) in the place of a record: \(frame.name)", frame.fields, frame.beginning + text + frame.end,
        .refused([told]))
    }
  }

  private static func isDue(_ found: String, _ frame: String) -> Bool {
    switch frame {
    case "a table": found == "a list"
    case "properties": found == "an object" || found == "null"
    default: found == "an object"
    }
  }

  private static let linesOfFeatures: [Input] = misplaced.filter { $0.found != "an object" }.flatMap {
    found, text -> [Input] in
    let name = "\(found) in the place of a record: lines of features"
    let feature = #"{"type":"Feature","geometry":null,"properties":{"a":"x","b":"1"}}"#
    let fields = "format: geojson_lines, columns: [a, {name: b, in_file: rejected_line}]"
    let rows = ["x|", "|\(text)"]
    return [
      Input(
        name, "format: geojson_lines, columns: [a, b]", "\(feature)\n\(text)\n",
        .refused(["this is no feature: \(text)", "line 2"])),
      Input(name + " beside others", fields, "\(feature)\n\(text)\n", .rows(rows)),
    ]
  }

  private static let atOtherPaths: [Input] = misplaced.filter { $0.found != "an object" && $0.found != "NaN" }.map {
    found, text -> Input in
    Input(
      "\(found) in the place of a record: at a path of DuckDB's own",
      #"format: json, json_path: "d[0].l", columns: [a, b]"#, "{\"d\":[{\"l\":[{\"a\":\"x\"},\(text)]}]}",
      .refused(["this is no record, which is an object: \(text)"]))
  }

  private static let atPath = "format: json, json_path: d.l, columns: [a, b]"
  private static let ofLists = #"format: json, json_path: "p[*].l[*]", columns: [a, b]"#
  private static let ofMembers = #"format: json, json_path: "f[*].a", columns: [a, b]"#

  private static let ways: [Input] = [
    Input(
      "an object where the list is due", atPath, "{\"d\":\n {\"l\":{\"a\":\"x\"}}}",
      .refused(["line 2, character 7: found an object, expected the list at d.l: {\"a\":\"x\"}", "json_path"])),
    Input(
      "null where the list is due", atPath, #"{"d":{"l":null}}"#, .refused(["found null, expected the list at d.l"])),
    Input(
      "a list on the way", atPath, #"{"d":[{"l":[]}]}"#,
      .refused(["character 6: found a list, expected an object with 'l'"])),
    Input("null on the way", atPath, #"{"d":null}"#, .refused(["found null, expected an object with 'l'"])),
    Input(
      "an error in the place of all", atPath, #"{"error":"quota exceeded"}"#,
      .refused([#"an object has no 'd', which leads to the records: {"error":"quota exceeded"}"#])),
    Input(
      "an error in the place of all members", ofMembers, #"{"error":{"code":499,"message":"Token Required"}}"#,
      .refused(["has no 'f', which leads to the records", "Token Required"])),
    Input(
      "an element without its record", ofMembers, "{\"f\":[{\"a\":{\"a\":\"x\"}},\n{\"geometry\":1}]}",
      .refused(["line 2, character 1: an object has no 'a', which is a record: {\"geometry\":1}"])),
    Input(
      "a number where an element is due", ofMembers, #"{"f":[5]}"#,
      .refused(["found a number, expected an object with 'a'"])),
    Input("an empty list of elements", ofMembers, #"{"f":[]}"#, .rows([])),
    Input("a path's name in other letters", atPath, #"{"D":{"l":[{"a":"x"}]}}"#, .refused(["has no 'd'"])),
    Input(
      "lists within a list, of which some have no records", ofLists,
      #"{"p":[{"l":[{"a":"x","b":"1"}]},{"l":[]},{"l":null},{"none":1},null,{"l":[{"a":"y"}]}]}"#, .rows(["x|1", "y|"])),
    Input(
      "an object alone where a list of one is due", ofLists, #"{"p":[{"l":{"a":"x"}}]}"#,
      .refused(["found an object, expected the list at p[*].l"])),
    Input(
      "an object of lists where a list is due", ofLists, #"{"p":{"l":[{"a":"x"}]}}"#,
      .refused(["found an object, expected the list at p: {"])),
    Input(
      "rows that are objects", "format: json_table, columns: [a, b]", #"[{"a":"x","b":"1"}]"#,
      .refused(["found an object, expected a row", "format: json`"])),
    Input(
      "records that are lists", "format: json, columns: [a, b]", #"[["a","b"],["x","1"]]"#,
      .refused(["found a list, expected a record", "format: json_table`"])),
    Input(
      "a null, and how it is read where it is meant", "format: json, columns: [a, b]", #"[{"a":"x"},null]"#,
      .refused(["format: json_document`"])),
    Input(
      "a null among lines, and how it is read where it is meant", "format: ndjson, columns: [a, b]", "null\n",
      .refused(["format: lines`"])),
  ]
}
