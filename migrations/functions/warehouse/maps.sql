-- What maps are made of: figures of counties, and their outlines as tiles. With the rights of whoever asks. Names from
-- outside become SQL in warehouse.map_figures alone, and only those that the catalog knows.

CREATE FUNCTION warehouse._is_measure(d catalog.dataset_column) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT NOT d.is_key AND d.name NOT IN ('latitude', 'longitude')
    AND (d.type IN ('integer', 'bigint', 'double') OR d.type LIKE 'decimal(%')
$$;

CREATE FUNCTION warehouse.map_datasets() RETURNS TABLE (dataset text, title text, data_year int, vintages text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d record;
  has_counties boolean;
BEGIN
  FOR d IN
    SELECT n.name, n.title, max(p.data_year) AS newest
    FROM catalog.dataset n JOIN warehouse.partition p ON p.dataset = n.name AND p.publication_id IS NOT NULL
    WHERE to_regclass(format('public.%I', n.name)) IS NOT NULL
      AND 2 = (SELECT count(*) FROM catalog.dataset_column c
        WHERE c.dataset = n.name AND c.name IN ('geo_level', 'geo_id'))
      AND EXISTS (SELECT FROM catalog.dataset_column c WHERE c.dataset = n.name AND warehouse._is_measure(c))
    GROUP BY n.name, n.title ORDER BY n.name
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM public.%I WHERE data_year = $1 AND geo_level = ''county'')', d.name)
      INTO has_counties USING d.newest;
    CONTINUE WHEN NOT has_counties;
    RETURN QUERY SELECT d.name, d.title, p.data_year, array_agg(DISTINCT p.as_of ORDER BY p.as_of DESC)
      FROM warehouse.partition p WHERE p.dataset = d.name AND p.publication_id IS NOT NULL
      GROUP BY p.data_year ORDER BY p.data_year DESC;
  END LOOP;
END
$$;
COMMENT ON FUNCTION warehouse.map_datasets() IS
  'Datasets with figures of counties, each with the years that the warehouse shows and the vintages of those.';

CREATE FUNCTION warehouse.map_measures(dataset_name text)
RETURNS TABLE (name text, type text, unit text, description text, is_dimension boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.name, c.type, c.unit, c.description, c.is_key FROM catalog.dataset_column c
  WHERE c.dataset = $1 AND (warehouse._is_measure(c) OR c.is_key AND c.name NOT IN ('geo_level', 'geo_id'))
  ORDER BY c.ordinal
$$;
COMMENT ON FUNCTION warehouse.map_measures(text) IS
  'Columns that a map can show, and those of the key that it can choose by.';

-- Twenty counties tell which there are: looking at all rows of a large year would take seconds.
CREATE FUNCTION warehouse.map_choices(dataset_name text, year int) RETURNS TABLE (name text, value text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  pairs text;
BEGIN
  SELECT string_agg(format('%L, %I', m.name, m.name), ', ') INTO pairs
    FROM warehouse.map_measures(dataset_name) m WHERE m.is_dimension;
  IF pairs IS NULL THEN RETURN; END IF;
  RETURN QUERY EXECUTE format($q$
    WITH place AS MATERIALIZED (
      SELECT DISTINCT f.geo_id FROM (
        SELECT t.geo_id FROM public.%1$I t WHERE t.data_year = $1 AND t.geo_level = 'county' LIMIT 2000) f LIMIT 20),
    known AS MATERIALIZED (
      SELECT t.geo_id, jsonb_build_object(%2$s) AS keys FROM public.%1$I t JOIN place USING (geo_id)
      WHERE t.data_year = $1 AND t.geo_level = 'county' LIMIT 20000),
    pair AS MATERIALIZED (
      SELECT DISTINCT k.geo_id, e.key, e.value FROM known k CROSS JOIN jsonb_each_text(k.keys) e)
    -- A key that says no more than which county it is leaves nothing to choose.
    SELECT DISTINCT p.key, p.value FROM pair p
    WHERE p.key IN (SELECT n.key FROM pair n GROUP BY n.key, n.geo_id HAVING count(*) > 1)
    ORDER BY 1, 2 LIMIT 2000 $q$, dataset_name, pairs) USING year;
END
$$;
COMMENT ON FUNCTION warehouse.map_choices(text, int) IS
  'Of which rows of a county one is to be chosen: columns of the key that several rows of a county differ in, with '
  'their values, as twenty counties have them.';

CREATE FUNCTION warehouse.map_figures(dataset_name text, year int, measure text, vintage text, chosen jsonb)
RETURNS TABLE (geo_id text, value float8, row_count bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wrong text;
  key_order text;
  conditions text;
BEGIN
  PERFORM warehouse.require_map(dataset_name, year);
  IF NOT EXISTS (SELECT FROM warehouse.map_measures(dataset_name) m WHERE m.name = measure AND NOT m.is_dimension) THEN
    RAISE EXCEPTION '% has no measure ''%''', dataset_name, measure USING ERRCODE = 'AK005', HINT = (
      SELECT 'There are ' || string_agg(m.name, ', ') || '.' FROM warehouse.map_measures(dataset_name) m
      WHERE NOT m.is_dimension);
  END IF;
  SELECT c.key INTO wrong FROM jsonb_each_text(chosen) c
  WHERE c.key NOT IN (SELECT m.name FROM warehouse.map_measures(dataset_name) m WHERE m.is_dimension) LIMIT 1;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION '''%'' is no column of the key of % that can be chosen by', wrong, dataset_name
      USING ERRCODE = 'AK005';
  END IF;
  SELECT string_agg(format(' AND t.%I = %L', c.key, c.value), '') INTO conditions FROM jsonb_each_text(chosen) c;
  SELECT string_agg(format('t.%I', m.name), ', ') INTO key_order FROM warehouse.map_measures(dataset_name) m
    WHERE m.is_dimension;
  RETURN QUERY EXECUTE format(
    'SELECT t.geo_id, (array_agg(t.%1$I::float8%2$s))[1], count(*) FROM public.%3$I t '
    'WHERE t.data_year = $1 AND t.geo_level = ''county'' AND ($2 IS NULL OR t.as_of = $2)%4$s GROUP BY t.geo_id',
    measure, coalesce(' ORDER BY ' || key_order, ''), dataset_name, coalesce(conditions, '')) USING year, vintage;
END
$$;
COMMENT ON FUNCTION warehouse.map_figures(text, int, text, text, jsonb) IS
  'A figure for each county: of the vintage (of whatever the warehouse shows where it is NULL) and of the rows whose '
  'keys are as chosen ({"hazard": "flood"}). Where several are left, the first by key, and row_count says so.';

CREATE FUNCTION warehouse.require_map(dataset_name text, year int) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
      SELECT FROM catalog.dataset_column c WHERE c.dataset = dataset_name AND c.name IN ('geo_level', 'geo_id')
      HAVING count(*) = 2)
    OR to_regclass(format('public.%I', dataset_name)) IS NULL THEN
    RAISE EXCEPTION 'there is no dataset ''%'' with figures of counties', dataset_name
      USING ERRCODE = 'AK005', HINT = 'GET /api/v1/maps lists them.';
  END IF;
  IF NOT EXISTS (SELECT FROM warehouse.partition p
      WHERE p.dataset = dataset_name AND p.data_year = year AND p.publication_id IS NOT NULL) THEN
    RAISE EXCEPTION 'the warehouse shows nothing of % %', dataset_name, year
      USING ERRCODE = 'AK005', HINT = 'GET /api/v1/maps lists the years.';
  END IF;
END
$$;
COMMENT ON FUNCTION warehouse.require_map(text, int) IS
  'AK005 where a dataset''s year has nothing that could be mapped.';

CREATE FUNCTION warehouse.outline_year(year int) RETURNS int
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.data_year FROM warehouse.outline_set s WHERE s.drawn_at IS NOT NULL
  ORDER BY s.data_year <= $1 DESC, abs(s.data_year - $1) LIMIT 1
$$;
COMMENT ON FUNCTION warehouse.outline_year(int) IS
  'Whose outlines a year''s figures are drawn on: the same year''s, or the last before, or the first there are. NULL '
  'where none are drawn.';

CREATE FUNCTION warehouse.outlines_of(year int) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.set_id FROM warehouse.outline_set s
  WHERE s.data_year = warehouse.outline_year($1) AND s.drawn_at IS NOT NULL
$$;
COMMENT ON FUNCTION warehouse.outlines_of(int) IS 'The set of outlines that a year''s figures are drawn on.';

CREATE FUNCTION warehouse.map_mark(dataset_name text, year int) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT md5(concat_ws(' ',
    (SELECT string_agg(concat_ws(':', p.region, p.publication_id), ' ' ORDER BY p.region) FROM warehouse.partition p
      WHERE p.dataset = $1 AND p.data_year = $2),
    (SELECT concat_ws(':', s.data_year, s.sha256, extract(epoch FROM s.drawn_at)) FROM warehouse.outline_set s
      WHERE s.set_id = warehouse.outlines_of($2)),
    (SELECT d.definition_hash FROM catalog.dataset d WHERE d.name = $1)))
$$;
COMMENT ON FUNCTION warehouse.map_mark(text, int) IS
  'Is another once anything that a map of this year is made of is.';

CREATE FUNCTION warehouse.map_tile(dataset_name text, year int, z int, x int, y int, measure text, vintage text,
  chosen jsonb) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  tile bytea;
  drawn bigint := warehouse.outlines_of(year);
  of_level int := CASE WHEN z < 5 THEN 0 WHEN z < 9 THEN 1 ELSE 2 END;
BEGIN
  PERFORM warehouse.require_map(dataset_name, year);
  PERFORM set_config('search_path', warehouse._postgis_path(), true);
  SELECT ST_AsMVT(t, 'counties', 4096, 'shape') INTO tile FROM (
    SELECT o.geo_id, o.name, f.value, ST_AsMVTGeom(o.shape, e.bounds, 4096, 64, true) AS shape
    FROM (SELECT ST_TileEnvelope(z, x, y) AS bounds) e
      JOIN warehouse.outline o ON o.set_id = drawn AND o.level = of_level AND length(o.geo_id) = 5
        AND o.shape && ST_Expand(e.bounds, (ST_XMax(e.bounds) - ST_XMin(e.bounds)) / 64)
      LEFT JOIN warehouse.map_figures(dataset_name, year, measure, vintage, chosen) f USING (geo_id)) t
  WHERE t.shape IS NOT NULL;
  RETURN tile;
END
$$;
COMMENT ON FUNCTION warehouse.map_tile(text, int, int, int, int, text, text, jsonb) IS
  'A vector tile (MVT) of layer counties: geo_id, name and value, which is absent where there is no figure. Empty '
  'where there is nothing.';
