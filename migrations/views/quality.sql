CREATE VIEW quality.publication_warning AS
SELECT v.publication_id, v.validation_id, v.dataset, v.data_year, v.region, v.as_of, w.what, w.column_name, w.message
FROM quality.validation v
CROSS JOIN LATERAL (
  SELECT r.check_name AS what, r.column_name, r.message FROM quality.check_result r
  WHERE r.validation_id = v.validation_id AND NOT r.success AND r.severity = 'warn'
  UNION ALL
  SELECT 'schema drift: ' || d.kind, d."column", d.request || ': ' || d.message
  FROM jsonb_to_recordset(coalesce(v.drift, '[]')) AS d (request text, kind text, "column" text, message text)
  WHERE d.kind IN ('extra', 'flattened')) w
WHERE v.publication_id IS NOT NULL AND v.success;
COMMENT ON VIEW quality.publication_warning IS
  'What each publication was published with all the same: checks of severity warn that failed, columns that came '
  'undeclared, shapes that lost a coordinate.';

-- By the partial index: asked for at each look at a grid, and few partitions have any.
CREATE VIEW quality.warned AS
SELECT v.validation_id, v.dataset, v.data_year, v.region, v.as_of, v.warned_count
FROM quality.validation v
WHERE v.warned_count > 0 AND v.success AND v.publication_id IS NOT NULL
  AND EXISTS (
    SELECT FROM lake.manifest m
    WHERE m.dataset = v.dataset AND m.data_year = v.data_year AND m.region = v.region AND m.as_of = v.as_of)
  AND NOT EXISTS (
    SELECT FROM lake.manifest m
    WHERE m.dataset = v.dataset AND m.data_year = v.data_year AND m.region = v.region AND m.as_of > v.as_of)
  AND NOT EXISTS (
    SELECT FROM quality.validation n
    WHERE n.dataset = v.dataset AND n.data_year = v.data_year AND n.region = v.region AND n.as_of = v.as_of
      AND n.validation_id > v.validation_id AND n.publication_id IS NOT NULL AND n.success);
COMMENT ON VIEW quality.warned IS
  'The last validation of what is published now, of partitions that have warnings: of the current vintage of each.';

-- A column more than declared changes no value, and most sources have some: it is not counted.
CREATE VIEW quality.warning AS
SELECT w.* FROM quality.warned v JOIN quality.publication_warning w USING (validation_id)
WHERE w.what <> 'schema drift: extra';
COMMENT ON VIEW quality.warning IS
  'The warnings of what is published now: of the current vintage of each partition. Without columns that came '
  'undeclared, which are no doubt about a value.';

CREATE VIEW quality.warned_partition AS
SELECT dataset, data_year, region, as_of, publication_id, count(*) AS warning_count,
  array_agg(what || coalesce(' (' || column_name || ')', '') || ': ' || coalesce(message, '')
    ORDER BY what, column_name, message)
    AS warnings
FROM quality.warning
GROUP BY dataset, data_year, region, as_of, publication_id;
COMMENT ON VIEW quality.warned_partition IS
  'Published partitions that have warnings, how many and which: the mark of a cell, and the list behind it.';

CREATE VIEW quality.warned_cell AS
SELECT v.dataset, v.data_year, count(*) AS warned, sum(v.warned_count) AS warning_count
FROM quality.warned v
GROUP BY v.dataset, v.data_year;
COMMENT ON VIEW quality.warned_cell IS
  'Per dataset and year how many published partitions have warnings: the mark of a cell in a grid.';

CREATE VIEW quality.task_check AS
SELECT v.task_id, v.lease_token AS attempt_id, v.publication_id, v.validation_id, v.validated_at, v.dataset,
  v.data_year, v.region,
  v.as_of, c.ordinal, c.check_name, c.column_name, c.severity,
  CASE WHEN NOT c.compared THEN 'not compared' WHEN c.success THEN 'passed' WHEN c.severity = 'warn' THEN 'warns'
    ELSE 'failed' END
    AS verdict,
  quality.expected(c.arguments) AS expected, c.message AS found, c.unexpected_count, c.element_count, c.observed,
    c.examples
FROM quality.check_result c JOIN quality.validation v USING (validation_id);
COMMENT ON VIEW quality.task_check IS
  'Each check with the task, attempt and partition that it was of: what was expected, what was found, and the first '
  'rows that failed.';
