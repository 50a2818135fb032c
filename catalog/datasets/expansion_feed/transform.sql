-- What came of each feed. A feed without items has no row but that of why it cannot be read.
WITH items AS (
  SELECT 'press_feeds' AS source_id, feed, title, published, unreadable FROM raw.prnewswire
  UNION ALL
  SELECT 'press_feeds_globenewswire' AS source_id, feed, title, published, unreadable FROM raw.globenewswire
)
SELECT
  source_id,
  feed,
  count(*) FILTER (WHERE unreadable IS NULL) AS item_count,
  count(*) FILTER (WHERE year(release_date(published)) = getvariable('data_year')) AS item_count_of_year,
  count(*) FILTER (WHERE unreadable IS NULL AND release_date(published) IS NULL) AS undated_item_count,
  min(unreadable) AS unreadable
FROM items
GROUP BY source_id, feed
