-- Made by `make generated` from the table's declaration.
-- Measured values before normalisation between arrays and before collapse of probes to genes: every row as served, on
-- the log2 scale, or as a count.
CREATE VIEW expression.probes AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(probe AS VARCHAR) AS probe,
    CAST(sample AS VARCHAR) AS sample,
    CAST(value AS DOUBLE) AS value
FROM read_parquet('{{lake}}/expression/probes/*.parquet', union_by_name = true, filename = true);
