-- A row per place and month of the year's columns. A file is asked for by its newer and its older name: the newer one counts.
WITH files AS (
  SELECT RegionID, SizeRank, RegionName, RegionType, StateName, NULL AS Metro, NULL AS StateCodeFIPS,
    NULL AS MunicipalCodeFIPS, months
  FROM raw.metro
  UNION ALL
  SELECT RegionID, SizeRank, RegionName, RegionType, StateName, NULL, NULL, NULL, months
  FROM raw.metro_older
  WHERE NOT EXISTS (FROM raw.metro)
  UNION ALL
  SELECT RegionID, SizeRank, RegionName, RegionType, StateName, Metro, StateCodeFIPS, MunicipalCodeFIPS, months
  FROM raw.county
  UNION ALL
  SELECT RegionID, SizeRank, RegionName, RegionType, StateName, Metro, StateCodeFIPS, MunicipalCodeFIPS, months
  FROM raw.county_older
  WHERE NOT EXISTS (FROM raw.county)
),
cells AS (
  SELECT * EXCLUDE (months), lower(trim(RegionType)) AS region_type, unnest(map_entries(months)) AS cell
  FROM files
),
figures AS (
  SELECT *, CAST(cell.key AS DATE) AS month_end
  FROM cells
  WHERE trim(coalesce(cell.value, '')) <> '' AND year(CAST(cell.key AS DATE)) = getvariable('data_year')
),
-- A title is `Washington-Arlington-Alexandria, DC-VA-MD-WV`, or `Louisville/Jefferson County, KY-IN`: whole, and up to its first
-- city and state. A name that several have is none.
titles AS (
  SELECT trim(CBSA) AS code, unnest([
    trim(NAME),
    regexp_extract(trim(NAME), '^([^-/,]+)', 1) || ', ' || regexp_extract(trim(NAME), ', ([A-Z]{2})', 1)
  ]) AS title
  FROM raw.cbsa
  WHERE trim(LSAD) IN ('Metropolitan Statistical Area', 'Micropolitan Statistical Area')
),
metros AS (
  SELECT trim(regexp_replace(replace(lower(title), 'saint ', 'st '), '[^a-z0-9]+', ' ', 'g')) AS name, min(code) AS code
  FROM titles
  GROUP BY 1
  HAVING count(DISTINCT code) = 1
)
SELECT
  'zillow_research' AS source_id,
  CASE region_type
    WHEN 'country' THEN 'nation'
    WHEN 'msa' THEN 'metro'
    WHEN 'metro' THEN 'metro'
    WHEN 'county' THEN 'county'
    ELSE error('a region type that is not known: ' || RegionType)
  END AS geo_level,
  -- The codes come as numbers: 1 and 1 for 01001.
  CASE region_type
    WHEN 'country' THEN 'US'
    WHEN 'county' THEN lpad(trim(StateCodeFIPS), 2, '0') || lpad(trim(MunicipalCodeFIPS), 3, '0')
    ELSE metros.code
  END AS geo_id,
  trim(RegionID) AS zillow_region_id,
  CASE region_type WHEN 'county' THEN lpad(trim(StateCodeFIPS), 2, '0') END AS state_code,
  trim(RegionName) AS name,
  nullif(trim(coalesce(StateName, '')), '') AS state,
  nullif(trim(coalesce(Metro, '')), '') AS metro_name,
  CAST(SizeRank AS INTEGER) AS size_rank,
  CAST(date_trunc('month', month_end) AS DATE) AS period_start,
  CAST(cell.value AS DOUBLE) AS rent
FROM figures
LEFT JOIN metros ON metros.name = trim(regexp_replace(replace(lower(RegionName), 'saint ', 'st '), '[^a-z0-9]+', ' ', 'g'))
