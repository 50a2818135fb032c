CREATE VIEW review.expansion_latest AS
  SELECT DISTINCT ON (event_id) * FROM review.expansion_decision ORDER BY event_id, decision_id DESC;
COMMENT ON VIEW review.expansion_latest IS 'The decision that counts of each event.';
