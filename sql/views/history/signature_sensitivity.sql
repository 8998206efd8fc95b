-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.sensitivity, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_sensitivity AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.setting AS VARCHAR) AS setting,
    CAST(rows.log_fc AS DOUBLE) AS log_fc,
    CAST(rows.p_value AS DOUBLE) AS p_value,
    CAST(rows.adjust AS VARCHAR) AS adjust,
    CAST(rows.collapse AS VARCHAR) AS collapse,
    CAST(rows.is_single_change AS BOOLEAN) AS is_single_change,
    CAST(rows.n_shared AS BIGINT) AS n_shared,
    CAST(rows.jaccard AS DOUBLE) AS jaccard
FROM read_parquet('{{lake}}/history/signature/sensitivity/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/sensitivity/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
