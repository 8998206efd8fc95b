-- Made by `make generated` from the table's declaration.
-- Earlier contents of model.nomogram, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.model_nomogram AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.variable AS VARCHAR) AS variable,
    CAST(rows.value AS DOUBLE) AS value,
    CAST(rows.points AS DOUBLE) AS points,
    CAST(rows.probability AS DOUBLE) AS probability
FROM read_parquet('{{lake}}/history/model/nomogram/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/model/nomogram/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
