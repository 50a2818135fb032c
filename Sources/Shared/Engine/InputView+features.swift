internal import Catalog

extension InputView {
  /// The features of GeoJSON files: `feature` (JSON), `drawn` (the shape as it came), `shape`, and `rejected` (the text of what
  /// is no feature, or has a geometry that cannot be read).
  func features(_ files: [String], _ columns: RequestColumns?) -> String {
    let rejects = columns?.names.contains { columns?.sourceName($0) == InputFormat.rejectedColumn } ?? false
    // Without a column for them, what is rejected stops the partition.
    let geometry = "ST_GeomFromGeoJSON(json_extract(feature, '$.geometry'))"
    // Of whole documents it is known what their members are called (`JSONCheck`).
    let checked = request.format == .geojsonLines ? columns : nil
    let properties = checked.map(Self.properties) ?? []
    let members = ["'$.geometry'", "'$.properties'"] + properties.joined().map { jsonMember($0, of: "$.properties") }
    // Each question about a feature is a pass over its text: as few as can be.
    let asked = """
      SELECT *, json_extract_string(feature, ['$.type', '$.geometry.crs.properties.name']) AS told, \
      json_type(feature, [\(members.joined(separator: ", "))]) AS kinds FROM (\(texts(files)))
      """
    let isFeature = """
      coalesce(told[1] = 'Feature' AND coalesce(kinds[1], 'NULL') IN ('OBJECT', 'NULL') \
      AND coalesce(kinds[2], 'NULL') IN ('OBJECT', 'NULL'), false)
      """
    let came = """
      SELECT *, CASE WHEN \(isFeature) AND kinds[1] = 'OBJECT' THEN \(rejects ? "TRY(\(geometry))" : geometry) END AS came \
      FROM (\(asked))
      """
    let drawn = rejects ? "CASE WHEN NOT coalesce(is_no_shape(came), false) THEN came END" : "came"
    let rejected =
      "CASE WHEN NOT \(isFeature) OR kinds[1] = 'OBJECT' AND drawn IS NULL THEN coalesce(text, 'null') END"
    let rows = """
      SELECT *, \(shape("drawn", crs: nil, what: "left(text, 200)")) AS shape, \(rejected) AS rejected \
      FROM (SELECT * EXCLUDE (came), \(drawn) AS drawn FROM (\(came)))
      """
    let areCalledSo = checked == nil ? nil : Self.areCalledSo(properties)
    if rejects { return "(SELECT * FROM (\(rows)) WHERE \(areCalledSo ?? "true"))" }
    let conditions = [
      areCalledSo, checked.map { Self.hasNoMemberTwice($0) },
      request.input.geometry.crs == nil ? Self.isInDegrees : nil,
      "CASE WHEN rejected IS NULL THEN true ELSE error('this is no feature: ' || left(rejected, 300)) END",
    ].compactMap { $0 }
    return "(SELECT * FROM (\(rows)) WHERE \(conditions.joined(separator: " AND ")))"
  }

  /// Stops at a shape that says itself that it is in another reference system, as PostGIS writes it.
  private static let isInDegrees = """
    CASE WHEN told[2] IS NULL OR regexp_matches(told[2], '(^|[:/#])(4326|4269|CRS84|CRS83|84|83)$') THEN true \
    ELSE error('coordinates that are said to be in ' || told[2] || ', which are not degrees of EPSG:4326: state geometry: \
    {crs: "EPSG:..."}: ' || left(text, 200)) END
    """

  /// What each declared column may be called, of those that are properties.
  private static func properties(_ columns: RequestColumns) -> [[String]] {
    columns.names.filter { ![InputFormat.geometryColumn, InputFormat.rejectedColumn].contains(columns.sourceName($0)) }
      .map { columns.possibleNames($0) }
  }

  /// Stops at a feature without a member that it has in other letters, or with space about its name (`JSONNames`).
  /// `kinds` has the geometry, the properties and each name of these: what all features have costs no further look.
  private static func areCalledSo(_ properties: [[String]]) -> String {
    func folded(_ keys: String) -> String {
      "list_transform(\(keys), lambda k: lower(regexp_replace(k, '^[\\s\\x{A0}\\x{FEFF}]+|[\\s\\x{A0}]+$', '', 'g')))"
    }
    func refusal(_ names: [String], at place: Int, _ keys: String) -> String {
      let absent = names.indices.map { "kinds[\(place + $0)] IS NULL" }.joined(separator: " AND ")
      let likes = SQL.list(names.map { RequestColumns.folded($0) })
      let told = SQL.literal("'\(names[0])' is due, and stands there in other letters or with space about it: ")
      return "WHEN \(absent) AND list_has_any(\(folded(keys)), \(likes)) THEN error(\(told) || left(text, 300))"
    }
    var refusals = [
      refusal(["geometry"], at: 1, "json_keys(feature)"), refusal(["properties"], at: 2, "json_keys(feature)"),
    ]
    var place = 3
    for names in properties {
      refusals.append(refusal(names, at: place, "json_keys(feature, '$.properties')"))
      place += names.count
    }
    return "CASE WHEN list_count(kinds) = \(place - 1) THEN true \(refusals.joined(separator: " ")) ELSE true END"
  }

  /// Of a feature and its properties.
  private static func hasNoMemberTwice(_ columns: RequestColumns) -> String {
    let keys = "json_keys(feature, ['$', '$.properties'])"
    return """
      CASE WHEN \(isTwice("\(keys)[1]", "['type', 'geometry', 'properties']")) OR \(isTwice("\(keys)[2]", names(columns))) \
      THEN error('an object has a member twice: ' || left(text, 300)) ELSE true END
      """
  }

  /// `text` of each feature, and `feature`, the same as JSON; NULL where it is none.
  private func texts(_ files: [String]) -> String {
    if request.format == .geojson {
      let whole = files.filter { RecordsFile.largestByteCount($0) == nil }
      var parts: [String] = []
      if !whole.isEmpty {
        parts.append(
          """
          SELECT CAST(feature AS VARCHAR) AS text, feature FROM (SELECT unnest(CASE \
          WHEN json_type(json, '$.features') = 'ARRAY' THEN CAST(json_extract(json, '$.features') AS JSON[]) \
          ELSE error('this is no FeatureCollection: ' || left(CAST(json AS VARCHAR), 300)) END) AS feature \
          FROM read_json_objects(\(SQL.list(whole)), format = 'unstructured', \
          maximum_object_size = \(Self.documentByteLimit)\(compression)))
          """)
      }
      if let records = records(files) {
        parts.append("SELECT CAST(json AS VARCHAR) AS text, json AS feature FROM \(records)")
      }
      return parts.joined(separator: " UNION ALL ")
    }
    // A collection with a feature a line has a comma after each, and its own beginning and end on lines of theirs.
    let frame = #"\{\s*("type"\s*:\s*"FeatureCollection"[^\[]*\[?)?|"\w+"\s*:.*|\[|\]|\]?\s*\}"#
    // A feature's own members on lines of theirs are no frame: the document is written over many lines.
    let member = #""(properties|geometry|coordinates|id)"\s*:.*|"type"\s*:\s*"Feature".*"#
    return """
      SELECT text, CASE WHEN json_valid(text) THEN CAST(text AS JSON) END AS feature FROM \
      (SELECT rtrim(trim(line, E' \\t\\r'), ',') AS text FROM \(lines(files))) \
      WHERE text <> '' AND (NOT regexp_full_match(text, \(SQL.literal(frame))) \
      OR regexp_full_match(text, \(SQL.literal(member))))
      """
  }

  func featureValue(_ name: String) -> String {
    switch name {
    case InputFormat.geometryColumn: "ST_AsText(shape)"
    case InputFormat.rejectedColumn: "rejected"
    default: "json_extract_string(feature, \(jsonMember(name, of: "$.properties")))"
    }
  }

  /// The properties of the first hundred features, and what every feature has.
  func featureHeader(_ file: String) -> String {
    let own = SQL.list(
      [InputFormat.geometryColumn] + (request.format == .geojsonLines ? [InputFormat.rejectedColumn] : []))
    return """
      SELECT list_concat(list_distinct(flatten(list(keys))), \(own)) AS columns FROM (SELECT coalesce(json_keys(feature, \
      '$.properties'), []) AS keys FROM (\(texts([file]))) WHERE feature IS NOT NULL LIMIT 100) HAVING count(*) > 0
      """
  }
}
