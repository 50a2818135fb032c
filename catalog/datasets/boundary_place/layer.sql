-- Both kinds of places. Beside each layer is one of its labels, which are points.
SELECT service, CASE WHEN count(*) OVER () = 2 THEN id ELSE error('the service has not the two layers of places') END AS layer,
  name AS layer_name
FROM raw.layers
WHERE name IN ('Incorporated Places', 'Census Designated Places')
