-- One row per county and year with the headline measures of all datasets: what to open first. A measure is NULL where its
-- dataset has no figure for that county and year; the column ending in _as_of says which vintage (YYYY-MM) is shown.
WITH income AS (
  SELECT geo_id, data_year, name, median_household_income, population, as_of FROM market_income WHERE geo_level = 'county'
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
)
SELECT geo_id, data_year, left(geo_id, 2) AS state_code,
  coalesce(income.name, unemployment.name, personal.name, permits.name) AS name,
  income.median_household_income, income.population, income.as_of AS market_income_as_of,
  jobs.employment, jobs.establishments, jobs.average_annual_pay, jobs.as_of AS market_jobs_as_of,
  unemployment.labor_force, unemployment.unemployment_rate, unemployment.as_of AS market_unemployment_as_of,
  personal.per_capita_income, personal.as_of AS personal_income_as_of,
  permits.total_units AS permitted_units, permits.total_value AS permitted_value, permits.as_of AS building_permits_as_of
FROM income
FULL JOIN jobs USING (geo_id, data_year)
FULL JOIN unemployment USING (geo_id, data_year)
FULL JOIN personal USING (geo_id, data_year)
FULL JOIN permits USING (geo_id, data_year)
