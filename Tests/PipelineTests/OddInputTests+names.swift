/// Members of JSON that are called nearly as declared: in other letters, or with space about their names.
extension OddInputTests {
  /// Objects one after another, of columns `a` and `b`, each on a line; and of which line what is refused, and how it is called.
  private static let objects: [(name: String, objects: [String], rows: [String], refused: (line: Int, name: String)?)] =
    [
      ("a name in capitals, once", [#"{"a":"x","b":"1"}"#, #"{"A":"y","b":"2"}"#], [], (2, "A")),
      ("a name with a space before it", [#"{"a":"x","b":"1"}"#, #"{" a":"y","b":"2"}"#], [], (2, " a")),
      (
        "a name with a space that does not break", [#"{"a":"x","b":"1"}"#, "{\"a\u{A0}\":\"y\"}"], [], (2, "a\u{A0}")
      ),
      (
        "a name with a byte order mark", [#"{"\ufeffa":"y","b":"2"}"#, #"{"a":"x","b":"1"}"#], [], (1, #"\ufeffa"#)
      ),
      ("a name in both letters", [#"{"a":"x","A":"y","b":"1"}"#], ["x|1"], nil),
      ("nothing, and a name in capitals", [#"{"A":"y","a":null,"b":"1"}"#], ["|1"], nil),
      ("a name in capitals within a value", [#"{"a":"x","b":{"A":1}}"#], [#"x|{"A":1}"#], nil),
      ("a record without it", [#"{"a":"x","b":"1"}"#, #"{"b":"2"}"#], ["x|1", "|2"], nil),
    ]

  /// What an operator reads of it: the line, what is due, what stands there, and what to write.
  private static func right(
    _ rows: [String], _ refused: (line: Int, name: String)?, isOfLinesOfFeatures: Bool = false
  ) -> Right {
    guard let (line, name) = refused else { return .rows(rows) }
    let told = "'a' is due, and stands there in other letters or with space about it: "
    if isOfLinesOfFeatures { return .refused([told + "{\"type\":\"Feature\"", "\"\(name)\":", "line \(line)"]) }
    return .refused(["line \(line), character ", "\(told)'\(name)'", "in_file: [\"a\", "])
  }

  static let names: [Input] =
    objects.flatMap { name, objects, rows, refused in
      let right = Self.right(rows, refused)
      let ofLines = Self.right(rows, refused, isOfLinesOfFeatures: true)
      let list = objects.joined(separator: ",\n")
      let lines = objects.map { $0 + "\n" }.joined()
      let features = objects.map { #"{"type":"Feature","geometry":null,"properties":\#($0)}"# }
      let attributes = objects.map { #"{"attributes":\#($0)}"# }.joined(separator: ",\n")
      return [
        Input(name, "format: json, columns: [a, b]", "[\(list)]", right),
        Input(
          name + ", at a path", "format: json, json_path: d.l, columns: [a, b]",
          #"{"A":1,"d":{"A":[],"l":[\#(list)]}}"#,
          right),
        Input(
          name + ", of attributes", #"format: json, json_path: "features[*].attributes", columns: [a, b]"#,
          #"{"A":1,"features":[\#(attributes)]}"#, right),
        Input(name + ", of lines", "format: ndjson, columns: [a, b]", lines, right),
        Input(
          name + ", of features", "format: geojson, columns: [a, b]",
          #"{"A":1,"type":"FeatureCollection","features":[\#(features.joined(separator: ",\n"))]}"#, right),
        Input(
          name + ", of lines of features", "format: geojson_lines, columns: [a, b]",
          features.map { $0 + "\n" }.joined(), ofLines),
        Input(
          name + ", of lines of features beside others", "format: geojson_lines, columns: [a, b, rejected_line]",
          features.map { $0 + "\n" }.joined(), ofLines),
      ]
    } + [
      Input(
        "a name in capitals that is the other of two", "format: json, columns: [{name: a, in_file: [a, A]}, b]",
        #"[{"a":"x","b":"1"},{"A":"y","b":"2"}]"#, .rows(["x|1", "y|2"])),
      Input(
        "a name in capitals that is the other of two, of lines",
        "format: ndjson, columns: [{name: a, in_file: [a, A]}, b]",
        "{\"a\":\"x\",\"b\":\"1\"}\n{\"A\":\"y\",\"b\":2.50}\n", .rows(["x|1", "y|2.5"])),
      Input(
        "a name in capitals that another column has", "format: json, columns: [a, {name: b, in_file: A}]",
        #"[{"a":"x","A":"1"},{"A":"2"}]"#, .rows(["x|1", "|2"])),
      Input(
        "a name in capitals beside the other of two", "format: json, columns: [{name: a, in_file: [a, n]}, b]",
        #"[{"n":"x","A":"z","b":"1"}]"#, .rows(["x|1"])),
      Input(
        "a geometry in capitals", "format: geojson, columns: [a, {name: b, in_file: geometry}]",
        #"{"type":"FeatureCollection","features":[{"type":"Feature","Geometry":{"type":"Point","coordinates":[1,2]},"properties":{"a":"x"}}]}"#,
        .refused(["line 1, character 59: 'geometry' is due", ": 'Geometry'"])),
      Input(
        "a geometry in capitals, of lines", "format: geojson_lines, columns: [a, {name: b, in_file: geometry}]",
        #"{"type":"Feature","Geometry":{"type":"Point","coordinates":[1,2]},"properties":{"a":"x"}}"# + "\n",
        .refused(["line 1", "'geometry' is due", "\"Geometry\":"])),
      Input(
        "properties in capitals", "format: geojson, columns: [a, b]",
        #"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"Properties":{"a":"x"}}]}"#,
        .refused(["line 1, character 75: 'properties' is due", ": 'Properties'"])),
    ]
}
