-- What the batch did not find, or found several times; at most 2,000 in a run, which takes half an hour at one a second, and the rest waits. The
-- batch's answer repeats the address after the id, and has no more columns than it needs: "2","79 Wistful Vista, Wistful Vista, IL,
-- ","No_Match".
SELECT address_id, address
FROM (
  -- Those that wait since an earlier run come first.
  SELECT 0 AS turn, address_id, one_line(street, city, state, zip) AS address
  FROM best_known(published.geocode_cache)
  WHERE status = 'waiting' AND asked_of = 'batch' AND is_recent(asked_as_of)
    AND address_id IN (SELECT address_name(street, city, state, zip) FROM raw.addresses)
  UNION ALL
  SELECT 1, address_id, address_line(address)
  FROM batch_answers(raw.batch, raw.addresses, published.geocode_cache)
  WHERE status <> 'matched'
)
ORDER BY turn, address_id
LIMIT 2000
