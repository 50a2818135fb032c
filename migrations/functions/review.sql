-- Decisions of people about published events.

-- The one published event whose id begins so.
CREATE FUNCTION review.find_expansion(event text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found_ids text[];
BEGIN
  IF event !~ '^[0-9a-f]{4,16}$' THEN
    RAISE EXCEPTION '''%'' is no event: an id has 16 digits, of which the first four or more will do', event USING
      ERRCODE = 'AK003';
  END IF;
  IF to_regclass('public.expansion_event') IS NULL THEN
    RAISE EXCEPTION 'no event was published yet' USING ERRCODE = 'AK003', HINT = 'Run: aker flow run scan-expansions';
  END IF;
  SELECT array_agg(DISTINCT e.event_id) INTO found_ids FROM public.expansion_event e WHERE starts_with(e.event_id, event);
  IF found_ids IS NULL THEN
    RAISE EXCEPTION 'there is no event %', event USING ERRCODE = 'AK003', HINT = 'aker expansions review lists those that wait.';
  ELSIF cardinality(found_ids) > 1 THEN
    RAISE EXCEPTION '% events begin with %', cardinality(found_ids), event USING ERRCODE = 'AK003', HINT = 'Give more digits.';
  END IF;
  RETURN found_ids[1];
END
$$;
COMMENT ON FUNCTION review.find_expansion(text) IS
  'The id of the one published event whose id begins so; raises when it is none or several.';

-- Records a decision. What an earlier correction changed stays changed unless it is changed again.
CREATE FUNCTION review.decide_expansion(event text, decision text, reason text, decided_by text, changes jsonb DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id text := review.find_expansion(event);
  all_changes jsonb := changes;
  shown jsonb;
  new_id bigint;
BEGIN
  IF decision NOT IN ('accept', 'reject', 'correct') THEN
    RAISE EXCEPTION '''%'' is no decision: accept, reject or correct', decision USING ERRCODE = 'AK003';
  END IF;
  IF coalesce(btrim(reason), '') = '' OR coalesce(btrim(decided_by), '') = '' THEN
    RAISE EXCEPTION 'a decision needs a reason, and a name' USING ERRCODE = 'AK003';
  END IF;
  IF (decision = 'correct') <> (changes <> '{}') THEN
    RAISE EXCEPTION 'a correction says what is right, and no other decision does' USING ERRCODE = 'AK003';
  END IF;
  IF EXISTS (SELECT FROM jsonb_object_keys(changes) k
    WHERE k NOT IN ('kind', 'company', 'place_name', 'state_code', 'geo_id', 'jobs', 'investment_usd')) THEN
    RAISE EXCEPTION 'only kind, company, place_name, state_code, geo_id, jobs and investment_usd can be corrected' USING
      ERRCODE = 'AK003';
  END IF;
  IF changes ? 'kind' AND coalesce(changes ->> 'kind', '') NOT IN ('closure', 'relocation', 'expansion', 'new') THEN
    RAISE EXCEPTION 'kind is closure, relocation, expansion or new' USING ERRCODE = 'AK003';
  END IF;
  IF changes ->> 'geo_id' !~ '^\d{5}$' OR changes ->> 'state_code' !~ '^\d{2}$' THEN
    RAISE EXCEPTION 'geo_id has 5 digits, state_code 2' USING ERRCODE = 'AK003';
  END IF;
  IF changes ->> 'jobs' !~ '^\d{1,7}$' OR changes ->> 'investment_usd' !~ '^\d{1,15}$' THEN
    RAISE EXCEPTION 'jobs and investment_usd are whole numbers' USING ERRCODE = 'AK003';
  END IF;

  -- Two people who decide about one event do so one after the other.
  PERFORM pg_advisory_xact_lock(queue._lock_key('expansion ' || id));
  IF decision = 'correct' THEN
    -- A county says in which state it is.
    IF changes ->> 'geo_id' IS NOT NULL AND NOT changes ? 'state_code' THEN
      all_changes := all_changes || jsonb_build_object('state_code', left(changes ->> 'geo_id', 2));
    END IF;
    all_changes := coalesce((SELECT l.changes FROM review.expansion_latest l WHERE l.event_id = id), '{}') || all_changes;
  END IF;
  SELECT to_jsonb(e) INTO shown FROM public.expansion_event e WHERE e.event_id = id ORDER BY e.data_year DESC LIMIT 1;
  INSERT INTO review.expansion_decision (event_id, decision, decided_by, reason, changes, original)
  VALUES (id, decision, btrim(decided_by), btrim(reason), all_changes, shown) RETURNING decision_id INTO new_id;
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION review.decide_expansion(text, text, text, text, jsonb) IS
  'Accepts, rejects or corrects an event; returns the id of the decision. The published row stays as it is.';
