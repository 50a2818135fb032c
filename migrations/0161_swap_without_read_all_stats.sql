-- Whether a snapshot is held that a swap would show an empty partition: to be had without pg_read_all_stats, too. A session that may
-- not be looked at is known to hold no snapshot while it is in no transaction: each transaction locks its own id, and pg_locks is
-- shown to everybody. Until now such an owner always moved rows.
CREATE OR REPLACE FUNCTION warehouse.is_seen_by_all(filled_xid xid8) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
  SELECT filled_xid IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND CASE
      -- Postgres hides it with all else of a session of a role whose rights we have not.
      WHEN a.backend_type IS NULL THEN EXISTS (
        SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid' AND l.granted)
      ELSE a.backend_type = 'client backend' AND age(a.backend_xmin) >= age(filled_xid::xid) END)
$$;
