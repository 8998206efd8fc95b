-- Which patients have several samples in a cohort, so that the samples are not independent?
-- Answer: one row for each patient with more than one sample
--   study | VARCHAR | study
--   cohort | VARCHAR | cohort
--   patient | VARCHAR | patient, by the study's rule
--   n_case | BIGINT | case samples
--   n_control | BIGINT | control samples
--   samples | VARCHAR[] | the samples
SELECT
    study,
    cohort,
    patient,
    count(*) FILTER (is_case) AS n_case,
    count(*) FILTER (NOT is_case) AS n_control,
    list(sample ORDER BY sample) AS samples
FROM cohort.samples
WHERE patient IS NOT NULL
GROUP BY study, cohort, patient
HAVING count(*) > 1
ORDER BY study, cohort, n_case + n_control DESC, patient;
