-- One row per county and year with the headline measures of all datasets: what to open first. A measure is NULL where its
-- dataset has no figure for that county and year; the column ending in _as_of says which vintage (YYYY-MM) is shown. Hazards are
-- of the version in force in the year, water stress of the baseline in every year, rent the mean of the year's months.
WITH income AS (
  SELECT geo_id, data_year, name, median_household_income, population, as_of FROM market_income WHERE geo_level = 'county'
), counted AS (
  -- The three counts side by side, and never one for another.
  SELECT geo_id, data_year, max(name) AS name, max(population) FILTER (WHERE series = 'decennial') AS decennial,
    max(population) FILTER (WHERE series = 'pep') AS pep, max(as_of) AS as_of
  FROM market_population WHERE geo_level = 'county' AND series <> 'acs5' GROUP BY geo_id, data_year
), jobs AS (
  -- All ownerships, industries and sizes together.
  SELECT geo_id, data_year, establishments, employment, average_annual_pay, as_of FROM market_jobs
  WHERE geo_level = 'county' AND own_code = '0' AND industry_code = '10' AND size_code = '0'
), unemployment AS (
  SELECT geo_id, data_year, name, labor_force, unemployment_rate, as_of FROM market_unemployment WHERE geo_level = 'county'
), personal AS (
  SELECT geo_id, data_year, name, per_capita_income, as_of FROM personal_income WHERE geo_level = 'county' AND NOT is_combined_area
), permits AS (
  SELECT geo_id, data_year, name, total_units, total_value, as_of FROM building_permits
  WHERE geo_level = 'county' AND period_type = 'year'
), rents AS (
  SELECT geo_id, data_year, max(name) AS name, round(avg(rent)::numeric, 2)::float8 AS rent, max(as_of) AS as_of
  FROM rent_index WHERE geo_level = 'county' GROUP BY geo_id, data_year
), commuters AS (
  SELECT geo_id, data_year,
    sum(jobs) FILTER (WHERE home_geo_id NOT IN ('all', geo_id))::float8 / nullif(sum(jobs) FILTER (WHERE home_geo_id <> 'all'), 0)
      AS share, max(as_of) AS as_of
  FROM commute_flows GROUP BY geo_id, data_year
), hazards AS (
  SELECT geo_id, data_year, max(name) AS name, max(severity) FILTER (WHERE hazard = 'all') AS risk,
    max(severity) FILTER (WHERE hazard = 'wildfire') AS wildfire, max(severity) FILTER (WHERE hazard = 'hail') AS hail,
    max(severity) FILTER (WHERE hazard = 'winter_weather') AS winter_weather,
    max(expected_annual_loss) FILTER (WHERE hazard = 'all') AS loss, max(as_of) AS as_of
  FROM hazard_risk WHERE geo_level = 'county' GROUP BY geo_id, data_year
), places AS (
  SELECT geo_id, data_year FROM income UNION SELECT geo_id, data_year FROM counted UNION SELECT geo_id, data_year FROM jobs
  UNION SELECT geo_id, data_year FROM unemployment UNION SELECT geo_id, data_year FROM personal
  UNION SELECT geo_id, data_year FROM permits UNION SELECT geo_id, data_year FROM rents
  UNION SELECT geo_id, data_year FROM commuters UNION SELECT geo_id, data_year FROM hazards
)
SELECT places.geo_id, places.data_year, left(places.geo_id, 2) AS state_code,
  coalesce(income.name, unemployment.name, personal.name, counted.name, permits.name, rents.name, hazards.name) AS name,
  income.median_household_income, income.population, income.as_of AS market_income_as_of,
  jobs.employment, jobs.establishments, jobs.average_annual_pay, jobs.as_of AS market_jobs_as_of,
  unemployment.labor_force, unemployment.unemployment_rate, unemployment.as_of AS market_unemployment_as_of,
  personal.per_capita_income, personal.as_of AS personal_income_as_of,
  permits.total_units AS permitted_units, permits.total_value AS permitted_value, permits.as_of AS building_permits_as_of,
  counted.decennial AS population_decennial, counted.pep AS population_estimate, counted.as_of AS market_population_as_of,
  rents.rent, rents.as_of AS rent_index_as_of,
  commuters.share AS share_of_jobs_held_from_outside, commuters.as_of AS commute_flows_as_of,
  hazards.risk AS hazard_severity, hazards.wildfire AS wildfire_severity, hazards.hail AS hail_severity,
  hazards.winter_weather AS winter_weather_severity, hazards.loss AS expected_annual_loss, hazards.as_of AS hazard_risk_as_of,
  water.severity AS water_stress_severity, water.as_of AS hazard_water_stress_as_of
FROM places
LEFT JOIN income USING (geo_id, data_year)
LEFT JOIN counted USING (geo_id, data_year)
LEFT JOIN jobs USING (geo_id, data_year)
LEFT JOIN unemployment USING (geo_id, data_year)
LEFT JOIN personal USING (geo_id, data_year)
LEFT JOIN permits USING (geo_id, data_year)
LEFT JOIN rents USING (geo_id, data_year)
LEFT JOIN commuters USING (geo_id, data_year)
LEFT JOIN hazards USING (geo_id, data_year)
LEFT JOIN hazard_water_stress water
  ON water.geo_level = 'county' AND water.indicator = 'water_stress' AND water.geo_id = places.geo_id
