-- Decisions of people about published rows, for datasets whose definition has a `review`.

CREATE FUNCTION review._rules(dataset_name text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rules jsonb;
BEGIN
  SELECT d.review INTO rules FROM catalog.dataset d WHERE d.name = dataset_name;
  IF rules IS NULL THEN
    RAISE EXCEPTION 'the rows of ''%'' are not reviewed', dataset_name USING ERRCODE = 'AK005', HINT = coalesce(
      (SELECT 'Reviewed are: ' || string_agg(d.name, ', ' ORDER BY d.name) FROM catalog.dataset d
        WHERE d.review IS NOT NULL),
      'A dataset says so by review: in its dataset.yml; then: aker catalog apply');
  END IF;
  IF to_regclass(format('public.%I', dataset_name || '_reviewed')) IS NULL THEN
    RAISE EXCEPTION 'the reviewed rows of ''%'' have no view yet', dataset_name USING
      ERRCODE = 'AK006', HINT = 'Run: aker catalog apply';
  END IF;
  RETURN rules;
END
$$;
COMMENT ON FUNCTION review._rules(text) IS 'How the rows of a dataset are reviewed; raises where they are not.';

CREATE FUNCTION review.find_row(dataset_name text, row_name text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rules jsonb := review._rules(dataset_name);
  found_names text[];
BEGIN
  IF coalesce(length(row_name), 0) < 4 THEN
    RAISE EXCEPTION '''%'' names no row: its first four letters or more do', row_name USING ERRCODE = 'AK003';
  END IF;
  EXECUTE format(
    'SELECT array_agg(n) FROM (SELECT DISTINCT %1$I AS n FROM public.%2$I WHERE starts_with(%1$I, $1) LIMIT 3) found',
    rules ->> 'row', dataset_name) INTO found_names USING row_name;
  IF found_names IS NULL THEN
    RAISE EXCEPTION '% has no row %', dataset_name, row_name USING
      ERRCODE = 'AK005', HINT = format('aker review ls %s lists those that wait.', dataset_name);
  ELSIF row_name = ANY (found_names) THEN
    RETURN row_name;
  ELSIF cardinality(found_names) > 1 THEN
    RAISE EXCEPTION 'several rows of % begin with %', dataset_name, row_name USING
      ERRCODE = 'AK003', HINT = 'Give more letters.';
  END IF;
  RETURN found_names[1];
END
$$;
COMMENT ON FUNCTION review.find_row(text, text) IS
  'The name of the one published row whose name begins so; raises where there is none or several.';

-- What a correction changes, with what follows from it: refused where the definition does not allow it.
CREATE FUNCTION review._corrected(rules jsonb, changes jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  change record;
  rule jsonb;
  allowed text;
  corrected jsonb := changes;
BEGIN
  SELECT string_agg(c ->> 'column', ', ' ORDER BY n) INTO allowed
  FROM jsonb_array_elements(rules -> 'corrections') WITH ORDINALITY AS e (c, n);
  FOR change IN SELECT e.key AS name, e.value FROM jsonb_each_text(changes) e LOOP
    SELECT c INTO rule FROM jsonb_array_elements(rules -> 'corrections') c WHERE c ->> 'column' = change.name;
    IF rule IS NULL THEN
      RAISE EXCEPTION '''%'' cannot be corrected', change.name USING
        ERRCODE = 'AK003', HINT = format('What can is: %s', coalesce(allowed, 'nothing'));
    END IF;
    IF change.value IS NOT NULL AND rule ? 'values' AND NOT rule -> 'values' ? change.value THEN
      RAISE EXCEPTION '% is one of: %', change.name,
        (SELECT string_agg(v, ', ') FROM jsonb_array_elements_text(rule -> 'values') v) USING ERRCODE = 'AK003';
    END IF;
    IF change.value !~ (rule ->> 'pattern') THEN
      RAISE EXCEPTION '''%'' is no %: it matches %', change.value, change.name, rule ->> 'pattern' USING
        ERRCODE = 'AK003';
    END IF;
  END LOOP;
  SELECT corrected || coalesce(jsonb_object_agg(c ->> 'column',
    left(changes ->> (c ->> 'beginning_of'), (c ->> 'letters')::int)), '{}') INTO corrected
  FROM jsonb_array_elements(rules -> 'corrections') c
  WHERE changes ->> (c ->> 'beginning_of') IS NOT NULL AND NOT changes ? (c ->> 'column');
  RETURN corrected;
END
$$;
COMMENT ON FUNCTION review._corrected(jsonb,
  jsonb) IS 'A correction by the rules, with the columns that follow from it.';

-- What an earlier correction changed stays changed unless it is changed again.
CREATE FUNCTION review.decide(
  dataset_name text, row_name text, decision text, reason text, decided_by text, changes jsonb DEFAULT '{}'
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  rules jsonb := review._rules(decide.dataset_name);
  id text := review.find_row(decide.dataset_name, decide.row_name);
  all_changes jsonb := decide.changes;
  shown jsonb;
  new_id bigint;
BEGIN
  IF decide.decision NOT IN ('accept', 'reject', 'correct') THEN
    RAISE EXCEPTION '''%'' is no decision: accept, reject or correct', decide.decision USING ERRCODE = 'AK003';
  END IF;
  IF coalesce(btrim(decide.reason), '') = '' OR coalesce(btrim(decide.decided_by), '') = '' THEN
    RAISE EXCEPTION 'a decision needs a reason, and a name' USING ERRCODE = 'AK003';
  END IF;
  IF (decide.decision = 'correct') <> (decide.changes <> '{}') THEN
    RAISE EXCEPTION 'a correction says what is right, and no other decision does' USING ERRCODE = 'AK003';
  END IF;
  -- Two people who decide about one row do so one after the other.
  PERFORM pg_advisory_xact_lock(queue._lock_key(format('review %s %s', decide.dataset_name, id)));
  IF decide.decision = 'correct' THEN
    all_changes := coalesce(
      (SELECT l.changes FROM review.latest l WHERE l.dataset = decide.dataset_name AND l.row_id = id), '{}')
      || review._corrected(rules, decide.changes);
  END IF;
  EXECUTE format(
    'SELECT to_jsonb(e) FROM public.%I e WHERE e.%I = $1 ORDER BY e.data_year DESC LIMIT 1',
    decide.dataset_name, rules ->> 'row') INTO shown USING id;
  INSERT INTO review.decision (dataset, row_id, decision, decided_by, reason, changes, original)
  VALUES (decide.dataset_name, id, decide.decision, btrim(decide.decided_by), btrim(decide.reason), all_changes, shown)
  RETURNING decision_id INTO new_id;
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION review.decide(text, text, text, text, text, jsonb) IS
  'Accepts, rejects or corrects a published row, which stays as it is; returns the id of the decision.';

-- Rows that nobody has decided about: those that wait, or those with less confidence than `below`.
CREATE FUNCTION review.undecided(dataset_name text, data_year integer DEFAULT NULL, below float8 DEFAULT NULL)
RETURNS TABLE (row_id text, year integer, confidence float8, shown text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  rules jsonb := review._rules(undecided.dataset_name);
  sure text := coalesce(format('e.%I', rules ->> 'confidence'), 'NULL::float8');
  columns text;
BEGIN
  IF undecided.below IS NOT NULL AND NOT rules ? 'confidence' THEN
    RAISE EXCEPTION 'the rows of ''%'' do not say how sure they are', undecided.dataset_name USING ERRCODE = 'AK003';
  END IF;
  SELECT string_agg(format('e.%I::text', c), ', ' ORDER BY n) INTO columns
  FROM jsonb_array_elements_text(rules -> 'shows') WITH ORDINALITY AS s (c, n);
  RETURN QUERY EXECUTE format(
    'SELECT e.%I, e.data_year, %s::float8, ARRAY[%s]::text[] FROM public.%I e '
    'WHERE e.review IN (''waiting'', ''unreviewed'') AND ($1 IS NULL OR e.data_year = $1) '
    'AND CASE WHEN $2 IS NULL THEN e.review = ''waiting'' ELSE %s < $2 END ORDER BY 3 DESC NULLS LAST, 2 DESC, 1',
    rules ->> 'row', sure, coalesce(columns, ''), undecided.dataset_name || '_reviewed', sure)
  USING undecided.data_year, undecided.below;
END
$$;
COMMENT ON FUNCTION review.undecided(text, integer, float8) IS
  'Rows of a dataset that nobody has decided about: those that wait, or those that are less sure than `below`. shown '
  'has the columns that its review names, in their order.';

CREATE FUNCTION review.apply_view(dataset_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  rules jsonb;
  view_name text := apply_view.dataset_name || '_reviewed';
  columns text;
  query text;
BEGIN
  SELECT d.review INTO STRICT rules FROM catalog.dataset d WHERE d.name = apply_view.dataset_name;
  SELECT string_agg(
    CASE WHEN EXISTS (SELECT FROM jsonb_array_elements(rules -> 'corrections') c WHERE c ->> 'column' = a.attname)
      THEN format('CASE WHEN d.changes ? %L THEN (d.changes ->> %1$L)::%s ELSE e.%I END AS %3$I',
        a.attname, format_type(a.atttypid, a.atttypmod), a.attname)
      ELSE format('e.%I', a.attname) END, ', ' ORDER BY a.attnum) INTO columns
  FROM pg_attribute a
  WHERE a.attrelid = format('public.%I', apply_view.dataset_name)::regclass AND a.attnum > 0 AND NOT a.attisdropped;
  query := format(
    'SELECT CASE d.decision WHEN ''accept'' THEN ''accepted'' WHEN ''correct'' THEN ''corrected'' '
    'ELSE CASE WHEN e.%I THEN ''waiting'' ELSE ''unreviewed'' END END AS review, d.reason AS review_reason, '
    'd.decided_by AS reviewed_by, d.decided_at AS reviewed_at, %s FROM public.%I e '
    'LEFT JOIN review.latest d ON d.dataset = %L AND d.row_id = e.%I WHERE d.decision IS DISTINCT FROM ''reject''',
    rules ->> 'waits', columns, apply_view.dataset_name, apply_view.dataset_name, rules ->> 'row');
  BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW public.%I WITH (security_invoker) AS %s', view_name, query);
  EXCEPTION WHEN invalid_table_definition THEN
    -- Columns went or moved, which no replacement can do.
    EXECUTE format('DROP VIEW public.%I', view_name);
    EXECUTE format('CREATE VIEW public.%I WITH (security_invoker) AS %s', view_name, query);
  END;
  EXECUTE format('GRANT SELECT ON public.%I TO aker_admin, aker_worker, aker_reader', view_name);
  EXECUTE format('COMMENT ON VIEW public.%I IS %L', view_name, format(
    '%s with what people decided about its rows: corrected values in the place of those that were read, rejected rows '
    'left out. review says what was decided: accepted, corrected, waiting (for a person) or unreviewed (sure enough to '
    'be shown without).', apply_view.dataset_name));
END
$$;
COMMENT ON FUNCTION review.apply_view(text) IS
  'Creates or replaces the view <dataset>_reviewed: the rows with what people decided about them.';
