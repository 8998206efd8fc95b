-- Made by `make generated` from the table's declaration.
-- The signature: genes differentially expressed in every cohort, one row for each gene and cohort.
CREATE VIEW signature.genes AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(gene AS VARCHAR) AS gene,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(log_fc AS DOUBLE) AS log_fc,
    CAST(direction AS VARCHAR) AS direction,
    CAST(is_concordant AS BOOLEAN) AS is_concordant
FROM read_parquet('{{lake}}/signature/genes/*.parquet', union_by_name = true, filename = true);
