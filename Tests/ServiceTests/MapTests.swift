import Base
import FoundationEssentials
import Logging
import Postgres
import TestSupport
import Testing
import WebService

/// Counties by their figures: as JSON, as tiles, and as a page.
@Suite(.database)
struct MapTests {
  /// The world of the browser's test, with a made-up country in it.
  static func world(_ scene: ServiceScene) async throws {
    for name in ["world", "map"] {
      let sql = FileManager.default.contents(atPath: PackageRoot.path + "/Tests/Browser/\(name).sql") ?? Data()
      try await scene.connection.executeScript(String(decoding: sql, as: UTF8.self))
    }
  }

  @Test func aMapIsWhatTheWarehouseShows() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      let list = try await scene.get("/api/v1/maps")
      #expect(list.status == 200 && list.body.contains("personal_income"), "\(list)")
      let map = try await scene.get("/api/v1/maps/personal_income/2021")
      #expect(map.status == 200)
      guard case .array(let places)? = map.json.at("places"), case .array(let breaks)? = map.json.at("breaks") else {
        throw TestFailure("no places: \(map)")
      }
      // Outlines of the year after, since there are no others; each county has one, and what is missing is said to be.
      #expect(map.json.at("outline_year") == .integer(2022))
      #expect(try await scene.count("public.boundary_county") == places.count)
      #expect(places.allSatisfy { $0.at("path")?.text?.hasPrefix("M ") == true })
      let missing = places.count { $0.at("value") == nil || $0.at("value") == .null }
      #expect(
        try await scene.count("public.personal_income WHERE data_year = 2021 AND per_capita_income IS NULL") == missing)
      #expect(missing > 0 && breaks.count == 4)
      // Quantiles: as many in each class, within one for each tie.
      var counts = [0, 0, 0, 0, 0]
      for case .integer(let group)? in places.map({ $0.at("group") }) { counts[Int(group)] += 1 }
      #expect(counts.reduce(0, +) == places.count - missing)
      #expect(counts.max()! - counts.min()! < places.count / 50, "\(counts)")

      // Of several rows of a county one is chosen, and told.
      let hazard = try await scene.get("/api/v1/maps/hazard_risk/2022")
      #expect(hazard.body.contains(#""chosen":"avalanche""#), "\(hazard.body.prefix(800))")
      let flood = try await scene.get("/api/v1/maps/hazard_risk/2022?where=%7B%22hazard%22:%22flood%22%7D")
      #expect(flood.body.contains(#""chosen":"flood""#) && !flood.body.contains(#""row_count":2"#))

      // What is published again is another map, and the same is not made again.
      let tag = try #require(flood.headers["etag"])
      let path = "/api/v1/maps/hazard_risk/2022?where=%7B%22hazard%22:%22flood%22%7D"
      #expect(try await scene.get(path, token: nil, "If-None-Match: \(tag)").status == 304)
      try await scene.connection.execute(
        "UPDATE warehouse.partition SET publication_id = publication_id - 1 WHERE dataset = 'hazard_risk' AND data_year = 2022"
      )
      #expect(try await scene.get(path, token: nil, "If-None-Match: \(tag)").status == 200)
    }
  }

  @Test func tilesAreReadByOthers() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      let file = "/tmp/aker-tile-\(UUID().uuidString)"
      defer { try? FileManager.default.removeItem(atPath: file) }
      let asked = try await Program.run(
        "curl", ["-s", "-o", file, "-D", "-", "--compressed", scene.url + "/tiles/personal_income/2022/5/7/12.mvt"])
      let head = asked.output.lowercased()
      #expect(head.contains(" 200 ") && head.contains("content-type: application/vnd.mapbox-vector-tile"), "\(asked)")
      #expect(
        head.contains("cache-control: private, max-age=60") && head.contains("content-encoding: gzip"), "\(asked)")
      // By a reader that is not ours: GDAL where it is, else the layer's and the attributes' names in the bytes.
      let bytes = FileManager.default.contents(atPath: file) ?? Data()
      for name in ["counties", "geo_id", "value"] { #expect(bytes.contains(Data(name.utf8)), "no \(name)") }
      let tag = try #require(head.firstMatch(of: #/etag: ("[^"]+")/#)?.1)
      let same = try await scene.get("/tiles/personal_income/2022/5/7/12.mvt", token: nil, "If-None-Match: \(tag)")
      #expect(same.status == 304 && same.body.isEmpty)
      let nothing = try await scene.get("/tiles/personal_income/2022/5/0/0.mvt")
      #expect(nothing.status == 200 && nothing.body.isEmpty, "\(nothing)")
    }
  }

  /// What makes no sense, and what somebody tries, is refused with the reason.
  @Test func whatIsNoMapIsRefused() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      for (path, status, says) in [
        ("/api/v1/maps/no_such/2022", 404, "no dataset"), ("/api/v1/maps/personal_income/1901", 404, "nothing of"),
        ("/api/v1/maps/price_index/2022", 404, "figures of counties"),
        ("/api/v1/maps/personal_income/2022?measure=geo_id", 404, "no measure"),
        ("/api/v1/maps/personal_income/2022?measure=population%22%20FROM%20queue.task;--", 404, "no measure"),
        ("/api/v1/maps/personal_income/2022?as_of=2020-01", 404, "does not show vintage"),
        ("/api/v1/maps/personal_income/2022?where=flood", 422, "to be an object"),
        ("/api/v1/maps/hazard_risk/2022?where=%7B%22geo_id%22:%2201001%22%7D", 404, "no column of the key"),
        ("/api/v1/maps/hazard_risk/2022?where=%7B%22a%27%22:%22b%22%7D", 404, "no column of the key"),
        ("/tiles/personal_income/2022/15/0/0.mvt", 404, "'z'"),
        ("/tiles/personal_income/2022/3/8/0.mvt", 404, "no tile"),
        ("/tiles/personal_income/2022/3/-1/0.mvt", 404, "'x'"), ("/tiles/queue.task/2022/0/0/0.mvt", 404, "no dataset"),
        ("/map?dataset=no_such", 404, "no map of"),
      ] {
        let answer = try await scene.get(path)
        #expect(answer.status == status && answer.body.contains(says), "\(path): \(answer)")
      }
      // A value that is SQL is a value.
      let answer = try await scene.get("/api/v1/maps/hazard_risk/2022?where=%7B%22hazard%22:%22%27%20or%20true--%22%7D")
      #expect(answer.status == 200 && answer.json.at("breaks") == .array([]), "\(answer.body.prefix(300))")
    }
  }

  /// Once for what is published, and again once that is something else; neighbours keep their common border.
  @Test func outlinesAreDrawnOnceForEachPublication() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      let connection = scene.connection
      /// All steps, each committed by itself.
      func drawn() async throws -> Int? {
        var last: Int?
        while true {
          let row = try await connection.one("SELECT year, is_drawn FROM warehouse.draw_outlines()")
          guard let year = try row.decode("year", as: Int?.self) else { return last }
          if try row.decode("is_drawn", as: Bool.self) { last = year }
        }
      }
      #expect(try await drawn() == nil)
      for level in 0...2 {
        let gaps = try await connection.one(
          """
          SELECT sum(ST_Area(shape)) / ST_Area(ST_Union(shape)) AS share, count(*) AS counties FROM warehouse.outline
          WHERE level = $1 AND length(geo_id) = 5
          """, [level])
        let share: Double = try gaps.decode("share")
        #expect(abs(share - 1) < 0.001, "level \(level): outlines overlap by \(share)")
        #expect(try gaps.decode("counties", as: Int.self) == (try await scene.count("public.boundary_county")))
      }
      try await connection.execute("UPDATE public.boundary_county SET name = 'Renamed' WHERE geo_id = '02001'")
      #expect(try await drawn() == nil)
      try await connection.execute("UPDATE warehouse.partition SET sha256 = 'x' WHERE dataset = 'boundary_county'")
      // Until all of the new is drawn, the old is shown.
      let step = try await connection.one("SELECT year, is_drawn FROM warehouse.draw_outlines()")
      #expect(try step.decode("is_drawn", as: Bool.self) == false)
      #expect(try await scene.count("warehouse.outline_set") == 2)
      let meanwhile = try await scene.get("/api/v1/maps/personal_income/2022?state=02")
      #expect(meanwhile.status == 200 && !meanwhile.body.contains("Renamed"), "\(meanwhile.body.prefix(300))")
      #expect(try await drawn() == 2022)
      #expect(try await scene.count("warehouse.outline WHERE name = 'Renamed'") == 3)
      // Taken back: none are left.
      try await connection.execute(
        """
        UPDATE warehouse.partition SET publication_id = NULL, as_of = NULL, sha256 = NULL, row_count = NULL
        WHERE dataset = 'boundary_county'
        """)
      #expect(try await drawn() == nil)
      #expect(try await scene.count("warehouse.outline") == 0)
      let page = try await scene.get("/map?dataset=personal_income")
      #expect(page.status == 200 && page.body.contains("No outlines are drawn yet"), "\(page.body.prefix(500))")
    }
  }

  /// The counties of the Census Bureau's cartographic file of 2020, islands, enclaves and all.
  @Test(.enabled(if: SharedData.isPresent, "the shared data is not beside this clone"))
  func realCountiesAreDrawn() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      let connection = scene.connection
      let file = try #require(SharedData.directory) + "/county_boundaries/us_geo_census_cb_2020_counties.geojson"
      let json = String(decoding: try #require(FileManager.default.contents(atPath: file)), as: UTF8.self)
      try await connection.execute("DELETE FROM public.boundary_county")
      let counties = try await connection.execute(
        """
        INSERT INTO public.boundary_county (data_year, as_of, geo_level, geo_id, name, land_area, geometry)
        SELECT 2022, '2024-05', 'county', f -> 'properties' ->> 'geoid', f -> 'properties' ->> 'region_name', 1,
          ST_SetSRID(ST_MakeValid(ST_GeomFromGeoJSON(f -> 'geometry')), 4326)
        FROM jsonb_array_elements($1::jsonb -> 'features') f
        """, [json])
      #expect(counties == 3_234)
      try await connection.executeScript(
        """
        DELETE FROM public.personal_income WHERE data_year = 2022;
        INSERT INTO public.personal_income (data_year, as_of, geo_level, geo_id, per_capita_income, population)
          SELECT 2022, '2024-05', 'county', geo_id, 30000 + ST_X(ST_Centroid(geometry))::int, 1 FROM public.boundary_county;
        UPDATE warehouse.partition SET sha256 = 'real' WHERE dataset = 'boundary_county';
        DO $$ BEGIN WHILE (SELECT year FROM warehouse.draw_outlines()) IS NOT NULL LOOP END LOOP; END $$
        """)
      for level in 0...2 {
        let drawn = try await connection.one(
          """
          SELECT count(*) AS counties, sum(ST_Area(shape)) / ST_Area(ST_Union(shape)) AS overlap,
            percentile_disc(0.99) WITHIN GROUP (ORDER BY abs(ST_Area(shape) / ST_Area(ST_Transform(b.geometry, 3857)) - 1))
              AS off,
            percentile_disc(0.99) WITHIN GROUP (
              ORDER BY ST_Distance(ST_Centroid(shape), ST_Centroid(ST_Transform(b.geometry, 3857)))) AS moved
          FROM warehouse.outline o JOIN public.boundary_county b USING (geo_id) WHERE level = $1
          """, [level])
        #expect(try drawn.decode("counties", as: Int.self) == counties)
        // The finest as they are; the coarsest to three kilometres, in which small cities are lost in their neighbours.
        let limit = [0.5, 0.1, 0.01][level]
        #expect(abs(try drawn.decode("overlap", as: Double.self) - 1) < limit / 10, "level \(level): \(drawn)")
        #expect(try drawn.decode("off", as: Double.self) < limit, "level \(level): \(drawn)")
        #expect(try drawn.decode("moved", as: Double.self) < [30_000, 3_000, 300][level], "level \(level): \(drawn)")
      }
      // In the picture: all but islands of the Pacific and the Virgin Islands, each where it belongs.
      let places = try await connection.query(
        """
        SELECT geo_id, (x_min + x_max) / 2 AS x, (y_min + y_max) / 2 AS y, x_min, x_max, y_min, y_max
        FROM warehouse.outline WHERE level = 0 AND length(geo_id) = 5 AND path <> ''
        """)
      let beyond = try await scene.count("public.boundary_county WHERE left(geo_id, 2) IN ('60', '66', '69', '78')")
      #expect(beyond > 0 && places.count == counties - beyond, "\(places.count) of \(counties), \(beyond) beyond")
      var at: [String: (x: Double, y: Double)] = [:]
      for row in places {
        at[try row.decode("geo_id")] = (try row.decode("x"), try row.decode("y"))
        for (edge, most) in [("x_min", 980.0), ("x_max", 980), ("y_min", 680), ("y_max", 680)] {
          let (county, value): (String, Double) = (try row.decode("geo_id"), try row.decode(edge))
          #expect(value >= -20 && value <= most, "\(county): \(edge) \(value)")
        }
      }
      // Seattle, Los Angeles, New York, Miami: the picture is neither mirrored nor turned.
      let (seattle, angeles) = (try #require(at["53033"]), try #require(at["06037"]))
      let (york, miami) = (try #require(at["36061"]), try #require(at["12086"]))
      #expect(seattle.x < york.x && angeles.x < miami.x && seattle.y < angeles.y && york.y < miami.y)
      let page = try await scene.get("/map?dataset=personal_income")
      #expect(page.status == 200 && page.body.matches(of: #/<path[ >]/#).count >= places.count, "\(page.status)")
      #expect(page.body.contains("Los Angeles County"))
    }
  }

  /// As `aker serve` does it: what is published is drawn, and what is published instead is drawn anew.
  @Test func theServiceDrawsWhatIsPublished() async throws {
    try await ServiceScene.serving { scene in
      try await Self.world(scene)
      try await scene.connection.executeScript(
        "DELETE FROM warehouse.outline_set; DELETE FROM public.boundary_county WHERE geo_id NOT LIKE '31%'")
      let drawer = OutlineDrawer(
        database: TestDatabase.current.configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      let running = Task { try await drawer.run() }
      try await eventually("Nebraska is drawn") {
        try await scene.count("warehouse.outline_set WHERE drawn_at IS NOT NULL") == 1
      }
      running.cancel()
      try await running.value
      let counties = try await scene.count("public.boundary_county")
      for level in 0...2 {
        #expect(try await scene.count("warehouse.outline WHERE level = \(level) AND length(geo_id) = 5") == counties)
      }
      let map = try await scene.get("/api/v1/maps/personal_income/2022?state=31")
      #expect(map.body.matches(of: #/"path":"M /#).count >= counties, "\(map.body.prefix(300))")
    }
  }

  @Test func thePageShowsTheSameWithoutAScript() async throws {
    try await ServiceScene.serving(prefix: "/aker") { scene in
      let empty = try await scene.get("/map")
      #expect(empty.status == 200 && empty.body.contains("Nothing can be drawn yet"), "\(empty)")
      try await Self.world(scene)
      let page = try await scene.get("/map?dataset=hazard_risk&where.hazard=flood&of=hazard_risk&state=02&order=name")
      #expect(page.status == 200 && page.body.contains("<option value=\"flood\" selected>"))
      #expect(page.body.contains("Alaska") && !page.body.contains("<script>alert"))
      // What was chosen of another dataset is no fault.
      let other = try await scene.get("/map?dataset=personal_income&of=hazard_risk&measure=severity&where.hazard=flood")
      #expect(other.status == 200 && other.body.contains("url(#missing)"), "\(other.body.prefix(300))")
      // A vintage that only the lake may have: what is shown instead, and how that one would be.
      let older = try await scene.get("/map?dataset=personal_income&as_of=2020-01")
      #expect(
        older.status == 200 && older.body.contains("Vintage 2020-01 is not shown")
          && older.body.contains("aker lake rollback personal_income 2022 --to PUBLICATION"),
        "\(older.body.prefix(900))")
      // However many counties: a hundred rows of the table, and the rest behind links.
      #expect(other.body.matches(of: #/<tr><td class="wrap">/#).count == 100)
      let last = try await scene.get("/map?dataset=personal_income&page=999")
      #expect(last.body.contains(">before</a>") && last.body.contains("no figure"), "\(last.body.suffix(500))")
    }
  }
}
