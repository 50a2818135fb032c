-- Outlines of counties for maps: drawn once for each publication of boundary_county that the warehouse shows.

-- For set_config('search_path', …, true) within a function that sets it.
CREATE FUNCTION warehouse._postgis_path() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT concat_ws(', ', 'pg_catalog', quote_ident(warehouse._postgis_schema()), 'pg_temp')
$$;
COMMENT ON FUNCTION warehouse._postgis_path() IS 'The search_path under which PostGIS'' functions are found.';

-- Where a state stands in the picture: its projection (by number: one that is given as a text is made anew for each
-- county, which takes milliseconds), picture units for a metre, which point of it is shown, and where.
CREATE FUNCTION warehouse._picture_place(state text, OUT projection int, OUT scale float8, OUT x_shown float8,
  OUT y_shown float8, OUT x float8, OUT y float8)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT p.projection, p.scale, p.x_shown, p.y_shown, p.x, p.y
  FROM (VALUES
    -- Alaska Albers, UTM 4 North, Puerto Rico's own, and Conus Albers for all others.
    ('02', 3338, 0.00007, 0, 1550000, 165, 560),
    ('15', 26904, 0.0002, 708000, 2267000, 330, 600),
    ('72', 32161, 0.0002, 203000, 241000, 880, 600),
    ('', 5070, 0.0002, 0, 1600000, 480, 320)) AS p (state, projection, scale, x_shown, y_shown, x, y)
  WHERE p.state = CASE WHEN $1 IN ('02', '15', '72') THEN $1 ELSE '' END
    -- Islands of the Pacific and the Virgin Islands are beyond its edges.
    AND $1 NOT IN ('60', '66', '69', '78')
$$;

-- Closer than the eye sees, points on a grid are enough: both sides of a border fall on the same ones.
CREATE FUNCTION warehouse._draw_closest(year int, grid float8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  INSERT INTO warehouse.outline (data_year, level, geo_id, name, shape)
  SELECT year, 2, s.geo_id, s.name, CASE WHEN ST_IsEmpty(s.snapped) THEN s.shape ELSE s.snapped END
  FROM (
    SELECT b.geo_id, b.name, t.shape, ST_SnapToGrid(t.shape, grid) AS snapped FROM public.boundary_county b
      CROSS JOIN LATERAL (SELECT ST_Transform(b.geometry, 3857) AS shape) t
    WHERE b.data_year = year AND b.geometry IS NOT NULL) s;
END
$$;
COMMENT ON FUNCTION warehouse._draw_closest(int, float8) IS
  'Draws a year''s outlines at level 2, to a grid in metres of EPSG:3857.';

-- Borders that two counties share are cut out as one line, and made simple as one, so that no gap opens between them.
-- (ST_CoverageSimplify does that from PostGIS 3.4 with GEOS 3.12 on.) Made of level 2, whose index finds whose each
-- face is.
CREATE FUNCTION warehouse._draw_level(year int, of_level int, tolerance float8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  WITH arc AS (
    SELECT (ST_Dump(ST_LineMerge(ST_UnaryUnion(ST_Collect(ST_SnapToGrid(ST_Boundary(c.shape), tolerance / 4)))))).geom
      AS line
    FROM warehouse.outline c WHERE c.data_year = year AND c.level = 2),
  face AS (
    SELECT (ST_Dump(ST_Polygonize(n.line))).geom AS shape
    FROM (SELECT ST_UnaryUnion(ST_Collect(ST_SimplifyPreserveTopology(a.line, tolerance))) AS line FROM arc a) n),
  -- A point within each is looked for once.
  marked AS MATERIALIZED (
    SELECT f.shape, ST_PointOnSurface(f.shape) AS inside FROM face f WHERE ST_Area(f.shape) > tolerance * tolerance),
  owned AS (
    SELECT c.geo_id, ST_Union(m.shape) AS shape
    FROM marked m JOIN warehouse.outline c ON c.data_year = year AND c.level = 2 AND ST_Contains(c.shape, m.inside)
    GROUP BY c.geo_id)
  INSERT INTO warehouse.outline (data_year, level, geo_id, name, shape)
  -- What became too small to keep its borders is drawn over its neighbours.
  SELECT year, of_level, c.geo_id, c.name, coalesce(o.shape, ST_SimplifyPreserveTopology(c.shape, tolerance / 4))
  FROM warehouse.outline c LEFT JOIN owned o USING (geo_id) WHERE c.data_year = year AND c.level = 2;
END
$$;
COMMENT ON FUNCTION warehouse._draw_level(int, int, float8) IS
  'Draws a year''s outlines at level 0 or 1, to a tolerance in metres of EPSG:3857.';

CREATE FUNCTION warehouse._draw_picture(year int) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  INSERT INTO warehouse.outline (data_year, level, geo_id, name, shape)
  SELECT o.data_year, o.level, left(o.geo_id, 2), '', ST_Union(o.shape) FROM warehouse.outline o
  WHERE o.data_year = year AND o.level < 2
  GROUP BY o.data_year, o.level, left(o.geo_id, 2);
  WITH p AS MATERIALIZED (
    SELECT u.level, u.geo_id,
      ST_Affine(ST_Transform(u.shape, a.projection), a.scale, 0, 0, a.scale, a.x - a.x_shown * a.scale,
        -a.y - a.y_shown * a.scale) AS drawn
    FROM warehouse.outline u CROSS JOIN LATERAL warehouse._picture_place(left(u.geo_id, 2)) a
    WHERE u.data_year = year AND u.level < 2 AND a.projection IS NOT NULL)
  UPDATE warehouse.outline o
  SET path = ST_AsSVG(p.drawn, 1, o.level + 1), x_min = ST_XMin(p.drawn), x_max = ST_XMax(p.drawn),
    y_min = -ST_YMax(p.drawn), y_max = -ST_YMin(p.drawn)
  FROM p WHERE o.data_year = year AND o.level = p.level AND o.geo_id = p.geo_id AND NOT ST_IsEmpty(p.drawn);
END
$$;
COMMENT ON FUNCTION warehouse._draw_picture(int) IS
  'Adds the states to a year''s outlines, and to all of them their path in the picture.';

-- Called every few seconds by each coordinator, of which one draws; publishing waits for none of it.
CREATE FUNCTION warehouse.draw_outlines() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  shown warehouse.partition;
BEGIN
  IF to_regclass('public.boundary_county') IS NULL
    OR NOT pg_try_advisory_xact_lock(queue._lock_key('outlines')) THEN RETURN NULL; END IF;
  DELETE FROM warehouse.outline_set s WHERE NOT EXISTS (
    SELECT FROM warehouse.partition p
    WHERE p.dataset = 'boundary_county' AND p.data_year = s.data_year AND p.publication_id IS NOT NULL);
  SELECT p.* INTO shown FROM warehouse.partition p LEFT JOIN warehouse.outline_set s USING (data_year)
  WHERE p.dataset = 'boundary_county' AND p.publication_id IS NOT NULL AND p.sha256 IS DISTINCT FROM s.sha256
  ORDER BY p.data_year DESC LIMIT 1;
  IF NOT FOUND THEN RETURN NULL; END IF;
  -- Noted before the rows are read: what is published meanwhile is drawn again.
  DELETE FROM warehouse.outline_set s WHERE s.data_year = shown.data_year;
  INSERT INTO warehouse.outline_set (publication_id, data_year, as_of, sha256)
    VALUES (shown.publication_id, shown.data_year, shown.as_of, shown.sha256);
  PERFORM warehouse._draw_closest(shown.data_year, 20);
  -- Without statistics the next steps would compare each face with each county.
  ANALYZE warehouse.outline;
  PERFORM warehouse._draw_level(shown.data_year, 1, 300);
  PERFORM warehouse._draw_level(shown.data_year, 0, 3000);
  PERFORM warehouse._draw_picture(shown.data_year);
  RETURN shown.data_year;
END
$$;
COMMENT ON FUNCTION warehouse.draw_outlines() IS
  'Draws the outlines of one year of boundary_county that has none, or older ones, and returns it; NULL where there is '
  'nothing to draw, or another session draws.';
