-- Where the edition of a year is: the source names its files anew each time.
SELECT CASE getvariable('data_year') WHEN 2025 THEN '05' WHEN 2026 THEN '04' END AS month,
  CASE getvariable('data_year')
    WHEN 2025 THEN 'wrc_download_202505'
    WHEN 2026 THEN 'wrc_download_20260415'
    ELSE error('where the edition of ' || getvariable('data_year') || ' is, is not known: add it to edition.sql')
  END AS file
