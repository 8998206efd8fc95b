-- Made by `make generated` from the table's declaration.
-- Which gene sets move more than the other genes, given that genes of a set are correlated: camera (Wu & Smyth 2012),
-- the default test of the ranked list.
CREATE VIEW enrichment.camera AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(library AS VARCHAR) AS library,
    CAST(term AS VARCHAR) AS term,
    CAST(term_name AS VARCHAR) AS term_name,
    CAST(n_genes AS BIGINT) AS n_genes,
    CAST(direction AS VARCHAR) AS direction,
    CAST(inter_gene_correlation AS DOUBLE) AS inter_gene_correlation,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(adj_p_value AS DOUBLE) AS adj_p_value,
    CAST(p_value_preset AS DOUBLE) AS p_value_preset
FROM read_parquet('{{lake}}/enrichment/camera/*.parquet', union_by_name = true, filename = true);
