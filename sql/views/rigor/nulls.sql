-- Made by `make generated` from the table's declaration.
-- What the same procedure finds under the null hypothesis: labels permuted, or genes drawn at random.
CREATE VIEW rigor.nulls AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST("null" AS VARCHAR) AS "null",
    CAST(subject AS VARCHAR) AS subject,
    CAST(statistic AS VARCHAR) AS statistic,
    CAST(draw AS BIGINT) AS draw,
    CAST(value AS DOUBLE) AS value,
    CAST(empirical_p AS DOUBLE) AS empirical_p
FROM read_parquet('{{lake}}/rigor/nulls/*.parquet', union_by_name = true, filename = true);
