import Engine
import Fetch
import FoundationEssentials
import TestSupport
import Testing

/// Shapefiles in one request, each in the reference system that its own .prj says.
@Suite("Shapefiles")
struct ShapefileTests {
  /// Writes a square about a point near Columbus, in a reference system, as GDAL does.
  private func write(_ name: String, _ system: String, _ wkt: String, _ scene: FormatScene) async throws {
    let duckdb = try await Workshop.duckdb
    let spatial = try #require(duckdb.extensions[.spatial])
    let made = try await Program.run(
      duckdb.path,
      [
        "-unsigned", "-c",
        """
        LOAD '\(spatial)'; COPY (SELECT '\(name)' AS name, ST_GeomFromText('\(wkt)') AS geom) \
        TO '\(scene.folder)/\(name).shp' WITH (FORMAT gdal, DRIVER 'ESRI Shapefile', SRS '\(system)')
        """,
      ])
    try #require(made.exitCode == 0, "\(made)")
  }

  @Test("each file is read in its own reference system, and put under the others as degrees")
  func systems() async throws {
    try await FormatScene.open { scene in
      try await write("degrees", "EPSG:4326", "POLYGON((-83 40, -82 40, -82 41, -83 41, -83 40))", scene)
      try await write("nad83", "EPSG:4269", "POLYGON((-83 40, -82 40, -82 41, -83 41, -83 40))", scene)
      try await write(
        "metres", "EPSG:3857",
        "POLYGON((-9239517.7 4865942.3, -9128198.2 4865942.3, -9128198.2 5012341.7, -9239517.7 5012341.7, -9239517.7 4865942.3))",
        scene)
      let names = ["degrees", "nad83", "metres"]
      func read(_ names: [String], _ fields: String = "") async throws -> [String] {
        let zip = scene.folder + "/\(UUID().uuidString.prefix(6)).zip"
        let files = names.flatMap { name in ["shp", "shx", "dbf", "prj"].map { scene.folder + "/\(name).\($0)" } }
        let zipped = try await Program.run("python3", ["-m", "zipfile", "-c", zip] + files)
        try #require(zipped.exitCode == 0, "\(zipped)")
        return try await scene.read(
          "format: shapefile, member: \"*.shp\", columns: [name, geometry]\(fields)", zip,
          """
          SELECT name || ' ' || round(ST_X(ST_Centroid(ST_GeomFromText(geometry))), 3) || ' ' \
          || round(ST_YMin(ST_GeomFromText(geometry)), 3) AS at FROM raw.rows ORDER BY name
          """
        ).rows
      }
      let each = names.map { #"{"at":"\#($0) -82.5 40.0"}"# }
      for (name, row) in zip(names, each) { #expect(try await read([name]) == [row]) }
      #expect(try await read(names) == each.sorted())
      #expect(try await read(["metres", "degrees"], ", geometry: {kind: polygon}") == [each[0], each[2]])
      // Without its .prj, metres are no degrees.
      try FileManager.default.removeItem(atPath: scene.folder + "/metres.prj")
      try Data().write(to: URL(filePath: scene.folder + "/metres.prj"))
      await #expect(throws: EngineFailure.self) { try await read(["metres"]) }
    }
  }
}
