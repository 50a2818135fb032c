extension DatasetCase {
  /// Datasets of outlines and of what lies within them.
  static let places: [DatasetCase] = [
    DatasetCase(
      dataset: "boundary_county", year: 2020, sources: ["census_tiger"],
      figures: [
        (
          "SELECT string_agg(state_code || ' ' || n, ', ' ORDER BY state_code) FROM (SELECT state_code, count(*) AS n FROM boundary_county GROUP BY 1) s",
          "09 8, 11 1, 24 24, 39 88, 46 66, 51 133"
        ),
        (
          "SELECT (name, base_name, legal_code, land_area, latitude, longitude) FROM boundary_county WHERE geo_id = '39049'",
          #"("Franklin County",Franklin,06,1419502579,39.969191,-83.0080372)"#
        ),
        ("SELECT round(ST_Area(geometry)::numeric, 5) FROM boundary_county WHERE geo_id = '39049'", "0.14961"),
        ("SELECT round(sum(ST_Area(geometry))::numeric, 4) FROM boundary_county WHERE state_code = '39'", "11.3202"),
        ("SELECT DISTINCT ST_SRID(geometry) FROM boundary_county", "4326"),
        (
          "SELECT geo_id FROM boundary_county WHERE ST_Contains(geometry, ST_SetSRID(ST_MakePoint(-83.0007, 39.9612), 4326))",
          "39049"
        ),
        ("SELECT bool_and(is_synthetic) FROM lineage.publication", "true"),
      ]),
    // A tract whose ring crosses itself is two triangles once it is repaired: half of its box.
    DatasetCase(
      dataset: "boundary_tract", year: 2021, sources: ["census_tiger"],
      figures: [
        (
          "SELECT string_agg(region || ' ' || n, ', ' ORDER BY region) FROM (SELECT region, count(*) AS n FROM boundary_tract GROUP BY 1) s",
          "11 4, 39 16"
        ),
        ("SELECT string_agg(geo_id, ' ') FROM boundary_tract WHERE was_repaired", "39049000400"),
        ("SELECT round(ST_Area(geometry)::numeric, 6) FROM boundary_tract WHERE was_repaired", "0.020883"),
        ("SELECT bool_and(ST_IsValid(geometry)) FROM boundary_tract", "true"),
        (
          "SELECT r.unexpected_count FROM quality.check_result r JOIN quality.validation USING (validation_id) WHERE r.column_name = 'was_repaired' AND NOT r.success",
          "1"
        ),
        (
          "SELECT string_agg(DISTINCT county_geo_id, ' ' ORDER BY county_geo_id) FROM boundary_tract",
          "11001 39041 39049 39117 39159"
        ),
      ]),
    DatasetCase(
      dataset: "boundary_state", year: 2018, sources: ["census_tiger"],
      figures: [
        (
          "SELECT string_agg(state_abbreviation || ' ' || round(ST_Area(geometry)::numeric, 3), ', ' ORDER BY geo_id) FROM boundary_state",
          "CT 1.405, DC 0.018, MD 2.785, OH 11.344, SD 22.556, VA 10.659"
        )
      ]),
    DatasetCase(
      dataset: "boundary_place", year: 2020, sources: ["census_tiger"],
      figures: [
        (
          "SELECT string_agg(geo_id || ' ' || name || ' ' || is_incorporated, ', ' ORDER BY geo_id) FROM boundary_place",
          "1150000 Washington city true, 3918000 Columbus city true, 3921434 Delaware city true, 3942560 Lewis Center CDP false, 3948790 Marysville city true"
        )
      ]),
    DatasetCase(
      dataset: "boundary_zcta", year: 2019, sources: ["census_tiger"],
      figures: [
        (
          "SELECT string_agg(geo_id || ' ' || longitude || ' ' || land_area, ', ' ORDER BY geo_id) FROM boundary_zcta",
          "20001 -77.0177 14146595, 43015 -83.068 13870307, 43040 -83.3671 13882888, 43201 -83.002 13931481, 43215 -83.0046 13937081"
        )
      ]),
    // Which county an outline touches was worked out in Python, edge by edge.
    DatasetCase(
      dataset: "hazard_smoke", year: 2020, sources: ["census_tiger", "noaa_hms"], upstreams: ["boundary_county"],
      figures: [
        (
          "SELECT (count(*), sum(smoke_days), sum(light_days), sum(medium_days), sum(heavy_days), sum(unknown_density_days)) FROM hazard_smoke WHERE smoke_days > 0",
          "(134,253,213,35,5,0)"
        ),
        (
          "SELECT (smoke_days, medium_days, heavy_days, density_sum, round(severity::numeric, 6)) FROM hazard_smoke WHERE geo_id = '39049'",
          "(4,2,1,64,0.647642)"
        ),
        (
          "SELECT (smoke_days, medium_days, heavy_days, density_sum, round(severity::numeric, 6)) FROM hazard_smoke WHERE geo_id = '46003'",
          "(0,0,0,0,0.000000)"
        ),
        ("SELECT count(*) FROM hazard_smoke", "320"),
        ("SELECT DISTINCT days_with_smoke_anywhere FROM hazard_smoke", "4"),
      ]),
    // A day of KML columns, and densities that are numbers.
    DatasetCase(
      dataset: "hazard_smoke", year: 2015, sources: ["census_tiger", "noaa_hms"], upstreams: ["boundary_county"],
      figures: [
        (
          "SELECT (count(*), sum(smoke_days), sum(light_days), sum(medium_days), sum(heavy_days), sum(unknown_density_days)) FROM hazard_smoke WHERE smoke_days > 0",
          "(134,143,79,9,9,46)"
        ),
        (
          "SELECT (smoke_days, medium_days, heavy_days, density_sum, round(severity::numeric, 6)) FROM hazard_smoke WHERE geo_id = '39159'",
          "(2,1,1,43,0.436327)"
        ),
      ]),
    // A day of nothing but outlines.
    DatasetCase(
      dataset: "hazard_smoke", year: 2018, sources: ["census_tiger", "noaa_hms"], upstreams: ["boundary_county"],
      figures: [
        (
          "SELECT (count(*), sum(smoke_days), sum(light_days), sum(medium_days), sum(heavy_days), sum(unknown_density_days)) FROM hazard_smoke WHERE smoke_days > 0",
          "(134,134,88,0,0,46)"
        )
      ]),
    DatasetCase(
      dataset: "hazard_wildfire", year: 2025, sources: ["usfs_wrc"],
      figures: [
        ("SELECT count(*) FROM hazard_wildfire", "6"),
        (
          "SELECT (name, state_code, severity, burn_probability_rank, direct_exposure_share, buildings) FROM hazard_wildfire WHERE geo_id = '06003'",
          "(\"Alpine County\",06,98.7,0.991,0.125,1650)"
        ),
        ("SELECT (severity, note) FROM hazard_wildfire WHERE geo_id = '11001'", "(,not_available)"),
        ("SELECT risk_national_rank FROM hazard_wildfire WHERE geo_id = '39049'", "0.105"),
      ]),
    // Nine lines of one tile and two of another: one outline twice, one that crosses itself, four unusable.
    DatasetCase(
      dataset: "building_footprint", year: 2025, sources: ["ms_building_footprints"],
      figures: [
        (
          "SELECT string_agg(region || ' ' || n, ', ' ORDER BY region) FROM (SELECT region, count(*) AS n FROM building_footprint GROUP BY 1) s",
          "032001003 4, 032010032 2"
        ),
        ("SELECT string_agg(height::text, ' ' ORDER BY height) FROM building_footprint", "3.2 7.5 12.25"),
        ("SELECT count(*) FROM building_footprint WHERE height IS NULL AND confidence = 0.81", "1"),
        ("SELECT round((ST_Area(geometry) * 1e9)::numeric, 3) FROM building_footprint WHERE was_repaired", "20.000"),
      ]),
    DatasetCase(
      dataset: "building_footprint_reject", year: 2025, sources: ["ms_building_footprints"],
      figures: [
        (
          "SELECT string_agg(reason || ' ' || row_count, ', ' ORDER BY reason) FROM building_footprint_reject",
          "duplicate 1, no_area 1, no_geometry 1, not_a_polygon 1, unreadable 1"
        ),
        (
          "SELECT content FROM building_footprint_reject WHERE reason = 'unreadable'",
          #"{"type":"Feature","properties":{"height":4.0,"conf"#
        ),
      ]),
    DatasetCase(
      dataset: "address_point", year: 2025, sources: ["openaddresses"],
      figures: [
        ("SELECT (count(*), count(source_hash), count(unit)) FROM address_point", "(6,5,1)"),
        (
          "SELECT (street, city, postcode, ST_AsText(geometry)) FROM address_point WHERE house_number = '77'",
          #"("N High St",Columbus,43215,"POINT(-82.9988 39.9612)")"#
        ),
        ("SELECT street FROM address_point WHERE house_number = '100 \u{BD}'", "Ma\u{F1}ana Ln"),
        ("SELECT count(*) FROM address_point WHERE lower(street) = 'w broad st'", "2"),
      ]),
    DatasetCase(
      dataset: "address_point_reject", year: 2025, sources: ["openaddresses"],
      figures: [
        (
          "SELECT string_agg(reason || ' ' || n, ', ' ORDER BY reason) FROM (SELECT reason, sum(row_count) AS n FROM address_point_reject GROUP BY 1) s",
          "duplicate 1, impossible_place 1, no_number 1, no_place 3, no_street 2"
        ),
        ("SELECT content FROM address_point_reject WHERE reason = 'impossible_place'", "40,-400,a,b,,,"),
      ]),
    // Horn's method cell by cell in Python, and which cells lie in the county by ray casting; two cells have no data.
    DatasetCase(
      dataset: "hazard_slope", year: 2020, sources: ["census_tiger", "elevation_grid"], upstreams: ["boundary_county"],
      figures: [
        (
          "SELECT (name, cell_count, round(mean_slope::numeric, 6), round(max_slope::numeric, 6), round(severity::numeric, 6)) FROM hazard_slope",
          #"("Franklin County",354,2.670706,28.929976,7.344633)"#
        ),
        ("SELECT round(mean_elevation::numeric, 4) FROM hazard_slope", "349.3343"),
        ("SELECT round(cell_size::numeric, 2) FROM hazard_slope", "2223.90"),
      ]),
  ]
}
