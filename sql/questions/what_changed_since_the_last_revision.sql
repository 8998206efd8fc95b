-- What changed when a result was last replaced: which genes entered or left, which AUC changed, and why?
-- The last replacement of each result of each study; all earlier ones are in history.differences too.
-- Answer: one row for each gene or predictor that changed
--   study | VARCHAR | study
--   what | VARCHAR | differential.genes, signature.genes, signature.biomarkers or validation.roc
--   cohort | VARCHAR | cohort; for an AUC the subject and how it was estimated; NULL for biomarkers, which are of all cohorts
--   until | TIMESTAMP WITH TIME ZONE | when the earlier result was replaced
--   because | VARCHAR | change of its recipe
--   gene | VARCHAR | gene, or the predictor of an AUC
--   change | VARCHAR | entered, left or moved
--   before | DOUBLE | log2 fold change, rank sum of a biomarker, or AUC before; NULL when it entered
--   after | DOUBLE | and after; NULL when it left
SELECT study, what, cohort, until, because, gene, change, before, after
FROM history.differences
QUALIFY until = max(until) OVER (PARTITION BY study, what, cohort)
ORDER BY study, what, cohort, change, gene;
