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
  ([
      '01', '02', '04', '05', '06', '08', '09', '10', '11', '12', '13', '15', '16', '17', '18', '19', '20', '21',
      '22', '23', '24', '25', '26', '27', '28', '29', '30', '31', '32', '33', '34', '35', '36', '37', '38', '39',
      '40', '41', '42', '44', '45', '46', '47', '48', '49', '50', '51', '53', '54', '55', '56', '72'
    ])[list_position([
      'AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'DC', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA', 'KS', 'KY',
      'LA', 'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND', 'OH',
      'OK', 'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'PR'
    ], upper(trim(geo)))] AS state_code,
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
