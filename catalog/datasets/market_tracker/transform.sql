-- One row per place, property type, adjustment and period, as the source has them; its order is none.
WITH rows AS (
  SELECT * EXCLUDE (changes, others) FROM raw.nation
  UNION ALL BY NAME
  SELECT * EXCLUDE (changes, others) FROM raw.state
  UNION ALL BY NAME
  SELECT * EXCLUDE (changes, others) FROM raw.metro
  UNION ALL BY NAME
  SELECT * EXCLUDE (changes, others) FROM raw.county
),
states AS (
  SELECT DISTINCT trim("STATE") AS letters, trim(STATEFP) AS code FROM raw.county_code
),
-- `Franklin County, OH`, as the source writes a county. A name that several have is none.
counties AS (
  SELECT trim(regexp_replace(replace(lower(COUNTYNAME || ', ' || "STATE"), 'saint ', 'st '), '[^a-z0-9]+', ' ', 'g')) AS name, min(trim(STATEFP) || trim(COUNTYFP)) AS code
  FROM raw.county_code
  GROUP BY 1
  HAVING count(*) = 1
)
SELECT
  'redfin_data_center' AS source_id,
  CASE lower(trim(region_type)) WHEN 'national' THEN 'nation' ELSE lower(trim(region_type)) END AS geo_level,
  CASE lower(trim(region_type))
    WHEN 'national' THEN 'US'
    WHEN 'state' THEN states.code
    WHEN 'metro' THEN regexp_extract(trim(coalesce(parent_metro_region_metro_code, '')), '^\d{5}$')
    WHEN 'county' THEN counties.code
  END AS geo_id,
  trim(table_id) AS redfin_region_id,
  trim(region) AS name,
  CASE lower(trim(region_type)) WHEN 'national' THEN NULL ELSE upper(trim(state_code)) END AS state,
  nullif(trim(coalesce(parent_metro_region_metro_code, '')), '') AS parent_metro_code,
  trim(property_type) AS property_type,
  CASE lower(trim(is_seasonally_adjusted))
    WHEN 't' THEN true
    WHEN 'true' THEN true
    WHEN 'f' THEN false
    WHEN 'false' THEN false
    ELSE error('is_seasonally_adjusted is neither true nor false: ' || is_seasonally_adjusted)
  END AS is_seasonally_adjusted,
  CAST(period_begin AS DATE) AS period_start,
  CAST(period_end AS DATE) AS period_end,
  CAST(period_duration AS INTEGER) AS period_days,
  CAST(nullif(trim(median_sale_price), '') AS DOUBLE) AS median_sale_price,
  CAST(nullif(trim(median_list_price), '') AS DOUBLE) AS median_list_price,
  CAST(nullif(trim(median_ppsf), '') AS DOUBLE) AS median_sale_price_per_square_foot,
  CAST(nullif(trim(median_list_ppsf), '') AS DOUBLE) AS median_list_price_per_square_foot,
  CAST(nullif(trim(homes_sold), '') AS DOUBLE) AS homes_sold,
  CAST(nullif(trim(pending_sales), '') AS DOUBLE) AS pending_sales,
  CAST(nullif(trim(new_listings), '') AS DOUBLE) AS new_listings,
  CAST(nullif(trim(inventory), '') AS DOUBLE) AS inventory,
  CAST(nullif(trim(months_of_supply), '') AS DOUBLE) AS months_of_supply,
  CAST(nullif(trim(median_dom), '') AS DOUBLE) AS median_days_on_market,
  CAST(nullif(trim(avg_sale_to_list), '') AS DOUBLE) AS average_sale_to_list,
  CAST(nullif(trim(sold_above_list), '') AS DOUBLE) AS sold_above_list,
  CAST(nullif(trim(price_drops), '') AS DOUBLE) AS price_drops,
  CAST(nullif(trim(off_market_in_two_weeks), '') AS DOUBLE) AS off_market_in_two_weeks,
  CAST(regexp_replace(trim(last_updated), '\s*(Z|UTC)$', '') AS TIMESTAMP) AS updated_at
FROM rows
LEFT JOIN states ON states.letters = upper(trim(state_code))
LEFT JOIN counties ON counties.name = trim(regexp_replace(replace(lower(region), 'saint ', 'st '), '[^a-z0-9]+', ' ', 'g'))
WHERE year(CAST(period_begin AS DATE)) = getvariable('data_year')
