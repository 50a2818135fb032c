-- The service of the year: of the ACS, or of the census where there is none.
SELECT replace(coalesce(
  max(name) FILTER (name = 'TIGERweb/tigerWMS_ACS' || getvariable('data_year')),
  max(name) FILTER (name = 'TIGERweb/tigerWMS_Census' || getvariable('data_year')),
  error('TIGERweb has no service for ' || getvariable('data_year'))), 'TIGERweb/', '') AS service
FROM raw.services
WHERE type = 'MapServer'
