-- OpenLineage events: queued where they happen, delivered by whoever has time.

-- Takes events to deliver, and hides them from other senders while they are on the way.
CREATE FUNCTION lineage.take_events(wanted int, hide_interval interval)
RETURNS TABLE (event_id bigint, event text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE lineage.outbox o SET attempt_count = o.attempt_count + 1, next_attempt_at = clock_timestamp() + hide_interval
  WHERE o.event_id IN (
    SELECT w.event_id FROM lineage.outbox w WHERE w.delivered_at IS NULL AND w.next_attempt_at <= clock_timestamp()
    ORDER BY w.next_attempt_at, w.event_id LIMIT wanted FOR UPDATE SKIP LOCKED)
  RETURNING o.event_id, o.event::text
$$;
COMMENT ON FUNCTION lineage.take_events(int, interval) IS
  'Events to deliver now; each comes again after hide_interval unless it is settled.';

-- Without the pruning, which had to look at all that was delivered for each event.
CREATE FUNCTION lineage.settle_event(event bigint, failure text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE lineage.outbox o SET
    delivered_at = CASE WHEN $2 IS NULL THEN clock_timestamp() END, last_error = $2,
    -- 5 s doubling to an hour: an endpoint that is down is not hammered, and is found again soon after a short outage.
    next_attempt_at = clock_timestamp() + least(interval '1 hour',
      interval '5 seconds' * 2 ^ least(o.attempt_count, 20))
  -- By number: the table has a column of the parameter's name.
  WHERE o.event_id = $1
$$;
COMMENT ON FUNCTION lineage.settle_event(bigint, text) IS
  'An event was delivered (failure NULL), or not, and will be tried again later.';

CREATE FUNCTION lineage.start_run(task bigint, token bigint, start_event jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM queue.fence(task, token);
  INSERT INTO lineage.open_run (task_id, lease_token, event) VALUES (task, token, start_event) ON CONFLICT DO NOTHING;
  INSERT INTO lineage.outbox (event) VALUES (start_event);
END
$$;
COMMENT ON FUNCTION lineage.start_run(bigint, bigint, jsonb) IS
  'Queues the START event of an attempt, and remembers that it has not ended.';

-- A run ends once: whoever removes its row queues the event.
CREATE FUNCTION lineage.end_run(task bigint, token bigint, end_event jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- One whose lease is gone is ended by lineage.close_lost_runs().
  PERFORM FROM queue.lease l WHERE l.task_id = task AND l.lease_token = token
    AND l.incarnation IS NOT DISTINCT FROM queue._incarnation() FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM lineage.open_run r WHERE r.task_id = task AND r.lease_token = token;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO lineage.outbox (event) VALUES (end_event);
  RETURN true;
END
$$;
COMMENT ON FUNCTION lineage.end_run(bigint, bigint, jsonb) IS
  'Queues the FAIL or ABORT event of an attempt that holds its lease, unless its end is queued already.';

-- What nobody else would end: attempts whose lease is gone. Those that published have their COMPLETE from that
-- transaction.
CREATE FUNCTION lineage.close_lost_runs() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH gone AS (
    DELETE FROM lineage.open_run r
    WHERE NOT EXISTS (SELECT FROM queue.lease l WHERE l.task_id = r.task_id AND l.lease_token = r.lease_token)
    RETURNING r.task_id, r.lease_token, r.event
  ), aborted AS (
    INSERT INTO lineage.outbox (event)
    SELECT g.event || jsonb_build_object('eventType', 'ABORT',
      'eventTime', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    FROM gone g
    WHERE NOT EXISTS (
      SELECT FROM lineage.publication p WHERE p.task_id = g.task_id AND p.lease_token = g.lease_token)
    ORDER BY g.lease_token
    RETURNING 1
  )
  SELECT count(*) FROM aborted
$$;
COMMENT ON FUNCTION lineage.close_lost_runs() IS 'Queues ABORT for attempts whose worker died; returns how many.';

CREATE FUNCTION lineage.prune_outbox() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM lineage.outbox o WHERE o.delivered_at < clock_timestamp() - interval '1 day'
$$;
COMMENT ON FUNCTION lineage.prune_outbox() IS 'Removes events a day after their delivery.';
