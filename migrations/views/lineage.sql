CREATE VIEW lineage.upstream AS
SELECT p.publication_id, p.dataset, p.data_year, p.region, p.as_of, i.ordinal, i.kind, i.request_name, i.source_id,
  i.url,
  i.fetched_at, i.sha256, i.byte_count, i.synthetic, u.dataset AS input_dataset, u.data_year AS input_year,
  u.region AS input_region, u.as_of AS input_as_of, i.input_publication_id
FROM lineage.publication p
JOIN lineage.input i USING (publication_id)
LEFT JOIN lineage.publication u ON u.publication_id = i.input_publication_id;
COMMENT ON VIEW lineage.upstream IS 'What each publication read.';

CREATE VIEW lineage.downstream AS
SELECT u.publication_id, u.dataset, u.data_year, u.region, u.as_of, p.publication_id AS used_by_publication_id,
  p.dataset AS used_by_dataset, p.data_year AS used_by_year, p.region AS used_by_region, p.as_of AS used_by_as_of,
  p.published_at AS used_at
FROM lineage.publication u
JOIN lineage.input i ON i.input_publication_id = u.publication_id
JOIN lineage.publication p ON p.publication_id = i.publication_id;
COMMENT ON VIEW lineage.downstream IS 'What was made of each publication.';
