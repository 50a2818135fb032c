-- Repairing may leave lines where an outline touched itself; only areas are of the place, or of the building.
CREATE MACRO repaired_area(shape) AS
  CASE WHEN ST_IsValid(shape) THEN shape ELSE ST_CollectionExtract(ST_MakeValid(shape), 3) END;

-- NAD83 as WGS84, longitude first. The two reference systems differ by less than what is drawn.
CREATE MACRO from_nad83(wkt) AS
  ST_Transform(ST_GeomFromText(CAST(wkt AS VARCHAR)), 'EPSG:4269', 'EPSG:4326', always_xy := true);
