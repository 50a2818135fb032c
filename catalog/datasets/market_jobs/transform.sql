-- One row per area, ownership and industry of one year. Where disclosure_code is N, the zeros are no figures.
-- The file of all areas or the slice of one, whichever this partition is of.
WITH came AS (
  SELECT * FROM raw.country UNION ALL BY NAME SELECT * FROM raw.area
),
rows AS (
  SELECT *,
    -- 1001 for 01001: a leading zero that a spreadsheet took.
    CASE WHEN regexp_full_match(trim(area_fips), '\d{4}') THEN '0' || trim(area_fips) ELSE upper(trim(area_fips)) END AS area,
    coalesce(trim(disclosure_code), '') = 'N' AS withheld,
    coalesce(trim(lq_disclosure_code), '') = 'N' AS lq_withheld,
    coalesce(trim(oty_disclosure_code), '') = 'N' AS oty_withheld
  FROM came
  WHERE CASE
    WHEN CAST(year AS INTEGER) = getvariable('data_year') AND trim(qtr) = 'A' THEN true
    ELSE error('the file holds year ' || year || ', quarter ' || qtr || ', and not the annual averages asked for')
  END
)
SELECT
  'bls_qcew' AS source_id,
  CASE
    WHEN area = 'US000' THEN 'nation'
    WHEN starts_with(area, 'US') THEN 'other'
    WHEN starts_with(area, 'CS') THEN 'combined_area'
    WHEN starts_with(area, 'C') THEN 'metro'
    WHEN ends_with(area, '000') THEN 'state'
    ELSE 'county'
  END AS geo_level,
  area AS geo_id,
  CASE WHEN regexp_full_match(area, '\d{5}') THEN left(area, 2) END AS state_code,
  trim(own_code) AS own_code,
  CASE trim(own_code)
    WHEN '0' THEN 'all'
    WHEN '1' THEN 'federal government'
    WHEN '2' THEN 'state government'
    WHEN '3' THEN 'local government'
    WHEN '4' THEN 'international government'
    WHEN '5' THEN 'private'
    WHEN '8' THEN 'all government'
    WHEN '9' THEN 'all but federal government'
  END AS ownership,
  -- 31_33 is how the slices' addresses write it.
  replace(trim(industry_code), '_', '-') AS industry_code,
  CASE
    WHEN getvariable('data_year') >= 2022 THEN 2022
    WHEN getvariable('data_year') >= 2017 THEN 2017
    WHEN getvariable('data_year') >= 2011 THEN 2012
    WHEN getvariable('data_year') >= 2007 THEN 2007
    ELSE 2002
  END AS naics_version,
  trim(agglvl_code) AS agglvl_code,
  trim(size_code) AS size_code,
  withheld AS is_suppressed,
  CAST(annual_avg_estabs AS BIGINT) AS establishments,
  CASE WHEN NOT withheld THEN CAST(annual_avg_emplvl AS BIGINT) END AS employment,
  CASE WHEN NOT withheld THEN CAST(total_annual_wages AS BIGINT) END AS total_wages,
  CASE WHEN NOT withheld THEN nullif(CAST(annual_avg_wkly_wage AS BIGINT), 0) END AS average_weekly_wage,
  CASE WHEN NOT withheld THEN nullif(CAST(avg_annual_pay AS BIGINT), 0) END AS average_annual_pay,
  CASE WHEN NOT lq_withheld THEN CAST(lq_annual_avg_emplvl AS DOUBLE) END AS employment_location_quotient,
  CASE WHEN NOT oty_withheld THEN CAST(oty_annual_avg_emplvl_chg AS BIGINT) END AS employment_change,
  CASE WHEN NOT oty_withheld THEN CAST(oty_annual_avg_emplvl_pct_chg AS DOUBLE) END AS employment_change_percent
FROM rows
