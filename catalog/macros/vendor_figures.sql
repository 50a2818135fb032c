-- A licensed feed's figures in one of three units, with what was reported beside them.
CREATE MACRO scaled_figures(feed) AS TABLE
WITH figures AS (
  SELECT *,
    lower(replace(trim(unit), ' ', '')) AS given,
    CAST(value AS DOUBLE) AS figure,
    CAST(nullif(trim(ci_low), '') AS DOUBLE) AS low,
    CAST(nullif(trim(ci_high), '') AS DOUBLE) AS high
  FROM query_table(feed)
),
scaled AS (
  SELECT *,
    CASE given
      WHEN 'usd/door' THEN 'usd_per_door'
      WHEN 'kusd/door' THEN 'usd_per_door'
      WHEN 'usd/unit/month' THEN 'usd_per_unit_month'
      WHEN 'usd/unit/year' THEN 'usd_per_unit_month'
      WHEN 'share' THEN 'share'
      WHEN '%' THEN 'share'
      ELSE error('a unit that is not known: ' || unit)
    END AS canonical,
    -- Divided or multiplied, so that 38 % is 0.38 and not 0.38000000000000006.
    CASE given WHEN 'kusd/door' THEN 1000 ELSE 1 END AS times,
    CASE given WHEN 'usd/unit/year' THEN 12 WHEN '%' THEN 100 ELSE 1 END AS divisor
  FROM figures
)
SELECT
  * EXCLUDE (value, unit, confidence_level, sample_size, vintage, given, figure, low, high, canonical, times, divisor),
  'metro' AS geo_level,
  lpad(trim(market_code), 5, '0') AS geo_id,
  trim(market_name) AS name,
  figure * times / divisor AS value,
  canonical AS unit,
  low * times / divisor AS interval_low,
  high * times / divisor AS interval_high,
  CAST(nullif(trim(confidence_level), '') AS DOUBLE) AS confidence_level,
  CAST(CAST(nullif(trim(sample_size), '') AS DOUBLE) AS BIGINT) AS sample_size,
  trim(vintage) AS vintage,
  figure AS reported_value,
  trim(scaled.unit) AS reported_unit,
  CASE canonical WHEN 'share' THEN figure * times / divisor END AS share
FROM scaled;
