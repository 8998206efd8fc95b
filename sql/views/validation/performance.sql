-- Made by `make generated` from the table's declaration.
-- The frozen model where it was not fitted: discrimination and calibration in other cohorts and in validation.
CREATE VIEW validation.performance AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(subject AS VARCHAR) AS subject,
    CAST(subject_kind AS VARCHAR) AS subject_kind,
    CAST(scale AS VARCHAR) AS scale,
    CAST(metric AS VARCHAR) AS metric,
    CAST(value AS DOUBLE) AS value,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(interval AS VARCHAR) AS interval,
    CAST(estimator AS VARCHAR) AS estimator,
    CAST(is_interpretable AS BOOLEAN) AS is_interpretable,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control
FROM read_parquet('{{lake}}/validation/performance/*.parquet', union_by_name = true, filename = true);
