-- Which genes differ in both diseases, but move in opposite directions?
-- Every pair of cohorts of a study; the gene that moves most on both sides first.
-- Answer: one row for each gene and pair of cohorts
--   study | VARCHAR | study
--   gene | VARCHAR | gene symbol
--   cohort_up | VARCHAR | cohort in which the gene is up in cases
--   log_fc_up | DOUBLE | log2 fold change there
--   cohort_down | VARCHAR | cohort in which it is down
--   log_fc_down | DOUBLE | log2 fold change there
--   is_biomarker | BOOLEAN | whether the gene is one of the study's biomarkers
SELECT
    up.study,
    up.gene,
    up.cohort AS cohort_up,
    up.log_fc AS log_fc_up,
    down.cohort AS cohort_down,
    down.log_fc AS log_fc_down,
    b.gene IS NOT NULL AS is_biomarker
FROM differential.genes AS up
JOIN differential.genes AS down
    ON down.study = up.study AND down.gene = up.gene AND up.direction = 'up' AND down.direction = 'down'
LEFT JOIN signature.biomarkers AS b ON b.study = up.study AND b.gene = up.gene
ORDER BY up.study, least(up.log_fc, -down.log_fc) DESC, up.gene;
