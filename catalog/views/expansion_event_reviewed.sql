-- expansion_event with what people decided about it: corrected values in the place of those that were read, rejected events
-- left out. review says what was decided: accepted, corrected, waiting (confidence below 0.6, and nobody looked yet) or
-- unreviewed (sure enough to be shown without). Of a release with several places (place_count), release_jobs and
-- release_investment_usd are of all of them together. The rows as they were read are in expansion_event, all decisions in
-- review.expansion_decision.
SELECT e.event_id, e.data_year, e.as_of, e.source_id,
  CASE WHEN d.changes ? 'kind' THEN d.changes ->> 'kind' ELSE e.kind END AS kind,
  CASE WHEN d.changes ? 'company' THEN d.changes ->> 'company' ELSE e.company END AS company,
  CASE WHEN d.changes ? 'place_name' THEN d.changes ->> 'place_name' ELSE e.place_name END AS place_name,
  CASE WHEN d.changes ? 'state_code' THEN d.changes ->> 'state_code' ELSE e.state_code END AS state_code,
  CASE WHEN d.changes ? 'geo_id' THEN d.changes ->> 'geo_id' ELSE e.geo_id END AS geo_id,
  CASE WHEN d.changes ? 'jobs' THEN (d.changes ->> 'jobs')::bigint ELSE e.jobs END AS jobs,
  CASE WHEN d.changes ? 'investment_usd' THEN (d.changes ->> 'investment_usd')::bigint ELSE e.investment_usd END AS investment_usd,
  e.published_on, e.title, e.link, e.confidence, e.evidence,
  CASE d.decision WHEN 'accept' THEN 'accepted' WHEN 'correct' THEN 'corrected'
    ELSE CASE WHEN e.needs_review THEN 'waiting' ELSE 'unreviewed' END END AS review,
  d.reason AS review_reason, d.decided_by AS reviewed_by, d.decided_at AS reviewed_at,
  e.release_id, e.place_count, e.release_jobs, e.release_investment_usd
FROM expansion_event e
LEFT JOIN review.expansion_latest d ON d.event_id = e.event_id
WHERE d.decision IS DISTINCT FROM 'reject'
