-- What queue.cell and quality.task_check are shown with.

-- One sign for each fact, wherever it is shown.
CREATE FUNCTION queue.sign(fact text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE $1
    WHEN 'none' THEN '□' WHEN 'published' THEN '■' WHEN 'published with warnings' THEN '▲' WHEN 'stale' THEN '◆'
    WHEN 'older vintage' THEN '◇'
    WHEN 'failed' THEN '✗' WHEN 'running' THEN '▶' WHEN 'waiting' THEN '·' WHEN 'blocked' THEN '⋯' WHEN 'paused'
      THEN '‖'
    WHEN 'cancelled' THEN '○' WHEN 'skipped' THEN '=' END
$$;
COMMENT ON FUNCTION queue.sign IS 'The sign of a fact of queue.cell, as terminals show it.';

CREATE FUNCTION quality.expected(arguments jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(a.key || ' ' || CASE jsonb_typeof(a.value)
      WHEN 'array' THEN (SELECT string_agg(e #>> '{}', ', ') FROM jsonb_array_elements(a.value) e)
        ELSE a.value #>> '{}' END,
    ', ' ORDER BY o.place)
  FROM jsonb_each($1) a JOIN unnest(ARRAY['value', 'min_value', 'max_value', 'value_set', 'regex', 'dataset',
    'other_column',
    'days', 'extent', 'within', 'mostly']) WITH ORDINALITY o(key, place) USING (key)
$$;
COMMENT ON FUNCTION quality.expected IS
  'What a check was told besides the columns, as one reads it: min_value 0, mostly 0.95.';
