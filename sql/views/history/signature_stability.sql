-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.stability, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_stability AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.gene AS VARCHAR) AS gene,
    CAST(rows.method AS VARCHAR) AS method,
    CAST(rows.frequency AS DOUBLE) AS frequency
FROM read_parquet('{{lake}}/history/signature/stability/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/stability/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
