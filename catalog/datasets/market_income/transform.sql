-- One row per county, state or metro of one ACS 5-year vintage. The inputs are views of text columns, one per request.
WITH answers AS (
  SELECT 'county' AS geo_level, state || county AS geo_id, state AS state_code, "NAME" AS name, "B19013_001E" AS income,
    "B01003_001E" AS people
  FROM raw.county
  UNION ALL
  SELECT 'state', state, state, "NAME", "B19013_001E", "B01003_001E"
  FROM raw.state
  UNION ALL
  SELECT 'metro', "metropolitan statistical area/micropolitan statistical area", NULL, "NAME", "B19013_001E",
    "B01003_001E"
  FROM raw.metro
),
-- '61145', '-666666666' and '-666666666.0' alike; anything else fails the transform rather than become NULL.
numbers AS (
  SELECT * EXCLUDE (income, people), CAST(CAST(income AS DOUBLE) AS BIGINT) AS income,
    CAST(CAST(people AS DOUBLE) AS BIGINT) AS people
  FROM answers
)
SELECT
  'census_acs5' AS source_id,
  geo_level,
  geo_id,
  state_code,
  name,
  CASE WHEN income >= 0 THEN income END AS median_household_income,
  CASE
    WHEN income IS NULL THEN 'not_answered'
    WHEN income = -666666666 THEN 'too_few_observations'
    WHEN income = -999999999 THEN 'cannot_be_displayed'
    WHEN income = -888888888 THEN 'not_applicable'
    WHEN income < 0 THEN 'annotated'
    WHEN income = 250001 THEN 'top_coded'
    WHEN income = 2499 THEN 'bottom_coded'
  END AS median_household_income_note,
  CASE WHEN people >= 0 THEN people END AS population,
  CASE
    WHEN people IS NULL THEN 'not_answered'
    WHEN people < 0 THEN 'annotated'
  END AS population_note
FROM numbers
ORDER BY geo_level, geo_id
