-- Made by `make generated` from the table's declaration.
-- Earlier contents of validation.roc, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.validation_roc AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.subject AS VARCHAR) AS subject,
    CAST(rows.subject_kind AS VARCHAR) AS subject_kind,
    CAST(rows.predictor AS VARCHAR) AS predictor,
    CAST(rows.kind AS VARCHAR) AS kind,
    CAST(rows.chosen_here AS BOOLEAN) AS chosen_here,
    CAST(rows.auc AS DOUBLE) AS auc,
    CAST(rows.ci_low AS DOUBLE) AS ci_low,
    CAST(rows.ci_high AS DOUBLE) AS ci_high,
    CAST(rows.interval AS VARCHAR) AS interval,
    CAST(rows.threshold AS DOUBLE) AS threshold,
    CAST(rows.sensitivity AS DOUBLE) AS sensitivity,
    CAST(rows.specificity AS DOUBLE) AS specificity,
    CAST(rows.direction AS VARCHAR) AS direction,
    CAST(rows.n_case AS BIGINT) AS n_case,
    CAST(rows.n_control AS BIGINT) AS n_control,
    CAST(rows.measured_as AS VARCHAR) AS measured_as
FROM read_parquet('{{lake}}/history/validation/roc/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/validation/roc/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
