-- Made by `make generated` from the table's declaration.
-- The risk model: what each biomarker's expression adds to the log-odds of being a case (logistic regression).
CREATE VIEW model.coefficients AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(term AS VARCHAR) AS term,
    CAST(coefficient AS DOUBLE) AS coefficient,
    CAST(std_error AS DOUBLE) AS std_error,
    CAST(z AS DOUBLE) AS z,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(estimator AS VARCHAR) AS estimator,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(interval AS VARCHAR) AS interval,
    CAST(probability_coefficient AS DOUBLE) AS probability_coefficient,
    CAST(training_mean AS DOUBLE) AS training_mean,
    CAST(training_sd AS DOUBLE) AS training_sd,
    CAST(training_min AS DOUBLE) AS training_min,
    CAST(training_max AS DOUBLE) AS training_max,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control
FROM read_parquet('{{lake}}/model/coefficients/*.parquet', union_by_name = true, filename = true);
