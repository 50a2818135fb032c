-- GEOID is a number in some workbooks, and has lost its leading zero.
WITH counties AS (
  SELECT *, lpad(regexp_replace(trim(GEOID), '\.0$', ''), 5, '0') AS geo_id,
    TRY_CAST(nullif(upper(trim(RISK_NATIONAL_RANK)), 'NA') AS DOUBLE) AS risk
  FROM raw.counties
  -- Empty lines between the header and the rows, and after them.
  WHERE nullif(trim(GEOID), '') IS NOT NULL
),
read AS (
  SELECT *,
    CASE
      WHEN risk IS NULL AND coalesce(upper(trim(RISK_NATIONAL_RANK)), '') NOT IN ('', 'NA', 'N/A', 'NULL')
        THEN error('a rank is not known: ' || RISK_NATIONAL_RANK)
      WHEN risk < 0 THEN NULL
      ELSE risk
    END AS rank
  FROM counties
)
SELECT
  'usfs_wrc' AS source_id,
  'county' AS geo_level,
  geo_id,
  left(geo_id, 2) AS state_code,
  trim(NAME) AS name,
  CAST(CAST(nullif(trim(POP), '') AS DOUBLE) AS BIGINT) AS population,
  CAST(CAST(nullif(trim(TOTAL_BUILDINGS), '') AS DOUBLE) AS BIGINT) AS buildings,
  TRY_CAST(BUILDINGS_FRACTION_ME AS DOUBLE) AS minimal_exposure_share,
  TRY_CAST(BUILDINGS_FRACTION_IE AS DOUBLE) AS indirect_exposure_share,
  TRY_CAST(BUILDINGS_FRACTION_DE AS DOUBLE) AS direct_exposure_share,
  TRY_CAST(BP_NATIONAL_RANK AS DOUBLE) AS burn_probability_rank,
  rank AS risk_national_rank,
  TRY_CAST(RISK_STATE_RANK AS DOUBLE) AS risk_state_rank,
  round(100 * rank, 6) AS severity,
  CASE WHEN rank IS NULL THEN 'not_available' END AS note
FROM read
