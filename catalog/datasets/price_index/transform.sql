-- One row per series and period.
WITH named AS (
  SELECT *,
    CASE series_id
      WHEN 'CUUR0000SA0' THEN 'all_items_us'
      WHEN 'CUSR0000SA0' THEN 'all_items_us_adjusted'
      WHEN 'CUUR0000SA0L1E' THEN 'core_us'
      WHEN 'CUUR0000SAH1' THEN 'shelter_us'
      WHEN 'CUUR0000SEHA' THEN 'rent_us'
      WHEN 'CUURS12ASA0' THEN 'all_items_new_york'
      WHEN 'CUURS23BSA0' THEN 'all_items_detroit'
      WHEN 'CUURS37ASA0' THEN 'all_items_dallas'
      WHEN 'CUURS49ASA0' THEN 'all_items_los_angeles'
      ELSE error('a series that has no name here: ' || series_id)
    END AS series
  FROM bls_points(raw.series)
)
SELECT
  'bls_timeseries' AS source_id,
  series_id,
  series,
  CASE WHEN substr(series_id, 5, 4) = '0000' THEN 'nation' ELSE 'metro' END AS geo_level,
  CASE series
    WHEN 'all_items_new_york' THEN '35620'
    WHEN 'all_items_detroit' THEN '19820'
    WHEN 'all_items_dallas' THEN '19100'
    WHEN 'all_items_los_angeles' THEN '31080'
    ELSE 'US'
  END AS geo_id,
  substr(series_id, 3, 1) = 'S' AS is_seasonally_adjusted,
  CASE
    WHEN period IN ('M13', 'S03') THEN 'year'
    WHEN starts_with(period, 'S') THEN 'half_year'
    ELSE 'month'
  END AS period_type,
  period,
  make_date(
    year,
    CASE
      WHEN period IN ('M13', 'S01', 'S03') THEN 1
      WHEN period = 'S02' THEN 7
      ELSE CAST(substr(period, 2) AS INTEGER)
    END,
    1) AS period_start,
  CAST(nullif(cell, '-') AS DECIMAL(12,3)) AS index_value,
  note
FROM named
-- A span of years that was cut, or an answer to another question, gives other years than were asked.
WHERE CASE WHEN year = getvariable('data_year') THEN true ELSE error('series ' || series_id || ' came for ' || year) END
