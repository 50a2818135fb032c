-- Why a task waits, in a sentence.

CREATE FUNCTION queue.why(task_id bigint) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  t record;
BEGIN
  SELECT * INTO t FROM queue.task k WHERE k.task_id = $1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no task %', $1 USING ERRCODE = 'AK005';
  END IF;
  IF t.state IN ('completed', 'failed', 'cancelled') THEN
    RETURN format('%s %s%s: %s %s%s', t.dataset, t.data_year, CASE WHEN t.region <> '' THEN ' ' || t.region ELSE '' END, t.state,
      to_char(t.finished_at, 'YYYY-MM-DD HH24:MI:SS'), ': ' || t.reason);
  ELSIF t.state = 'running' THEN
    RETURN (SELECT format('%s %s runs on worker %s (%s) for %s', t.dataset, t.data_year, r.worker_name, r.host, r.running_for) FROM queue.running r WHERE r.task_id = $1);
  END IF;
  RETURN (SELECT format('%s %s %s', t.dataset, t.data_year, CASE WHEN w.state = 'blocked' THEN w.reason ELSE 'waits: ' || w.reason END) FROM queue.waiting w WHERE w.task_id = $1);
END
$$;
COMMENT ON FUNCTION queue.why IS 'Why does this task wait, or how did it end? One sentence.';
