-- Which diseases of all studies share the most differentially expressed genes?
-- Answer: one row for each pair of cohorts, the smallest p-value of sharing first
--   cohort_a | VARCHAR | first, as study.cohort
--   cohort_b | VARCHAR | second
--   n_shared | BIGINT | genes that differ in both
--   sharing_expected | DOUBLE | expected along other axes of variation of the tissues
--   sharing_adj_p_value | DOUBLE | p-value of the test of sharing, adjusted for the number of pairs; NULL if not tested
--   fold | DOUBLE | shared over expected
--   urn_p_value | DOUBLE | usual hypergeometric p-value, which takes genes as exchangeable
--   share_concordant | DOUBLE | share of the shared genes that move the same way
--   shares_samples | BOOLEAN | TRUE when a sample is in both; sharing is then not tested
SELECT
    study_a || '.' || cohort_a AS cohort_a,
    study_b || '.' || cohort_b AS cohort_b,
    n_shared,
    sharing_expected,
    sharing_adj_p_value,
    n_shared / nullif(sharing_expected, 0) AS fold,
    p_value AS urn_p_value,
    n_concordant / nullif(n_shared, 0) AS share_concordant,
    shares_samples
FROM atlas.disease_overlap
ORDER BY shares_samples, sharing_adj_p_value NULLS LAST, fold DESC NULLS LAST, 1, 2;
