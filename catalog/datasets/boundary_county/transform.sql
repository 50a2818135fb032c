-- Areas and centres are texts, some with a sign: "+38.2784841".
WITH shapes AS (
  SELECT *, from_nad83(geometry) AS shape
  FROM raw.features
)
SELECT
  'census_tiger' AS source_id,
  'county' AS geo_level,
  GEOID AS geo_id,
  STATE AS state_code,
  NAME AS name,
  BASENAME AS base_name,
  LSADC AS legal_code,
  FUNCSTAT AS functional_status,
  CAST(AREALAND AS BIGINT) AS land_area,
  CAST(AREAWATER AS BIGINT) AS water_area,
  CAST(CENTLAT AS DOUBLE) AS latitude,
  CAST(CENTLON AS DOUBLE) AS longitude,
  NOT ST_IsValid(shape) AS was_repaired,
  repaired_area(shape) AS geometry
FROM shapes
