-- Which diseases of all studies share the most differentially expressed genes?
-- Answer: one row for each pair of cohorts, the largest enrichment first
--   cohort_a | VARCHAR | first, as study.cohort
--   cohort_b | VARCHAR | second
--   n_shared | BIGINT | genes that differ in both
--   n_expected | DOUBLE | expected by chance
--   fold | DOUBLE | shared over expected
--   p_value | DOUBLE | hypergeometric upper tail; NULL when the cohorts share samples
--   share_concordant | DOUBLE | share of the shared genes that move the same way
--   shares_samples | BOOLEAN | TRUE when a dataset is in both; the overlap is then not meaningful
SELECT
    study_a || '.' || cohort_a AS cohort_a,
    study_b || '.' || cohort_b AS cohort_b,
    n_shared,
    n_expected,
    n_shared / nullif(n_expected, 0) AS fold,
    p_value,
    n_concordant / nullif(n_shared, 0) AS share_concordant,
    shares_samples
FROM atlas.disease_overlap
ORDER BY shares_samples, fold DESC NULLS LAST, 1, 2;
