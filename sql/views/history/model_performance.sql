-- Made by `make generated` from the table's declaration.
-- Earlier contents of model.performance, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.model_performance AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.metric AS VARCHAR) AS metric,
    CAST(rows.nested AS DOUBLE) AS nested,
    CAST(rows.nested_low AS DOUBLE) AS nested_low,
    CAST(rows.nested_high AS DOUBLE) AS nested_high,
    CAST(rows.apparent AS DOUBLE) AS apparent,
    CAST(rows.optimism AS DOUBLE) AS optimism,
    CAST(rows.corrected AS DOUBLE) AS corrected
FROM read_parquet('{{lake}}/history/model/performance/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/model/performance/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
