-- Made by `make generated` from the table's declaration.
-- Earlier contents of model.calibration, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.model_calibration AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.kind AS VARCHAR) AS kind,
    CAST(rows.predicted AS DOUBLE) AS predicted,
    CAST(rows.observed AS DOUBLE) AS observed,
    CAST(rows.ci_low AS DOUBLE) AS ci_low,
    CAST(rows.ci_high AS DOUBLE) AS ci_high,
    CAST(rows.observed_corrected AS DOUBLE) AS observed_corrected,
    CAST(rows.n_resamples AS BIGINT) AS n_resamples
FROM read_parquet('{{lake}}/history/model/calibration/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/model/calibration/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
