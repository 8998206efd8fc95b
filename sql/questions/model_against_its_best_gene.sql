-- Does the model do better than its best single gene?
-- Answer: one row for each study and subject
--   study | VARCHAR | study
--   subject | VARCHAR | cohort or validation dataset
--   kind | VARCHAR | apparent or external
--   model_auc | DOUBLE | AUC of the model
--   model_interval | DOUBLE[] | its 95 % interval
--   best_gene | VARCHAR | signature gene with the highest AUC there
--   best_gene_auc | DOUBLE | its AUC
--   gain | DOUBLE | AUC of the model minus that of the best gene
SELECT
    m.study,
    m.subject,
    m.kind,
    m.auc AS model_auc,
    [m.ci_low, m.ci_high] AS model_interval,
    arg_max(g.predictor, g.auc) AS best_gene,
    max(g.auc) AS best_gene_auc,
    m.auc - max(g.auc) AS gain
FROM validation.roc AS m
JOIN validation.roc AS g
    ON g.study = m.study AND g.subject = m.subject AND g.predictor NOT IN ('model', 'model_raw')
WHERE m.predictor = 'model' AND m.kind IN ('apparent', 'external')
GROUP BY m.study, m.subject, m.kind, m.auc, m.ci_low, m.ci_high
ORDER BY m.study, m.kind, m.subject;
