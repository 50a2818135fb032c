-- Rows begin with the area code; what is before and after them are headings and footnotes. Figures of a text are read from the right
-- and by white space, since the columns of the fixed layout have moved between years; those of a workbook by their order, without
-- the empty cells between.
WITH cells AS (
  SELECT list_filter(
    list_transform([c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12], lambda c: trim(c)), lambda c: c <> '') AS v
  FROM raw.workbook
),
parts AS (
  SELECT line, regexp_extract(
    line,
    '^\s*([A-Z]{2}\d{13})\s+(\d{1,2})\s+(\d{1,3})\s+(.+?)\s+(\d{4})\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*$',
    ['code', 'state', 'county', 'name', 'year', 'force', 'employed', 'unemployed', 'rate']
  ) AS p
  FROM raw.county
  WHERE regexp_matches(line, '^\s*[A-Z]{2}\d{13}')
  UNION ALL
  SELECT array_to_string(v, ' | '), {
    'code': CASE WHEN len(v) = 9 THEN v[1] ELSE '' END, 'state': v[2], 'county': v[3], 'name': v[4], 'year': v[5], 'force': v[6],
    'employed': v[7], 'unemployed': v[8], 'rate': v[9]}
  FROM cells
  WHERE regexp_matches(v[1], '^[A-Z]{2}\d{13}')
),
figures AS (
  SELECT p.code, lpad(CAST(CAST(p.state AS INTEGER) AS VARCHAR), 2, '0') AS state, lpad(CAST(CAST(p.county AS INTEGER) AS VARCHAR), 3, '0') AS county, p.name,
    -- N.A. is no figure; anything else that is no number fails the transform.
    nullif(replace(p.force, ',', ''), 'N.A.') AS force,
    nullif(replace(p.employed, ',', ''), 'N.A.') AS employed,
    nullif(replace(p.unemployed, ',', ''), 'N.A.') AS unemployed,
    nullif(p.rate, 'N.A.') AS rate
  FROM parts
  WHERE CASE
    WHEN p.code = '' THEN error('a line of the file is not as it was: ' || line)
    WHEN CAST(p.year AS INTEGER) <> getvariable('data_year') THEN error('the file holds the year ' || p.year)
    ELSE true
  END
)
SELECT
  'bls_laus' AS source_id,
  'county' AS geo_level,
  state || county AS geo_id,
  state AS state_code,
  code AS laus_code,
  name,
  CAST(force AS BIGINT) AS labor_force,
  CAST(employed AS BIGINT) AS employed,
  CAST(unemployed AS BIGINT) AS unemployed,
  CAST(rate AS DECIMAL(5,1)) AS unemployment_rate,
  CASE WHEN rate IS NULL THEN 'not_available' END AS note
FROM figures
