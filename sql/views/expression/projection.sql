-- Made by `make generated` from the table's declaration.
-- Where the samples of a dataset lie in two dimensions: similar samples lie near each other. Empty for fewer than
-- four samples, or three genes that vary.
CREATE VIEW expression.projection AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(method AS VARCHAR) AS method,
    CAST(label AS VARCHAR) AS label,
    CAST(x AS DOUBLE) AS x,
    CAST(y AS DOUBLE) AS y,
    CAST(x_share AS DOUBLE) AS x_share,
    CAST(y_share AS DOUBLE) AS y_share
FROM read_parquet('{{lake}}/expression/projection/*.parquet', union_by_name = true, filename = true);
