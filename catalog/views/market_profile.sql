-- One row per county and year with the headline measures of all datasets: what to open first. A measure is NULL where its
-- dataset has no figure for that county and year; the column ending in _as_of says which vintage (YYYY-MM) is shown. Hazards are
-- of the version in force in the year, water stress of the baseline in every year, rent the mean of the year's months.
WITH figure AS (
  -- Figures of all datasets below each other, and then grouped: a question for a county or a year reaches each dataset's
  -- index, and nothing is joined that the planner would have to guess the size of.
  SELECT geo_id, data_year, 'income'::text AS dataset, ''::text AS kind, name, as_of,
    median_household_income::float8 AS a, population::float8 AS b, NULL::float8 AS c
  FROM market_income WHERE geo_level = 'county'
  UNION ALL
  -- The three counts side by side, and never one for another.
  SELECT geo_id, data_year, 'counted', series, name, as_of, population::float8, NULL::float8, NULL::float8
  FROM market_population WHERE geo_level = 'county' AND series <> 'acs5'
  UNION ALL
  -- All ownerships, industries and sizes together: of the file of the whole country where it has the county, else of its slice.
  SELECT geo_id, data_year, 'jobs', CASE region WHEN 'nation' THEN 'whole' ELSE 'slice' END, NULL::text, as_of, employment::float8, establishments::float8, average_annual_pay::float8
  FROM market_jobs WHERE geo_level = 'county' AND own_code = '0' AND industry_code = '10' AND size_code = '0'
  UNION ALL
  SELECT geo_id, data_year, 'unemployment', '', name, as_of, labor_force::float8, unemployment_rate::float8, NULL::float8
  FROM market_unemployment WHERE geo_level = 'county'
  UNION ALL
  SELECT geo_id, data_year, 'personal', '', name, as_of, per_capita_income::float8, NULL::float8, NULL::float8
  FROM personal_income WHERE geo_level = 'county' AND NOT is_combined_area
  UNION ALL
  SELECT geo_id, data_year, 'permits', '', name, as_of, total_units::float8, total_value::float8, NULL::float8
  FROM building_permits WHERE geo_level = 'county' AND period_type = 'year'
  UNION ALL
  SELECT geo_id, data_year, 'rents', '', max(name), max(as_of), round(avg(rent)::numeric, 2)::float8, NULL::float8, NULL::float8
  FROM rent_index WHERE geo_level = 'county' GROUP BY geo_id, data_year
  UNION ALL
  SELECT geo_id, data_year, 'commuters', '', NULL::text, max(as_of),
    sum(jobs) FILTER (WHERE home_geo_id NOT IN ('all', geo_id))::float8 / nullif(sum(jobs) FILTER (WHERE home_geo_id <> 'all'), 0),
    NULL::float8, NULL::float8
  FROM commute_flows GROUP BY geo_id, data_year
  UNION ALL
  SELECT geo_id, data_year, 'hazards', hazard, name, as_of, severity::float8, expected_annual_loss::float8, NULL::float8
  FROM hazard_risk WHERE geo_level = 'county' AND hazard IN ('all', 'wildfire', 'hail', 'winter_weather')
), place AS (
  SELECT geo_id, data_year,
    coalesce(max(name) FILTER (WHERE dataset = 'income'), max(name) FILTER (WHERE dataset = 'unemployment'),
      max(name) FILTER (WHERE dataset = 'personal'), max(name) FILTER (WHERE dataset = 'counted'),
      max(name) FILTER (WHERE dataset = 'permits'), max(name) FILTER (WHERE dataset = 'rents'),
      max(name) FILTER (WHERE dataset = 'hazards')) AS name,
    (max(a) FILTER (WHERE dataset = 'income'))::bigint AS median_household_income,
    (max(b) FILTER (WHERE dataset = 'income'))::bigint AS population,
    max(as_of) FILTER (WHERE dataset = 'income') AS market_income_as_of,
    coalesce(max(a) FILTER (WHERE dataset = 'jobs' AND kind = 'whole'), max(a) FILTER (WHERE dataset = 'jobs'))::bigint AS employment,
    coalesce(max(b) FILTER (WHERE dataset = 'jobs' AND kind = 'whole'), max(b) FILTER (WHERE dataset = 'jobs'))::bigint AS establishments,
    coalesce(max(c) FILTER (WHERE dataset = 'jobs' AND kind = 'whole'), max(c) FILTER (WHERE dataset = 'jobs'))::bigint AS average_annual_pay,
    coalesce(max(as_of) FILTER (WHERE dataset = 'jobs' AND kind = 'whole'), max(as_of) FILTER (WHERE dataset = 'jobs')) AS market_jobs_as_of,
    (max(a) FILTER (WHERE dataset = 'unemployment'))::bigint AS labor_force,
    (max(b) FILTER (WHERE dataset = 'unemployment'))::numeric(5,1) AS unemployment_rate,
    max(as_of) FILTER (WHERE dataset = 'unemployment') AS market_unemployment_as_of,
    (max(a) FILTER (WHERE dataset = 'personal'))::bigint AS per_capita_income,
    max(as_of) FILTER (WHERE dataset = 'personal') AS personal_income_as_of,
    (max(a) FILTER (WHERE dataset = 'permits'))::bigint AS permitted_units,
    (max(b) FILTER (WHERE dataset = 'permits'))::bigint AS permitted_value,
    max(as_of) FILTER (WHERE dataset = 'permits') AS building_permits_as_of,
    (max(a) FILTER (WHERE dataset = 'counted' AND kind = 'decennial'))::bigint AS population_decennial,
    (max(a) FILTER (WHERE dataset = 'counted' AND kind = 'pep'))::bigint AS population_estimate,
    max(as_of) FILTER (WHERE dataset = 'counted') AS market_population_as_of,
    max(a) FILTER (WHERE dataset = 'rents') AS rent, max(as_of) FILTER (WHERE dataset = 'rents') AS rent_index_as_of,
    max(a) FILTER (WHERE dataset = 'commuters') AS share_of_jobs_held_from_outside,
    max(as_of) FILTER (WHERE dataset = 'commuters') AS commute_flows_as_of,
    max(a) FILTER (WHERE dataset = 'hazards' AND kind = 'all') AS hazard_severity,
    max(a) FILTER (WHERE dataset = 'hazards' AND kind = 'wildfire') AS wildfire_severity,
    max(a) FILTER (WHERE dataset = 'hazards' AND kind = 'hail') AS hail_severity,
    max(a) FILTER (WHERE dataset = 'hazards' AND kind = 'winter_weather') AS winter_weather_severity,
    max(b) FILTER (WHERE dataset = 'hazards' AND kind = 'all') AS expected_annual_loss,
    max(as_of) FILTER (WHERE dataset = 'hazards') AS hazard_risk_as_of
  FROM figure GROUP BY geo_id, data_year
)
SELECT place.geo_id, place.data_year, left(place.geo_id, 2) AS state_code, place.name,
  place.median_household_income, place.population, place.market_income_as_of,
  place.employment, place.establishments, place.average_annual_pay, place.market_jobs_as_of,
  place.labor_force, place.unemployment_rate, place.market_unemployment_as_of,
  place.per_capita_income, place.personal_income_as_of,
  place.permitted_units, place.permitted_value, place.building_permits_as_of,
  place.population_decennial, place.population_estimate, place.market_population_as_of,
  place.rent, place.rent_index_as_of, place.share_of_jobs_held_from_outside, place.commute_flows_as_of,
  place.hazard_severity, place.wildfire_severity, place.hail_severity, place.winter_weather_severity,
  place.expected_annual_loss, place.hazard_risk_as_of,
  water.severity AS water_stress_severity, water.as_of AS hazard_water_stress_as_of
FROM place
LEFT JOIN hazard_water_stress water
  ON water.geo_level = 'county' AND water.indicator = 'water_stress' AND water.geo_id = place.geo_id
