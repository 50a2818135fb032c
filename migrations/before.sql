-- First of all, whenever anything is to be applied: takes functions and views away, so that tables can change beneath
-- them, and each is made again in exactly the form that its file has, whatever its signature was before.
--
-- What others built on them is kept and put back by after.sql: views in other schemas (those of the catalog among
-- them), and rights that were granted to roles besides ours. What cannot be put back (a materialized view, a trigger, a
-- default that uses one of these functions) makes the DROP fail, and with it the whole migration: the error names it.

SET LOCAL check_function_bodies = off;
-- A report that has been reading a view for half an hour is not waited for without end.
SET LOCAL lock_timeout = '30s';

CREATE TEMPORARY TABLE aker_schema ON COMMIT DROP AS
  SELECT n.oid, n.nspname::text AS name FROM pg_namespace n
  WHERE n.nspname IN ('queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service');

-- Views of other schemas that read ours, directly or through each other; deeper ones read those before them.
CREATE TEMPORARY TABLE aker_kept_view ON COMMIT DROP AS
  WITH RECURSIVE ours(classid, oid) AS (
    SELECT 'pg_class'::regclass, c.oid FROM pg_class c JOIN aker_schema s ON s.oid = c.relnamespace
      WHERE c.relkind = 'v'
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p JOIN aker_schema s ON s.oid = p.pronamespace),
  reader(oid, depth) AS (
    SELECT r.ev_class, 1 FROM ours o
      JOIN pg_depend d ON d.refclassid = o.classid AND d.refobjid = o.oid AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid
    UNION
    SELECT r.ev_class, b.depth + 1 FROM reader b
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = b.oid
        AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> b.oid)
  SELECT c.oid, max(b.depth) AS depth, format('%I.%I', n.nspname, c.relname) AS name, pg_get_viewdef(c.oid) AS query,
    c.reloptions AS options, c.relowner AS owner, coalesce(c.relacl, acldefault('r', c.relowner)) AS rights,
    obj_description(c.oid, 'pg_class') AS description
  FROM reader b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'v' AND c.relnamespace NOT IN (SELECT s.oid FROM aker_schema s)
    -- What this does not know how to make again is not dropped.
    AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN')
    AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL)
  GROUP BY c.oid, n.nspname;

-- Rights of roles that are none of ours on our functions and views.
CREATE TEMPORARY TABLE aker_kept_right ON COMMIT DROP AS
  SELECT o.kind, o.schema_name, o.name, a.privilege_type AS privilege, a.grantee, a.is_grantable
  FROM (
    SELECT 'view' AS kind, s.name AS schema_name, c.relname::text AS name, c.relacl AS rights, c.relowner AS owner
    FROM pg_class c JOIN aker_schema s ON s.oid = c.relnamespace WHERE c.relkind = 'v'
    UNION ALL
    SELECT 'function', s.name, p.proname::text, p.proacl, p.proowner
    FROM pg_proc p JOIN aker_schema s ON s.oid = p.pronamespace) AS o
    CROSS JOIN aclexplode(o.rights) AS a
  WHERE a.grantee NOT IN (0, o.owner) AND a.grantee NOT IN (
    SELECT r.oid FROM pg_roles r
    WHERE r.rolname IN ('aker_admin', 'aker_operator', 'aker_worker', 'aker_reader', 'aker_monitor'));

DO $$
DECLARE
  names text;
  mark record;
BEGIN
  -- Ours, which functions/service/cells.sql makes again.
  FOR mark IN
    SELECT t.tgname, t.tgrelid::regclass AS table_name
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN aker_schema s ON s.oid = p.pronamespace
    WHERE t.tgname LIKE 'marks\_cells%' AND NOT t.tgisinternal
  LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', mark.tgname, mark.table_name);
  END LOOP;
  SELECT string_agg(v.name, ', ') INTO names FROM aker_kept_view v;
  IF names IS NOT NULL THEN
    EXECUTE 'DROP VIEW ' || names;
  END IF;
  SELECT string_agg(c.oid::regclass::text, ', ') INTO names
    FROM pg_class c JOIN aker_schema s ON s.oid = c.relnamespace WHERE c.relkind = 'v';
  IF names IS NOT NULL THEN
    EXECUTE 'DROP VIEW ' || names;
  END IF;
  SELECT string_agg(p.oid::regprocedure::text, ', ') INTO names
    FROM pg_proc p JOIN aker_schema s ON s.oid = p.pronamespace;
  IF names IS NOT NULL THEN
    EXECUTE 'DROP FUNCTION ' || names;
  END IF;
END
$$;
