-- Made by `make generated` from the table's declaration.
-- Earlier contents of rigor.findings, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.rigor_findings AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.subject AS VARCHAR) AS subject,
    CAST(rows.code AS VARCHAR) AS code,
    CAST(rows.severity AS VARCHAR) AS severity,
    CAST(rows.statistic AS DOUBLE) AS statistic,
    CAST(rows.threshold AS DOUBLE) AS threshold,
    CAST(rows.measure AS VARCHAR) AS measure,
    CAST(rows.fires AS VARCHAR) AS fires,
    CAST(rows.message AS VARCHAR) AS message,
    CAST(rows.citation AS VARCHAR) AS citation
FROM read_parquet('{{lake}}/history/rigor/findings/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/rigor/findings/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
