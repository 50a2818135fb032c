-- The points of all series in answers of the BLS API, one row per series and period, newest first as they come. Each answer is
-- {"status", "message", "Results": {"series": [{"seriesID", "data": [...]}]}}.
CREATE MACRO bls_points(answers) AS TABLE
WITH series AS (
  SELECT unnest(CAST(document->'$.Results.series' AS JSON[])) AS body
  FROM query_table(answers)
  WHERE CASE
    WHEN (document->>'$.status') = 'REQUEST_SUCCEEDED' THEN true
    ELSE error('the source answered ' || (document->>'$.status') || ': ' || (document->>'$.message'))
  END
),
points AS (
  SELECT body->>'$.seriesID' AS series_id, unnest(CAST(body->'$.data' AS JSON[])) AS point
  FROM series
)
SELECT series_id, CAST(point->>'$.year' AS INTEGER) AS year, point->>'$.period' AS period, trim(point->>'$.value') AS cell,
  nullif(
    concat_ws(
      '; ', CASE WHEN trim(point->>'$.value') = '-' THEN 'not_collected' END,
      nullif(array_to_string(list_filter(point->>'$.footnotes[*].text', lambda f: f <> ''), '; '), '')),
    '') AS note
FROM points;
