-- Questions in SQL of a reader's own (docs/decisions/0062-questions-of-readers.md).
--
-- Both functions belong to aker_reader (grants.sql) and run with its rights, whatever the session's login is: within a
-- function that runs with its owner's rights Postgres lets nobody become another role, not by SET, nor by set_config(),
-- nor in a query within a query. They are called in a session that does nothing else, in a transaction that is
-- read-only and never commits.

CREATE FUNCTION service.begin_question(question text, names text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  answer refcursor := 'aker_question';
BEGIN
  -- A restore that forgot whose it is would run it with the restorer's rights.
  IF current_user <> 'aker_reader' THEN
    RAISE EXCEPTION 'service.begin_question is to belong to aker_reader, and belongs to %', current_user
      USING ERRCODE = 'AK006', HINT = 'aker migrate gives it back.';
  END IF;
  IF current_setting('transaction_read_only') <> 'on' THEN
    RAISE EXCEPTION 'questions are answered in a read-only transaction' USING ERRCODE = 'AK006';
  END IF;
  PERFORM set_config('search_path', names, true);
  OPEN answer NO SCROLL FOR EXECUTE question;
END
$$;
COMMENT ON FUNCTION service.begin_question IS
  'Makes the cursor aker_question of one query, found by the search_path names: SELECT, VALUES, TABLE, WITH, SHOW or '
  'EXPLAIN. Its rows come from service.answer_rows().';

CREATE FUNCTION service.answer_rows(
  names text, row_count integer, byte_count bigint, row_byte_count bigint, as_json boolean
) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  answer refcursor := 'aker_question';
  found_row record;
  content text;
  told bigint := 0;
BEGIN
  IF current_user <> 'aker_reader' THEN
    RAISE EXCEPTION 'service.answer_rows is to belong to aker_reader, and belongs to %', current_user
      USING ERRCODE = 'AK006', HINT = 'aker migrate gives it back.';
  END IF;
  PERFORM set_config('search_path', names, true);
  FOR number IN 1..row_count LOOP
    -- Here, and not by a FETCH of the session's: a query runs with the rights of whoever asks it for rows.
    FETCH answer INTO found_row;
    EXIT WHEN NOT FOUND;
    content := CASE WHEN as_json THEN row_to_json(found_row)::text ELSE found_row::text END;
    told := told + octet_length(content);
    IF octet_length(content) > row_byte_count THEN
      RAISE EXCEPTION 'a row of the answer has % bytes, and % at most are told', octet_length(content), row_byte_count
        USING ERRCODE = 'AK003', HINT = 'Ask for less of it: left(a_column, 1000).';
    END IF;
    RETURN NEXT content;
    EXIT WHEN told >= byte_count;
  END LOOP;
END
$$;
COMMENT ON FUNCTION service.answer_rows IS
  'The next rows of the question, at most so many, and none once so many bytes are told; no row after the last. Each '
  'is the text of a record, or an object of JSON.';
