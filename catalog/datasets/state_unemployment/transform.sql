-- Each answer is {"status", "message", "Results": {"series": [{"seriesID", "data": [...]}]}}; M13 is a year's mean, and no month.
WITH series AS (
  SELECT unnest(CAST(document->'$.Results.series' AS JSON[])) AS body
  FROM raw.rate
  WHERE CASE
    WHEN (document->>'$.status') = 'REQUEST_SUCCEEDED' THEN true
    ELSE error('the source answered ' || (document->>'$.status') || ': ' || (document->>'$.message'))
  END
),
points AS (
  SELECT body->>'$.seriesID' AS series_id, unnest(CAST(body->'$.data' AS JSON[])) AS point
  FROM series
),
cells AS (
  SELECT series_id, CAST(point->>'$.year' AS INTEGER) AS year, point->>'$.period' AS period,
    trim(point->>'$.value') AS cell, point->>'$.footnotes[*].text' AS footnotes
  FROM points
)
SELECT
  'bls_state_unemployment' AS source_id,
  'state' AS geo_level,
  substr(series_id, 6, 2) AS geo_id,
  substr(series_id, 6, 2) AS state_code,
  series_id,
  make_date(year, CAST(substr(period, 2) AS INTEGER), 1) AS period_start,
  CAST(nullif(cell, '-') AS DECIMAL(5,1)) AS unemployment_rate,
  nullif(
    concat_ws(
      '; ', CASE WHEN cell = '-' THEN 'not_collected' END,
      nullif(array_to_string(list_filter(footnotes, lambda f: f <> ''), '; '), '')),
    '') AS note
FROM cells
WHERE regexp_full_match(period, 'M(0[1-9]|1[0-2])')
