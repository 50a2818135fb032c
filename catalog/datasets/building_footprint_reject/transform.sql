WITH drawn AS (
  SELECT *, ST_GeomFromText(geometry) AS shape FROM raw.footprints
),
repaired AS (
  -- Repairing may leave lines where an outline touched itself; only areas are of the building.
  SELECT *, CASE WHEN ST_IsValid(shape) THEN shape ELSE ST_CollectionExtract(ST_MakeValid(shape), 3) END AS area
  FROM drawn
),
identified AS (
  -- The same outline has the same id, wherever its ring begins.
  SELECT *, md5(ST_AsText(ST_Normalize(area))) AS footprint_id FROM repaired
),
judged AS (
  SELECT *,
    CASE
      WHEN rejected_line IS NOT NULL THEN 'unreadable'
      WHEN shape IS NULL THEN 'no_geometry'
      WHEN CAST(ST_GeometryType(shape) AS VARCHAR) NOT IN ('POLYGON', 'MULTIPOLYGON') THEN 'not_a_polygon'
      WHEN ST_IsEmpty(area) OR ST_Area(area) = 0 THEN 'no_area'
      WHEN row_number() OVER (PARTITION BY footprint_id ORDER BY height, confidence) > 1 THEN 'duplicate'
    END AS reason
  FROM identified
),
contents AS (
  SELECT reason,
    coalesce(rejected_line, concat_ws(' ', 'height=' || height, 'confidence=' || confidence, geometry)) AS content
  FROM judged
  WHERE reason IS NOT NULL
)
SELECT
  'ms_building_footprints' AS source_id,
  md5(reason || ' ' || content) AS reject_id,
  reason,
  left(content, 2000) AS content,
  count(*) AS row_count
FROM contents
GROUP BY reason, content
