-- Made by `make generated` from the table's declaration.
-- The HTML report of the study and its figures.
CREATE VIEW report.study AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(file AS VARCHAR) AS file,
    CAST(title AS VARCHAR) AS title,
    CAST(n_bytes AS BIGINT) AS n_bytes,
    CAST(content_sha256 AS VARCHAR) AS content_sha256
FROM read_parquet('{{lake}}/report/study/*.parquet', union_by_name = true, filename = true);
