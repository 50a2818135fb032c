-- What the Census geocoder does not know as one line either, or knows at several places.
SELECT address_id, address
FROM raw.one_line
WHERE len(list_distinct(CAST(json_extract(document, '$.result.addressMatches[*].coordinates') AS VARCHAR[]))) <> 1
