-- What the Census geocoder does not know as one line either, or knows at several places. At most 1,000 in a run: Nominatim's usage
-- policy asks for one request a second, and not to be used in bulk. The rest waits for the next run.
SELECT address_id, address
FROM (
  -- Those that wait since an earlier run come first.
  SELECT 0 AS turn, address_id, left(concat_ws(', ', nullif(street, ''), nullif(city, ''), nullif(state, ''), nullif(zip, '')), 100) AS address
  FROM (
    SELECT * FROM published.geocode_cache
    QUALIFY row_number() OVER (PARTITION BY address_id ORDER BY status = 'matched' DESC, asked_as_of DESC NULLS LAST, data_year) = 1
  )
  -- Three months later, all begins anew (new_addresses.sql).
  WHERE status = 'waiting' AND asked_of = 'batch, one_line' AND asked_as_of > strftime(CAST(getvariable('as_of') || '-01' AS DATE) - INTERVAL 3 MONTH, '%Y-%m')
    AND address_id IN (
    SELECT left(md5(trim(regexp_replace(upper(concat_ws(' ', street, city, state, zip)), '[^A-Z0-9]+', ' ', 'g'))), 16) FROM raw.addresses)
  UNION ALL
  SELECT 1, address_id, address
  FROM raw.one_line
  WHERE len(list_distinct(CAST(json_extract(document, '$.result.addressMatches[*].coordinates') AS VARCHAR[]))) <> 1
)
ORDER BY turn, address_id
LIMIT 1000
