-- Old vintages that a dataset's definition does not keep (retention: {keep_vintages: N}).

-- The newest so many vintages of each partition stay, and so does the one that the warehouse shows. Lineage stays whole.
CREATE FUNCTION lake.expired_vintages(dataset_name text, kept_count int, lake_location text)
RETURNS TABLE (publication_id bigint, path text, byte_count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.publication_id, r.path, r.byte_count FROM (
    SELECT m.*, row_number() OVER (PARTITION BY m.data_year, m.region ORDER BY m.as_of DESC) AS age
    FROM lake.manifest m WHERE m.dataset = dataset_name) AS r
  WHERE r.age > kept_count AND r.lake = lake_location AND r.state <> 'committed'
    AND NOT EXISTS (
      SELECT FROM warehouse.partition w
      WHERE w.dataset = r.dataset AND w.data_year = r.data_year AND w.region = r.region AND w.as_of = r.as_of)
  ORDER BY r.path
$$;
COMMENT ON FUNCTION lake.expired_vintages(text, int, text) IS 'Files that a dataset keeping so many vintages does not need.';

-- Takes a file out of the manifest, before it is removed: a crash in between leaves an orphan, which repair finds.
CREATE FUNCTION lake.forget_file(publication bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM lake.manifest m WHERE m.publication_id = publication AND m.state <> 'committed';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION lake.forget_file(bigint) IS 'Removes a publication''s file from the manifest; false when another publication has replaced it meanwhile.';

REVOKE ALL ON FUNCTION lake.expired_vintages(text, int, text), lake.forget_file(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lake.expired_vintages(text, int, text) TO aker_worker, aker_admin, aker_reader;
GRANT EXECUTE ON FUNCTION lake.forget_file(bigint) TO aker_admin;
