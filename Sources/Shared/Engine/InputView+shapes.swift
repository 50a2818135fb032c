internal import Catalog

extension InputView {
  /// A shape as the view has it: of the declared kind, in two dimensions and in EPSG:4326; nothing where it is empty.
  ///
  /// - Parameter crs: gives what the document says of its reference system, as `ST_Read_Meta` has it; nil where it says nothing.
  /// - Parameter what: names the shape in an error.
  func shape(_ drawn: String, crs: String?, what: String) -> String {
    let options = request.input.geometry
    var refusals: [String] = []
    if let kind = options.kind {
      let names = kind.typeNames.map { SQL.literal($0) }.joined(separator: ", ")
      refusals.append(
        """
        WHEN CAST(ST_GeometryType(\(drawn)) AS VARCHAR) NOT IN (\(names)) THEN error('a ' || \
        CAST(ST_GeometryType(\(drawn)) AS VARCHAR) || ' where a \(kind.rawValue) is declared: ' || \(what))
        """)
    }
    if options.dimensions == 2 {
      refusals.append(
        """
        WHEN ST_HasZ(\(drawn)) OR ST_HasM(\(drawn)) \
        THEN error('a third coordinate where two dimensions are declared: ' || \(what))
        """)
    }
    refusals.append(
      "WHEN is_no_shape(\(drawn)) THEN error('a ring is not closed, or a line has one point: ' || \(what))")
    let flat = "ST_Force2D(\(drawn))"
    let system = options.crs.map { SQL.literal($0) } ?? crs.map { "\($0).wkt" }
    // WGS 84 and NAD 83 in degrees are as they are: they differ by less than what is drawn.
    let isGeographic =
      options.crs.map { ["EPSG:4326", "EPSG:4269"].contains($0) ? "true" : "false" }
      ?? crs.map { "\($0).wkt IS NULL OR coalesce(\($0).auth_code, '') IN ('4326', '4269')" } ?? "true"
    let isNoDegree =
      """
      (ST_XMin(\(drawn)) < -540 OR ST_XMax(\(drawn)) > 540 OR ST_YMin(\(drawn)) < -90.000001 \
      OR ST_YMax(\(drawn)) > 90.000001)
      """
    refusals.append(
      """
      WHEN (\(isGeographic)) AND \(isNoDegree) THEN error('coordinates that are no degrees, and no reference system \
      that says what they are: state geometry: {crs: "EPSG:..."}: ' || \(what))
      """)
    let read =
      system.map {
        "CASE WHEN \(isGeographic) THEN \(flat) ELSE ST_Transform(\(flat), \($0), 'EPSG:4326', always_xy := true) END"
      } ?? flat
    return """
      CASE WHEN \(drawn) IS NULL OR ST_IsEmpty(\(drawn)) THEN NULL \(refusals.joined(separator: " ")) ELSE \(read) END
      """
  }

  /// One row: `{"request", "flattened"}`, how many shapes had more than two coordinates. Nil where there are none, or where
  /// they are declared.
  package var flattenedSQL: String? {
    guard request.format.isSpatial, !files.isEmpty, request.input.geometry.dimensions == nil,
      let declared = request.columns(year: year),
      declared.names.contains(where: { declared.sourceName($0) == InputFormat.geometryColumn })
    else { return nil }
    let reader = request.format == .shapefile ? tables(files) : features(files, declared)
    return """
      SELECT \(SQL.literal(request.name)) AS request, count(*) AS flattened FROM \(reader)
      WHERE ST_HasZ(drawn) OR ST_HasM(drawn) HAVING count(*) > 0;
      """
  }
}
