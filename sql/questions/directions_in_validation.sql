-- Which signature genes move the expected way in the validation data, and which cannot be tested there?
-- Answer: one row for each signature gene and validation dataset
--   study | VARCHAR | study
--   gene | VARCHAR | gene symbol
--   dataset | VARCHAR | validation dataset
--   is_biomarker | BOOLEAN | whether the gene is a biomarker
--   expected_direction | VARCHAR | direction in the training statistics
--   direction | VARCHAR | direction in the validation dataset; NULL when the gene is not measured there
--   p_value | DOUBLE | Wilcoxon's test
--   auc | DOUBLE | AUC there
--   verdict | VARCHAR | confirmed (p < 0.05), same direction, opposite, no direction (none there, or none expected) or not measured
--   measured_as | VARCHAR | its name there, when it has another
WITH datasets AS (
    SELECT DISTINCT study, subject FROM validation.expression_tests WHERE subject_kind = 'dataset'
),
genes AS (
    SELECT DISTINCT study, gene FROM signature.genes
)
SELECT
    g.study,
    g.gene,
    d.subject AS dataset,
    b.gene IS NOT NULL AS is_biomarker,
    t.expected_direction,
    t.direction,
    t.p_value,
    r.auc,
    CASE
        WHEN t.gene IS NULL THEN 'not measured'
        WHEN t.agrees IS NULL THEN 'no direction'
        WHEN NOT t.agrees THEN 'opposite'
        WHEN t.p_value < 0.05 THEN 'confirmed'
        ELSE 'same direction'
    END AS verdict,
    t.measured_as
FROM genes AS g
JOIN datasets AS d ON d.study = g.study
LEFT JOIN validation.expression_tests AS t ON t.study = g.study AND t.subject = d.subject AND t.gene = g.gene
LEFT JOIN validation.roc AS r
    ON r.study = g.study AND r.subject = d.subject AND r.predictor = g.gene AND r.kind = 'external'
LEFT JOIN signature.biomarkers AS b ON b.study = g.study AND b.gene = g.gene
ORDER BY g.study, d.subject, is_biomarker DESC, t.p_value NULLS LAST, g.gene;
