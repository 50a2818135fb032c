-- One task by its id: what `aker run` does in the transaction that enqueues it, so that no other worker ever sees it waiting.

CREATE FUNCTION queue.claim_task(worker_id integer, wanted_task_id bigint) RETURNS TABLE (
  task_id bigint, lease_token bigint, attempt_number integer, backfill_id bigint, dataset text, data_year integer, region text,
  as_of text, definition_hash text, source_ids text[], started_at timestamptz, deadline_at timestamptz, max_attempts integer
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  lane queue.claimable_lane;
  waiting queue.ready;
BEGIN
  PERFORM FROM queue.worker w WHERE w.worker_id = $1 AND w.state = 'running' FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % does not run', $1 USING ERRCODE = 'AK002', HINT = 'Register anew: an ended incarnation never comes back.';
  END IF;
  -- The same conditions as for queue.claim(): no pause, no cool-down, budget left, and room within the limits.
  SELECT c.* INTO lane FROM queue.claimable_lane c JOIN queue.planned_task p USING (lane_id) WHERE p.task_id = $2;
  IF FOUND AND lane.limited THEN
    PERFORM FROM queue.source s WHERE s.max_running IS NOT NULL AND s.source_id = ANY (lane.source_ids)
      ORDER BY s.source_id FOR NO KEY UPDATE;
    PERFORM FROM queue.backfill b WHERE b.max_running IS NOT NULL AND b.backfill_id = lane.backfill_id FOR NO KEY UPDATE;
  END IF;
  IF lane.lane_id IS NOT NULL AND (NOT lane.limited OR queue._room(lane.source_ids, lane.backfill_id) > 0) THEN
    DELETE FROM queue.ready d WHERE d.task_id = $2 AND d.lane_id = lane.lane_id
      AND d.ctid = ANY (ARRAY(SELECT r.ctid FROM queue.ready r WHERE r.task_id = $2 AND r.lane_id = lane.lane_id FOR UPDATE SKIP LOCKED))
      RETURNING d.* INTO waiting;
  END IF;
  IF waiting.task_id IS NULL THEN
    RAISE EXCEPTION 'task % cannot run now: %', $2, coalesce(queue.why($2), 'it just changed state')
      USING ERRCODE = 'AK006', HINT = 'aker status shows pauses, cool-downs and what else runs.';
  END IF;
  RETURN QUERY
    WITH leased AS (
      INSERT INTO queue.lease AS i (lease_token, task_id, started_at, deadline_at, worker_id, lane_id, data_year, attempt_count, lost_count, throttle_count)
      SELECT nextval('queue.lease_token'), waiting.task_id, t.at, t.at + l.task_timeout_interval, $1, waiting.lane_id, waiting.data_year,
        waiting.attempt_count + 1, waiting.lost_count, waiting.throttle_count
      FROM (SELECT clock_timestamp() AS at OFFSET 0) t JOIN queue.lane l ON l.lane_id = waiting.lane_id
      RETURNING i.*)
    SELECT i.task_id, i.lease_token, i.attempt_count::integer, b.backfill_id, l.dataset, i.data_year::integer, p.region, b.as_of,
      l.definition_hash, l.source_ids, i.started_at, i.deadline_at, l.max_attempts::integer
    FROM leased i JOIN queue.planned_task p ON p.task_id = i.task_id
      JOIN queue.lane l ON l.lane_id = i.lane_id JOIN queue.backfill b ON b.backfill_id = l.backfill_id;
END
$$;
COMMENT ON FUNCTION queue.claim_task IS 'Leases one certain task to the worker, under the same conditions as queue.claim(). AK006, with the reason why it waits, when it cannot run now; AK002 when the worker was given up.';

REVOKE ALL ON FUNCTION queue.claim_task FROM PUBLIC;
GRANT EXECUTE ON FUNCTION queue.claim_task TO aker_admin, aker_worker;
