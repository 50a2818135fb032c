-- Marks of the source: score -1 is arid and low water use, score and raw -9999 no data, raw 9999 a supply of nearly nothing.
WITH state_code (name, code) AS (
  VALUES
    ('Alabama', '01'), ('Alaska', '02'), ('Arizona', '04'), ('Arkansas', '05'), ('California', '06'),
    ('Colorado', '08'), ('Connecticut', '09'), ('Delaware', '10'), ('District of Columbia', '11'),
    ('Florida', '12'), ('Georgia', '13'), ('Hawaii', '15'), ('Idaho', '16'), ('Illinois', '17'), ('Indiana', '18'),
    ('Iowa', '19'), ('Kansas', '20'), ('Kentucky', '21'), ('Louisiana', '22'), ('Maine', '23'), ('Maryland', '24'),
    ('Massachusetts', '25'), ('Michigan', '26'), ('Minnesota', '27'), ('Mississippi', '28'), ('Missouri', '29'),
    ('Montana', '30'), ('Nebraska', '31'), ('Nevada', '32'), ('New Hampshire', '33'), ('New Jersey', '34'),
    ('New Mexico', '35'), ('New York', '36'), ('North Carolina', '37'), ('North Dakota', '38'), ('Ohio', '39'),
    ('Oklahoma', '40'), ('Oregon', '41'), ('Pennsylvania', '42'), ('Rhode Island', '44'), ('South Carolina', '45'),
    ('South Dakota', '46'), ('Tennessee', '47'), ('Texas', '48'), ('Utah', '49'), ('Vermont', '50'),
    ('Virginia', '51'), ('Washington', '53'), ('West Virginia', '54'), ('Wisconsin', '55'), ('Wyoming', '56')
),
indicator (code, name) AS (
  VALUES ('bws', 'water_stress'), ('bwd', 'water_depletion'), ('iav', 'interannual_variability'),
    ('sev', 'seasonal_variability'), ('gtd', 'groundwater_table_decline'), ('rfr', 'riverine_flood_risk'),
    ('cfr', 'coastal_flood_risk'), ('drr', 'drought_risk')
),
cells AS (
  SELECT trim(string_id) AS piece, trim(pfaf_id) AS basin, state_code.code AS state_code, state_code.name AS state,
    indicator.name AS indicator, CAST(area_km2 AS DOUBLE) AS area,
    CAST(nullif(trim(figures[indicator.code || '_raw']), '') AS DOUBLE) AS raw,
    CAST(nullif(trim(figures[indicator.code || '_score']), '') AS DOUBLE) AS score,
    nullif(trim(figures[indicator.code || '_label']), '') AS label
  FROM raw.baseline
  -- States only: the source counts territories as countries of their own.
  JOIN state_code ON state_code.name = trim(name_1)
  CROSS JOIN indicator
  WHERE trim(gid_0) = 'USA'
),
pieces AS (
  SELECT *,
    CASE WHEN score BETWEEN 0 AND 5 THEN score * 20 WHEN score NOT IN (-1, -9999) THEN error('a score that is not known: ' || score) END
      AS severity,
    CASE WHEN raw NOT IN (9999, -9999) THEN raw END AS raw_value
  FROM cells
)
SELECT
  'wri_aqueduct' AS source_id,
  'basin' AS geo_level,
  piece AS geo_id,
  state_code,
  state AS name,
  basin AS basin_id,
  indicator,
  severity,
  label,
  CASE
    WHEN score = -1 THEN 'arid_and_low_use'
    WHEN score = -9999 OR score IS NULL THEN 'no_data'
    WHEN raw = 9999 THEN 'near_zero_supply'
  END AS note,
  raw_value,
  area,
  CASE WHEN severity IS NULL THEN 0.0 ELSE 1.0 END AS share_scored
FROM pieces
UNION ALL
SELECT
  'wri_aqueduct',
  'state',
  state_code,
  state_code,
  state,
  NULL,
  indicator,
  sum(severity * area) / sum(area) FILTER (severity IS NOT NULL),
  NULL,
  CASE WHEN count(severity) = 0 THEN 'no_data' END,
  sum(raw_value * area) / sum(area) FILTER (raw_value IS NOT NULL),
  sum(area),
  coalesce(sum(area) FILTER (severity IS NOT NULL), 0) / sum(area)
FROM pieces
GROUP BY state_code, state, indicator
