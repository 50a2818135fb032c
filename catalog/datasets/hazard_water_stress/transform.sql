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
),
-- A basin within a state: what all of its pieces are by area, and how much of it has a figure at all.
basins AS (
  SELECT basin, state_code, indicator,
    sum(severity * area ORDER BY piece) / sum(area ORDER BY piece) FILTER (severity IS NOT NULL) AS severity,
    coalesce(sum(area ORDER BY piece) FILTER (severity IS NOT NULL), 0) / sum(area ORDER BY piece) AS share_scored,
    sum(raw_value * area ORDER BY piece) / sum(area ORDER BY piece) FILTER (raw_value IS NOT NULL) AS raw_value,
    coalesce(sum(area ORDER BY piece) FILTER (raw_value IS NOT NULL), 0) / sum(area ORDER BY piece) AS share_raw,
    bool_or(score = -1) AS is_arid
  FROM pieces
  GROUP BY basin, state_code, indicator
),
outlines AS (
  SELECT CAST(CAST(CAST(PFAF_ID AS DOUBLE) AS BIGINT) AS VARCHAR) AS basin,
    CASE WHEN ST_IsValid(drawn) THEN drawn ELSE ST_MakeValid(drawn) END AS shape
  FROM (SELECT PFAF_ID, ST_GeomFromText(geometry) AS drawn FROM raw.basin)
),
common AS (
  SELECT county.geo_id, county.state_code, basin, ST_Intersection(county.geometry, shape) AS shape
  FROM published.boundary_county AS county
  JOIN outlines ON ST_Intersects(county.geometry, outlines.shape)
),
-- A degree of longitude is shorter by the cosine of its latitude; what all lengths have in common falls out of a mean.
parts AS (
  SELECT geo_id, state_code, basin, sum(ST_Area(shape) * cos(radians(ST_Y(ST_Centroid(shape))))) AS weight
  FROM common
  WHERE ST_Area(shape) > 0
  GROUP BY geo_id, state_code, basin
),
counties AS (
  SELECT geo_id, indicator,
    -- In one order, so that the same documents give the same digits.
    sum(severity * weight * share_scored ORDER BY basin) / nullif(sum(weight * share_scored ORDER BY basin), 0) AS severity,
    sum(weight * share_scored ORDER BY basin) AS weight_scored,
    sum(raw_value * weight * share_raw ORDER BY basin) / nullif(sum(weight * share_raw ORDER BY basin), 0) AS raw_value,
    bool_or(is_arid) AS is_arid
  FROM parts JOIN basins USING (basin, state_code)
  GROUP BY geo_id, indicator
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
  sum(severity * area ORDER BY piece) / sum(area ORDER BY piece) FILTER (severity IS NOT NULL),
  NULL,
  CASE WHEN count(severity) = 0 THEN 'no_data' END,
  sum(raw_value * area ORDER BY piece) / sum(area ORDER BY piece) FILTER (raw_value IS NOT NULL),
  sum(area ORDER BY piece),
  coalesce(sum(area ORDER BY piece) FILTER (severity IS NOT NULL), 0) / sum(area ORDER BY piece)
FROM pieces
GROUP BY state_code, state, indicator
UNION ALL
SELECT
  'wri_aqueduct',
  'county',
  county.geo_id,
  county.state_code,
  county.name,
  NULL,
  indicator,
  severity,
  NULL,
  CASE WHEN severity IS NULL THEN CASE WHEN is_arid THEN 'arid_and_low_use' ELSE 'no_data' END END,
  raw_value,
  county.land_area / 1e6,
  -- Outlines that meet exactly can add up to a little more than the whole.
  least(1, weight_scored / (ST_Area(geometry) * cos(radians(ST_Y(ST_Centroid(geometry))))))
FROM counties JOIN published.boundary_county AS county USING (geo_id)
