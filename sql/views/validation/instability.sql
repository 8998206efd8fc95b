-- Made by `make generated` from the table's declaration.
-- How much each person's risk depends on who was in the study, the genes chosen anew in every bootstrap.
CREATE VIEW validation.instability AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(sample AS VARCHAR) AS sample,
    CAST(is_case AS BOOLEAN) AS is_case,
    CAST(probability AS DOUBLE) AS probability,
    CAST(low AS DOUBLE) AS low,
    CAST(high AS DOUBLE) AS high,
    CAST(mean_absolute_difference AS DOUBLE) AS mean_absolute_difference,
    CAST(n_bootstraps AS BIGINT) AS n_bootstraps
FROM read_parquet('{{lake}}/validation/instability/*.parquet', union_by_name = true, filename = true);
