-- What Nominatim does not know as a building, or at several places. In a path,
-- / and ; have a meaning of their own.
SELECT address_id, regexp_replace(address, '[/;]+', ' ', 'g') AS address
FROM raw.nominatim
WHERE nominatim_place_count(nominatim_buildings(document)) <> 1
