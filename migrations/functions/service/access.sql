-- Who may use the API, and what is kept of what they did. Called by the service as itself; what a request does runs
-- under the role of its level.

CREATE FUNCTION service.create_token(name text, level text, token_hash bytea, valid_for interval) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  until timestamptz;
BEGIN
  IF $4 IS NULL OR $4 <= '0' OR $4 > interval '10 years' THEN
    RAISE EXCEPTION 'a token is valid for between a moment and ten years' USING ERRCODE = 'AK003',
      HINT = 'Tell for how many days, such as --days 90.';
  END IF;
  -- What has expired gives its name free.
  UPDATE service.token t SET revoked_at = t.expires_at, revoked_by = 'expiry'
    WHERE t.name = $1 AND t.revoked_at IS NULL AND t.expires_at <= clock_timestamp();
  BEGIN
    INSERT INTO service.token (name, level, token_hash, expires_at) VALUES ($1, $2, $3, clock_timestamp() + $4)
      RETURNING expires_at INTO until;
  EXCEPTION
    WHEN unique_violation THEN
      RAISE EXCEPTION 'there is a token % already', $1 USING ERRCODE = 'AK006',
        HINT = format('Choose another name, or revoke it first: aker token revoke %s', $1);
    WHEN check_violation THEN
      RAISE EXCEPTION 'a token''s name has letters, digits, . _ @ and -, 64 at most, and its level is viewer, operator '
        'or admin' USING ERRCODE = 'AK003';
  END;
  RETURN until;
END
$$;
COMMENT ON FUNCTION service.create_token IS
  'Lets whoever holds the token of this SHA-256 use the API, at a level, for so long. Returns until when.';

CREATE FUNCTION service.revoke_token(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE service.token t SET revoked_at = clock_timestamp(), revoked_by = session_user
    WHERE t.name = $1 AND t.revoked_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no token %', $1 USING ERRCODE = 'AK005', HINT = 'aker token ls lists them.';
  END IF;
END
$$;
COMMENT ON FUNCTION service.revoke_token IS 'Ends a token at once: the next request with it is refused.';

CREATE FUNCTION service.authenticate(token_hash bytea) RETURNS TABLE (name text, level text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t service.token;
BEGIN
  SELECT * INTO t FROM service.token n
    WHERE n.token_hash = $1 AND n.revoked_at IS NULL AND n.expires_at > clock_timestamp();
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Not on a standby, and not with each request.
  IF NOT pg_is_in_recovery() AND coalesce(t.last_used_at < clock_timestamp() - interval '1 minute', true) THEN
    UPDATE service.token n SET last_used_at = clock_timestamp() WHERE n.token_id = t.token_id;
  END IF;
  RETURN QUERY SELECT t.name, t.level;
END
$$;
COMMENT ON FUNCTION service.authenticate IS
  'Whose token has this SHA-256, and its level; no row for none that is valid.';

CREATE FUNCTION service.record_act(
  actor text, level text, address text, act text, target text, outcome text, detail jsonb DEFAULT NULL
) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO service.audit (actor, level, address, act, target, outcome, detail)
  VALUES (left($1, 200), $2, left($3, 100), left($4, 100), left($5, 500), left($6, 2000), $7) RETURNING audit_id
$$;
COMMENT ON FUNCTION service.record_act IS 'Keeps an act, or a refused try of one.';

CREATE FUNCTION service.claim_key(actor text, key text, request_hash bytea)
RETURNS TABLE (status integer, content text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  kept service.idempotency;
BEGIN
  -- Waits for whoever does the same at this moment, and then finds what that did.
  INSERT INTO service.idempotency (actor, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO kept FROM service.idempotency i WHERE i.actor = $1 AND i.key = $2;
  IF kept.request_hash IS DISTINCT FROM $3 THEN
    RAISE EXCEPTION 'this Idempotency-Key was used for another request' USING ERRCODE = 'AK006',
      HINT = 'Make a new key, such as a random UUID, for each act.';
  END IF;
  RETURN QUERY SELECT kept.status::integer, kept.content;
END
$$;
COMMENT ON FUNCTION service.claim_key IS
  'No row: nobody has done this yet, and the caller does it in this transaction, ending with service.keep_answer(). '
  'Else what was answered. AK006 where the key is another request''s.';

CREATE FUNCTION service.keep_answer(actor text, key text, status integer, content text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE service.idempotency i SET status = $3, content = $4 WHERE i.actor = $1 AND i.key = $2
$$;
COMMENT ON FUNCTION service.keep_answer IS 'What was answered to the act of this key.';

CREATE FUNCTION service.prune(term bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  retention interval := (SELECT g.retention_interval FROM queue.setting g WHERE g.singleton);
  pruned bigint;
  total bigint;
BEGIN
  PERFORM schedule._require_term(term);
  DELETE FROM service.idempotency i WHERE i.ctid = ANY (ARRAY(
    SELECT o.ctid FROM service.idempotency o WHERE o.at < clock_timestamp() - interval '1 day' LIMIT 10000));
  GET DIAGNOSTICS total = ROW_COUNT;
  -- An audit is wanted long after the tasks are forgotten.
  DELETE FROM service.audit a WHERE a.ctid = ANY (ARRAY(
    SELECT o.ctid FROM service.audit o WHERE o.at < clock_timestamp() - greatest(retention, '1 year') LIMIT 10000));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  total := total + pruned;
  DELETE FROM service.alert a WHERE a.ctid = ANY (ARRAY(
    SELECT o.ctid FROM service.alert o WHERE o.ended_at < clock_timestamp() - retention LIMIT 10000));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  total := total + pruned;
  DELETE FROM service.batch_task t WHERE t.ctid = ANY (ARRAY(
    SELECT o.ctid FROM service.batch b JOIN service.batch_task o USING (batch_id)
    WHERE b.finished_at < clock_timestamp() - retention LIMIT 10000));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  total := total + pruned;
  DELETE FROM service.batch b WHERE b.finished_at < clock_timestamp() - retention
    AND NOT EXISTS (SELECT FROM service.batch_task t WHERE t.batch_id = b.batch_id);
  RETURN total;
END
$$;
COMMENT ON FUNCTION service.prune IS
  'Deletes a batch of what is older than it is kept: answers a day, audit a year, the rest '
  'queue.setting.retention_interval. Returns how many rows: call it until it returns 0. AK007 unless the caller leads.';
