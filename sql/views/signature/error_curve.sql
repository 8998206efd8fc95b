-- Made by `make generated` from the table's declaration.
-- Error of the random forest on held-out samples (cross-validation), by its number of trees.
CREATE VIEW signature.error_curve AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(n_trees AS BIGINT) AS n_trees,
    CAST(cv_error AS DOUBLE) AS cv_error,
    CAST(is_chosen AS BOOLEAN) AS is_chosen
FROM read_parquet('{{lake}}/signature/error_curve/*.parquet', union_by_name = true, filename = true);
