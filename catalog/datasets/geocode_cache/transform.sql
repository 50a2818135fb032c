-- Every address of the list, with the answer of the first that knew it; and what this partition held before, so that an address
-- that is gone from the list for a while is not asked again when it comes back.
WITH listed AS (
  SELECT address_name(street, city, state, zip) AS address_id,
    min(trim(street)) AS street, min(trim(city)) AS city, min(trim(state)) AS state, min(trim(zip)) AS zip
  FROM raw.addresses
  WHERE concat_ws('', trim(street), trim(city), trim(state), trim(zip)) <> ''
  GROUP BY ALL
),
before AS (FROM best_known(published.geocode_cache)),
batch AS (
  SELECT address_id, status, 'census ' || lower(match_type) AS match_type, matched_address,
    -- Longitude first.
    CAST(string_split(coordinates, ',')[1] AS DOUBLE) AS longitude, CAST(string_split(coordinates, ',')[2] AS DOUBLE) AS latitude,
    nullif(concat(state, county), '') AS geo_id, nullif(concat(state, county, tract), '') AS tract_id
  FROM batch_answers(raw.batch, raw.addresses, published.geocode_cache)
),
-- Of the others: candidates in their order, a house at two places being none.
one_line AS (
  SELECT address_id, found[1] AS best,
    CASE len(list_distinct(list_transform(found, lambda m: CAST(m -> '$.coordinates' AS VARCHAR))))
      WHEN 0 THEN 'no_match' WHEN 1 THEN 'matched' ELSE 'tie' END AS status
  FROM (SELECT address_id, CAST(document -> '$.result.addressMatches' AS JSON[]) AS found FROM raw.one_line)
),
nominatim AS (
  SELECT address_id, found[1] AS best,
    CASE nominatim_place_count(found)
      WHEN 0 THEN 'no_match' WHEN 1 THEN 'matched' ELSE 'tie' END AS status
  FROM (SELECT address_id, nominatim_buildings(document) AS found FROM raw.nominatim)
),
mapbox AS (
  SELECT address_id, found[1] AS best, CASE len(found) WHEN 0 THEN 'no_match' WHEN 1 THEN 'matched' ELSE 'tie' END AS status
  FROM (
    -- Below 0.9 it is a street of that name, or a house near by.
    SELECT address_id,
      list_filter(CAST(document -> '$.features' AS JSON[]), lambda f: CAST(f ->> '$.relevance' AS DOUBLE) >= 0.9) AS found
    FROM raw.mapbox
  )
),
asked_ids AS (
  SELECT address_id FROM batch UNION SELECT address_id FROM one_line UNION SELECT address_id FROM nominatim
  UNION SELECT address_id FROM mapbox
),
asked AS (
  SELECT i.address_id,
    CASE WHEN 'matched' IN (b.status, o.status, n.status, m.status) THEN 'matched'
      -- A run asks for so many and no more: the rest goes on with the next one.
      WHEN n.address_id IS NULL THEN 'waiting'
      WHEN 'tie' IN (b.status, o.status, n.status, m.status) OR w.match_type = 'census tie' THEN 'tie' ELSE 'no_match' END AS status,
    CASE WHEN 'matched' IN (b.status, o.status) THEN 'census_geocoder' WHEN n.status = 'matched' THEN 'nominatim'
      WHEN m.status = 'matched' THEN 'mapbox_geocoding' END AS source_id,
    CASE WHEN b.status = 'matched' THEN b.match_type WHEN o.status = 'matched' THEN 'census one_line'
      WHEN n.status = 'matched' THEN 'nominatim ' || coalesce(n.best ->> '$.category', 'place')
      WHEN m.status = 'matched' THEN 'mapbox ' || coalesce(m.best ->> '$.properties.accuracy', 'address')
      -- For the run that goes on.
      WHEN n.address_id IS NULL AND ('tie' IN (b.status, o.status) OR w.match_type = 'census tie') THEN 'census tie' END AS match_type,
    CASE WHEN b.status = 'matched' THEN b.matched_address WHEN o.status = 'matched' THEN o.best ->> '$.matchedAddress'
      WHEN n.status = 'matched' THEN n.best ->> '$.display_name'
      WHEN m.status = 'matched' THEN m.best ->> '$.place_name' END AS matched_address,
    CASE WHEN b.status = 'matched' THEN b.longitude
      WHEN o.status = 'matched' THEN CAST(o.best ->> '$.coordinates.x' AS DOUBLE)
      WHEN n.status = 'matched' THEN CAST(n.best ->> '$.lon' AS DOUBLE)
      WHEN m.status = 'matched' THEN CAST(m.best ->> '$.center[0]' AS DOUBLE) END AS longitude,
    CASE WHEN b.status = 'matched' THEN b.latitude
      WHEN o.status = 'matched' THEN CAST(o.best ->> '$.coordinates.y' AS DOUBLE)
      WHEN n.status = 'matched' THEN CAST(n.best ->> '$.lat' AS DOUBLE)
      WHEN m.status = 'matched' THEN CAST(m.best ->> '$.center[1]' AS DOUBLE) END AS latitude,
    CASE WHEN b.status = 'matched' THEN b.geo_id END AS geo_id,
    CASE WHEN b.status = 'matched' THEN b.tract_id END AS tract_id,
    CAST(b.address_id IS NOT NULL AS INTEGER) + CAST(o.address_id IS NOT NULL AS INTEGER) + CAST(n.address_id IS NOT NULL AS INTEGER)
      + CAST(m.address_id IS NOT NULL AS INTEGER) AS attempt_count,
    -- What an earlier run asked, and this one went on from.
    concat_ws(', ', CASE WHEN b.address_id IS NULL THEN nullif(w.asked_of, '') ELSE 'batch' END,
      CASE WHEN o.address_id IS NOT NULL THEN 'one_line' END,
      CASE WHEN n.address_id IS NOT NULL THEN 'nominatim' END, CASE WHEN m.address_id IS NOT NULL THEN 'mapbox' END) AS asked_of
  FROM asked_ids i
  LEFT JOIN batch b USING (address_id)
  LEFT JOIN before w USING (address_id)
  LEFT JOIN one_line o USING (address_id)
  LEFT JOIN nominatim n USING (address_id)
  LEFT JOIN mapbox m USING (address_id)
),
answered AS (
  SELECT l.address_id, l.street, l.city, l.state, l.zip, coalesce(a.status, p.status,
      CASE WHEN trim(coalesce(l.street, '')) <> '' AND (trim(coalesce(l.city, '')) <> '' OR trim(coalesce(l.zip, '')) <> '')
        THEN 'waiting' ELSE 'unanswered' END) AS status,
    -- All from one answer: the one of now, or else what was published before.
    CASE WHEN a.status IS NOT NULL THEN a.source_id ELSE p.source_id END AS source_id,
    CASE WHEN a.status IS NOT NULL THEN a.match_type ELSE p.match_type END AS match_type,
    CASE WHEN a.status IS NOT NULL THEN a.matched_address ELSE p.matched_address END AS matched_address,
    CASE WHEN a.status IS NOT NULL THEN a.longitude ELSE p.longitude END AS longitude,
    CASE WHEN a.status IS NOT NULL THEN a.latitude ELSE p.latitude END AS latitude,
    CASE WHEN a.status IS NOT NULL THEN a.geo_id ELSE p.geo_id END AS geo_id,
    CASE WHEN a.status IS NOT NULL THEN a.tract_id ELSE p.tract_id END AS tract_id,
    coalesce(a.attempt_count, 0) + coalesce(p.attempt_count, 0) AS attempt_count,
    coalesce(a.asked_of, p.asked_of) AS asked_of,
    CASE WHEN a.status IS NOT NULL THEN getvariable('as_of') ELSE p.asked_as_of END AS asked_as_of
  FROM listed l LEFT JOIN asked a USING (address_id) LEFT JOIN before p USING (address_id)
)
SELECT *, CASE WHEN longitude IS NOT NULL THEN ST_Point(longitude, latitude) END AS location FROM answered
UNION ALL BY NAME
SELECT address_id, street, city, state, zip, status, source_id, match_type, matched_address, longitude, latitude, geo_id, tract_id,
  attempt_count, asked_of, asked_as_of, location
FROM published.geocode_cache
WHERE data_year = getvariable('data_year') AND address_id NOT IN (SELECT address_id FROM listed)
