-- One row per series and place. The series are never added up, averaged or filled in with one another.
WITH answers AS (
  SELECT 'acs5' AS series, 'census_acs5' AS source_id, 'county' AS geo_level, state || county AS geo_id, state AS state_code,
    "NAME" AS name, B01003_001E AS people
  FROM raw.acs5_county
  UNION ALL
  SELECT 'acs5', 'census_acs5', 'state', state, state, "NAME", B01003_001E
  FROM raw.acs5_state
  UNION ALL
  SELECT 'acs5', 'census_acs5', 'metro', "metropolitan statistical area/micropolitan statistical area", NULL, "NAME",
    B01003_001E
  FROM raw.acs5_metro
  UNION ALL
  SELECT 'decennial', 'census_decennial', 'county', state || county, state, "NAME", P001001
  FROM raw.decennial_2010
  UNION ALL
  SELECT 'decennial', 'census_decennial', 'county', state || county, state, "NAME", P1_001N
  FROM raw.decennial_2020
  UNION ALL
  SELECT 'pep', 'census_pep', 'county', state || county, state, "NAME", POP
  FROM raw.pep_2015
  UNION ALL
  SELECT 'pep', 'census_pep', 'county', state || county, state, "NAME", POP
  FROM raw.pep_2019
  UNION ALL
  SELECT 'pep', 'census_pep', 'county', state || county, state, "NAME", POP
  FROM raw.pep_2021
  UNION ALL
  -- 40 is a state, 50 a county; codes may have lost their zeros.
  SELECT 'pep', 'census_popest', CASE CAST(SUMLEV AS INTEGER) WHEN 40 THEN 'state' WHEN 50 THEN 'county' END,
    lpad(trim("STATE"), 2, '0') || CASE CAST(SUMLEV AS INTEGER) WHEN 50 THEN lpad(trim(COUNTY), 3, '0') ELSE '' END,
    lpad(trim("STATE"), 2, '0'),
    CASE CAST(SUMLEV AS INTEGER) WHEN 50 THEN trim(CTYNAME) || ', ' ELSE '' END || trim(STNAME),
    estimates['POPESTIMATE' || getvariable('data_year')]
  FROM raw.pep_file
),
-- '61145', '-666666666' and '-666666666.0' alike; anything else fails the transform rather than become NULL.
numbers AS (
  SELECT * EXCLUDE (people), CAST(CAST(people AS DOUBLE) AS BIGINT) AS people
  FROM answers
)
SELECT
  source_id,
  series,
  geo_level,
  geo_id,
  state_code,
  name,
  CASE WHEN people >= 0 THEN people END AS population,
  CASE
    WHEN people IS NULL THEN 'not_answered'
    WHEN people < 0 THEN 'annotated'
  END AS population_note,
  CASE series
    WHEN 'acs5' THEN CAST(getvariable('data_year') - 4 AS VARCHAR) || '-' || CAST(getvariable('data_year') AS VARCHAR)
    WHEN 'decennial' THEN CAST(getvariable('data_year') AS VARCHAR) || '-04-01'
    ELSE CAST(getvariable('data_year') AS VARCHAR) || '-07-01'
  END AS reference_period,
  CASE
    WHEN series = 'pep' AND getvariable('data_year') = 2020 THEN '2021'
    ELSE CAST(getvariable('data_year') AS VARCHAR)
  END AS vintage
FROM numbers
