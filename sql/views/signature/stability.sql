-- Made by `make generated` from the table's declaration.
-- How often each gene would be chosen again if other patients had been sampled, or one control left out.
CREATE VIEW signature.stability AS
SELECT
    CAST(study AS VARCHAR) AS study,
    CAST(gene AS VARCHAR) AS gene,
    CAST(method AS VARCHAR) AS method,
    CAST(frequency AS DOUBLE) AS frequency
FROM read_parquet('{{lake}}/signature/stability/*.parquet', union_by_name = true);
