-- How much lower is the AUC when it is estimated without selection bias?
-- Apparent: on the samples that chose the genes and fitted the model. Leaky: cross-validated after the genes were
-- chosen on all samples. Nested: every choice inside the folds. External: frozen model on other samples.
-- Answer: one row for each study and predictor, the model first
--   study | VARCHAR | study
--   predictor | VARCHAR | the model, or a biomarker
--   cohort | VARCHAR | cohort of the apparent AUC
--   apparent | DOUBLE | apparent AUC in this cohort
--   leaky_cv | DOUBLE | AUC of the leaky cross-validation
--   nested_cv | DOUBLE | AUC of the nested cross-validation
--   nested_interval | DOUBLE[] | its 95 % interval
--   bootstrap_632plus | DOUBLE | AUC of the .632+ bootstrap
--   optimism | DOUBLE | apparent less nested
--   external | MAP(VARCHAR, DOUBLE) | AUC in every subject that was not trained on
WITH estimates AS (
    SELECT
        study, predictor, subject,
        max(auc) FILTER (kind = 'apparent') AS apparent,
        max(auc) FILTER (kind = 'leaky_cv') AS leaky_cv,
        max(auc) FILTER (kind = 'nested_cv') AS nested_cv,
        [max(ci_low) FILTER (kind = 'nested_cv'), max(ci_high) FILTER (kind = 'nested_cv')] AS nested_interval,
        max(auc) FILTER (kind = 'bootstrap_632plus') AS bootstrap_632plus
    FROM validation.roc
    WHERE kind <> 'external'
    GROUP BY study, predictor, subject
),
elsewhere AS (
    SELECT study, predictor, map(list(subject ORDER BY subject), list(auc ORDER BY subject)) AS external
    FROM validation.roc
    WHERE kind = 'external'
    GROUP BY study, predictor
)
SELECT
    e.study, e.predictor, e.subject AS cohort, e.apparent, e.leaky_cv, e.nested_cv,
    CASE WHEN e.nested_cv IS NOT NULL THEN e.nested_interval END AS nested_interval,
    e.bootstrap_632plus,
    e.apparent - e.nested_cv AS optimism,
    x.external
FROM estimates AS e
LEFT JOIN elsewhere AS x ON x.study = e.study AND x.predictor = e.predictor
LEFT JOIN signature.biomarkers AS b ON b.study = e.study AND b.gene = e.predictor
WHERE e.predictor = 'model' OR b.gene IS NOT NULL
ORDER BY e.study, e.predictor <> 'model', e.predictor, e.subject;
