-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.genes, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_genes AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.gene AS VARCHAR) AS gene,
    CAST(rows.cohort AS VARCHAR) AS cohort,
    CAST(rows.log_fc AS DOUBLE) AS log_fc,
    CAST(rows.direction AS VARCHAR) AS direction,
    CAST(rows.is_concordant AS BOOLEAN) AS is_concordant
FROM read_parquet('{{lake}}/history/signature/genes/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/genes/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
