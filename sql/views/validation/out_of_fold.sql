-- Made by `make generated` from the table's declaration.
-- What models predict for samples that took no part in choosing their genes or fitting them.
CREATE VIEW validation.out_of_fold AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(repeat AS BIGINT) AS repeat,
    CAST(sample AS VARCHAR) AS sample,
    CAST(fold AS BIGINT) AS fold,
    CAST(is_case AS BOOLEAN) AS is_case,
    CAST(linear_predictor AS DOUBLE) AS linear_predictor,
    CAST(has_model AS BOOLEAN) AS has_model,
    CAST(cut_off AS DOUBLE) AS cut_off
FROM read_parquet('{{lake}}/validation/out_of_fold/*.parquet', union_by_name = true, filename = true);
