-- One row per market, quarter and signal of the feed (a JSON object a line), in one of three units.
SELECT
  'vendor_retention' AS source_id,
  geo_level, geo_id, name,
  make_date(CAST(left(trim(quarter), 4) AS INTEGER), CAST(right(trim(quarter), 1) AS INTEGER) * 3 - 2, 1) AS period_start,
  trim(signal) AS signal,
  value, unit, interval_low, interval_high, confidence_level, sample_size, vintage, reported_value, reported_unit, share
FROM scaled_figures(raw.feed)
WHERE CASE WHEN starts_with(trim(quarter), CAST(getvariable('data_year') AS VARCHAR)) THEN true
  ELSE error('the feed holds the quarter ' || quarter) END
