-- On a managed server, once, by its administrator, who may create roles and extensions: aker's own login is no superuser
-- and may do neither. Then: aker migrate, as aker_owner.
--
--   psql -v ON_ERROR_STOP=1 -v owner_password=... -v worker_password=... -v reader_password=... \
--     -f managed-server.sql 'dbname=postgres ...'
--
-- Where an autoscaler asks, -v monitor_password=... besides. Every statement may be run again.

-- What grants.sql would make, had it the right to.
SELECT format('CREATE ROLE %I NOLOGIN', name) FROM unnest(
  ARRAY['aker_admin', 'aker_operator', 'aker_worker', 'aker_reader', 'aker_monitor']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- Owns the database and its structure; for aker migrate, aker serve and operators.
SELECT 'CREATE ROLE aker_owner LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aker_owner') \gexec
ALTER ROLE aker_owner LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD :'owner_password';
-- `aker serve` answers each request under the role of who asks.
GRANT aker_reader TO aker_operator;
GRANT aker_operator TO aker_admin;
GRANT aker_admin TO aker_owner;
-- For aker-worker, on all hosts; a login of its own for each is better still.
SELECT 'CREATE ROLE aker_worker_login LOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aker_worker_login') \gexec
ALTER ROLE aker_worker_login LOGIN NOSUPERUSER PASSWORD :'worker_password';
GRANT aker_worker TO aker_worker_login;
-- For dashboards: the least that may read what their panels show.
SELECT 'CREATE ROLE aker_reader_login LOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aker_reader_login') \gexec
ALTER ROLE aker_reader_login LOGIN NOSUPERUSER PASSWORD :'reader_password';
GRANT aker_reader TO aker_reader_login;
-- For an autoscaler: how many slots are wanted, and figures; no table.
\if :{?monitor_password}
  SELECT 'CREATE ROLE aker_monitor_login LOGIN'
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'aker_monitor_login') \gexec
  ALTER ROLE aker_monitor_login LOGIN NOSUPERUSER PASSWORD :'monitor_password';
  GRANT aker_monitor TO aker_monitor_login;
\endif
-- The reaper ends sessions that still load rows for an attempt whose lease is over.
GRANT pg_signal_backend TO aker_owner;

-- A managed administrator has to be a member of a role to give it a database.
SELECT format('GRANT aker_owner TO %I', current_user)
WHERE NOT pg_has_role(current_user, 'aker_owner', 'MEMBER') \gexec
SELECT 'CREATE DATABASE aker OWNER aker_owner ENCODING ''UTF8'' TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'aker') \gexec
\connect aker
CREATE EXTENSION IF NOT EXISTS postgis;
ALTER SCHEMA public OWNER TO aker_owner;
