CREATE VIEW lake.current AS
SELECT DISTINCT ON (m.dataset, m.data_year, m.region)
  m.dataset, m.data_year, m.region, m.as_of, m.path, m.lake, m.sha256, m.row_count, m.byte_count, m.state,
  m.definition_hash, m.publication_id, m.committed_at,
  w.publication_id IS NOT NULL AND w.as_of = m.as_of AS in_warehouse
FROM lake.manifest m
LEFT JOIN warehouse.partition w USING (dataset, data_year, region)
ORDER BY m.dataset, m.data_year, m.region, m.as_of DESC;
COMMENT ON VIEW lake.current IS
  'What is current of each partition: vintage, file, hash, rows, bytes, and whether the warehouse shows it.';

CREATE VIEW warehouse.orphans AS
SELECT s.* FROM warehouse.staging s
WHERE NOT EXISTS (SELECT FROM queue.lease l WHERE l.task_id = s.task_id AND l.lease_token = s.lease_token);
COMMENT ON VIEW warehouse.orphans IS
  'Staging tables of attempts that hold no lease any more: aker lake repair drops them.';
