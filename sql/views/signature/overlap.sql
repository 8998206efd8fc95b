-- Made by `make generated` from the table's declaration.
-- Whether the diseases share more genes than another axis of variation of these tissues would give, and whether those
-- move the same way.
CREATE VIEW signature.overlap AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(n_universe AS BIGINT) AS n_universe,
    CAST(n_shared AS BIGINT) AS n_shared,
    CAST(sharing_expected AS DOUBLE) AS sharing_expected,
    CAST(sharing_p_value AS DOUBLE) AS sharing_p_value,
    CAST(direction_p_value AS DOUBLE) AS direction_p_value,
    CAST(n_expected AS DOUBLE) AS n_expected,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(n_concordant AS BIGINT) AS n_concordant,
    CAST(n_concordant_expected AS DOUBLE) AS n_concordant_expected,
    CAST(concordance_p_value AS DOUBLE) AS concordance_p_value
FROM read_parquet('{{lake}}/signature/overlap/*.parquet', union_by_name = true, filename = true);
