-- One name for an address, however it is written: upper case, letters and digits.
CREATE MACRO address_name(street, city, state, zip) AS
  left(md5(trim(regexp_replace(upper(concat_ws(' ', street, city, state, zip)), '[^A-Z0-9]+', ' ', 'g'))), 16);

-- One line, whatever line ends and commas are in it, takes 100 characters at most.
CREATE MACRO address_line(address) AS
  left(trim(regexp_replace(regexp_replace(address, '\s+', ' ', 'g'), '(, *)+', ', ', 'g'), ' ,'), 100);

CREATE MACRO one_line(street, city, state, zip) AS
  address_line(concat_ws(', ', nullif(street, ''), nullif(city, ''), nullif(state, ''), nullif(zip, '')));

-- Of several partitions that have an address: the one that found it, or that asked last.
CREATE MACRO best_known(cache) AS TABLE
SELECT * FROM query_table(cache)
QUALIFY row_number() OVER (PARTITION BY address_id ORDER BY status = 'matched' DESC, asked_as_of DESC NULLS LAST, data_year) = 1;

-- What the batch answered, a row for each address that was asked. Rows come in no order, and end where they have no more to say:
-- "3","3 Gramercy …","Match","Exact","3 GRAMERCY …","-73.98658,40.738323","59653655","R","36","061","005000","1000"
-- An answer about something else says that the answer is not ours; of two for one address that differ none counts.
CREATE MACRO batch_answers(answers, addresses, cache) AS TABLE
WITH answer AS (
  SELECT trim(id) AS address_id, address,
    CASE trim(status) WHEN 'Match' THEN 'matched' WHEN 'Tie' THEN 'tie' WHEN 'No_Match' THEN 'no_match'
      ELSE error('a row of the batch is not as it was: ' || concat_ws(' | ', id, address, status)) END AS status,
    match_type, matched_address, coordinates, state, county, tract
  FROM query_table(answers)
  WHERE CASE
    WHEN coalesce(trim(id), '') NOT IN (SELECT address_name(street, city, state, zip) FROM query_table(addresses))
      OR trim(id) IN (SELECT address_id FROM query_table(cache) WHERE status = 'matched')
      THEN error('the batch answers for what was not asked: ' || concat_ws(' | ', id, address, status))
    WHEN trim(status) = 'Match' AND coalesce(trim(coordinates), '') = ''
      THEN error('a match of the batch has no place: ' || concat_ws(' | ', id, address, status))
    ELSE true END
)
SELECT * REPLACE (
  CASE WHEN count(DISTINCT (status, coordinates)) OVER (PARTITION BY address_id) > 1 THEN 'tie' ELSE status END AS status)
FROM answer
QUALIFY row_number() OVER (PARTITION BY address_id
  ORDER BY match_type NULLS LAST, matched_address NULLS LAST, coordinates NULLS LAST, address) = 1;

-- Whoever was asked within three months is not asked again; later, all begins anew (new_addresses.sql).
CREATE MACRO is_recent(asked) AS
  asked > strftime(CAST(getvariable('as_of') || '-01' AS DATE) - INTERVAL 3 MONTH, '%Y-%m');

-- What Nominatim knows as a building: place_rank 28 and more; 26 is only the street.
CREATE MACRO nominatim_buildings(document) AS
  list_filter(CAST(document AS JSON[]), lambda r: TRY_CAST(r ->> '$.place_rank' AS INTEGER) >= 28);

-- At how many places; a house and what is in it, 200 m apart at most, are one.
CREATE MACRO nominatim_place_count(buildings) AS
  len(list_distinct(list_transform(
    buildings, lambda r: [round(CAST(r ->> '$.lat' AS DOUBLE), 3), round(CAST(r ->> '$.lon' AS DOUBLE), 3)])));
