-- One row per market, programme and metric of the CSV feed, in one of three units.
SELECT
  'vendor_membership' AS source_id,
  geo_level, geo_id, name,
  trim(program) AS program,
  trim(metric) AS metric,
  value, unit, interval_low, interval_high, confidence_level, sample_size, vintage, reported_value, reported_unit, share
FROM scaled_figures(raw.feed)
