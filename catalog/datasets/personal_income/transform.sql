-- Three lines of the table for each place: personal income in thousands, population, income per head.
WITH cells AS (
  SELECT CAST(LineCode AS INTEGER) AS line, lpad(trim(GeoFIPS, ' "'), 5, '0') AS geo_id,
    trim(regexp_replace(GeoName, '\*+', '', 'g')) AS name, Unit,
    upper(trim(years[CAST(getvariable('data_year') AS VARCHAR)])) AS cell
  FROM raw.table
  WHERE CASE
    WHEN map_contains(years, CAST(getvariable('data_year') AS VARCHAR)) THEN true
    ELSE error('the table has no year ' || getvariable('data_year') || ' (yet): it ends with ' || list_max(map_keys(years)))
  END
),
figures AS (
  SELECT line, geo_id, name,
    CASE WHEN cell NOT IN ('', '(NA)', '(D)', '(L)', '(NM)') THEN CAST(replace(cell, ',', '') AS BIGINT)
      * CASE WHEN lower(Unit) LIKE 'thousands%' THEN 1000 WHEN lower(Unit) LIKE 'millions%' THEN 1000000 ELSE 1 END
    END AS figure,
    CASE WHEN cell IN ('(NA)', '(NM)', '') THEN 'not_available' WHEN cell = '(D)' THEN 'withheld' WHEN cell = '(L)' THEN 'too_small'
    END AS note
  FROM cells
  -- States, regions and the nation have a code that ends in 000.
  WHERE NOT ends_with(geo_id, '000')
)
SELECT
  'bea_regional' AS source_id,
  'county' AS geo_level,
  geo_id,
  left(geo_id, 2) AS state_code,
  max(name) AS name,
  CAST(right(geo_id, 3) AS INTEGER) >= 901 AS is_combined_area,
  max(figure) FILTER (line = 1) AS personal_income,
  max(figure) FILTER (line = 2) AS population,
  max(figure) FILTER (line = 3) AS per_capita_income,
  max(note) AS note
FROM figures
GROUP BY geo_id
