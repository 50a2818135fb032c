internal import Catalog

extension InputView {
  /// The features of GeoJSON files: `feature` (JSON), `drawn` (the shape as it came), `shape`, and `rejected` (the text of what
  /// is no feature, or has a geometry that cannot be read).
  func features(_ files: [String], _ columns: RequestColumns?) -> String {
    let rejects = columns?.names.contains { columns?.sourceName($0) == InputFormat.rejectedColumn } ?? false
    // Without a column for them, what is rejected stops the partition.
    let drawn =
      rejects
      ? "TRY(ST_GeomFromGeoJSON(json_extract(feature, '$.geometry')))"
      : "ST_GeomFromGeoJSON(json_extract(feature, '$.geometry'))"
    let rejected =
      """
      CASE WHEN json_extract_string(feature, '$.type') IS DISTINCT FROM 'Feature' \
      OR json_type(feature, '$.geometry') = 'OBJECT' AND drawn IS NULL THEN text END
      """
    let rows =
      """
      SELECT *, \(shape("drawn", crs: nil, what: "left(text, 200)")) AS shape, \(rejected) AS rejected \
      FROM (SELECT *, CASE WHEN json_type(feature, '$.geometry') = 'OBJECT' \
      THEN \(drawn) END AS drawn FROM (\(texts(files))))
      """
    if rejects { return "(\(rows))" }
    // Of whole documents it is known (`JSONCheck`).
    let checked = request.format == .geojsonLines ? columns : nil
    let isPlain =
      checked.map { Self.hasNoMemberTwice("text", "json_keys(feature, '$.properties')", $0) + " AND " } ?? ""
    return """
      (SELECT * FROM (\(rows)) WHERE \(isPlain)CASE WHEN rejected IS NULL THEN true \
      ELSE error('this is no feature: ' || left(rejected, 300)) END)
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
    return """
      SELECT text, CASE WHEN json_valid(text) THEN CAST(text AS JSON) END AS feature FROM \
      (SELECT rtrim(trim(line, E' \\t\\r'), ',') AS text FROM \(lines(files))) \
      WHERE text <> '' AND NOT regexp_full_match(text, \(SQL.literal(frame)))
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
