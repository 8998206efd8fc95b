-- Made by `make generated` from the table's declaration.
-- Quality of each array: median, spread, missing values, similarity to the others of its label, sex genes.
CREATE VIEW expression.quality AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(label AS VARCHAR) AS label,
    CAST(n_missing AS BIGINT) AS n_missing,
    CAST(median AS DOUBLE) AS median,
    CAST(iqr AS DOUBLE) AS iqr,
    CAST(median_before AS DOUBLE) AS median_before,
    CAST(iqr_before AS DOUBLE) AS iqr_before,
    CAST(connectivity_z AS DOUBLE) AS connectivity_z,
    CAST(xist AS DOUBLE) AS xist,
    CAST(y_genes AS DOUBLE) AS y_genes
FROM read_parquet('{{lake}}/expression/quality/*.parquet', union_by_name = true, filename = true);
