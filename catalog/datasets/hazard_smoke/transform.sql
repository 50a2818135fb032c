WITH polygons AS (
  SELECT month || '-' || day AS day,
    -- 5, 16, 27 (whole or as 5.000), or a word, in any case of letters.
    CASE
      WHEN nullif(trim(Density), '') IS NULL THEN NULL
      WHEN lower(trim(Density)) IN ('light', 'medium', 'heavy')
        THEN CASE lower(trim(Density)) WHEN 'light' THEN 5 WHEN 'medium' THEN 16 ELSE 27 END
      WHEN TRY_CAST(Density AS DOUBLE) IN (5, 16, 27) THEN CAST(CAST(Density AS DOUBLE) AS INTEGER)
      ELSE error('a density is not known: ' || Density)
    END AS density,
    ST_GeomFromText(geometry) AS drawn
  FROM raw.smoke
  WHERE geometry IS NOT NULL
    -- A polygon begins as YYYYDDD HHMM, on the day of its file, or about midnight of it.
    AND CASE
      WHEN NOT regexp_full_match(coalesce(trim("Start"), ''), '\d{7}\s+\d{3,4}') THEN true
      WHEN abs(date_diff('day', make_date(CAST(left(trim("Start"), 4) AS INTEGER), 1, 1) + to_days(CAST(substr(trim("Start"), 5, 3) AS INTEGER) - 1),
        CAST(getvariable('data_year') || '-' || month || '-' || day AS DATE))) <= 2 THEN true
      ELSE error('the file of ' || getvariable('data_year') || '-' || month || '-' || day || ' has a polygon that begins at ' || "Start")
    END
),
smoke AS (
  -- Drawn by hand, some outlines cross themselves.
  SELECT day, density, CASE WHEN ST_IsValid(drawn) THEN drawn ELSE ST_MakeValid(drawn) END AS shape
  FROM polygons
),
days AS (
  -- NULL, where no polygon of the day has a density.
  SELECT geo_id, day, max(density) AS density
  FROM published.boundary_county AS county
  JOIN smoke ON ST_Intersects(county.geometry, smoke.shape)
  GROUP BY geo_id, day
),
sums AS (
  SELECT geo_id, count(*) AS smoke_days,
    count(*) FILTER (density = 5) AS light_days,
    count(*) FILTER (density = 16) AS medium_days,
    count(*) FILTER (density = 27) AS heavy_days,
    count(*) FILTER (density IS NULL) AS unknown_density_days,
    sum(coalesce(density, 5)) AS density_sum
  FROM days
  GROUP BY geo_id
)
SELECT
  'noaa_hms' AS source_id,
  'county' AS geo_level,
  county.geo_id,
  county.state_code,
  county.name,
  coalesce(smoke_days, 0) AS smoke_days,
  coalesce(light_days, 0) AS light_days,
  coalesce(medium_days, 0) AS medium_days,
  coalesce(heavy_days, 0) AS heavy_days,
  coalesce(unknown_density_days, 0) AS unknown_density_days,
  (SELECT count(DISTINCT day) FROM smoke) AS days_with_smoke_anywhere,
  coalesce(density_sum, 0) AS density_sum,
  100 * coalesce(density_sum, 0)
    / (27.0 * (make_date(getvariable('data_year') + 1, 1, 1) - make_date(getvariable('data_year'), 1, 1))) AS severity
FROM published.boundary_county AS county
LEFT JOIN sums ON sums.geo_id = county.geo_id
