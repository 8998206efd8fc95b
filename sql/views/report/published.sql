-- Made by `make generated` from the table's declaration.
-- Numbers that the paper states, with the computed ones; published numbers are used for nothing else.
CREATE VIEW report.published AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(quantity AS VARCHAR) AS quantity,
    CAST(published AS VARCHAR) AS published,
    CAST(computed AS VARCHAR) AS computed,
    CAST(agrees AS VARCHAR) AS agrees
FROM read_parquet('{{lake}}/report/published/*.parquet', union_by_name = true, filename = true);
