-- Which genes drive the most significant term of each library and cohort?
-- For a term of your own, replace the QUALIFY line by: WHERE term = 'GO:0009615'
-- Answer: one row for each gene of a term
--   study | VARCHAR | study
--   cohort | VARCHAR | cohort
--   library | VARCHAR | gene-set library
--   term | VARCHAR | accession of the gene set, or its name
--   term_name | VARCHAR | name in words
--   adj_p_value | DOUBLE | adjusted p-value of the term
--   gene | VARCHAR | gene symbol
--   log_fc | DOUBLE | log2 fold change
--   gene_adj_p_value | DOUBLE | adjusted p-value of the gene
--   in_signature | BOOLEAN | whether the gene is shared by all cohorts of the study
WITH chosen AS (
    SELECT study, cohort, library, term, term_name, adj_p_value, genes
    FROM enrichment.terms
    QUALIFY row_number() OVER (PARTITION BY study, cohort, library ORDER BY p_value, term) = 1
),
driving AS (
    SELECT study, cohort, library, term, term_name, adj_p_value, unnest(genes) AS gene FROM chosen
)
SELECT
    d.study, d.cohort, d.library, d.term, d.term_name, d.adj_p_value,
    d.gene, s.log_fc, s.adj_p_value AS gene_adj_p_value,
    EXISTS (FROM signature.genes AS g WHERE g.study = d.study AND g.gene = d.gene) AS in_signature
FROM driving AS d
JOIN differential.statistics AS s ON s.study = d.study AND s.cohort = d.cohort AND s.gene = d.gene
ORDER BY d.study, d.cohort, d.adj_p_value, d.library, abs(s.log_fc) DESC, d.gene;
