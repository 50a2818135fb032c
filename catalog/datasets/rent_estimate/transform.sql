-- A row per place, number of bedrooms and month of the year's columns. Names of columns differ in case between the layouts.
WITH rows AS (
  SELECT
    trim(location) AS name,
    lower(trim(location_type)) AS location_type,
    lower(replace(trim(bed_size), ' ', '')) AS bedrooms,
    map_from_entries(list_transform(map_entries(place), lambda e: {'key': lower(e.key), 'value': trim(e.value)})) AS place,
    unnest(map_entries(months)) AS cell
  FROM raw.estimates
),
figures AS (
  SELECT *,
    CASE location_type
      WHEN 'national' THEN 'nation'
      WHEN 'nation' THEN 'nation'
      WHEN 'cbsa' THEN 'metro'
      ELSE location_type
    END AS geo_level,
    -- Spreadsheets take leading zeros from codes.
    nullif(regexp_replace(coalesce(place['location_fips_code'], ''), '\.0$', ''), '') AS code,
    make_date(CAST(left(right(cell.key, 7), 4) AS INTEGER), CAST(right(cell.key, 2) AS INTEGER), 1) AS period_start
  FROM rows
  WHERE trim(coalesce(cell.value, '')) NOT IN ('', 'NA')
)
SELECT
  'apartment_list' AS source_id,
  geo_level,
  CASE geo_level
    WHEN 'nation' THEN 'US'
    WHEN 'state' THEN lpad(code, 2, '0')
    WHEN 'city' THEN lpad(code, 7, '0')
    ELSE lpad(code, 5, '0')
  END AS geo_id,
  name,
  coalesce(place['state'], '') AS state,
  bedrooms,
  CAST(CAST(nullif(place['population'], '') AS DOUBLE) AS BIGINT) AS population,
  period_start,
  CAST(cell.value AS DOUBLE) AS rent
FROM figures
WHERE year(period_start) = getvariable('data_year')
