-- M13 is a year's mean, and no month.
SELECT
  'bls_state_unemployment' AS source_id,
  'state' AS geo_level,
  substr(series_id, 6, 2) AS geo_id,
  substr(series_id, 6, 2) AS state_code,
  series_id,
  make_date(year, CAST(substr(period, 2) AS INTEGER), 1) AS period_start,
  CAST(nullif(cell, '-') AS DECIMAL(5,1)) AS unemployment_rate,
  note
FROM bls_points(raw.rate)
WHERE regexp_full_match(period, 'M(0[1-9]|1[0-2])')
  AND CASE WHEN year = getvariable('data_year') THEN true ELSE error('the answer holds the year ' || year) END
