-- Made by `make generated` from the table's declaration.
-- Where the samples of a cohort lie in two dimensions, as merged and with the batch removed; one of two equal arrays
-- is left out. Empty for fewer than four samples, or three genes that vary.
CREATE VIEW cohort.projection AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(sample AS VARCHAR) AS sample,
    CAST(stage AS VARCHAR) AS stage,
    CAST(method AS VARCHAR) AS method,
    CAST(x AS DOUBLE) AS x,
    CAST(y AS DOUBLE) AS y,
    CAST(x_share AS DOUBLE) AS x_share,
    CAST(y_share AS DOUBLE) AS y_share
FROM read_parquet('{{lake}}/cohort/projection/*.parquet', union_by_name = true, filename = true);
