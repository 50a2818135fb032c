SELECT
  'ms_building_footprints' AS source_id,
  footprint_id,
  nullif(CAST(height AS DOUBLE), -1) AS height,
  nullif(CAST(confidence AS DOUBLE), -1) AS confidence,
  NOT ST_IsValid(shape) AS was_repaired,
  area AS geometry
FROM judged_footprints(raw.footprints)
WHERE reason IS NULL
