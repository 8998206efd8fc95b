-- Made by `make generated` from the table's declaration.
-- Earlier contents of model.coefficients, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.model_coefficients AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.term AS VARCHAR) AS term,
    CAST(rows.coefficient AS DOUBLE) AS coefficient,
    CAST(rows.std_error AS DOUBLE) AS std_error,
    CAST(rows.z AS DOUBLE) AS z,
    CAST(rows.p_value AS DOUBLE) AS p_value,
    CAST(rows.estimator AS VARCHAR) AS estimator,
    CAST(rows.ci_low AS DOUBLE) AS ci_low,
    CAST(rows.ci_high AS DOUBLE) AS ci_high,
    CAST(rows.interval AS VARCHAR) AS interval,
    CAST(rows.probability_coefficient AS DOUBLE) AS probability_coefficient,
    CAST(rows.training_mean AS DOUBLE) AS training_mean,
    CAST(rows.training_sd AS DOUBLE) AS training_sd,
    CAST(rows.training_min AS DOUBLE) AS training_min,
    CAST(rows.training_max AS DOUBLE) AS training_max,
    CAST(rows.n_case AS BIGINT) AS n_case,
    CAST(rows.n_control AS BIGINT) AS n_control
FROM read_parquet('{{lake}}/history/model/coefficients/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/model/coefficients/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
