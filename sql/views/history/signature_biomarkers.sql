-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.biomarkers, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_biomarkers AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.gene AS VARCHAR) AS gene,
    CAST(rows.rank_sum AS BIGINT) AS rank_sum
FROM read_parquet('{{lake}}/history/signature/biomarkers/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/biomarkers/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
