-- Blocks are texts of 15 digits, whose first five are state and county; one that is not has been a number on its way.
WITH flows AS (
  SELECT w_geocode, h_geocode, S000 AS jobs, SA01 AS a1, SA02 AS a2, SA03 AS a3, SE01 AS e1, SE02 AS e2, SE03 AS e3,
    SI01 AS i1, SI02 AS i2, SI03 AS i3
  FROM raw.main
  UNION ALL
  SELECT w_geocode, h_geocode, S000, SA01, SA02, SA03, SE01, SE02, SE03, SI01, SI02, SI03
  FROM raw.aux
),
blocks AS (
  SELECT trim(w_geocode) AS workplace, trim(h_geocode) AS home, CAST(jobs AS BIGINT) AS jobs,
    CAST(a1 AS BIGINT) AS a1, CAST(a2 AS BIGINT) AS a2, CAST(a3 AS BIGINT) AS a3,
    CAST(e1 AS BIGINT) AS e1, CAST(e2 AS BIGINT) AS e2, CAST(e3 AS BIGINT) AS e3,
    CAST(i1 AS BIGINT) AS i1, CAST(i2 AS BIGINT) AS i2, CAST(i3 AS BIGINT) AS i3
  FROM flows
  UNION ALL
  -- NAICS sectors as the flows group them: 11, 21, 23, 31-33; 22, 42, 44-45, 48-49; all others.
  SELECT trim(w_geocode), NULL, CAST(C000 AS BIGINT),
    CAST(CA01 AS BIGINT), CAST(CA02 AS BIGINT), CAST(CA03 AS BIGINT),
    CAST(CE01 AS BIGINT), CAST(CE02 AS BIGINT), CAST(CE03 AS BIGINT),
    CAST(CNS01 AS BIGINT) + CAST(CNS02 AS BIGINT) + CAST(CNS04 AS BIGINT) + CAST(CNS05 AS BIGINT),
    CAST(CNS03 AS BIGINT) + CAST(CNS06 AS BIGINT) + CAST(CNS07 AS BIGINT) + CAST(CNS08 AS BIGINT),
    CAST(CNS09 AS BIGINT) + CAST(CNS10 AS BIGINT) + CAST(CNS11 AS BIGINT) + CAST(CNS12 AS BIGINT)
      + CAST(CNS13 AS BIGINT) + CAST(CNS14 AS BIGINT) + CAST(CNS15 AS BIGINT) + CAST(CNS16 AS BIGINT)
      + CAST(CNS17 AS BIGINT) + CAST(CNS18 AS BIGINT) + CAST(CNS19 AS BIGINT) + CAST(CNS20 AS BIGINT)
  FROM raw.workplace
),
counties AS (
  SELECT * EXCLUDE (workplace, home), left(workplace, 5) AS workplace, coalesce(left(home, 5), 'all') AS home
  FROM blocks
  WHERE CASE
    WHEN left(workplace, 2) <> state_fips(getvariable('region'))
      THEN error('the files of ' || getvariable('region') || ' were asked for, and one has a workplace in state ' || left(workplace, 2))
    WHEN regexp_full_match(workplace, '\d{15}') AND (home IS NULL OR regexp_full_match(home, '\d{15}')) THEN true
    ELSE error('a geocode has not 15 digits: ' || workplace || ', ' || coalesce(home, ''))
  END
)
SELECT
  'lehd_lodes' AS source_id,
  'county' AS geo_level,
  workplace AS geo_id,
  left(workplace, 2) AS state_code,
  home AS home_geo_id,
  CASE WHEN home <> 'all' THEN left(home, 2) END AS home_state_code,
  CAST(sum(jobs) AS BIGINT) AS jobs,
  CAST(sum(a1) AS BIGINT) AS jobs_age_29_or_younger,
  CAST(sum(a2) AS BIGINT) AS jobs_age_30_to_54,
  CAST(sum(a3) AS BIGINT) AS jobs_age_55_or_older,
  CAST(sum(e1) AS BIGINT) AS jobs_earning_1250_or_less,
  CAST(sum(e2) AS BIGINT) AS jobs_earning_1251_to_3333,
  CAST(sum(e3) AS BIGINT) AS jobs_earning_more_than_3333,
  CAST(sum(i1) AS BIGINT) AS jobs_goods,
  CAST(sum(i2) AS BIGINT) AS jobs_trade,
  CAST(sum(i3) AS BIGINT) AS jobs_services
FROM counties
GROUP BY workplace, home
