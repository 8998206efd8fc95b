-- Made by `make generated` from the table's declaration.
-- The signature under other thresholds: how much it depends on those of the study.
CREATE VIEW signature.sensitivity AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(setting AS VARCHAR) AS setting,
    CAST(log_fc AS DOUBLE) AS log_fc,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(adjust AS VARCHAR) AS adjust,
    CAST(collapse AS VARCHAR) AS collapse,
    CAST(is_single_change AS BOOLEAN) AS is_single_change,
    CAST(n_shared AS BIGINT) AS n_shared,
    CAST(jaccard AS DOUBLE) AS jaccard
FROM read_parquet('{{lake}}/signature/sensitivity/*.parquet', union_by_name = true, filename = true);
