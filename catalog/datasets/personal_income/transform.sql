-- Each answer is {"BEAAPI": {"Results": {"Data": [{"GeoFips", "GeoName", "TimePeriod", "UNIT_MULT", "DataValue"}]}}}.
WITH answers AS (
  SELECT 'income' AS measure, document FROM raw.income
  UNION ALL
  SELECT 'population', document FROM raw.population
  UNION ALL
  SELECT 'per_capita', document FROM raw.per_capita
),
points AS (
  SELECT measure, unnest(CAST(document->'$.BEAAPI.Results.Data' AS JSON[])) AS point
  FROM answers
  WHERE CASE
    WHEN json_array_length(document, '$.BEAAPI.Results.Data') > 0 THEN true
    ELSE error('the source answered no data for ' || measure || ': ' || left(document, 300))
  END
),
cells AS (
  SELECT measure, lpad(trim(point->>'$.GeoFips', ' "'), 5, '0') AS geo_id,
    trim(regexp_replace(point->>'$.GeoName', '\*+', '', 'g')) AS name,
    upper(trim(point->>'$.DataValue')) AS cell,
    CAST(power(10, CAST(coalesce(nullif(trim(point->>'$.UNIT_MULT'), ''), '0') AS INTEGER)) AS BIGINT) AS unit
  FROM points
  WHERE CASE
    WHEN CAST(point->>'$.TimePeriod' AS INTEGER) = getvariable('data_year') THEN true
    ELSE error('the answer holds the year ' || (point->>'$.TimePeriod'))
  END
),
figures AS (
  SELECT measure, geo_id, name,
    CASE WHEN cell NOT IN ('(NA)', '(D)', '(L)', '(NM)') THEN CAST(replace(cell, ',', '') AS BIGINT) * unit END AS figure,
    CASE cell WHEN '(NA)' THEN 'not_available' WHEN '(NM)' THEN 'not_available' WHEN '(D)' THEN 'withheld'
      WHEN '(L)' THEN 'too_small' END AS note
  FROM cells
  -- States and the nation have a code that ends in 000.
  WHERE NOT ends_with(geo_id, '000')
)
SELECT
  'bea_regional' AS source_id,
  'county' AS geo_level,
  geo_id,
  left(geo_id, 2) AS state_code,
  max(name) AS name,
  CAST(right(geo_id, 3) AS INTEGER) >= 901 AS is_combined_area,
  max(figure) FILTER (measure = 'income') AS personal_income,
  max(figure) FILTER (measure = 'population') AS population,
  max(figure) FILTER (measure = 'per_capita') AS per_capita_income,
  max(note) AS note
FROM figures
GROUP BY geo_id
