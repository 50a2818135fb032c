-- The text is asked for where the year has no workbook.
SELECT 'txt' AS form WHERE NOT EXISTS (SELECT 1 FROM raw.workbook)
