-- Press releases, read sentence by sentence: is one of them about a plant, an office, a warehouse that is opened, enlarged,
-- moved or closed, and by whom, where, with how many jobs and how much money? Each part that is found adds to `confidence`,
-- and is named in `evidence`, so that every row can be argued with. The weights are a judgement, not a measurement:
--   what happens   0.30 said in the headline, 0.15 said only below it
--   company        0.15 named in the headline, 0.10 below it
--   place          0.25 one county, 0.15 a place in several counties, 0.10 a state, or where the release was sent from
--   jobs           0.15
--   investment     0.15
--   and less       0.15 a closure together with something else, 0.15 several places that are no plain list, 0.10 no date that can be read
-- A release that lists its places (in Columbus, Ohio; Memphis, Tennessee; and Prattville, Alabama) is an event for each of them. Where it
-- names several in another way, which one is meant is for a person to say.
WITH feed_items AS (
  SELECT 'press_feeds' AS source_id, feed, title, link, guid, published, summary FROM raw.prnewswire
  UNION ALL
  SELECT 'press_feeds_globenewswire' AS source_id, feed, title, link, guid, published, summary FROM raw.globenewswire
),
-- Markup and entities go; whatever space there was becomes one.
plain AS (
  SELECT source_id, feed, trim(link) AS link, trim(guid) AS guid, trim(published) AS published,
    list_transform([title, summary], lambda t:
      trim(regexp_replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        regexp_replace(coalesce(t, ''), '<[^>]*>', ' ', 'g'),
        '&nbsp;', ' '), '&#160;', ' '), '&rsquo;', ''''), '&#8217;', ''''), '’', ''''), '&#39;', ''''), '&quot;', '"'),
        '&ndash;', '–'), '&mdash;', '—'), '&amp;', '&'),
        '[\s\x{00A0}]+', ' ', 'g'))) AS texts
  FROM feed_items
),
parsed AS (
  SELECT source_id, feed, link, guid, texts[1] AS title, texts[2] AS summary,
    -- RFC 822 with or without weekday, seconds and zone, and ISO 8601; a date alone is a date.
    regexp_extract(published,
      '(\d{1,2})\s+([A-Za-z]{3})[a-z]*\.?,?\s+(\d{4}|\d{2})\b(?:\s+(\d{1,2}:\d{2})(?::\d{2})?\s*(Z|UTC?|GMT|[ECMP][SD]T|[+-]\d{2}:?\d{2})?)?',
      ['day', 'month', 'year', 'clock', 'zone']) AS rfc,
    regexp_extract(published,
      '^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?)?',
      ['date', 'clock', 'zone']) AS iso,
    release_date(published) AS published_on,
    -- The address without what only tells by which way a reader came to it.
    rtrim(regexp_replace(regexp_replace(link, '#.*$', ''), '([?&])(?:(?:utm_\w+|tc|fbclid|gclid)=[^&]*&?)+', '\1', 'g'), '?&')
      AS address
  FROM plain
),
dated AS (
  SELECT source_id, feed, link, title, summary,
    -- The same release in two feeds, or with and without a guid, is one event.
    left(md5(lower(coalesce(nullif(address, ''), nullif(guid, ''), title || ' ' || rfc.day || rfc.month || rfc.year || iso.date))), 16)
      AS event_id,
    published_on,
    TRY_CAST(lpad(coalesce(nullif(iso.clock, ''), nullif(rfc.clock, '')), 5, '0') || ':00' AS TIME) AS clock,
    coalesce(nullif(iso.zone, ''), nullif(rfc.zone, '')) AS zone
  FROM parsed
  WHERE title <> ''
),
items AS (
  SELECT * EXCLUDE (clock, zone),
    -- In UTC; NULL where the source does not say of which zone its clock is.
    timezone('UTC', published_on + clock - to_minutes(CASE
      WHEN zone IN ('Z', 'UT', 'UTC', 'GMT') THEN 0
      WHEN zone = 'EDT' THEN -240
      WHEN zone IN ('EST', 'CDT') THEN -300
      WHEN zone IN ('CST', 'MDT') THEN -360
      WHEN zone IN ('MST', 'PDT') THEN -420
      WHEN zone = 'PST' THEN -480
      ELSE CAST(left(zone, 1) || '1' AS INTEGER)
        * (CAST(substr(zone, 2, 2) AS INTEGER) * 60 + CAST(right(zone, 2) AS INTEGER))
    END)) AS published_at
  FROM dated
  -- What has no date that can be read is of the year in which it was seen.
  WHERE coalesce(year(published_on), CAST(left(getvariable('as_of'), 4) AS INTEGER)) = getvariable('data_year')
  QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY published_on NULLS LAST, length(link), source_id, feed, link) = 1
),
-- A partition must not look empty because feeds forget: they show what is recent, and nothing else.
known AS (
  SELECT CASE
    WHEN (SELECT count(*) FROM items) = 0
      AND (SELECT count(*) FROM published.expansion_event WHERE data_year = getvariable('data_year')) = 0
    THEN error('no feed shows a release of ' || getvariable('data_year')
      || ', and none was published before: feeds show recent releases only')
    ELSE true
  END AS is_known
),
-- Law firms in search of plaintiffs, and sellers of market reports: both talk of plants, closures and billions.
wanted AS (
  SELECT * FROM items
  WHERE NOT regexp_matches(title || ' ' || left(summary, 600), '(?i)class[- ]action|securities (fraud|litigation|lawsuit)|'
    || 'lead plaintiff|shareholder (alert|rights|investigation|update)|investor (alert|deadline|notice)|'
    || '(investors|shareholders) (who|with|that) .{0,40}(loss|lost|purchased|suffered)|'
    || 'law (firm|offices) .{0,80}(investigat|remind|announc|encourag)|investigat\w+ .{0,60}(claims|on behalf of)|'
    || '\bCAGR\b|market (size|share|report|research|to reach|is (expected|projected))')
),
parts AS (
  SELECT *,
    -- PITTSBURGH, Oct. 2, 2026 /PRNewswire/ -- …   COLUMBUS, Ohio, June 10, 2026 (GLOBE NEWSWIRE) -- …
    regexp_extract(summary,
      '^(.{2,60}?),? (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.? \d{1,2}, \d{4} ?(?:\([A-Z ]+\)|/[^/]{3,40}/) ?[-–—]+ ?(.*)$',
      ['place', 'rest']) AS sent
  FROM wanted
),
-- The headline, and the first sentences below it. Deals that close and offerings that open are not plants that do.
said AS (
  SELECT * EXCLUDE (sent), sent.place AS dateline,
    list_transform([title, left(coalesce(nullif(sent.rest, ''), summary), 700)], lambda t: regexp_replace(t,
      '(?i)\b(?:clos|open)(?:e|es|ed|ing|s)? (?:(?:on|of|the|its|their|an?|previously|announced|public|private|initial|pending|strategic|oversubscribed|plant|facility|office) |\$?[\d.,]+ ?(?:million |billion |[MB] )?){0,6}(?:acquisition|sale|purchase|merger|offering|transaction|financing|funding|placement|round|series|deal)\b',
      '[deal]', 'g')) AS texts
  FROM parts
),
cues AS (
  SELECT *,
    -- What is opened, enlarged, moved or closed, and the words that say so within a few words of it.
    list_transform(texts, lambda t: [
      regexp_matches(t, '(?i)\b(?:clos(?:e|es|ed|ing|ure)|shut(?:s|ting)?(?: down)?|shutter(?:s|ed|ing)?|idl(?:e|es|ed|ing)|ceas(?:e|es|ed|ing)|wind(?:s|ing)? down)\b.{0,70}\b' || facility)
        OR regexp_matches(t, '(?i)' || facility || '.{0,30}\b(?:closure|closing|shutdown)\b'),
      regexp_matches(t, '(?i)\b(?:relocat(?:e|es|ed|ing|ion)|mov(?:e|es|ed|ing))\b.{0,60}\b' || facility)
        OR regexp_matches(t, '(?i)' || facility || '.{0,30}\brelocation\b'),
      regexp_matches(t, '(?i)\b(?:expand(?:s|ed|ing)?|expansion|enlarg(?:e|es|ed|ing)|doubl(?:e|es|ed|ing))\b.{0,70}\b' || facility)
        OR regexp_matches(t, '(?i)' || facility || '.{0,30}\bexpansion\b'),
      regexp_matches(t, '(?i)\b(?:open(?:s|ed|ing)?|build(?:s|ing)?|construct(?:s|ed|ion|ing)?|br(?:eak|eaks|eaking|oke) ground|establish(?:es|ed|ing)?|locat(?:e|es|ing)|select(?:s|ed|ing)?|choos(?:e|es)|chose|invest(?:s|ed|ing|ment)?|plan(?:s|ned)?|launch(?:es)?|inaugurat(?:e|es|ed|ion)|unveil(?:s|ed)?|announc(?:e|es|ed) (?:a )?new)\b.{0,70}\b' || facility)
    ]) AS kinds
  FROM said, (SELECT '(?:plants?|factor(?:y|ies)|facilit(?:y|ies)|headquarters|HQ|campus|warehouses?|(?:distribution|fulfil?lment|data|logistics|research|R&D|innovation|engineering|design|training|operations|service|support|call|tech(?:nology|nical)?) cent(?:er|re)s?|manufacturing (?:site|operations|hub|complex)|production (?:site|line|operations)|offices?|mills?|foundry|laborator(?:y|ies)|terminal|brewery|refinery|gigafactory)\b' AS facility)
),
events AS (
  SELECT *,
    -- In the headline if there, else below it; of several, the one that the others are usually part of.
    CASE WHEN list_contains(kinds[1], true) THEN 1 WHEN list_contains(kinds[2], true) THEN 2 END AS cue_text,
    ['closure', 'relocation', 'expansion', 'new'][list_position(kinds[cue_text], true)] AS kind,
    kind = 'closure' AND list_contains(kinds[cue_text][2:4], true) AS is_contradictory,
    -- A governor who announces a company's plant is not the company.
    regexp_extract(regexp_replace(title, '^(?:Gov(?:ernor|\.)|Lt\.|Mayor|Secretary|State of|City of|County of) [^:]{2,60}? (?i:announces?|welcomes?|celebrates?) (?:that )?', ''),
      '^(?:[A-Z][A-Za-z ]{2,20}[:–—] ?)?([A-Z0-9][^:]{1,79}?),? (?i:announces?|announced|to (?:[a-z]+ly )?(?:open|build|expand|invest|relocate|move|close|shut|create|add|construct|locate|establish|consolidate|cease|idle|double)|will|plans?|opens?|opening|builds?|building|expands?|expanding|breaks?|broke|invests?|investing|relocates?|relocating|moves?|moving|closes?|closing|selects?|chooses?|picks?|unveils?|launches|celebrates|completes?|begins?|starts?|shuts?|idles?|ceases|consolidates?|establishes|inaugurates?|adds?|creates?|doubles)\b', 1)
      AS headline_company,
    regexp_extract(texts[2],
      '^([A-Z0-9][^:]{1,79}?)(?: \([^)]{2,60}\))?(?:, | (?:today|announced|announces|has|is|will|plans|said)\b)', 1) AS text_company
  FROM cues
  WHERE cue_text IS NOT NULL
),
-- Names of states as they are written out, by the Associated Press and by the Postal Service.
states AS (
  SELECT unnest(['01', '02', '04', '05', '06', '08', '09', '10', '11', '12', '13', '15', '16', '17', '18', '19', '20', '21', '22', '23', '24', '25', '26', '27', '28', '29', '30', '31', '32', '33', '34', '35', '36', '37', '38', '39', '40', '41', '42', '44', '45', '46', '47', '48', '49', '50', '51', '53', '54', '55', '56', '72']) AS state_code,
    unnest(['Alabama', 'Alaska', 'Arizona', 'Arkansas', 'California', 'Colorado', 'Connecticut', 'Delaware', 'District of Columbia', 'Florida', 'Georgia', 'Hawaii', 'Idaho', 'Illinois', 'Indiana', 'Iowa', 'Kansas', 'Kentucky', 'Louisiana', 'Maine', 'Maryland', 'Massachusetts', 'Michigan', 'Minnesota', 'Mississippi', 'Missouri', 'Montana', 'Nebraska', 'Nevada', 'New Hampshire', 'New Jersey', 'New Mexico', 'New York', 'North Carolina', 'North Dakota', 'Ohio', 'Oklahoma', 'Oregon', 'Pennsylvania', 'Rhode Island', 'South Carolina', 'South Dakota', 'Tennessee', 'Texas', 'Utah', 'Vermont', 'Virginia', 'Washington', 'West Virginia', 'Wisconsin', 'Wyoming', 'Puerto Rico']) AS name,
    unnest(['Ala.', 'Alaska', 'Ariz.', 'Ark.', 'Calif.', 'Colo.', 'Conn.', 'Del.', 'D.C.', 'Fla.', 'Ga.', 'Hawaii', 'Idaho', 'Ill.', 'Ind.', 'Iowa', 'Kan.', 'Ky.', 'La.', 'Maine', 'Md.', 'Mass.', 'Mich.', 'Minn.', 'Miss.', 'Mo.', 'Mont.', 'Neb.', 'Nev.', 'N.H.', 'N.J.', 'N.M.', 'N.Y.', 'N.C.', 'N.D.', 'Ohio', 'Okla.', 'Ore.', 'Pa.', 'R.I.', 'S.C.', 'S.D.', 'Tenn.', 'Texas', 'Utah', 'Vt.', 'Va.', 'Wash.', 'W.Va.', 'Wis.', 'Wyo.', 'P.R.']) AS press_name,
    unnest(['AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'DC', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA', 'KS', 'KY', 'LA', 'ME', 'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND', 'OH', 'OK', 'OR', 'PA', 'RI', 'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'PR']) AS postal
),
state_names AS (
  SELECT state_code, unnest([name, press_name, postal]) AS name FROM states
),
-- Cities that the Associated Press names without their state.
datelines (city, state_code) AS (
  VALUES ('atlanta', '13'), ('baltimore', '24'), ('boston', '25'), ('chicago', '17'), ('cincinnati', '39'), ('cleveland', '39'),
    ('dallas', '48'), ('denver', '08'), ('detroit', '26'), ('honolulu', '15'), ('houston', '48'), ('indianapolis', '18'),
    ('las vegas', '32'), ('los angeles', '06'), ('miami', '12'), ('milwaukee', '55'), ('minneapolis', '27'),
    ('new orleans', '22'), ('new york', '36'), ('oklahoma city', '40'), ('philadelphia', '42'), ('phoenix', '04'),
    ('pittsburgh', '42'), ('st louis', '29'), ('salt lake city', '49'), ('san antonio', '48'), ('san diego', '06'),
    ('san francisco', '06'), ('seattle', '53'), ('washington', '11')
),
patterns AS (
  SELECT string_agg(replace(name, '.', '\.'), '|' ORDER BY length(name) DESC, name) AS any_state,
    string_agg(replace(name, '.', '\.'), '|' ORDER BY length(name) DESC, name) FILTER (WHERE length(name) > 2) AS long_state
  FROM (SELECT DISTINCT name FROM state_names)
),
-- Every way in which a place is given, the surest first: `City, State` after a word of place (not where the company is based), or
-- anywhere; a state alone;
-- where the release was sent from.
mentions AS (
  SELECT event_id, rank, n, regexp_extract(text, pattern, 1) AS place, regexp_extract(text, pattern, 2) AS state
  FROM (
    SELECT event_id, rank, n, pattern,
      CASE rank WHEN 4 THEN dateline WHEN 1 THEN regexp_replace(texts[n], '(?i)\b(?:based|headquartered|headquarters|founded) (?:in|near|at|outside) ', ' ', 'g') ELSE texts[n] END AS text
    FROM events, (
      SELECT unnest([1, 2, 3, 4]) AS rank, unnest([
        '\b(?:in|near|to|at|outside|from) (?:downtown |the city of )?((?:[A-Z][A-Za-z''.-]+ ){0,3}[A-Z][A-Za-z''.-]+), (' || any_state || ')(?:[^A-Za-z]|$)',
        '((?:[A-Z][A-Za-z''.-]+ ){0,3}[A-Z][A-Za-z''.-]+), (' || any_state || ')(?:[^A-Za-z]|$)',
        '\b(in|to|near|across) (?:central |northern |southern |eastern |western )?(' || long_state || ')(?:[^A-Za-z]|$)',
        '^([^,]+)(?:, (' || any_state || '))?$'
      ]) AS pattern
      FROM patterns
    ), (SELECT unnest([1, 2]) AS n)
    WHERE rank < 4 OR n = 1
  )
),
-- Names without punctuation and case, and those of the Census without the kind of place at their end.
gazetteer AS (
  SELECT "STATEFP" AS state_code, trim(regexp_replace(regexp_replace(replace(lower(regexp_replace("PLACENAME",
        ' (?:(?:city|town|village|borough|municipality|CDP|comunidad|zona urbana|(?:consolidated|unified|metro|metropolitan) government|urban county)(?: \(balance\))?)$', '')),
      'saint ', 'st '), '[^a-z0-9 ]', ' ', 'g'), ' +', ' ', 'g')) AS name, "STATEFP" || "COUNTYFP" AS geo_id
  FROM raw.place_county
  UNION
  SELECT "STATEFP", trim(regexp_replace(regexp_replace(lower("COUNTYNAME"), '[^a-z0-9 ]', ' ', 'g'), ' +', ' ', 'g')),
    "STATEFP" || "COUNTYFP"
  FROM raw.place_county
),
counties AS (
  SELECT state_code, name, list(DISTINCT geo_id ORDER BY geo_id) AS geo_ids FROM gazetteer GROUP BY ALL
),
named AS (
  SELECT event_id, rank, n, CASE WHEN rank <> 3 THEN place END AS place_name,
    trim(regexp_replace(regexp_replace(replace(lower(place), 'saint ', 'st '), '[^a-z0-9 ]', ' ', 'g'), ' +', ' ', 'g')) AS key,
    s.state_code
  FROM mentions LEFT JOIN state_names s ON s.name = state
  WHERE place <> ''
),
places AS (
  SELECT m.event_id, m.rank, m.key, coalesce(m.state_code, d.state_code) AS state_code, coalesce(c.geo_ids, []) AS geo_ids,
    CASE WHEN m.rank = 4 AND m.place_name = upper(m.place_name)
      -- A dateline is in capitals.
      THEN array_to_string(list_transform(string_split(lower(m.place_name), ' '), lambda w: upper(w[1]) || w[2:]), ' ')
      ELSE m.place_name END AS place_name
  FROM named m
  LEFT JOIN datelines d ON m.state_code IS NULL AND d.city = m.key
  LEFT JOIN counties c ON c.state_code = coalesce(m.state_code, d.state_code) AND c.name = m.key AND m.rank <> 3
  WHERE coalesce(m.state_code, d.state_code) IS NOT NULL
  -- Of what the text says, a place that the Census knows before one that it does not; the headline before what follows.
  QUALIFY row_number() OVER (PARTITION BY m.event_id
    ORDER BY CASE WHEN m.rank < 3 AND len(geo_ids) > 0 THEN 0 ELSE m.rank END, m.rank, m.n, m.place_name) = 1
),
-- Places of the sentence that says what happens: those of its one list, and all that it names. Where a company is based is no such place.
lists AS (
  SELECT event_id, texts[cue_text] AS text, city, any_state,
    regexp_extract(text, '\b(?:in|near|to|at|across|outside) (' || pair || '(?:(?:[;,] (?:and |& )?| and | & )' || pair || ')+)(?:[^A-Za-z]|$)', 1) AS list
  FROM events, (
    SELECT any_state, '(?:[A-Z][A-Za-z''.-]+ ){0,3}[A-Z][A-Za-z''.-]+' AS city, city || ', (?:' || any_state || ')' AS pair
    FROM patterns
  )
),
named_places AS (
  SELECT event_id, 'list' AS how, unnest(range(1, len(cities) + 1)) AS n, unnest(cities) AS city, unnest(states) AS state
  FROM (
    SELECT event_id, regexp_extract_all(list, '(' || city || '), (' || any_state || ')', 1) AS cities,
      regexp_extract_all(list, '(' || city || '), (' || any_state || ')', 2) AS states
    FROM lists
  )
  UNION ALL
  SELECT event_id, 'text', 0, unnest(cities), unnest(states)
  FROM (
    SELECT event_id, regexp_extract_all(plain, pattern, 1) AS cities, regexp_extract_all(plain, pattern, 2) AS states
    FROM (
      SELECT event_id, '\b(?:in|near|to|at|outside) (?:downtown |the city of )?(' || city || '), (' || any_state || ')(?:[^A-Za-z]|$)' AS pattern,
        regexp_replace(text, '(?i)\b(?:based|headquartered|headquarters|founded) (?:in|near|at|outside) ', ' ', 'g') AS plain
      FROM lists
    )
  )
),
-- `in Dublin and Upper Arlington, Ohio`: a list, where the Census knows every one of the names in that state.
shared_state AS (
  SELECT event_id, unnest(range(1, len(cities) + 1)) AS n, unnest(cities) AS place_name, s.state_code
  FROM (
    SELECT event_id, regexp_split_to_array(regexp_extract(text, pattern, 1), ',? and |, ') AS cities, regexp_extract(text, pattern, 2) AS state
    FROM (
      SELECT event_id, text, '\b(?:in|near|to|at|across|outside) ((?:' || city || ', )*' || city || ',? and ' || city || '), (' || any_state || ')(?:[^A-Za-z]|$)'
        AS pattern
      FROM lists
    )
  ) JOIN state_names s ON s.name = state
),
keyed AS (
  SELECT event_id, how, n, city AS place_name, s.state_code,
    trim(regexp_replace(regexp_replace(replace(lower(city), 'saint ', 'st '), '[^a-z0-9 ]', ' ', 'g'), ' +', ' ', 'g')) AS key
  FROM named_places JOIN state_names s ON s.name = state
  UNION ALL
  (SELECT event_id, 'list', n, place_name, shared_state.state_code, trim(regexp_replace(regexp_replace(replace(lower(place_name), 'saint ', 'st '), '[^a-z0-9 ]', ' ', 'g'), ' +', ' ', 'g')) AS key
  FROM shared_state LEFT JOIN counties c ON c.state_code = shared_state.state_code AND c.name = trim(regexp_replace(regexp_replace(replace(lower(place_name), 'saint ', 'st '), '[^a-z0-9 ]', ' ', 'g'), ' +', ' ', 'g'))
  QUALIFY bool_and(c.name IS NOT NULL) OVER (PARTITION BY event_id))
),
several AS (
  SELECT event_id, list(DISTINCT state_code || key) FILTER (how = 'list') AS listed, list(DISTINCT state_code || key) AS all_named
  FROM keyed
  GROUP BY event_id
  HAVING len(all_named) > 1
),
sites AS (
  SELECT k.event_id, row_number() OVER (PARTITION BY k.event_id ORDER BY n) AS site, count(*) OVER (PARTITION BY k.event_id) AS site_count,
    key, 1 AS rank, k.place_name, k.state_code, coalesce(c.geo_ids, []) AS geo_ids, false AS is_unclear
  FROM (FROM keyed WHERE how = 'list' QUALIFY row_number() OVER (PARTITION BY event_id, state_code, key ORDER BY n) = 1) k
  JOIN several ON several.event_id = k.event_id AND len(listed) = len(all_named)
  LEFT JOIN counties c ON c.state_code = k.state_code AND c.name = k.key
  UNION ALL
  SELECT p.event_id, 1, 1, key, rank, place_name, state_code, geo_ids, several.event_id IS NOT NULL
  FROM places p LEFT JOIN several USING (event_id)
  WHERE coalesce(len(listed), 0) < coalesce(len(all_named), 1)
),
figures AS (
  SELECT e.*, p.place_name, p.state_code, p.geo_ids, p.rank AS place_rank, coalesce(site, 1) AS site, coalesce(site_count, 1) AS place_count,
    coalesce(is_unclear, false) AS is_unclear, p.key AS place_key,
    coalesce(nullif(trim(regexp_replace(headline_company, '\s*\([^)]*\)', '', 'g'), ' ,'), ''),
      nullif(trim(text_company, ' ,'), '')) AS company,
    headline_company <> '' AS is_headline_company,
    TRY_CAST(replace(coalesce(
      nullif(regexp_extract(whole, '(?i)\b(?:creat\w+|add\w*|hir\w+|bring\w*|employ\w*|generat\w+|affect\w*|eliminat\w+|lay\w* off|cut\w*|impact\w*)\b[^.$]{0,50}?\b(\d{1,3}(?:,\d{3})+|\d{1,6})\+? (?:[a-z-]+ ){0,4}(?:jobs|positions|employees|workers|people|roles|team members)\b', 1), ''),
      nullif(regexp_extract(whole, '(?i)\b(\d{1,3}(?:,\d{3})+|\d{1,6})\+? (?:new |additional |full-time |permanent |local |manufacturing |high-paying )+(?:jobs|positions|roles)\b', 1), ''),
      nullif(regexp_extract(whole, '(?i)\b(\d{1,3}(?:,\d{3})+|\d{1,6})\+? jobs\b', 1), '')
    ), ',', '') AS BIGINT) AS jobs,
    -- US dollars only: C$ and A$ are others.
    coalesce(
      CASE WHEN a.amount <> '' THEN a END,
      CASE WHEN b.amount <> '' THEN b END) AS money
  FROM (
    SELECT *, texts[1] || '. ' || texts[2] AS whole,
      regexp_extract(whole, '(?i)\binvest\w*\b[^.]{0,40}?(?:^|[^A-Za-z]|\bUS)\$ ?(\d[\d,]*(?:\.\d+)?)[ -]?(trillion|billion|million|thousand|bn|mn|[bmk])?\b',
        ['amount', 'unit']) AS a,
      regexp_extract(whole, '(?i)(?:^|[^A-Za-z]|\bUS)\$ ?(\d[\d,]*(?:\.\d+)?)[ -]?(trillion|billion|million|thousand|bn|mn|[bmk])?\b,?(?: [a-z-]+){0,4} (?:invest\w*|expansion|project|plant|factory|facility|headquarters|campus|warehouse|center)\b',
        ['amount', 'unit']) AS b
    FROM events
  ) e LEFT JOIN sites p USING (event_id)
),
scored AS (
  SELECT *,
    CAST(round(CAST(replace(money.amount, ',', '') AS DOUBLE) * CASE lower(left(money.unit, 1))
      WHEN 't' THEN CASE WHEN lower(money.unit) = 'thousand' THEN 1e3 ELSE 1e12 END
      WHEN 'b' THEN 1e9 WHEN 'm' THEN 1e6 WHEN 'k' THEN 1e3 ELSE 1 END) AS BIGINT) AS investment_usd,
    list_filter([
      CASE cue_text WHEN 1 THEN {'name': 'kind in headline', 'weight': 0.30} ELSE {'name': 'kind in text', 'weight': 0.15} END,
      CASE WHEN is_headline_company THEN {'name': 'company in headline', 'weight': 0.15}
        WHEN company IS NOT NULL THEN {'name': 'company in text', 'weight': 0.10} END,
      CASE WHEN place_rank = 4 THEN {'name': 'place of dateline', 'weight': 0.10}
        WHEN len(geo_ids) = 1 THEN {'name': 'place in one county', 'weight': 0.25}
        WHEN len(geo_ids) > 1 THEN {'name': 'place in several counties', 'weight': 0.15}
        WHEN state_code IS NOT NULL THEN {'name': 'state', 'weight': 0.10} END,
      CASE WHEN jobs IS NOT NULL THEN {'name': 'jobs', 'weight': 0.15} END,
      CASE WHEN money.amount <> '' THEN {'name': 'investment', 'weight': 0.15} END,
      CASE WHEN is_contradictory THEN {'name': 'closure and more', 'weight': -0.15} END,
      CASE WHEN is_unclear THEN {'name': 'several places', 'weight': -0.15} END,
      CASE WHEN place_count > 1 THEN {'name': 'one of ' || place_count || ' places', 'weight': 0.0} END,
      CASE WHEN published_on IS NULL THEN {'name': 'no date', 'weight': -0.10} END
    ], lambda part: part IS NOT NULL) AS found
  FROM figures
),
extracted AS (
  SELECT
    -- The first place has the release's own id.
    CASE site WHEN 1 THEN event_id ELSE left(md5(event_id || ' ' || state_code || ' ' || place_key), 16) END AS event_id,
    event_id AS release_id, place_count, is_unclear, source_id, kind, company, place_name, state_code,
    CASE WHEN len(geo_ids) = 1 THEN geo_ids[1] END AS geo_id,
    CASE WHEN len(geo_ids) > 1 THEN array_to_string(geo_ids, ',') END AS candidate_geo_ids,
    CASE place_count WHEN 1 THEN jobs END AS jobs, CASE place_count WHEN 1 THEN investment_usd END AS investment_usd,
    jobs AS release_jobs, investment_usd AS release_investment_usd, published_on, published_at, title, link, feed,
    round(greatest(0, list_sum(list_transform(found, lambda part: part.weight))), 2) AS confidence,
    array_to_string(list_transform(found, lambda part: part.name), '; ') AS evidence,
    getvariable('as_of') AS first_as_of
  FROM scored
)
-- What feeds do not show any more stays as it was; what they still show is read anew, and keeps when it was first seen.
SELECT e.* EXCLUDE (is_unclear) REPLACE (least(coalesce(p.first_as_of, e.first_as_of), e.first_as_of) AS first_as_of), e.confidence < 0.6 OR e.is_unclear AS needs_review
FROM extracted e
LEFT JOIN published.expansion_event p ON p.event_id = e.event_id AND p.data_year = getvariable('data_year')
WHERE (SELECT is_known FROM known)
UNION ALL BY NAME
SELECT p.event_id, p.source_id, p.kind, p.company, p.place_name, p.state_code, p.geo_id, p.candidate_geo_ids, p.jobs,
  p.investment_usd, p.release_jobs, p.release_investment_usd, p.published_on, p.published_at, p.title, p.link, p.feed, p.confidence,
  p.evidence, p.first_as_of, p.needs_review, coalesce(p.release_id, p.event_id) AS release_id, coalesce(p.place_count, 1) AS place_count
FROM published.expansion_event p
WHERE p.data_year = getvariable('data_year') AND coalesce(p.release_id, p.event_id) NOT IN (SELECT event_id FROM items)
  AND (SELECT is_known FROM known)
