-- Areas and centres are texts, some with a sign: "+38.2784841". The two reference systems differ by less than what is drawn.
WITH shapes AS (
  SELECT *, ST_Transform(ST_GeomFromText(geometry), 'EPSG:4269', 'EPSG:4326', always_xy := true) AS shape
  FROM raw.features
)
SELECT
  'census_tiger' AS source_id,
  'place' AS geo_level,
  GEOID AS geo_id,
  STATE AS state_code,
  layer_name = 'Incorporated Places' AS is_incorporated,
  NAME AS name,
  BASENAME AS base_name,
  LSADC AS legal_code,
  FUNCSTAT AS functional_status,
  CAST(AREALAND AS BIGINT) AS land_area,
  CAST(AREAWATER AS BIGINT) AS water_area,
  CAST(CENTLAT AS DOUBLE) AS latitude,
  CAST(CENTLON AS DOUBLE) AS longitude,
  NOT ST_IsValid(shape) AS was_repaired,
  -- Repairing may leave lines where an outline touched itself; only areas are of the place.
  CASE WHEN ST_IsValid(shape) THEN shape ELSE ST_CollectionExtract(ST_MakeValid(shape), 3) END AS geometry
FROM shapes
