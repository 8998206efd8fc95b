-- Made by `make generated` from the table's declaration.
-- Processes, functions and pathways that contain more of the differentially expressed genes than expected by chance:
-- over-representation in GO, KEGG and other gene sets.
CREATE VIEW enrichment.terms AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(library AS VARCHAR) AS library,
    CAST(term AS VARCHAR) AS term,
    CAST(term_name AS VARCHAR) AS term_name,
    CAST(n_overlap AS BIGINT) AS n_overlap,
    CAST(set_size AS BIGINT) AS set_size,
    CAST(n_query AS BIGINT) AS n_query,
    CAST(n_background AS BIGINT) AS n_background,
    CAST(odds_ratio AS DOUBLE) AS odds_ratio,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(adj_p_value AS DOUBLE) AS adj_p_value,
    CAST(label_p_value AS DOUBLE) AS label_p_value,
    CAST(genes AS VARCHAR[]) AS genes
FROM read_parquet('{{lake}}/enrichment/terms/*.parquet', union_by_name = true, filename = true);
