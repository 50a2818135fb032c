-- A country to draw, made up: about three thousand counties within a rough outline of the states, and figures of them. Run after
-- world.sql, which has the datasets.
DO $$
DECLARE
  shape text;
BEGIN
  INSERT INTO catalog.dataset_column (ordinal, is_key, dataset, name, type, unit, description, sources) VALUES
    (1, false, 'boundary_county', 'geo_level', 'text', NULL, 'Always county.', '{}'),
    (2, true, 'boundary_county', 'geo_id', 'text', NULL, 'Code of the place.', '{}'),
    (3, false, 'boundary_county', 'name', 'text', NULL, 'Name with its kind.', '{}'),
    (4, false, 'boundary_county', 'land_area', 'bigint', 'square metres', 'Land, of the source.', '{}'),
    (5, false, 'boundary_county', 'geometry', 'geometry', NULL, 'Outline.', '{}'),
    (1, false, 'personal_income', 'geo_level', 'text', NULL, 'Always county.', '{}'),
    (2, true, 'personal_income', 'geo_id', 'text', NULL, 'Code of the place.', '{}'),
    (3, false, 'personal_income', 'per_capita_income', 'bigint', 'USD of data_year', 'Personal income over <b>population</b>.', '{}'),
    (4, false, 'personal_income', 'population', 'bigint', 'persons', 'Midyear population.', '{}'),
    (1, false, 'hazard_risk', 'geo_level', 'text', NULL, 'Always county.', '{}'),
    (2, true, 'hazard_risk', 'geo_id', 'text', NULL, 'Code of the place.', '{}'),
    (3, true, 'hazard_risk', 'hazard', 'text', NULL, 'Which.', '{}'),
    (4, false, 'hazard_risk', 'severity', 'double', NULL, 'From 0 to 1.', '{}')
  ON CONFLICT DO NOTHING;
  PERFORM warehouse.apply_table('boundary_county', '{geo_id}');
  PERFORM warehouse.apply_table('personal_income', '{geo_id}');
  PERFORM warehouse.apply_table('hazard_risk', '{geo_id,hazard}');
  INSERT INTO public.boundary_county (data_year, as_of, geo_level, geo_id, name, land_area, geometry)
  WITH country AS (
    SELECT ST_GeomFromText('POLYGON((-124.7 48.4,-123 46.2,-124.2 43,-124.4 40.4,-122.5 37.8,-120.6 34.6,-117.1 32.5,-114.7 32.7,-111
      31.3,-108.2 31.3,-106.5 31.8,-103 29,-101.4 29.8,-99.2 26.4,-97.2 25.9,-97.3 27.8,-94 29.6,-90 29.2,-88.8 30.4,-84.3 30,-82.7
      27.9,-81 25.2,-80.2 26,-81.4 30.7,-79 33.5,-75.6 35.3,-76 37,-74 40.5,-70 41.7,-70.7 43.1,-67 44.8,-68.3 47.3,-71 45.2,-75
      45,-79 43.3,-82.5 41.7,-83 45.8,-87.8 42.3,-88 44.6,-84.8 46.5,-92 46.8,-89.6 48,-95.2 49.3,-123 49,-124.7 48.4))', 4326)
      AS land
    UNION ALL SELECT ST_GeomFromText('POLYGON((-160 20,-155 18.9,-154.8 20,-160 22.3,-160 20))', 4326)
    UNION ALL SELECT ST_GeomFromText('POLYGON((-141 60,-141 69.6,-156 71.3,-166 68,-164 63,-162 59,-168 53,-154 58,-141 60))', 4326)),
  point AS (
    -- Spread by a golden ratio: no randomness, and no grid either.
    SELECT n, ST_SetSRID(ST_MakePoint(-169 + 103 * ((n * 0.6180339887) % 1), 18.5 + 53 * ((n * 0.7548776662) % 1)), 4326) AS p
    FROM generate_series(1, 18000) n),
  cell AS (
    SELECT (ST_Dump(ST_VoronoiPolygons(ST_Collect(p.p)))).geom AS c FROM point p
      WHERE (ST_Y(p.p) < 50 OR n % 14 = 0) AND EXISTS (SELECT FROM country k WHERE ST_DWithin(k.land, p.p, 3))),
  part AS (SELECT ST_Intersection(c, land) AS g FROM cell JOIN country ON ST_Intersects(c, land)),
  county AS (
    SELECT row_number() OVER (ORDER BY ST_X(m), ST_Y(m)) AS n, CASE WHEN ST_X(m) > -130 THEN '' WHEN ST_Y(m) > 40 THEN '02' ELSE '15' END AS kind, g
    FROM part CROSS JOIN LATERAL (SELECT ST_Centroid(g) AS m) c),
  named AS (
    -- Fifty states in stripes from west to east; those that are apart keep their own.
    SELECT g, n, CASE WHEN kind <> '' THEN kind ELSE (ARRAY['01','04','05','06','08','09','10','12','13','16','17','18','19','20','21','22','23','24','25',
      '26','27','28','29','30','31','32','33','34','35','36','37','38','39','40','41','42','44','45','46','47','48','49','50','51','53','54','55',
      '56'])[1 + (floor((ST_X(ST_Centroid(g)) + 125) / 59 * 12)::int * 4 + floor((ST_Y(ST_Centroid(g)) - 25) / 25 * 4)::int) % 48] END AS state
    FROM county WHERE ST_Area(g) > 0.01)
  SELECT 2022, '2024-05', 'county', state || lpad(row_number() OVER (PARTITION BY state ORDER BY n)::text, 3, '0'), 'County ' || n || CASE
    WHEN n % 97 = 0 THEN ' <script>alert(1)</script>' ELSE '' END, (ST_Area(g::geography))::bigint, g
  FROM named WHERE g IS NOT NULL;
  INSERT INTO public.personal_income (data_year, as_of, geo_level, geo_id, per_capita_income, population)
  SELECT y, '2024-05', 'county', geo_id, CASE WHEN hashtext(geo_id) % 23 <> 0 THEN (38000 + 9000 * sin(ST_X(ST_Centroid(geometry)) / 7)
    + 8000 * cos(ST_Y(ST_Centroid(geometry)) / 4) + abs(hashtext(geo_id) % 9000) + (y - 2009) * 700)::int END, abs(hashtext(geo_id || 'p') % 90000)
  FROM public.boundary_county, generate_series(2021, 2022) y;
  INSERT INTO public.hazard_risk (data_year, as_of, geo_level, geo_id, hazard, severity)
  SELECT 2022, '2024-05', 'county', geo_id, hazard, abs(hashtext(geo_id || hazard) % 1000) / 1000.0
  FROM public.boundary_county, unnest(ARRAY['avalanche', 'flood', 'wildfire']) hazard;
  FOREACH shape IN ARRAY ARRAY['boundary_county', 'personal_income', 'hazard_risk'] LOOP
    INSERT INTO warehouse.partition (dataset, data_year, publication_id, as_of, sha256, row_count)
    SELECT shape, p.data_year, max(p.publication_id), max(p.as_of), md5(max(p.publication_id)::text), 3000 FROM lineage.publication p
    WHERE p.dataset = shape AND p.data_year IN (2021, 2022) AND (shape = 'personal_income' OR p.data_year = 2022) GROUP BY p.data_year;
  END LOOP;
  WHILE (SELECT year FROM warehouse.draw_outlines()) IS NOT NULL LOOP END LOOP;
END $$;
