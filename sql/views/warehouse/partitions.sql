-- Made by `make generated` from the table's declaration.
-- Which results are up to date with study file, code and data, and why the others are not.
CREATE VIEW warehouse.partitions AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(table_name AS VARCHAR) AS table_name,
    CAST(partition AS VARCHAR) AS partition,
    CAST(is_current AS BOOLEAN) AS is_current,
    CAST(because AS VARCHAR) AS because,
    CAST(root_cause AS VARCHAR) AS root_cause,
    CAST(made_from AS VARCHAR[]) AS made_from,
    CAST(content AS VARCHAR) AS content,
    CAST(written_at AS TIMESTAMPTZ) AS written_at,
    CAST(judged_at AS TIMESTAMPTZ) AS judged_at
FROM read_parquet('{{lake}}/warehouse/partitions/*.parquet', union_by_name = true, filename = true);
