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
