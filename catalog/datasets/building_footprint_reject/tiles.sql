-- The files of this partition's tile. The source offers its current edition only.
SELECT regexp_extract(Url, '/global-buildings/([^/]+)/', 1) AS release, regexp_extract(Url, '[^/]+$') AS file
FROM raw.links
WHERE Location = 'UnitedStates' AND contains(Url, '/quadkey=' || getvariable('region') || '/')
  AND CASE
    WHEN left(UploadDate, 4) = CAST(getvariable('data_year') AS VARCHAR) THEN true
    ELSE error('the edition of ' || getvariable('data_year') || ' is gone: the source now offers that of ' || UploadDate)
  END
