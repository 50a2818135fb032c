-- A row is a survey date, the place, and eight times buildings, units and value: 1, 2, 3-4, 5+ units, and the same four as
-- reported. Header names repeat, so columns go by their place, and a header that is not as it was fails.
WITH files AS (
  SELECT 'county' AS geo_level, line FROM raw.county
  UNION ALL
  SELECT 'metro', line FROM raw.metro
  UNION ALL
  SELECT 'metro', line FROM raw.cbsa
),
parts AS (
  SELECT geo_level, line, list_transform(string_split(line, ','), lambda f: trim(f)) AS parts
  FROM files
  WHERE trim(line) <> ''
),
rows AS (
  SELECT geo_level, line,
    -- A county's row has region and division besides, and a metro's has the CSA and whether all of it reports.
    CASE geo_level WHEN 'county' THEN parts[6] ELSE parts[5] END AS name,
    CASE geo_level WHEN 'county' THEN lpad(parts[2], 2, '0') END AS state_code,
    CASE geo_level WHEN 'county' THEN lpad(parts[2], 2, '0') || lpad(parts[3], 3, '0') ELSE parts[3] END AS geo_id,
    parts[1] AS survey_date,
    list_transform(CASE geo_level WHEN 'county' THEN parts[7:30] ELSE parts[6:29] END, lambda f: CAST(f AS BIGINT)) AS figures,
    CASE geo_level WHEN 'county' THEN 1 ELSE 1000 END AS unit
  FROM parts
  WHERE CASE
    WHEN lower(parts[1]) = 'survey' THEN false
    WHEN lower(parts[1]) = 'date' THEN CASE
      WHEN list_transform(parts[-24:], lambda f: lower(f))
        = flatten(list_transform(range(8), lambda i: ['bldgs', 'units', 'value'])) THEN false
      ELSE error('the header is not as it was: ' || line)
    END
    WHEN NOT regexp_full_match(parts[1], '\d{4}|\d{6}') THEN error('a line is not as it was: ' || line)
    WHEN len(parts) <> CASE geo_level WHEN 'county' THEN 30 ELSE 29 END THEN error('a line is not as it was: ' || line)
    ELSE true
  END
),
dated AS (
  SELECT *,
    -- 9899 is the year 1998, 8801 is January 1988, 2021 is a year, 202001 is January 2020.
    CASE
      WHEN length(survey_date) = 6 THEN CAST(left(survey_date, 4) AS INTEGER)
      WHEN geo_level = 'metro' OR right(survey_date, 2) = '99' AND survey_date <> '1999'
        THEN 1900 + CAST(left(survey_date, 2) AS INTEGER)
      ELSE CAST(survey_date AS INTEGER)
    END AS year,
    CASE WHEN geo_level = 'metro' THEN CAST(right(survey_date, 2) AS INTEGER) ELSE 1 END AS month
  FROM rows
)
SELECT
  'census_bps' AS source_id,
  geo_level,
  geo_id,
  state_code,
  name,
  CASE geo_level WHEN 'county' THEN 'year' ELSE 'month' END AS period_type,
  make_date(year, month, 1) AS period_start,
  figures[1] AS one_unit_buildings,
  figures[2] AS one_unit_units,
  figures[3] * unit AS one_unit_value,
  figures[4] AS two_unit_buildings,
  figures[5] AS two_unit_units,
  figures[6] * unit AS two_unit_value,
  figures[7] AS three_four_unit_buildings,
  figures[8] AS three_four_unit_units,
  figures[9] * unit AS three_four_unit_value,
  figures[10] AS five_plus_unit_buildings,
  figures[11] AS five_plus_unit_units,
  figures[12] * unit AS five_plus_unit_value,
  figures[2] + figures[5] + figures[8] + figures[11] AS total_units,
  -- Of places that report enough for a mean.
  CASE WHEN figures[2] >= 10 THEN CAST(figures[3] * unit AS DOUBLE) / figures[2] END AS one_unit_value_per_unit,
  (figures[3] + figures[6] + figures[9] + figures[12]) * unit AS total_value,
  figures[14] + figures[17] + figures[20] + figures[23] AS reported_units
FROM dated
WHERE CASE WHEN year = getvariable('data_year') THEN true ELSE error('the file holds the survey date ' || survey_date) END
