-- Results of checks.

-- Stores the validation of one attempt, with its checks. Its own transaction when it failed; the publish transaction
-- otherwise.
CREATE FUNCTION quality._store_validation(validation jsonb, publication bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id bigint;
BEGIN
  INSERT INTO quality.validation
    (publication_id, task_id, lease_token, row_count, data_year, check_count, failed_count, warned_count, success,
     drift_failed, dataset, region, as_of, definition_hash, drift, profile)
  SELECT publication, v.task_id, v.lease_token, v.row_count, v.data_year, v.check_count, v.failed_count, v.warned_count,
    v.success, v.drift_failed, v.dataset, v.region, v.as_of, v.definition_hash, v.drift, v.profile
  FROM jsonb_to_record(validation) AS v (
    task_id bigint, lease_token bigint, row_count bigint, data_year int, check_count int, failed_count int,
    warned_count int, success boolean, drift_failed boolean, dataset text, region text, as_of text,
      definition_hash text,
    drift jsonb, profile jsonb)
  RETURNING validation_id INTO new_id;
  INSERT INTO quality.check_result
    (validation_id, ordinal, check_name, column_name, severity, success, compared, unexpected_count, element_count,
      message,
     arguments, observed, examples)
  SELECT new_id, c.ordinal, c.check_name, c.column_name, c.severity, c.success, coalesce(c.compared, true),
    c.unexpected_count, c.element_count,
    c.message, coalesce(c.arguments, '{}'), c.observed, c.examples
  FROM jsonb_to_recordset(validation -> 'checks') AS c (
    ordinal int, check_name text, column_name text, severity text, success boolean, compared boolean,
      unexpected_count bigint,
    element_count bigint, message text, arguments jsonb, observed jsonb, examples jsonb);
  RETURN new_id;
END
$$;
COMMENT ON FUNCTION quality._store_validation(jsonb, bigint) IS
  'Stores a validation and its checks; publication is NULL when nothing was published.';

CREATE FUNCTION quality.record_validation(validation jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF validation ->> 'task_id' IS NOT NULL THEN
    PERFORM queue._require_lease((validation ->> 'task_id')::bigint, (validation ->> 'lease_token')::bigint,
      validation ->> 'dataset', (validation ->> 'data_year')::int, validation ->> 'region', validation ->> 'as_of');
  ELSIF NOT queue._caller_operates() THEN
    RAISE EXCEPTION 'only an operator validates what no task built' USING ERRCODE = 'insufficient_privilege',
      HINT = 'This needs the role aker_admin.';
  END IF;
  RETURN quality._store_validation(validation, NULL);
END
$$;
COMMENT ON FUNCTION quality.record_validation(jsonb) IS
  'Stores the validation of an attempt that publishes nothing, or one of a published partition that an operator asked '
  'for.';
