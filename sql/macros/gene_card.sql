-- One gene in every cohort and validation dataset of every study: moderated t, rank, Wilcoxon's test, AUC.
-- FROM gene_card('PARP12'); upper and lower case are the same.
CREATE MACRO gene_card(symbol) AS TABLE
WITH in_cohorts AS (
    SELECT
        s.study, s.cohort AS subject, 'cohort' AS subject_kind, s.gene, s.log_fc, s.ci_low, s.ci_high,
        s.p_value, s.adj_p_value, g.direction AS differential, k.rank, k.rank_low, k.rank_high
    FROM differential.statistics AS s
    LEFT JOIN differential.genes AS g ON g.study = s.study AND g.cohort = s.cohort AND g.gene = s.gene
    LEFT JOIN signature.ranking AS k ON k.study = s.study AND k.cohort = s.cohort AND k.gene = s.gene
    WHERE upper(s.gene) = upper(symbol)
),
in_datasets AS (
    SELECT study, subject, subject_kind, gene FROM validation.expression_tests
    WHERE upper(gene) = upper(symbol) AND subject_kind = 'dataset'
    UNION
    SELECT study, subject, subject_kind, predictor FROM validation.roc
    WHERE upper(predictor) = upper(symbol) AND subject_kind = 'dataset'
),
places AS (
    SELECT * FROM in_cohorts
    UNION ALL BY NAME
    SELECT * FROM in_datasets
)
SELECT
    p.study, p.subject, p.subject_kind, p.gene, p.log_fc, p.ci_low, p.ci_high, p.p_value, p.adj_p_value,
    p.differential, p.rank, p.rank_low, p.rank_high,
    t.median_case, t.median_control, t.p_value AS wilcoxon_p_value, t.agrees,
    r.kind AS auc_kind, r.auc, r.ci_low AS auc_low, r.ci_high AS auc_high,
    b.gene IS NOT NULL AS is_biomarker,
    coalesce(t.measured_as, r.measured_as) AS measured_as
FROM places AS p
LEFT JOIN validation.expression_tests AS t
    ON t.study = p.study AND t.subject = p.subject AND t.subject_kind = p.subject_kind AND t.gene = p.gene
LEFT JOIN validation.roc AS r
    ON r.study = p.study AND r.subject = p.subject AND r.subject_kind = p.subject_kind AND r.predictor = p.gene
    AND r.kind IN ('apparent', 'external')
LEFT JOIN signature.biomarkers AS b ON b.study = p.study AND b.gene = p.gene
ORDER BY p.study, p.subject_kind, p.subject;
