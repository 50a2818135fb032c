-- What is to be asked now, at most 100,000 in a run, which is ten files: addresses of the list that no partition has found, and that were not asked within three months. The
-- batch takes: an id, street, city, state, ZIP. `published` has one row for each address and year in whose list it is.
WITH listed AS (
  SELECT address_name(street, city, state, zip) AS address_id,
    min(trim(street)) AS street, min(trim(city)) AS city, min(trim(state)) AS state, min(trim(zip)) AS zip
  FROM raw.addresses
  WHERE trim(coalesce(street, '')) <> '' AND (trim(coalesce(city, '')) <> '' OR trim(coalesce(zip, '')) <> '')
  GROUP BY ALL
),
known AS (
  SELECT address_id FROM published.geocode_cache
  GROUP BY ALL
  HAVING bool_or(status = 'matched')
    OR is_recent(max(asked_as_of))
)
SELECT address_id, street, coalesce(city, '') AS city, coalesce(state, '') AS state, coalesce(zip, '') AS zip
FROM listed
WHERE address_id NOT IN (SELECT address_id FROM known)
ORDER BY address_id
LIMIT 100000
