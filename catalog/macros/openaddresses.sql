-- Each line of OpenAddresses with what is put right (padding, runs of spaces), and `reason` where it is no address point: one of
-- its datasets publishes the points and the other the rest, so that each line is in exactly one of them.
CREATE MACRO judged_addresses(addresses) AS TABLE
WITH cleaned AS (
  SELECT *,
    TRY_CAST(trim(LON) AS DOUBLE) AS longitude,
    TRY_CAST(trim(LAT) AS DOUBLE) AS latitude,
    nullif(regexp_replace(trim(NUMBER), '\s+', ' ', 'g'), '') AS house_number,
    nullif(regexp_replace(trim(STREET), '\s+', ' ', 'g'), '') AS clean_street,
    nullif(regexp_replace(trim(UNIT), '\s+', ' ', 'g'), '') AS clean_unit,
    nullif(trim(CITY), '') AS clean_city,
    nullif(trim(POSTCODE), '') AS clean_postcode
  FROM query_table(addresses)
),
identified AS (
  SELECT *,
    md5(lower(concat_ws('|', house_number, clean_street, coalesce(clean_unit, ''), coalesce(clean_city, ''), coalesce(clean_postcode, ''),
      printf('%.6f', longitude), printf('%.6f', latitude)))) AS address_id
  FROM cleaned
)
SELECT *,
  CASE
    WHEN longitude IS NULL OR latitude IS NULL THEN 'no_place'
    WHEN longitude NOT BETWEEN -180 AND 180 OR latitude NOT BETWEEN -90 AND 90 OR (longitude = 0 AND latitude = 0) THEN 'impossible_place'
    WHEN clean_street IS NULL THEN 'no_street'
    WHEN house_number IS NULL THEN 'no_number'
    WHEN row_number() OVER (PARTITION BY address_id ORDER BY HASH, ID, STREET) > 1 THEN 'duplicate'
  END AS reason
FROM identified;
