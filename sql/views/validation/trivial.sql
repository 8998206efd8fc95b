-- Made by `make generated` from the table's declaration.
-- Whether the model predicts better than trivial ones in the same folds: the best single gene, age and sex.
CREATE VIEW validation.trivial AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(predictor AS VARCHAR) AS predictor,
    CAST(auc AS DOUBLE) AS auc,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(difference AS DOUBLE) AS difference,
    CAST(difference_low AS DOUBLE) AS difference_low,
    CAST(difference_high AS DOUBLE) AS difference_high,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control,
    CAST(genes AS VARCHAR[]) AS genes
FROM read_parquet('{{lake}}/validation/trivial/*.parquet', union_by_name = true, filename = true);
