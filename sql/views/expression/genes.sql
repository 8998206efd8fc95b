-- Made by `make generated` from the table's declaration.
-- How strongly every gene is expressed in every sample of a dataset: log2 values, normalised between arrays.
CREATE VIEW expression.genes AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(gene AS VARCHAR) AS gene,
    CAST(sample AS VARCHAR) AS sample,
    CAST(value AS DOUBLE) AS value,
    CAST(count AS DOUBLE) AS count
FROM read_parquet('{{lake}}/expression/genes/*.parquet', union_by_name = true, filename = true);
