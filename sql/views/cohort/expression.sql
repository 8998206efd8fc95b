-- Made by `make generated` from the table's declaration.
-- Expression of the genes that every dataset of the cohort measures, as merged, and with the difference between the
-- datasets (the batch) removed.
CREATE VIEW cohort.expression AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(gene AS VARCHAR) AS gene,
    CAST(sample AS VARCHAR) AS sample,
    CAST(value AS DOUBLE) AS value,
    CAST(coalesce(value_adjusted, value) AS DOUBLE) AS value_adjusted,
    CAST(count AS DOUBLE) AS count
FROM read_parquet('{{lake}}/cohort/expression/*.parquet', union_by_name = true, filename = true);
