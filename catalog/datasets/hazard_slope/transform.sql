-- Horn's method in two passes, first along the rows and then along the columns (docs/decisions/0003): a cell without all of its eight
-- neighbours, or beside one without a figure, has no slope.
WITH cells AS (
  SELECT CAST(lon AS DOUBLE) AS lon, CAST(lat AS DOUBLE) AS lat,
    -- What the tiles have where nothing was measured.
    CASE WHEN CAST(elevation AS DOUBLE) BETWEEN -430 AND 6200 THEN CAST(elevation AS DOUBLE) END AS z
  FROM raw.grid
),
along_rows AS (
  SELECT lon, lat, z,
    lead(z) OVER across - lag(z) OVER across AS east_west,
    lag(z) OVER across + 2 * z + lead(z) OVER across AS weighted,
    lead(lon) OVER across - lag(lon) OVER across AS width
  FROM cells
  WINDOW across AS (PARTITION BY lat ORDER BY lon)
),
gradients AS (
  SELECT lon, lat, z,
    lead(lat) OVER along - lag(lat) OVER along AS height,
    -- 111,195.08 m: a degree of a sphere of the earth's mean radius, 6,371,008.8 m.
    (lag(east_west) OVER along + 2 * east_west + lead(east_west) OVER along)
      / (4 * width * 111195.08 * cos(radians(lat))) AS to_east,
    (lead(weighted) OVER along - lag(weighted) OVER along)
      / (4 * (lead(lat) OVER along - lag(lat) OVER along) * 111195.08) AS to_north
  FROM along_rows
  WINDOW along AS (PARTITION BY lon ORDER BY lat)
),
slopes AS (
  SELECT lon, lat, z, height, degrees(atan(sqrt(to_east * to_east + to_north * to_north))) AS slope FROM gradients
),
county AS (
  SELECT geo_id, state_code, name, geometry FROM published.boundary_county WHERE geo_id = getvariable('region')
)
SELECT
  'elevation_grid' AS source_id,
  'county' AS geo_level,
  geo_id,
  any_value(state_code) AS state_code,
  any_value(name) AS name,
  count(*) AS cell_count,
  avg(height) / 2 * 111195.08 AS cell_size,
  avg(z) AS mean_elevation,
  avg(slope) AS mean_slope,
  quantile_cont(slope, 0.9) AS p90_slope,
  max(slope) AS max_slope,
  count(*) FILTER (slope > 15) / count(*) AS steep_share,
  100.0 * count(*) FILTER (slope > 15) / count(*) AS severity
FROM county
JOIN slopes ON ST_Contains(county.geometry, ST_Point(slopes.lon, slopes.lat))
-- The method does not look at the cell itself.
WHERE slope IS NOT NULL AND z IS NOT NULL
GROUP BY geo_id
