-- What Nominatim does not know as a building (place_rank 28 and more; 26 is only the street), or at several places. In a path,
-- / and ; have a meaning of their own.
SELECT address_id, regexp_replace(address, '[/;]+', ' ', 'g') AS address
FROM raw.nominatim
WHERE len(list_distinct(list_transform(
  list_filter(CAST(document AS JSON[]), lambda r: TRY_CAST(r ->> '$.place_rank' AS INTEGER) >= 28),
  -- A house and what is in it, 200 m apart at most, are one place.
  lambda r: [round(CAST(r ->> '$.lat' AS DOUBLE), 3), round(CAST(r ->> '$.lon' AS DOUBLE), 3)]))) <> 1
