-- Beside the layer is one of its labels, which are points.
SELECT max(service) AS service,
  CASE count(*) WHEN 1 THEN max(id) ELSE error('the service has ' || count(*) || ' layers of this name') END AS layer
FROM raw.layers
WHERE name LIKE '%ZIP Code Tabulation Areas'
