-- Every day of the year; a day that the source has no file of is absent, and lineage says so.
SELECT strftime(day, '%m') AS month, strftime(day, '%d') AS day
FROM generate_series(
  make_date(getvariable('data_year'), 1, 1), make_date(getvariable('data_year'), 12, 31), INTERVAL 1 DAY) AS days (day)
