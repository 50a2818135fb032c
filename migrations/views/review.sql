CREATE VIEW review.latest AS
  SELECT DISTINCT ON (dataset, row_id) * FROM review.decision ORDER BY dataset, row_id, decision_id DESC;
COMMENT ON VIEW review.latest IS 'The decision that counts of each row.';
