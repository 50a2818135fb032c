-- What the Census geocoder does not know as one line either, or knows at several places. At most 1,000 in a run: Nominatim's usage
-- policy asks for one request a second, and not to be used in bulk. The rest waits for the next run.
SELECT address_id, address
FROM (
  -- Those that wait since an earlier run come first.
  SELECT 0 AS turn, address_id, one_line(street, city, state, zip) AS address
  FROM best_known(published.geocode_cache)
  WHERE status = 'waiting' AND asked_of = 'batch, one_line' AND is_recent(asked_as_of)
    AND address_id IN (SELECT address_name(street, city, state, zip) FROM raw.addresses)
  UNION ALL
  SELECT 1, address_id, address
  FROM raw.one_line
  WHERE len(list_distinct(CAST(json_extract(document, '$.result.addressMatches[*].coordinates') AS VARCHAR[]))) <> 1
)
ORDER BY turn, address_id
LIMIT 1000
