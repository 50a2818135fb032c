-- Last of all: what before.sql kept of others is put back, see there.

DO $$
DECLARE
  view record;
  given record;
BEGIN
  FOR view IN SELECT * FROM aker_kept_view ORDER BY depth, oid LOOP
    BEGIN
      EXECUTE format('CREATE VIEW %s%s AS %s', view.name, ' WITH (' || array_to_string(view.options, ', ') || ')',
        view.query);
    EXCEPTION WHEN undefined_table OR undefined_column OR undefined_function OR datatype_mismatch THEN
      RAISE EXCEPTION 'view % reads what is there no longer: %', view.name, SQLERRM
        USING HINT = format('Save its query, DROP VIEW %s, migrate, and make it anew.', view.name);
    END;
    EXECUTE format('ALTER VIEW %s OWNER TO %I', view.name, pg_get_userbyid(view.owner));
    FOR given IN
      SELECT a.privilege_type AS privilege, CASE a.grantee WHEN 0 THEN 'PUBLIC'
        ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS role_name,
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option
      FROM aclexplode(view.rights) AS a
    LOOP
      EXECUTE format('GRANT %s ON %s TO %s%s', given.privilege, view.name, given.role_name, given.option);
    END LOOP;
    EXECUTE format('COMMENT ON VIEW %s IS %L', view.name, view.description);
  END LOOP;

  FOR given IN
    SELECT k.privilege, pg_get_userbyid(k.grantee) AS role_name,
      CASE WHEN k.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS option, o.target
    FROM aker_kept_right k JOIN (
      SELECT 'view' AS kind, s.name AS schema_name, c.relname::text AS name, c.oid::regclass::text AS target
      FROM pg_class c JOIN aker_schema s ON s.oid = c.relnamespace WHERE c.relkind = 'v'
      UNION ALL
      SELECT 'function', s.name, p.proname::text, 'FUNCTION ' || p.oid::regprocedure
      FROM pg_proc p JOIN aker_schema s ON s.oid = p.pronamespace) AS o USING (kind, schema_name, name)
  LOOP
    EXECUTE format('GRANT %s ON %s TO %I%s', given.privilege, given.target, given.role_name, given.option);
  END LOOP;
END
$$;
