-- Schemas, PostGIS and roles: what every later migration builds on.
--
-- Warehouse tables live in schema public, where analysts look first; everything that runs the pool has a schema of its own.

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE SCHEMA queue;
CREATE SCHEMA catalog;
CREATE SCHEMA lineage;
CREATE SCHEMA quality;
CREATE SCHEMA lake;

COMMENT ON SCHEMA queue IS 'Tasks, attempts, leases, limits: what runs, what waits, and why.';
COMMENT ON SCHEMA catalog IS 'Sources and dataset definitions, as the catalog folder declared them; definitions are kept by hash.';
COMMENT ON SCHEMA lineage IS 'Where each published partition came from.';
COMMENT ON SCHEMA quality IS 'Validation results of each attempt to publish.';
COMMENT ON SCHEMA lake IS 'Which Parquet file is which partition, at which vintage.';

-- Roles belong to the server, not to the database: another database of the same server may have made them already, or
-- be making them at this moment.
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY['aker_admin', 'aker_worker', 'aker_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role_name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL; -- made by a concurrent migration in the meantime: just as well
      END;
    END IF;
  END LOOP;
END
$$;

-- A reader may read every table and view. Functions are different: Postgres lets PUBLIC execute each new one, and default
-- privileges of one schema cannot take that back, so each migration that adds functions revokes it by hand
-- (REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ... FROM PUBLIC) before it grants; a test looks for any that was forgotten.
DO $$
DECLARE
  schema_name text;
BEGIN
  FOREACH schema_name IN ARRAY ARRAY['queue', 'catalog', 'lineage', 'quality', 'lake'] LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO aker_admin, aker_worker, aker_reader', schema_name);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO aker_admin, aker_reader', schema_name);
  END LOOP;
END
$$;
