-- One row per series and period. Each answer is {"status", "message", "Results": {"series": [{"seriesID", "data": [...]}]}}.
WITH answers AS (
  SELECT 'all_items_us' AS series, document FROM raw.all_items_us
  UNION ALL
  SELECT 'all_items_us_adjusted' AS series, document FROM raw.all_items_us_adjusted
  UNION ALL
  SELECT 'core_us' AS series, document FROM raw.core_us
  UNION ALL
  SELECT 'shelter_us' AS series, document FROM raw.shelter_us
  UNION ALL
  SELECT 'rent_us' AS series, document FROM raw.rent_us
  UNION ALL
  SELECT 'all_items_new_york' AS series, document FROM raw.all_items_new_york
  UNION ALL
  SELECT 'all_items_detroit' AS series, document FROM raw.all_items_detroit
  UNION ALL
  SELECT 'all_items_dallas' AS series, document FROM raw.all_items_dallas
  UNION ALL
  SELECT 'all_items_los_angeles' AS series, document FROM raw.all_items_los_angeles
),
series AS (
  SELECT series, unnest(CAST(document->'$.Results.series' AS JSON[])) AS body
  FROM answers
  WHERE CASE
    WHEN (document->>'$.status') = 'REQUEST_SUCCEEDED' THEN true
    ELSE error('the source answered ' || (document->>'$.status') || ': ' || (document->>'$.message'))
  END
),
points AS (
  SELECT series, body->>'$.seriesID' AS series_id, unnest(CAST(body->'$.data' AS JSON[])) AS point
  FROM series
),
cells AS (
  SELECT series, series_id, CAST(point->>'$.year' AS INTEGER) AS year, point->>'$.period' AS period,
    trim(point->>'$.value') AS cell, point->>'$.footnotes[*].text' AS footnotes
  FROM points
)
SELECT
  'bls_timeseries' AS source_id,
  series_id,
  series,
  CASE WHEN substr(series_id, 5, 4) = '0000' THEN 'nation' ELSE 'metro' END AS geo_level,
  CASE series
    WHEN 'all_items_new_york' THEN '35620'
    WHEN 'all_items_detroit' THEN '19820'
    WHEN 'all_items_dallas' THEN '19100'
    WHEN 'all_items_los_angeles' THEN '31080'
    ELSE 'US'
  END AS geo_id,
  substr(series_id, 3, 1) = 'S' AS is_seasonally_adjusted,
  CASE
    WHEN period IN ('M13', 'S03') THEN 'year'
    WHEN starts_with(period, 'S') THEN 'half_year'
    ELSE 'month'
  END AS period_type,
  period,
  make_date(
    year,
    CASE
      WHEN period IN ('M13', 'S01', 'S03') THEN 1
      WHEN period = 'S02' THEN 7
      ELSE CAST(substr(period, 2) AS INTEGER)
    END,
    1) AS period_start,
  CAST(nullif(cell, '-') AS DECIMAL(12,3)) AS index_value,
  nullif(
    concat_ws(
      '; ', CASE WHEN cell = '-' THEN 'not_collected' END,
      nullif(array_to_string(list_filter(footnotes, lambda f: f <> ''), '; '), '')),
    '') AS note
FROM cells
-- A span of years that was cut, or an answer to another question, gives other years than were asked.
WHERE CASE WHEN year = getvariable('data_year') THEN true ELSE error('series ' || series_id || ' came for ' || year) END
