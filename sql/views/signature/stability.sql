-- Made by `make generated` from the table's declaration.
-- Frequency with which each gene is chosen again when patients are resampled or one control is left out.
CREATE VIEW signature.stability AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(gene AS VARCHAR) AS gene,
    CAST(method AS VARCHAR) AS method,
    CAST(frequency AS DOUBLE) AS frequency
FROM read_parquet('{{lake}}/signature/stability/*.parquet', union_by_name = true, filename = true);
