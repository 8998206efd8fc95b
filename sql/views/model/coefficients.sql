-- Coefficients of the logistic risk model on the biomarkers.
CREATE VIEW model.coefficients AS
SELECT
    CAST(study AS VARCHAR) AS study,
    CAST(term AS VARCHAR) AS term,
    CAST(coefficient AS DOUBLE) AS coefficient,
    CAST(std_error AS DOUBLE) AS std_error,
    CAST(z AS DOUBLE) AS z,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(estimator AS VARCHAR) AS estimator
FROM read_parquet('{{lake}}/model/coefficients/*.parquet', union_by_name = true);
