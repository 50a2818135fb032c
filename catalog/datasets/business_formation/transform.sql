-- A row per month of the year's columns. A blank is a month that has not been yet; D, S and NA say why there is no figure.
WITH months AS (
  SELECT sa, naics_sector, series, geo, year, 1 AS month, jan AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 2 AS month, feb AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 3 AS month, mar AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 4 AS month, apr AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 5 AS month, may AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 6 AS month, jun AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 7 AS month, jul AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 8 AS month, aug AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 9 AS month, sep AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 10 AS month, oct AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 11 AS month, nov AS cell FROM raw.monthly
  UNION ALL
  SELECT sa, naics_sector, series, geo, year, 12 AS month, dec AS cell FROM raw.monthly
),
cells AS (
  SELECT * EXCLUDE (cell), upper(trim(cell)) AS cell
  FROM months
  WHERE CAST(year AS INTEGER) = getvariable('data_year') AND trim(coalesce(cell, '')) <> ''
)
SELECT
  'census_bfs' AS source_id,
  CASE
    WHEN upper(trim(geo)) = 'US' THEN 'nation'
    WHEN upper(trim(geo)) IN ('NO', 'MW', 'SO', 'WE') THEN 'region'
    ELSE 'state'
  END AS geo_level,
  upper(trim(geo)) AS geo_id,
  trim(naics_sector) AS naics_sector,
  trim(series) AS series,
  CASE trim(sa) WHEN 'A' THEN true WHEN 'U' THEN false ELSE error('sa is neither A nor U: ' || sa) END
    AS is_seasonally_adjusted,
  month,
  make_date(CAST(year AS INTEGER), month, 1) AS period_start,
  CASE WHEN cell NOT IN ('D', 'S', 'NA') THEN CAST(cell AS DOUBLE) END AS figure,
  CASE cell
    WHEN 'D' THEN 'withheld'
    WHEN 'S' THEN 'below_quality_standard'
    WHEN 'NA' THEN 'not_available'
  END AS note
FROM cells
