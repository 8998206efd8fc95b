-- Made by `make generated` from the table's declaration.
-- The biomarkers: genes among the first of every cohort's ranking.
CREATE VIEW signature.biomarkers AS
SELECT
    CAST(study AS VARCHAR) AS study,
    CAST(gene AS VARCHAR) AS gene,
    CAST(rank_sum AS BIGINT) AS rank_sum
FROM read_parquet('{{lake}}/signature/biomarkers/*.parquet', union_by_name = true);
