WITH contents AS (
  SELECT reason,
    coalesce(rejected_line, concat_ws(' ', 'height=' || height, 'confidence=' || confidence, geometry)) AS content
  FROM judged_footprints(raw.footprints)
  WHERE reason IS NOT NULL
)
SELECT
  'ms_building_footprints' AS source_id,
  md5(reason || ' ' || content) AS reject_id,
  reason,
  left(content, 2000) AS content,
  count(*) AS row_count
FROM contents
GROUP BY reason, content
