-- What has no place or no street is no address point.
SELECT
  'openaddresses' AS source_id,
  address_id,
  house_number,
  clean_street AS street,
  clean_unit AS unit,
  clean_city AS city,
  nullif(trim(REGION), '') AS state,
  clean_postcode AS postcode,
  nullif(trim(HASH), '') AS source_hash,
  ST_Point(longitude, latitude) AS geometry
FROM judged_addresses(raw.addresses)
WHERE reason IS NULL
