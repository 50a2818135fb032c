-- GEOID is a number in some workbooks, and has lost its leading zero. NA, N/A, NULL and a blank are the source's marks for no
-- figure, and so is a rank below zero; any other text that is no number stops the partition.
WITH cells AS (
  SELECT lpad(regexp_replace(trim(GEOID), '\.0$', ''), 5, '0') AS geo_id,
    trim(NAME) AS name,
    [CASE WHEN upper(trim(coalesce(c, ''))) NOT IN ('', 'NA', 'N/A', 'NULL') THEN trim(c) END
      FOR c IN [POP, TOTAL_BUILDINGS, BUILDINGS_FRACTION_ME, BUILDINGS_FRACTION_IE, BUILDINGS_FRACTION_DE, BP_NATIONAL_RANK,
        RISK_NATIONAL_RANK, RISK_STATE_RANK]] AS cells
  FROM raw.counties
  -- Empty lines between the header and the rows, and after them.
  WHERE nullif(trim(GEOID), '') IS NOT NULL
),
read AS (
  SELECT geo_id, name,
    as_integer(cells[1]) AS population,
    as_integer(cells[2]) AS buildings,
    as_number(cells[3]) AS minimal_exposure_share,
    as_number(cells[4]) AS indirect_exposure_share,
    as_number(cells[5]) AS direct_exposure_share,
    as_number(cells[6]) AS burn_probability_rank,
    CASE WHEN as_number(cells[7]) >= 0 THEN as_number(cells[7]) END AS rank,
    as_number(cells[8]) AS risk_state_rank
  FROM cells
)
SELECT
  'usfs_wrc' AS source_id,
  'county' AS geo_level,
  geo_id,
  left(geo_id, 2) AS state_code,
  name,
  population,
  buildings,
  minimal_exposure_share,
  indirect_exposure_share,
  direct_exposure_share,
  burn_probability_rank,
  rank AS risk_national_rank,
  risk_state_rank,
  round(100 * rank, 6) AS severity,
  CASE WHEN rank IS NULL THEN 'not_available' END AS note
FROM read
