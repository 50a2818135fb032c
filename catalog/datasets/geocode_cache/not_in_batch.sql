-- What the batch did not find, or found several times; at most 2,000 in a run, which takes half an hour at one a second, and the rest waits. The
-- batch's answer repeats the address after the id, and has no more columns than it needs: "2","79 Wistful Vista, Wistful Vista, IL,
-- ","No_Match". One line takes 100 characters at most.
SELECT address_id, address
FROM (
  -- Those that wait since an earlier run come first.
  SELECT 0 AS turn, address_id, left(concat_ws(', ', nullif(street, ''), nullif(city, ''), nullif(state, ''), nullif(zip, '')), 100) AS address
  FROM (
    SELECT * FROM published.geocode_cache
    QUALIFY row_number() OVER (PARTITION BY address_id ORDER BY status = 'matched' DESC, asked_as_of DESC NULLS LAST, data_year) = 1
  )
  -- Three months later, all begins anew (new_addresses.sql).
  WHERE status = 'waiting' AND asked_of = 'batch' AND asked_as_of > strftime(CAST(getvariable('as_of') || '-01' AS DATE) - INTERVAL 3 MONTH, '%Y-%m')
    AND address_id IN (
    SELECT left(md5(trim(regexp_replace(upper(concat_ws(' ', street, city, state, zip)), '[^A-Z0-9]+', ' ', 'g'))), 16) FROM raw.addresses)
  UNION ALL
  SELECT 1, parts[1], left(trim(regexp_replace(parts[2], '(, *)+', ', ', 'g'), ' ,'), 100)
  FROM (SELECT string_split(trim(line, ' "' || chr(13)), '","') AS parts FROM raw.batch)
  WHERE parts[3] IS DISTINCT FROM 'Match'
)
ORDER BY turn, address_id
LIMIT 2000
