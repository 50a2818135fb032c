-- One row per market, amenity and metric of the JSON feed, in one of three units.
SELECT
  'vendor_amenities' AS source_id,
  geo_level, geo_id, name,
  trim(amenity) AS amenity,
  trim(metric) AS metric,
  value, unit, interval_low, interval_high, confidence_level, sample_size, vintage, reported_value, reported_unit, share
FROM scaled_figures(raw.feed)
