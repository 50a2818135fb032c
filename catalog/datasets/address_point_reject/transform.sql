WITH contents AS (
  SELECT reason,
    array_to_string([coalesce(c, '') FOR c IN [LON, LAT, NUMBER, STREET, UNIT, CITY, POSTCODE]], ',') AS content
  FROM judged_addresses(raw.addresses)
  WHERE reason IS NOT NULL
)
SELECT
  'openaddresses' AS source_id,
  md5(reason || ' ' || content) AS reject_id,
  reason,
  content,
  count(*) AS row_count
FROM contents
GROUP BY reason, content
