-- What grants.sql makes sure of, as it is now: to be compared before and after it is run again.

CREATE FUNCTION catalog._rights() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH ours AS (
    SELECT n.oid, n.nspname, n.nspacl, n.nspowner FROM pg_namespace n
    WHERE n.nspname IN (
      'queue', 'catalog', 'lineage', 'quality', 'lake', 'warehouse', 'review', 'schedule', 'service')),
  thing(what, rights, owner) AS (
    SELECT 'schema ' || s.nspname, coalesce(s.nspacl, acldefault('n', s.nspowner)), s.nspowner FROM ours s
    UNION ALL
    SELECT 'function ' || p.oid::regprocedure, coalesce(p.proacl, acldefault('f', p.proowner)), p.proowner
    FROM pg_proc p JOIN ours s ON s.oid = p.pronamespace
    UNION ALL
    SELECT c.oid::regclass::text, coalesce(c.relacl, acldefault('r', c.relowner)), c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v') AND (c.relnamespace IN (SELECT s.oid FROM ours s)
      OR n.nspname = 'public' AND (c.relname = 'aker_migration' OR c.relname IN (SELECT d.name FROM catalog.dataset d)))
    UNION ALL
    SELECT format('column %s of %s', t.attname, t.attrelid::regclass), t.attacl, c.relowner
    FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
    WHERE t.attacl IS NOT NULL AND c.relnamespace IN (SELECT s.oid FROM ours s)
    UNION ALL
    SELECT 'what is made in schema ' || s.nspname, d.defaclacl, d.defaclrole
    FROM pg_default_acl d JOIN ours s ON s.oid = d.defaclnamespace)
  SELECT format('%s on %s to %s', a.privilege_type, t.what, coalesce(r.rolname, 'PUBLIC'))
  FROM thing t CROSS JOIN aclexplode(t.rights) AS a LEFT JOIN pg_roles r ON r.oid = a.grantee
  WHERE a.grantee <> t.owner AND (a.grantee = 0 OR r.rolname IN (
    'aker_admin', 'aker_operator', 'aker_worker', 'aker_reader', 'aker_monitor'))
  UNION ALL
  SELECT format('function %s as its own to %s', p.oid::regprocedure, 'aker_reader') FROM pg_proc p
  WHERE p.pronamespace = 'service'::regnamespace AND p.proowner = (
    SELECT r.oid FROM pg_roles r WHERE r.rolname = 'aker_reader')
$$;
COMMENT ON FUNCTION catalog._rights() IS 'Every right that one of the roles, or everybody, has on something of ours.';
