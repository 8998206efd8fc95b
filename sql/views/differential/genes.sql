-- Made by `make generated` from the table's declaration.
-- The differentially expressed genes of a disease: those past the study's fold-change and p-value thresholds.
CREATE VIEW differential.genes AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(gene AS VARCHAR) AS gene,
    CAST(log_fc AS DOUBLE) AS log_fc,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(adj_p_value AS DOUBLE) AS adj_p_value,
    CAST(direction AS VARCHAR) AS direction
FROM read_parquet('{{lake}}/differential/genes/*.parquet', union_by_name = true, filename = true);
