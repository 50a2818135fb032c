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
CREATE FUNCTION warehouse._draw_closest(new_set bigint, year int, grid float8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  INSERT INTO warehouse.outline (set_id, level, geo_id, name, shape)
  SELECT new_set, 2, s.geo_id, s.name, CASE WHEN ST_IsEmpty(s.snapped) THEN s.shape
    -- A narrow inlet may have closed.
    WHEN NOT ST_IsValid(s.snapped) THEN ST_CollectionExtract(ST_MakeValid(s.snapped), 3) ELSE s.snapped END
  FROM (
    SELECT b.geo_id, b.name, t.shape, ST_SnapToGrid(t.shape, grid) AS snapped FROM public.boundary_county b
      CROSS JOIN LATERAL (SELECT ST_Transform(b.geometry, 3857) AS shape) t
    WHERE b.data_year = year AND b.geometry IS NOT NULL) s;
END
$$;
COMMENT ON FUNCTION warehouse._draw_closest(bigint, int, float8) IS
  'Draws a set''s outlines at level 2, to a grid in metres of EPSG:3857.';

-- Borders that two counties share are cut out as one line, and made simple as one, so that no gap opens between them.
-- (ST_CoverageSimplify does that from PostGIS 3.4 with GEOS 3.12 on.) Made of level 2, whose index finds whose each
-- face is.
CREATE FUNCTION warehouse._draw_level(of_set bigint, of_level int, tolerance float8) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  WITH arc AS (
    SELECT (ST_Dump(ST_LineMerge(ST_UnaryUnion(ST_Collect(ST_SnapToGrid(ST_Boundary(c.shape), tolerance / 4)))))).geom
      AS line
    FROM warehouse.outline c WHERE c.set_id = of_set AND c.level = 2),
  face AS (
    SELECT (ST_Dump(ST_Polygonize(n.line))).geom AS shape
    FROM (SELECT ST_UnaryUnion(ST_Collect(ST_SimplifyPreserveTopology(a.line, tolerance))) AS line FROM arc a) n),
  -- A point within each is looked for once.
  marked AS MATERIALIZED (
    SELECT f.shape, ST_PointOnSurface(f.shape) AS inside FROM face f WHERE ST_Area(f.shape) > tolerance * tolerance),
  owned AS (
    SELECT c.geo_id, ST_Union(m.shape) AS shape
    FROM marked m JOIN warehouse.outline c ON c.set_id = of_set AND c.level = 2 AND ST_Contains(c.shape, m.inside)
    GROUP BY c.geo_id)
  INSERT INTO warehouse.outline (set_id, level, geo_id, name, shape)
  -- What became too small to keep its borders is drawn over its neighbours.
  SELECT of_set, of_level, c.geo_id, c.name, coalesce(o.shape, ST_SimplifyPreserveTopology(c.shape, tolerance / 4))
  FROM warehouse.outline c LEFT JOIN owned o USING (geo_id) WHERE c.set_id = of_set AND c.level = 2;
END
$$;
COMMENT ON FUNCTION warehouse._draw_level(bigint, int, float8) IS
  'Draws a set''s outlines at level 0 or 1, to a tolerance in metres of EPSG:3857.';

CREATE FUNCTION warehouse._draw_picture(of_set bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  INSERT INTO warehouse.outline (set_id, level, geo_id, name, shape)
  SELECT o.set_id, o.level, left(o.geo_id, 2), '', ST_Union(o.shape) FROM warehouse.outline o
  WHERE o.set_id = of_set AND o.level < 2
  GROUP BY o.set_id, o.level, left(o.geo_id, 2);
  WITH p AS MATERIALIZED (
    SELECT u.level, u.geo_id,
      ST_Affine(ST_Transform(u.shape, a.projection), a.scale, 0, 0, a.scale, a.x - a.x_shown * a.scale,
        -a.y - a.y_shown * a.scale) AS drawn
    FROM warehouse.outline u CROSS JOIN LATERAL warehouse._picture_place(left(u.geo_id, 2)) a
    WHERE u.set_id = of_set AND u.level < 2 AND a.projection IS NOT NULL)
  UPDATE warehouse.outline o
  SET path = ST_AsSVG(p.drawn, 1, o.level + 1), x_min = ST_XMin(p.drawn), x_max = ST_XMax(p.drawn),
    y_min = -ST_YMax(p.drawn), y_max = -ST_YMin(p.drawn)
  FROM p WHERE o.set_id = of_set AND o.level = p.level AND o.geo_id = p.geo_id AND NOT ST_IsEmpty(p.drawn);
END
$$;
COMMENT ON FUNCTION warehouse._draw_picture(bigint) IS
  'Adds the states to a set''s outlines, and to all of them their path in the picture.';

-- Called every few seconds by each coordinator, of which one draws; publishing waits for none of it. Each call draws
-- one level and commits it, so that no transaction is open for all of the time that real outlines take. What was drawn
-- before is shown until all of the new is there.
CREATE FUNCTION warehouse.draw_outlines(OUT year int, OUT is_drawn boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  shown warehouse.partition;
  draft warehouse.outline_set;
BEGIN
  IF to_regclass('public.boundary_county') IS NULL
    OR NOT pg_try_advisory_xact_lock(queue._lock_key('outlines')) THEN RETURN; END IF;
  DELETE FROM warehouse.outline_set s WHERE NOT EXISTS (
    SELECT FROM warehouse.partition p
    WHERE p.dataset = 'boundary_county' AND p.data_year = s.data_year AND p.publication_id IS NOT NULL
      AND (s.drawn_at IS NOT NULL OR p.sha256 = s.sha256));
  SELECT p.* INTO shown FROM warehouse.partition p
  WHERE p.dataset = 'boundary_county' AND p.publication_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM warehouse.outline_set s
    WHERE s.data_year = p.data_year AND s.sha256 = p.sha256 AND s.drawn_at IS NOT NULL)
  ORDER BY p.data_year DESC LIMIT 1;
  IF NOT FOUND THEN RETURN; END IF;
  -- Noted before the rows are read: what is published meanwhile is drawn again.
  INSERT INTO warehouse.outline_set (publication_id, data_year, as_of, sha256)
    VALUES (shown.publication_id, shown.data_year, shown.as_of, shown.sha256) ON CONFLICT DO NOTHING;
  SELECT s.* INTO draft FROM warehouse.outline_set s
    WHERE s.data_year = shown.data_year AND s.sha256 = shown.sha256;
  CASE draft.steps_done
    WHEN 0 THEN
      PERFORM warehouse._draw_closest(draft.set_id, draft.data_year, 20);
      -- Without statistics the next steps would compare each face with each county.
      ANALYZE warehouse.outline;
    WHEN 1 THEN PERFORM warehouse._draw_level(draft.set_id, 1, 300);
    WHEN 2 THEN PERFORM warehouse._draw_level(draft.set_id, 0, 3000);
    ELSE PERFORM warehouse._draw_picture(draft.set_id);
  END CASE;
  year := draft.data_year;
  is_drawn := draft.steps_done >= 3;
  IF is_drawn THEN
    DELETE FROM warehouse.outline_set s WHERE s.data_year = draft.data_year AND s.set_id <> draft.set_id;
  END IF;
  UPDATE warehouse.outline_set s
  SET steps_done = draft.steps_done + 1, drawn_at = CASE WHEN is_drawn THEN clock_timestamp() END
  WHERE s.set_id = draft.set_id;
END
$$;
COMMENT ON FUNCTION warehouse.draw_outlines() IS
  'Draws a step of the outlines of one year of boundary_county that has none, or older ones: tells the year, and '
  'whether that was the last step. NULL where there is nothing to draw, or another session draws.';
