extension OddInputTests {
  private static let fields = "columns: [{name: a, in_file: id}, {name: b, in_file: geometry}]"

  private static func feature(_ geometry: String, _ properties: String = #"{"id":"x"}"#) -> String {
    #"{"type":"Feature","properties":\#(properties),"geometry":\#(geometry)}"#
  }

  private static func collection(_ features: String, _ frame: String = "") -> String {
    #"{"type":"FeatureCollection",\#(frame)"features":[\#(features)]}"#
  }

  private static func point(_ coordinates: String) -> String { #"{"type":"Point","coordinates":\#(coordinates)}"# }
  private static func polygon(_ rings: String) -> String { #"{"type":"Polygon","coordinates":\#(rings)}"# }
  private static let square = "[[0,0],[1,0],[1,1],[0,0]]"

  /// A feature and what is right, in a document and in lines.
  private static let shapes: [(name: String, feature: String, options: String, right: Right)] = [
    ("a point", feature(point("[-83,40]")), "", .rows(["x|POINT (-83 40)"])),
    ("no geometry", feature("null"), "", .rows(["x|"])),
    ("a geometry that is left out", #"{"type":"Feature","properties":{"id":"x"}}"#, "", .rows(["x|"])),
    ("a geometry that is a list", feature("[-83,40]"), "", .refused(["this is no feature"])),
    ("a geometry that is a text", feature(#""POINT (-83 40)""#), "", .refused(["this is no feature"])),
    ("properties that are a text", feature(point("[-83,40]"), #""x""#), "", .refused(["feature", #""x""#])),
    ("properties that are a list", feature(point("[-83,40]"), #"["x"]"#), "", .refused(["feature", #"["x"]"#])),
    ("properties within properties", feature("null", #"{"id":{"k":[1,null]}}"#), "", .rows([#"{"k":[1,null]}|"#])),
    ("a number with zeros behind its point", feature("null", #"{"id":1.50}"#), "", .rows(["1.5|"])),
    (
      "a number of more digits than a double has", feature("null", #"{"id":0.12345678901234567890123}"#), "",
      .rows(["0.12345678901234568|"])
    ),
    ("a number that is too large", feature("null", #"{"id":1e400}"#), "", .rows(["1e400|"])),
    ("a code that is a number", feature("null", #"{"id":39049000000000000001}"#), "", .rows(["39049000000000000001|"])),
    (
      "latitude first, beyond 90 degrees", feature(point("[40,-120]")), "",
      .refused(["coordinates that are no degrees"])
    ),
    ("metres", feature(point("[-9239517.7,4865942.3]")), "", .refused(["coordinates that are no degrees"])),
    ("coordinates as texts", feature(point(#"["-83","40"]"#)), "", .refused(["Point", "array of numbers"])),
    ("a coordinate that is nothing", feature(point("[null,40]")), "", .refused(["Point"])),
    ("a coordinate that is NaN", feature(point("[NaN,40]")), "", .refused(["NaN"])),
    ("an infinite coordinate", feature(point("[Infinity,40]")), "", .refused(["Inf"])),
    ("a coordinate beyond all numbers", feature(point("[1e999,40]")), "", .refused(["1e999"])),
    ("one coordinate", feature(point("[-83]")), "", .refused(["Point"])),
    ("no coordinates", feature(point("[]")), "", .rows(["x|"])),
    ("coordinates that are left out", feature(#"{"type":"Point"}"#), "", .refused(["oordinates"])),
    ("a geometry without a type", feature("{}"), "", .refused(["type"])),
    ("a kind in small letters", feature(#"{"type":"point","coordinates":[-83,40]}"#), "", .refused(["point"])),
    ("a third coordinate", feature(point("[-83,40,250]")), "", .rows(["x|POINT (-83 40)"])),
    (
      "a third coordinate where there is none", feature(point("[-83,40,250]")), ", geometry: {dimensions: 2}",
      .refused(["third coordinate", "\"x\""])
    ),
    ("a measure", feature(point("[-83,40,250,7]")), "", .rows(["x|POINT (-83 40)"])),
    (
      "a third coordinate of some", feature(#"{"type":"LineString","coordinates":[[0,0,1],[1,1]]}"#), "",
      .rows(["x|LINESTRING (0 0, 1 1)"])
    ),
    ("a ring that is not closed", feature(polygon("[[[0,0],[1,0],[1,1],[0,1]]]")), "", .refused(["closed", "\"x\""])),
    (
      "a hole that is not closed", feature(polygon("[\(square),[[0.1,0.1],[0.2,0.1],[0.2,0.2],[0.1,0.3]]]")), "",
      .refused(["closed", "\"x\""])
    ),
    ("a ring of two points", feature(polygon("[[[0,0],[0,0]]]")), "", .refused(["\"x\""])),
    ("a line of one point", feature(#"{"type":"LineString","coordinates":[[0,0]]}"#), "", .refused(["\"x\""])),
    ("a polygon with a bracket too few", feature(polygon(square)), "", .refused(["Polygon"])),
    ("a polygon without rings", feature(polygon("[]")), "", .rows(["x|"])),
    (
      "several kinds in one",
      feature(#"{"type":"GeometryCollection","geometries":[\#(point("[1,2]")),\#(polygon("[\(square)]"))]}"#),
      "", .rows(["x|GEOMETRYCOLLECTION (POINT (1 2), POLYGON ((0 0, 1 0, 1 1, 0 0)))"])
    ),
    (
      "several kinds where one is declared",
      feature(#"{"type":"GeometryCollection","geometries":[\#(point("[1,2]"))]}"#),
      ", geometry: {kind: polygon}", .refused(["GEOMETRYCOLLECTION where a polygon is declared", "\"x\""])
    ),
    (
      "a point where an area is declared", feature(point("[1,2]")), ", geometry: {kind: polygon}",
      .refused(["POINT where", "\"x\""])
    ),
    (
      "a kind of its own in small letters", #"{"type":"feature","properties":{"id":"x"},"geometry":null}"#, "",
      .refused(["this is no feature"])
    ),
    ("a geometry where a feature was due", point("[1,2]"), "", .refused(["this is no feature"])),
    ("a collection where a feature was due", collection(feature("null")), "", .refused(["this is no feature"])),
    (
      "a feature of Esri's", #"{"attributes":{"id":"x"},"geometry":{"x":1,"y":2}}"#, "",
      .refused(["this is no feature"])
    ),
    (
      "a geometry twice", #"{"type":"Feature","properties":{"id":"x"},"geometry":null,"geometry":\#(point("[1,2]"))}"#,
      "", .refused(["twice"])
    ),
  ]

  static let features: [Input] =
    shapes.flatMap { name, feature, options, right in
      [
        Input(name, "format: geojson, \(fields)\(options)", collection(feature), right),
        Input(name + ", of lines", "format: geojson_lines, \(fields)\(options)", feature + "\n", right),
      ]
    } + [
      Input(
        "the same id twice", "format: geojson, \(fields)", collection(feature("null") + "," + feature("null")),
        .rows(["x|", "x|"])),
      Input(
        "a feature alone", "format: geojson, \(fields)", feature("null"),
        .refused(["an object has no 'features'", #"{"type":"Feature""#, "geojson_lines"])),
      Input(
        "features that are nothing", "format: geojson, \(fields)", #"{"type":"FeatureCollection","features":null}"#,
        .refused(["found null, expected the list at features"])),
      Input(
        "a document that was cut", "format: geojson, \(fields)", String(collection(feature("null")).dropLast(2)),
        .refused(["line 1", "ends"])),
      Input(
        "a document that was cut behind a feature", "format: geojson, \(fields)",
        #"{"type":"FeatureCollection","features":[\#(feature("null")),"#, .refused(["line 1", "ends"])),
      Input(
        "no reference system", "format: geojson, \(fields)", collection(feature(point("[1,2]")), #""crs":null,"#),
        .rows(["x|POINT (1 2)"])),
      Input(
        "a reference system behind the features", "format: geojson, \(fields)",
        #"{"type":"FeatureCollection","features":[\#(feature(point("[1,2]")))],"crs":{"type":"name","properties":{"name":"EPSG:3735"}}}"#,
        .refused(["EPSG:3735"])),
      Input(
        "a reference system by a link", "format: geojson, \(fields)",
        collection(
          feature(point("[1,2]")),
          #""crs":{"type":"link","properties":{"href":"http://x.example/crs","type":"ogcwkt"}},"#),
        .refused(["http://x.example/crs"])),
      Input(
        "a reference system within a geometry", "format: geojson, \(fields)",
        collection(
          feature(#"{"type":"Point","coordinates":[1,2],"crs":{"type":"name","properties":{"name":"EPSG:3735"}}}"#)),
        .refused(["EPSG:3735"])),
      Input(
        "a topology", "format: geojson, \(fields)", #"{"type":"Topology","objects":{},"arcs":[]}"#,
        .refused(["an object has no 'features'", "Topology"])),
      Input(
        "a document where lines were due", "format: geojson_lines, \(fields)",
        """
        {
          "type": "FeatureCollection",
          "features": [
            {
              "type": "Feature",
              "properties": {
                "id": "x"
              },
              "geometry": null
            }
          ]
        }

        """, .refused(["this is no feature"])),
      Input(
        "lines with a collection's frame", "format: geojson_lines, \(fields)",
        "{\n\"type\": \"FeatureCollection\",\n\"name\": \"n\",\n\"features\": [\n\(feature("null")),\n\(feature("null"))\n]\n}\n",
        .rows(["x|", "x|"])),
      Input(
        "a text sequence", "format: geojson_lines, \(fields)", "\u{1E}\(feature("null"))\n",
        .refused(["this is no feature"])),
    ]
}
