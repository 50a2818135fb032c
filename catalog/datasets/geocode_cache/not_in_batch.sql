-- What the batch did not find, or found several times. Its answer repeats the address after the id, and has no more columns
-- than it needs: "2","79 Wistful Vista, Wistful Vista, IL, ","No_Match". One line takes 100 characters at most.
SELECT parts[1] AS address_id, left(trim(regexp_replace(parts[2], '(, *)+', ', ', 'g'), ' ,'), 100) AS address
FROM (SELECT string_split(trim(line, ' "' || chr(13)), '","') AS parts FROM raw.batch)
WHERE parts[3] IS DISTINCT FROM 'Match'
