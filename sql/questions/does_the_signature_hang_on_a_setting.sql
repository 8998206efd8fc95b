-- How much of the signature hangs on one threshold or on how probes were collapsed?
-- Answer: one row a setting that differs from the study's in one thing, the most sensitive first
--   study | VARCHAR | study
--   setting | VARCHAR | what differs
--   n_shared | BIGINT | genes of the signature then
--   n_shared_in_study | BIGINT | genes of the study's own signature
--   jaccard | DOUBLE | overlap of the two, 1 when they are equal
SELECT
    s.study, s.setting, s.n_shared, own.n_shared AS n_shared_in_study, s.jaccard
FROM signature.sensitivity AS s
LEFT JOIN signature.overlap AS own ON own.study = s.study
WHERE s.is_single_change
ORDER BY s.study, s.jaccard, s.setting;
