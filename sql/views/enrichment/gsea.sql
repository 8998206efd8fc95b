-- Made by `make generated` from the table's declaration.
-- Gene sets whose genes go up or down together in cases: preranked enrichment of all genes by the moderated
-- t-statistic.
CREATE VIEW enrichment.gsea AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(library AS VARCHAR) AS library,
    CAST(term AS VARCHAR) AS term,
    CAST(term_name AS VARCHAR) AS term_name,
    CAST(set_size AS BIGINT) AS set_size,
    CAST(es AS DOUBLE) AS es,
    CAST(nes AS DOUBLE) AS nes,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(fdr AS DOUBLE) AS fdr,
    CAST(label_p_value AS DOUBLE) AS label_p_value,
    CAST(label_fdr AS DOUBLE) AS label_fdr,
    CAST(leading_edge AS VARCHAR[]) AS leading_edge
FROM read_parquet('{{lake}}/enrichment/gsea/*.parquet', union_by_name = true, filename = true);
