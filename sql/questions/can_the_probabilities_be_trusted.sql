-- Can the model's probabilities be trusted: discrimination, calibration and benefit, with the genes chosen inside the folds?
-- Apparent and corrected are of the fit only: the genes were chosen on the same samples.
-- Answer: one row for each study with a model
--   study | VARCHAR | study
--   estimator | VARCHAR | ml, or firth when the classes separate
--   genes | VARCHAR[] | genes of the model
--   n_case | BIGINT | cases it was fitted on
--   n_control | BIGINT | controls it was fitted on
--   c_statistic_nested | DOUBLE | out of fold
--   slope_nested | DOUBLE | calibration slope out of fold; below 1 the probabilities are too extreme
--   brier_nested | DOUBLE | Brier score out of fold
--   c_statistic | DOUBLE | apparent c statistic
--   c_statistic_corrected | DOUBLE | corrected for the optimism of the fit
--   slope_corrected | DOUBLE | calibration slope, corrected; below 1 the probabilities are too extreme
--   slope_outside | DOUBLE | slope of the frozen model in the validation dataset where it is furthest from 1, on log2 expression
--   brier | DOUBLE | apparent Brier score
--   brier_corrected | DOUBLE | corrected
--   largest_miscalibration | DOUBLE | largest distance of the corrected calibration curve from the diagonal
--   net_benefit_at_20_percent | DOUBLE | out of fold: net benefit over the better of acting on all or none, threshold 0.2
WITH metrics AS (
    SELECT
        study,
        max(nested) FILTER (metric = 'c_statistic') AS c_statistic_nested,
        max(nested) FILTER (metric = 'slope') AS slope_nested,
        max(nested) FILTER (metric = 'brier') AS brier_nested,
        max(apparent) FILTER (metric = 'c_statistic') AS c_statistic,
        max(corrected) FILTER (metric = 'c_statistic') AS c_statistic_corrected,
        max(corrected) FILTER (metric = 'slope') AS slope_corrected,
        max(apparent) FILTER (metric = 'brier') AS brier,
        max(corrected) FILTER (metric = 'brier') AS brier_corrected
    FROM model.performance
    GROUP BY study
),
outside AS (
    SELECT study, arg_max(value, abs(value - 1)) AS slope
    FROM validation.performance
    WHERE metric = 'slope' AND subject_kind = 'dataset' AND scale = 'log2'
    GROUP BY study
),
calibrated AS (
    SELECT study, max(abs(observed_corrected - predicted)) AS largest
    FROM model.calibration
    WHERE kind = 'apparent'
    GROUP BY study
),
benefits AS (
    SELECT study, net_benefit_model - greatest(net_benefit_all, net_benefit_none) AS benefit
    FROM model.decision_curve
    WHERE kind IN ('nested', 'corrected')
    QUALIFY row_number() OVER (PARTITION BY study ORDER BY kind <> 'nested', abs(threshold - 0.2), threshold) = 1
),
models AS (
    SELECT
        study,
        any_value(estimator) AS estimator,
        list(term ORDER BY term) FILTER (term <> '(Intercept)') AS genes,
        max(n_case) AS n_case,
        max(n_control) AS n_control
    FROM model.coefficients
    GROUP BY study
)
SELECT
    m.study, m.estimator, m.genes, m.n_case, m.n_control,
    p.c_statistic_nested, p.slope_nested, p.brier_nested, p.c_statistic, p.c_statistic_corrected, p.slope_corrected, o.slope AS slope_outside, p.brier, p.brier_corrected,
    c.largest AS largest_miscalibration,
    b.benefit AS net_benefit_at_20_percent
FROM models AS m
LEFT JOIN metrics AS p ON p.study = m.study
LEFT JOIN outside AS o ON o.study = m.study
LEFT JOIN calibrated AS c ON c.study = m.study
LEFT JOIN benefits AS b ON b.study = m.study
ORDER BY m.study;
