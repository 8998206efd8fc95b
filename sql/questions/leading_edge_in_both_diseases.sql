-- Which gene sets move the same way in every disease, without a threshold for genes?
-- Camera, adjusted p-value below 0.05 and one direction in every cohort; the leading edges are those of preranked GSEA.
-- Answer: one row for each gene set
--   study | VARCHAR | study
--   library | VARCHAR | gene-set library
--   term | VARCHAR | accession of the gene set, or its name
--   term_name | VARCHAR | name in words
--   direction | VARCHAR | up or down in cases
--   largest_adj_p_value | DOUBLE | camera's largest adjusted p-value
--   shared_leading_edge | VARCHAR[] | genes of the leading edge in every cohort
SELECT
    c.study,
    c.library,
    c.term,
    any_value(c.term_name) AS term_name,
    any_value(c.direction) AS direction,
    max(c.adj_p_value) AS largest_adj_p_value,
    list_sort(list_reduce(list(g.leading_edge), lambda a, b: list_intersect(a, b))) AS shared_leading_edge
FROM enrichment.camera AS c
JOIN enrichment.gsea AS g USING (study, cohort, library, term)
WHERE c.adj_p_value < 0.05
GROUP BY c.study, c.library, c.term
HAVING count(*) = (SELECT count(DISTINCT s.cohort) FROM differential.statistics AS s WHERE s.study = c.study)
AND count(DISTINCT c.direction) = 1
ORDER BY c.study, largest_adj_p_value, c.library, c.term;
