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
  -- With four digits, or with two where the year comes after the month: 10 Jun 21.
  count(*) FILTER (WHERE regexp_matches(published, '(^|[^0-9])' || getvariable('data_year') || '([^0-9]|$)')
    OR regexp_matches(published, '\d{1,2}\s+[A-Za-z]{3}[a-z]*\.?,?\s+' || right(CAST(getvariable('data_year') AS VARCHAR), 2) || '\b')) AS item_count_of_year,
  min(unreadable) AS unreadable
FROM items
GROUP BY source_id, feed
