-- PostGIS and the schemas: what every later migration builds on. Roles and rights are in grants.sql.
--
-- Warehouse tables live in schema public, where analysts look first; everything that runs the pool has a schema of its
-- own.

CREATE EXTENSION IF NOT EXISTS postgis;

CREATE SCHEMA queue;
CREATE SCHEMA catalog;
CREATE SCHEMA lineage;
CREATE SCHEMA quality;
CREATE SCHEMA lake;
CREATE SCHEMA warehouse;
CREATE SCHEMA review;

COMMENT ON SCHEMA queue IS 'Tasks, attempts, leases, limits: what runs, what waits, and why.';
COMMENT ON SCHEMA catalog IS
  'Sources and dataset definitions, as the catalog folder declared them; definitions are kept by hash.';
COMMENT ON SCHEMA lineage IS 'Where each published partition came from.';
COMMENT ON SCHEMA quality IS 'Validation results of each attempt to publish.';
COMMENT ON SCHEMA lake IS 'Which Parquet file is which partition, at which vintage.';
COMMENT ON SCHEMA warehouse IS
  'The partitions of the warehouse tables, which themselves are in public. Read the tables in public; not these.';
COMMENT ON SCHEMA review IS
  'What people decided about published rows. Kept apart from them, so that publishing again loses nothing.';
