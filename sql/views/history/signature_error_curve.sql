-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.error_curve, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_error_curve AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.cohort AS VARCHAR) AS cohort,
    CAST(rows.n_trees AS BIGINT) AS n_trees,
    CAST(rows.cv_error AS DOUBLE) AS cv_error,
    CAST(rows.is_chosen AS BOOLEAN) AS is_chosen
FROM read_parquet('{{lake}}/history/signature/error_curve/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/error_curve/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
