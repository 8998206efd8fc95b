-- Which gene sets are at the same end of the ranked gene list in every disease, without a threshold for genes?
-- Preranked GSEA, false discovery rate below 0.05 in every cohort and normalised scores of one sign.
-- Answer: one row for each gene set
--   study | VARCHAR | study
--   library | VARCHAR | gene-set library
--   term | VARCHAR | accession of the gene set, or its name
--   term_name | VARCHAR | name in words
--   direction | VARCHAR | up or down in cases
--   weakest_nes | DOUBLE | normalised enrichment score nearest to 0
--   largest_fdr | DOUBLE | largest false discovery rate
--   shared_leading_edge | VARCHAR[] | genes of the leading edge in every cohort
SELECT
    g.study,
    g.library,
    g.term,
    any_value(g.term_name) AS term_name,
    CASE WHEN min(g.nes) > 0 THEN 'up' ELSE 'down' END AS direction,
    arg_min(g.nes, abs(g.nes)) AS weakest_nes,
    max(g.fdr) AS largest_fdr,
    list_sort(list_reduce(list(g.leading_edge), lambda a, b: list_intersect(a, b))) AS shared_leading_edge
FROM enrichment.gsea AS g
WHERE g.fdr < 0.05
GROUP BY g.study, g.library, g.term
HAVING count(*) = (SELECT count(DISTINCT s.cohort) FROM differential.statistics AS s WHERE s.study = g.study)
AND (min(g.nes) > 0 OR max(g.nes) < 0)
ORDER BY g.study, abs(weakest_nes) DESC, g.library, g.term;
