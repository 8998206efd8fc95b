-- Made by `make generated` from the table's declaration.
-- What each fold of the nested cross-validation chose, with its test samples left out of everything.
CREATE VIEW validation.folds AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(repeat AS BIGINT) AS repeat,
    CAST(fold AS BIGINT) AS fold,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control,
    CAST(n_signature AS BIGINT) AS n_signature,
    CAST(biomarkers AS VARCHAR[]) AS biomarkers,
    CAST(has_model AS BOOLEAN) AS has_model,
    CAST(auc AS DOUBLE) AS auc
FROM read_parquet('{{lake}}/validation/folds/*.parquet', union_by_name = true, filename = true);
