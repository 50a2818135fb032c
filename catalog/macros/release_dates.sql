-- Day, month and year of a date as RFC 822 has it, with or without weekday, and with two digits of the year or four.
CREATE MACRO rfc_date_parts(written) AS
  regexp_extract(written, '(\d{1,2})\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4}|\d{2})\b', ['day', 'month', 'year']);
-- The day of a release, as feeds write it: ISO 8601 or RFC 822, whose two digits are of this century up to 49. NULL where it
-- cannot be read.
CREATE MACRO release_date(written) AS coalesce(
  TRY_CAST(nullif(regexp_extract(written, '^\s*(\d{4}-\d{2}-\d{2})', 1), '') AS DATE),
  TRY_CAST(
    CASE WHEN length(rfc_date_parts(written).year) = 4 THEN '' WHEN rfc_date_parts(written).year < '50' THEN '20' ELSE '19' END
    || rfc_date_parts(written).year || '-' || lpad(CAST(list_position(
      ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
      lower(rfc_date_parts(written).month)) AS VARCHAR), 2, '0')
    || '-' || rfc_date_parts(written).day AS DATE));
