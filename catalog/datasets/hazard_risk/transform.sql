-- A row per place and hazard. Columns that a version has not are not in the map, and NULL here.
WITH files AS (
  SELECT STATEABBRV, STATEFIPS, COUNTY, place, figures FROM raw.v1181
  UNION ALL
  SELECT STATEABBRV, STATEFIPS, COUNTY, place, figures FROM raw.v119
  UNION ALL
  SELECT STATEABBRV, STATEFIPS, COUNTY, place, figures FROM raw.v120
),
places AS (
  SELECT
    -- The codes come as numbers: 1001 for 01001.
    CASE WHEN place['TRACTFIPS'] IS NULL THEN 'county' ELSE 'tract' END AS geo_level,
    coalesce(lpad(trim(place['TRACTFIPS']), 11, '0'), lpad(trim(place['STCOFIPS']), 5, '0')) AS geo_id,
    lpad(trim(STATEFIPS), 2, '0') AS state_code,
    trim(COUNTY) || ', ' || trim(STATEABBRV) AS name,
    figures
  FROM files
  -- Tracts have a code of their own; a file of counties in their place would pass for one.
  WHERE CASE
    WHEN (place['TRACTFIPS'] IS NULL) = (getvariable('region') = 'Counties') THEN true
    ELSE error('the file of ' || getvariable('region') || ' was asked for, and it has '
      || CASE WHEN place['TRACTFIPS'] IS NULL THEN 'counties' ELSE 'tracts' END)
  END
),
hazard (code, hazard) AS (
  VALUES ('RISK', 'all'), ('SOVI', 'social_vulnerability'), ('RESL', 'community_resilience'), ('AVLN', 'avalanche'),
    ('CFLD', 'coastal_flooding'), ('CWAV', 'cold_wave'), ('DRGT', 'drought'), ('ERQK', 'earthquake'), ('HAIL', 'hail'),
    ('HWAV', 'heat_wave'), ('HRCN', 'hurricane'), ('ISTM', 'ice_storm'), ('LNDS', 'landslide'), ('LTNG', 'lightning'),
    ('RFLD', 'riverine_flooding'), ('IFLD', 'inland_flooding'), ('SWND', 'strong_wind'), ('TRND', 'tornado'),
    ('TSUN', 'tsunami'), ('VLCN', 'volcanic_activity'), ('WFIR', 'wildfire'), ('WNTW', 'winter_weather')
),
cells AS (
  SELECT geo_level, geo_id, state_code, name, hazard,
    -- A blank is read as NULL.
    trim(coalesce(figures[code || '_RATNG'], figures[code || '_RISKR'], '')) AS rating,
    nullif(trim(coalesce(figures[code || '_SCORE'], figures[code || '_RISKS'])), '') AS severity,
    nullif(trim(coalesce(figures[code || '_VALUE'], figures[code || '_RISKV'])), '') AS raw_value,
    nullif(trim(CASE code WHEN 'RISK' THEN figures['EAL_VALT'] ELSE figures[code || '_EALT'] END), '') AS loss,
    nullif(trim(CASE code WHEN 'RISK' THEN figures['EAL_SCORE'] ELSE figures[code || '_EALS'] END), '') AS loss_score,
    nullif(trim(figures[code || '_AFREQ']), '') AS frequency,
    nullif(trim(figures['NRI_VER']), '') AS version
  FROM places, hazard
  -- A hazard that the file does not know at all is no row.
  WHERE map_contains(figures, code || '_RATNG') OR map_contains(figures, code || '_RISKR')
)
SELECT
  'fema_nri' AS source_id,
  geo_level,
  geo_id,
  state_code,
  name,
  hazard,
  CASE WHEN rating IN ('Very Low', 'Relatively Low', 'Relatively Moderate', 'Relatively High', 'Very High', 'No Rating',
    'No Expected Annual Losses') THEN CAST(severity AS DOUBLE) END AS severity,
  CASE
    WHEN rating IN ('Very Low', 'Relatively Low', 'Relatively Moderate', 'Relatively High', 'Very High')
      THEN lower(replace(rating, ' ', '_'))
  END AS rating,
  CASE rating
    WHEN 'Not Applicable' THEN 'not_applicable'
    WHEN 'No Expected Annual Losses' THEN 'no_expected_losses'
    WHEN 'Insufficient Data' THEN 'insufficient_data'
    WHEN 'Data Unavailable' THEN 'insufficient_data'
    WHEN 'No Rating' THEN 'no_rating'
    WHEN '' THEN 'no_rating'
    ELSE CASE
      WHEN rating NOT IN ('Very Low', 'Relatively Low', 'Relatively Moderate', 'Relatively High', 'Very High')
        THEN error('a rating that is not known: ' || rating)
    END
  END AS note,
  CAST(raw_value AS DOUBLE) AS raw_value,
  CAST(loss AS DOUBLE) AS expected_annual_loss,
  CAST(loss_score AS DOUBLE) AS expected_annual_loss_score,
  CAST(frequency AS DOUBLE) AS annual_frequency,
  version
FROM cells
