-- expansion_event_reviewed with a county wherever one can be told, and its outline for maps. county_from says how: release (the
-- place lies in one county), review (a person said so), boundary (the place lies in several: of these, the one that holds the
-- centre of its outline in the newest boundary_place), or NULL. Outlines are those of the newest boundary_county that has the
-- county, up to the year of the event where there is one.
SELECT e.*, site.county_id, c.name AS county_name,
  CASE WHEN e.geo_id IS NULL THEN CASE WHEN site.county_id IS NOT NULL THEN 'boundary' END
    WHEN e.review = 'corrected' AND e.geo_id IS DISTINCT FROM o.geo_id THEN 'review' ELSE 'release' END AS county_from,
  c.data_year AS county_boundary_year, c.geometry
FROM expansion_event_reviewed e
JOIN expansion_event o ON o.event_id = e.event_id AND o.data_year = e.data_year
LEFT JOIN LATERAL (
  SELECT b.geo_id AS county_id FROM boundary_place p
  JOIN boundary_county b ON b.data_year = p.data_year
    AND ST_Contains(b.geometry, ST_SetSRID(ST_MakePoint(p.longitude, p.latitude), 4326))
  WHERE e.geo_id IS NULL AND p.state_code = e.state_code AND lower(p.base_name) = lower(e.place_name)
    AND b.geo_id = ANY (string_to_array(o.candidate_geo_ids, ','))
  ORDER BY p.data_year DESC, p.is_incorporated DESC LIMIT 1
) found ON true
CROSS JOIN LATERAL (SELECT coalesce(e.geo_id, found.county_id) AS county_id) site
LEFT JOIN LATERAL (
  SELECT b.name, b.data_year, b.geometry FROM boundary_county b WHERE b.geo_id = site.county_id
  ORDER BY b.data_year <= e.data_year DESC, abs(b.data_year - e.data_year) LIMIT 1
) c ON true
