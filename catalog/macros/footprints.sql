-- Each line of a tile with its `area`, repaired, and `reason` where it is no footprint: one of the tile's datasets publishes the
-- footprints and the other the rest, so that each line is in exactly one of them.
CREATE MACRO judged_footprints(footprints) AS TABLE
WITH drawn AS (
  SELECT *, ST_GeomFromText(geometry) AS shape FROM query_table(footprints)
),
repaired AS (
  SELECT *, repaired_area(shape) AS area FROM drawn
),
identified AS (
  -- The same outline has the same id, wherever its ring begins.
  SELECT *, md5(ST_AsText(ST_Normalize(area))) AS footprint_id FROM repaired
)
SELECT *,
  CASE
    WHEN rejected_line IS NOT NULL THEN 'unreadable'
    WHEN shape IS NULL THEN 'no_geometry'
    WHEN CAST(ST_GeometryType(shape) AS VARCHAR) NOT IN ('POLYGON', 'MULTIPOLYGON') THEN 'not_a_polygon'
    WHEN ST_IsEmpty(area) OR ST_Area(area) = 0 THEN 'no_area'
    WHEN row_number() OVER (PARTITION BY footprint_id ORDER BY height, confidence) > 1 THEN 'duplicate'
  END AS reason
FROM identified;
