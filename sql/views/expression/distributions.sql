-- Made by `make generated` from the table's declaration.
-- How the values of every sample are distributed before and after normalisation between arrays.
CREATE VIEW expression.distributions AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(stage AS VARCHAR) AS stage,
    CAST(quantity AS VARCHAR) AS quantity,
    CAST(x AS DOUBLE) AS x,
    CAST(y AS DOUBLE) AS y
FROM read_parquet('{{lake}}/expression/distributions/*.parquet', union_by_name = true, filename = true);
