-- Lets several sessions work at random on the real queue, and writes down what happened to leases, workers and outcomes, in
-- the order in which it did: PublicationRules.swift replays it.

CREATE SCHEMA record;
-- Rows of a transaction that is rolled back are gone, as is what they tell of. Where two transactions want one row, the
-- second writes here after the first has committed, since it has waited for that row's lock.
CREATE TABLE record.event (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id bigint NOT NULL DEFAULT txid_current(),
  kind text NOT NULL,
  task_id bigint NOT NULL DEFAULT 0,
  lease_token bigint NOT NULL DEFAULT 0,
  worker_id integer NOT NULL DEFAULT 0,
  holder uuid,
  -- The process on whose behalf it was done.
  caller uuid DEFAULT queue._incarnation()
);
-- As if the server had served for long: heartbeats are put back further than it has, and losses count.
CREATE OR REPLACE FUNCTION queue._server_began_at() RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$ SELECT timestamptz '-infinity' $$;

CREATE FUNCTION record.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE TG_TABLE_NAME || ' ' || TG_OP
    WHEN 'lease INSERT' THEN
      INSERT INTO record.event (kind, task_id, lease_token, worker_id, holder)
        VALUES ('leased', NEW.task_id, NEW.lease_token, NEW.worker_id, NEW.incarnation);
    WHEN 'lease DELETE' THEN
      INSERT INTO record.event (kind, task_id, lease_token, worker_id, holder)
        VALUES ('taken back', OLD.task_id, OLD.lease_token, OLD.worker_id, OLD.incarnation);
    WHEN 'outcome INSERT' THEN
      INSERT INTO record.event (kind, task_id, lease_token, worker_id)
        VALUES ('completed', NEW.task_id, NEW.lease_token, NEW.worker_id);
    WHEN 'worker INSERT' THEN
      INSERT INTO record.event (kind, worker_id, holder) VALUES ('registered', NEW.worker_id, NEW.incarnation);
    WHEN 'worker UPDATE' THEN
      INSERT INTO record.event (kind, worker_id, holder) VALUES ('worker ended', NEW.worker_id, NEW.incarnation);
    ELSE
      INSERT INTO record.event (kind) VALUES ('new life');
  END CASE;
  RETURN NULL;
END
$$;
CREATE TRIGGER record AFTER INSERT OR DELETE ON queue.lease FOR EACH ROW EXECUTE FUNCTION record.note();
CREATE TRIGGER record AFTER INSERT ON queue.outcome FOR EACH ROW WHEN (NEW.kind = 'completed')
  EXECUTE FUNCTION record.note();
CREATE TRIGGER record AFTER INSERT ON queue.worker FOR EACH ROW EXECUTE FUNCTION record.note();
CREATE TRIGGER record_end AFTER UPDATE ON queue.worker FOR EACH ROW
  WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION record.note();
CREATE TRIGGER record AFTER UPDATE ON queue.setting FOR EACH ROW
  WHEN (OLD.life LIKE 'before%' AND NEW.life NOT LIKE 'before%') EXECUTE FUNCTION record.note();

-- An attempt ends, by a lease that it has, or believes to have.
CREATE FUNCTION record.act(task bigint, token bigint, op text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  CASE op
    WHEN 'complete' THEN
      PERFORM queue.fence(task, token);
      INSERT INTO record.event (kind, task_id, lease_token) VALUES ('fenced', task, token);
      PERFORM queue.complete(task, token);
    WHEN 'fail' THEN PERFORM queue.fail(task, token, 'transient', 'x');
    WHEN 'release' THEN PERFORM queue.release(task, token);
    WHEN 'give_back' THEN PERFORM queue.give_back(task, token, 'x');
    ELSE PERFORM queue.snooze(task, token, '1 millisecond');
  END CASE;
EXCEPTION WHEN SQLSTATE 'AK001' THEN
  INSERT INTO record.event (kind, task_id, lease_token) VALUES ('refused', task, token);
END
$$;

-- A worker that registers, claims, ends attempts, repeats itself, reaches for others' leases, is given up and goes on all the
-- same with what it held, each step in a transaction of its own.
CREATE PROCEDURE record.work(steps integer, seed double precision) LANGUAGE plpgsql AS $$
DECLARE
  me integer;
  process uuid;
  tasks bigint[] := '{}';
  tokens bigint[] := '{}';
  processes uuid[] := '{}';
  chance double precision;
  at integer;
  lease record;
BEGIN
  PERFORM setseed(seed);
  FOR step IN 1..steps LOOP
    chance := random();
    IF step % 400 = 150 THEN
      -- A fail-over ends all sessions: nobody is in the middle of anything.
      PERFORM pg_advisory_xact_lock(77);
      UPDATE queue.setting SET life = 'before ' || step;
      me := NULL;
    ELSE
      PERFORM pg_advisory_xact_lock_shared(77);
    END IF;
    IF me IS NULL THEN
      process := gen_random_uuid();
      PERFORM set_config('aker.incarnation', process::text, false);
      me := queue.register_worker('w', 'h', 1, 'v', 64);
    END IF;
    PERFORM set_config('aker.incarnation', process::text, false);
    IF chance < 0.22 AND cardinality(tasks) < 12 THEN
      BEGIN
        FOR lease IN SELECT * FROM queue.claim(me, 1 + floor(random() * 6)::integer) LOOP
          tasks := tasks || lease.task_id;
          tokens := tokens || lease.lease_token;
          processes := processes || process;
        END LOOP;
      EXCEPTION WHEN SQLSTATE 'AK002' THEN me := NULL;
      END;
    ELSIF chance < 0.24 THEN
      PERFORM queue.promote_due();
    ELSIF chance < 0.245 THEN
      UPDATE queue.worker w SET heartbeat_at = w.heartbeat_at - interval '1 hour' WHERE w.worker_id = (
        SELECT v.worker_id FROM queue.worker v WHERE v.ended_at IS NULL ORDER BY random() LIMIT 1);
      PERFORM queue.reap();
    ELSIF chance < 0.28 THEN
      -- Another's lease, by its own numbers.
      SELECT l.task_id, l.lease_token INTO lease FROM queue.lease l
        WHERE l.incarnation <> process ORDER BY random() LIMIT 1;
      IF FOUND THEN
        PERFORM record.act(lease.task_id, lease.lease_token, 'complete');
      END IF;
    ELSIF cardinality(tasks) > 0 THEN
      at := 1 + floor(random() * cardinality(tasks))::integer;
      PERFORM set_config('aker.incarnation', processes[at]::text, false);
      chance := random();
      PERFORM record.act(tasks[at], tokens[at], CASE WHEN chance < 0.7 THEN 'complete' WHEN chance < 0.78 THEN 'fail'
        WHEN chance < 0.86 THEN 'release' WHEN chance < 0.93 THEN 'give_back' ELSE 'snooze' END);
      -- Now and then it forgets that it has ended this one.
      IF random() < 0.9 THEN
        tasks := tasks[:at - 1] || tasks[at + 1:];
        tokens := tokens[:at - 1] || tokens[at + 1:];
        processes := processes[:at - 1] || processes[at + 1:];
      END IF;
    END IF;
    COMMIT;
  END LOOP;
  -- Whoever comes after is another process.
  PERFORM set_config('aker.incarnation', '', false);
END
$$;
