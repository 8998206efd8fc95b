-- What a revision changed: genes that entered or left DEG sets, signature and biomarkers (of no cohort), and changed AUCs.
CREATE VIEW history.differences AS
WITH results AS (
    SELECT 'differential/genes' AS asset, study || '.' || cohort AS partition, cohort, gene, log_fc AS value, revision
    FROM history.differential_genes
    UNION ALL
    SELECT 'signature/genes', study, cohort, gene, log_fc, revision FROM history.signature_genes
    UNION ALL
    SELECT 'signature/biomarkers', study, NULL, gene, rank_sum, revision FROM history.signature_biomarkers
    UNION ALL
    SELECT 'validation/roc', study, subject || ' (' || kind || ')', predictor, auc, revision FROM history.validation_roc
    UNION ALL
    SELECT 'differential/genes', study || '.' || cohort, cohort, gene, log_fc, NULL FROM differential.genes
    UNION ALL
    SELECT 'signature/genes', study, cohort, gene, log_fc, NULL FROM signature.genes
    UNION ALL
    SELECT 'signature/biomarkers', study, NULL, gene, rank_sum, NULL FROM signature.biomarkers
    UNION ALL
    SELECT 'validation/roc', study, subject || ' (' || kind || ')', predictor, auc, NULL FROM validation.roc
),
numbered AS (
    -- what stands now is the revision after the last that was kept
    SELECT
        results.asset, results.partition, results.cohort, results.gene, results.value,
        coalesce(results.revision, 1 + coalesce(kept.last, 0)) AS revision
    FROM results
    LEFT JOIN (SELECT asset, partition, max(revision) AS last FROM history.revisions GROUP BY ALL) AS kept
        USING (asset, partition)
),
paired AS (
    SELECT
        replaced.study, replaced.asset, replaced.revision, replaced.until, replaced.because,
        coalesce(old.cohort, new.cohort) AS cohort,
        coalesce(old.gene, new.gene) AS gene,
        old.value AS before,
        new.value AS after,
        old.gene IS NULL AS is_new,
        new.gene IS NULL AS is_gone
    FROM history.revisions AS replaced
    JOIN (
        SELECT DISTINCT asset, partition, cohort, gene FROM numbered
    ) AS known USING (asset, partition)
    LEFT JOIN numbered AS old
        ON old.asset = known.asset AND old.partition = known.partition AND old.revision = replaced.revision
        AND old.cohort IS NOT DISTINCT FROM known.cohort AND old.gene = known.gene
    LEFT JOIN numbered AS new
        ON new.asset = known.asset AND new.partition = known.partition AND new.revision = replaced.revision + 1
        AND new.cohort IS NOT DISTINCT FROM known.cohort AND new.gene = known.gene
    WHERE old.gene IS NOT NULL OR new.gene IS NOT NULL
)
SELECT
    study,
    cohort,
    replace(asset, '/', '.') AS what,
    revision,
    until,
    because,
    gene,
    CASE WHEN is_new THEN 'entered' WHEN is_gone THEN 'left' ELSE 'moved' END AS change,
    before,
    after
FROM paired
WHERE is_new OR is_gone OR (asset = 'validation/roc' AND before IS DISTINCT FROM after);
