-- Made by `make generated` from the table's declaration.
-- The biomarkers: genes among the first of every cohort's ranking.
CREATE VIEW signature.biomarkers AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(gene AS VARCHAR) AS gene,
    CAST(rank_sum AS BIGINT) AS rank_sum
FROM read_parquet('{{lake}}/signature/biomarkers/*.parquet', union_by_name = true, filename = true);
