-- How much does the signature depend on one threshold or on the way probes are collapsed?
-- Answer: one row for each setting that differs from the study's in one thing, the most sensitive first
--   study | VARCHAR | study
--   setting | VARCHAR | what differs
--   n_shared | BIGINT | genes of the signature with this setting
--   n_shared_in_study | BIGINT | genes of the study's own signature
--   jaccard | DOUBLE | overlap of the two, 1 when they are equal
SELECT
    s.study, s.setting, s.n_shared, own.n_shared AS n_shared_in_study, s.jaccard
FROM signature.sensitivity AS s
LEFT JOIN signature.overlap AS own ON own.study = s.study
WHERE s.is_single_change
ORDER BY s.study, s.jaccard, s.setting;
