-- Made by `make generated` from the table's declaration.
-- Earlier contents of rigor.verdict, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.rigor_verdict AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.level AS VARCHAR) AS level,
    CAST(rows.line AS VARCHAR) AS line,
    CAST(rows.found AS VARCHAR) AS found,
    CAST(rows.trust AS VARCHAR) AS trust,
    CAST(rows.missing AS VARCHAR) AS missing,
    CAST(rows.reasons AS VARCHAR[]) AS reasons
FROM read_parquet('{{lake}}/history/rigor/verdict/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/rigor/verdict/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
