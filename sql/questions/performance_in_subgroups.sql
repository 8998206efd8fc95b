-- Does the model work in every known subgroup of people?
-- A subgroup with fewer than 10 cases or controls has no AUC. Subgroups whose intervals overlap are not shown to differ,
-- which does not show that they are equal.
-- Answer: one row for each study, subject, field and subgroup
--   study | VARCHAR | study
--   subject | VARCHAR | cohort or validation dataset
--   kind | VARCHAR | nested_cv (out of fold) or external (frozen model)
--   field | VARCHAR | dataset, centre, tissue or sex
--   value | VARCHAR | the subgroup
--   n_case | BIGINT | cases with a prediction
--   n_control | BIGINT | controls with a prediction
--   auc | DOUBLE | AUC in the subgroup
--   interval | DOUBLE[] | its 95 % interval
--   auc_of_all | DOUBLE | AUC of the same kind in the whole subject
SELECT
    s.study, s.subject, s.kind, s.field, s.value, s.n_case, s.n_control, s.auc,
    CASE WHEN s.auc IS NOT NULL THEN [s.ci_low, s.ci_high] END AS interval,
    r.auc AS auc_of_all
FROM validation.subgroups AS s
LEFT JOIN validation.roc AS r
    ON r.study = s.study AND r.subject = s.subject AND r.kind = s.kind AND r.predictor = 'model'
ORDER BY s.study, s.kind, s.subject, s.field, s.value;
