CREATE VIEW service.relation AS
SELECT n.nspname::text AS schema_name, c.relname::text AS name,
  CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
  obj_description(c.oid, 'pg_class') AS description,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'description', col_description(c.oid, a.attnum)) ORDER BY a.attnum), '[]')
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND has_column_privilege('aker_reader', c.oid, a.attnum, 'SELECT')) AS columns,
  has_table_privilege('aker_reader', c.oid, 'SELECT') AS has_every_column
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relname <> 'aker_migration'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\_%'
  AND has_schema_privilege('aker_reader', n.oid, 'USAGE') AND has_any_column_privilege('aker_reader', c.oid, 'SELECT')
  -- Not what extensions bring, nor the tables that attempts still fill.
  AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  AND NOT (n.nspname = 'warehouse' AND obj_description(c.oid, 'pg_class') IS NULL);
COMMENT ON VIEW service.relation IS
  'What a reader may ask: tables and views, what each is, and its columns as [{name, type, description}]. '
  'has_every_column is false where it has others that nobody is shown.';
