-- Which pathways are over-represented in every disease of a study?
-- Adjusted p-value below 0.05 in every cohort; the term whose weakest cohort is strongest comes first.
-- Answer: one row for each gene set
--   study | VARCHAR | study
--   library | VARCHAR | gene-set library
--   term | VARCHAR | accession of the gene set, or its name
--   term_name | VARCHAR | name in words
--   largest_adj_p_value | DOUBLE | largest adjusted p-value over the cohorts
--   genes | MAP(VARCHAR, VARCHAR[]) | differentially expressed genes of the set, by cohort
--   shared_genes | VARCHAR[] | genes that drive it in every cohort
SELECT
    t.study,
    t.library,
    t.term,
    any_value(t.term_name) AS term_name,
    max(t.adj_p_value) AS largest_adj_p_value,
    map(list(t.cohort ORDER BY t.cohort), list(t.genes ORDER BY t.cohort)) AS genes,
    list_sort(list_reduce(list(t.genes), lambda a, b: list_intersect(a, b))) AS shared_genes
FROM enrichment.terms AS t
WHERE t.adj_p_value < 0.05
GROUP BY t.study, t.library, t.term
HAVING count(*) = (SELECT count(DISTINCT s.cohort) FROM differential.statistics AS s WHERE s.study = t.study)
ORDER BY t.study, largest_adj_p_value, t.library, t.term;
