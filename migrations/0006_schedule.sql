-- When flows are due, and what became of each due time.

CREATE SCHEMA schedule;
COMMENT ON SCHEMA schedule IS 'Flows, when each is due, and what became of every due time.';

CREATE TABLE schedule.flow (
  flow text PRIMARY KEY CHECK (flow ~ '^[a-z][a-z0-9-]{0,39}$'),
  title text NOT NULL DEFAULT '',
  datasets text[] NOT NULL CHECK (cardinality(datasets) > 0),
  regions text[],
  first_year integer NOT NULL,
  last_year integer NOT NULL CHECK (last_year >= first_year),
  expression text,
  minutes integer[] NOT NULL DEFAULT '{}',
  hours integer[] NOT NULL DEFAULT '{}',
  days integer[] NOT NULL DEFAULT '{}',
  months integer[] NOT NULL DEFAULT '{}',
  weekdays integer[] NOT NULL DEFAULT '{}',
  every_hour boolean NOT NULL DEFAULT false,
  either_day boolean NOT NULL DEFAULT false,
  time_zone text NOT NULL DEFAULT 'UTC',
  catch_up text NOT NULL DEFAULT 'latest' CHECK (catch_up IN ('none', 'latest', 'all')),
  catch_up_window interval NOT NULL DEFAULT '400 days' CHECK (catch_up_window > '0'),
  overlap text NOT NULL DEFAULT 'queue' CHECK (overlap IN ('skip', 'queue', 'cancel')),
  jitter interval NOT NULL DEFAULT '0' CHECK (jitter >= '0'),
  next_due_at timestamptz,
  defined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  removed_at timestamptz,
  paused_at timestamptz,
  pause_reason text,
  paused_by text,
  trouble text,
  trouble_since timestamptz,
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL)),
  CHECK ((trouble IS NULL) = (trouble_since IS NULL))
);
COMMENT ON TABLE schedule.flow IS
  'The flows of flows.yml as the serving coordinators last read them. Only schedule.apply_flows() and the other '
  'functions change it.';
COMMENT ON COLUMN schedule.flow.regions IS
  'Of split datasets, as queue.plan_backfill() takes them; NULL where the installation''s choice holds.';
COMMENT ON COLUMN schedule.flow.first_year IS
  'Counted from the due time''s year, in the flow''s time zone: -1 is the year before.';
COMMENT ON COLUMN schedule.flow.expression IS
  'Cron, as written; NULL for a flow that is only triggered. The fields after it are the same, read.';
COMMENT ON COLUMN schedule.flow.weekdays IS 'Sunday is 0.';
COMMENT ON COLUMN schedule.flow.every_hour IS
  'The hour is not restricted: an hour that a time zone has twice is due twice.';
COMMENT ON COLUMN schedule.flow.either_day IS
  'Day of month and day of week are both restricted: a day that matches either is due, as in cron.';
COMMENT ON COLUMN schedule.flow.catch_up IS
  'What is due of the times that passed while nobody served: none of them, the latest, or all, one after the other.';
COMMENT ON COLUMN schedule.flow.catch_up_window IS 'What is noticed later than this after it was due is missed.';
COMMENT ON COLUMN schedule.flow.overlap IS
  'When the flow''s backfill before has not ended: the due time is skipped, waits for it, or cancels it.';
COMMENT ON COLUMN schedule.flow.jitter IS
  'A due time fires later by a fixed part of this, so that many flows do not start at once.';
COMMENT ON COLUMN schedule.flow.next_due_at IS
  'All due times before it are in schedule.due. NULL: never again, or not by the clock.';
COMMENT ON COLUMN schedule.flow.trouble IS
  'Why its due time could not fire when that was last tried; it is tried again.';

CREATE TABLE schedule.due (
  flow text NOT NULL REFERENCES schedule.flow,
  due_at timestamptz NOT NULL,
  fate text NOT NULL DEFAULT 'waiting' CHECK (fate IN ('waiting', 'fired', 'coalesced', 'skipped', 'missed')),
  reason text,
  backfill_id bigint,
  triggered_by text,
  noted_at timestamptz NOT NULL,
  settled_at timestamptz,
  PRIMARY KEY (flow, due_at),
  CHECK ((fate = 'waiting') = (settled_at IS NULL)),
  CHECK ((fate = 'fired') = (backfill_id IS NOT NULL))
);
CREATE INDEX due_waiting ON schedule.due (flow, due_at) WHERE fate = 'waiting';
COMMENT ON TABLE schedule.due IS 'Every due time of every flow, and what became of it. Written once, settled once.';
COMMENT ON COLUMN schedule.due.fate IS
  'waiting: for its moment or for the backfill before; fired: enqueued as backfill_id; coalesced: a later one stands '
  'for it; skipped: on purpose, see reason; missed: nobody served in time.';
COMMENT ON COLUMN schedule.due.backfill_id IS 'queue.backfill; not a foreign key, since backfills are pruned.';
COMMENT ON COLUMN schedule.due.triggered_by IS 'The login of who triggered it by hand; NULL where the clock did.';
COMMENT ON COLUMN schedule.due.noted_at IS 'When a coordinator saw that it was due, by schedule._now().';

CREATE TABLE schedule.leader (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  term bigint NOT NULL DEFAULT 0,
  holder uuid,
  name text,
  began_at timestamptz,
  expires_at timestamptz,
  unled_from timestamptz,
  unled_until timestamptz,
  CHECK (unled_from < unled_until)
);
INSERT INTO schedule.leader DEFAULT VALUES;
COMMENT ON TABLE schedule.leader IS
  'Which coordinator keeps the house: whoever holds the term. What it does carries the term, and is refused after it '
  'is over.';
COMMENT ON COLUMN schedule.leader.expires_at IS 'When the lead ends, or ended, unless it is renewed.';
COMMENT ON COLUMN schedule.leader.unled_from IS
  'When the last time began that nobody led for longer than a minute: nothing was enqueued, and nobody was told '
  'anything.';
