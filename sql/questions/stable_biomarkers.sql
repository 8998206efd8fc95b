-- Which biomarkers are stable: chosen again when samples, seeds and single controls vary?
-- Answer: one row for each gene that was chosen as a biomarker, in the study or in a tenth of the bootstraps
--   study | VARCHAR | study
--   gene | VARCHAR | gene symbol
--   is_biomarker | BOOLEAN | whether the study chose it
--   bootstrap_signature | DOUBLE | share of bootstraps in which it was in the signature
--   bootstrap_biomarkers | DOUBLE | share of bootstraps in which it was a biomarker
--   leave_one_control_out | DOUBLE | share of the left-out controls without which it stayed in the signature
--   ranks | MAP(VARCHAR, BIGINT) | rank by cohort
--   rank_intervals | MAP(VARCHAR, DOUBLE[]) | 95 % interval of the rank over forest seeds, by cohort
WITH frequencies AS (
    SELECT
        study, gene,
        coalesce(max(frequency) FILTER (method = 'bootstrap'), 0) AS bootstrap_signature,
        coalesce(max(frequency) FILTER (method = 'bootstrap_biomarkers'), 0) AS bootstrap_biomarkers,
        coalesce(max(frequency) FILTER (method = 'leave_one_control_out'), 0) AS leave_one_control_out
    FROM signature.stability
    GROUP BY study, gene
),
ranks AS (
    SELECT
        study, gene,
        map(list(cohort ORDER BY cohort), list(rank ORDER BY cohort)) AS ranks,
        map(list(cohort ORDER BY cohort), list([rank_low, rank_high] ORDER BY cohort)) AS rank_intervals
    FROM signature.ranking
    GROUP BY study, gene
)
SELECT
    f.study, f.gene, b.gene IS NOT NULL AS is_biomarker,
    f.bootstrap_signature, f.bootstrap_biomarkers, f.leave_one_control_out, r.ranks, r.rank_intervals
FROM frequencies AS f
LEFT JOIN signature.biomarkers AS b ON b.study = f.study AND b.gene = f.gene
LEFT JOIN ranks AS r ON r.study = f.study AND r.gene = f.gene
WHERE b.gene IS NOT NULL OR f.bootstrap_biomarkers >= 0.1
ORDER BY f.study, f.bootstrap_biomarkers DESC, f.gene;
