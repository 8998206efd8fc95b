-- What is every gene's log fold change in every cohort of all studies?
-- A gene that moves the same way everywhere, and strongly, comes first.
-- Answer: one row for each gene
--   gene | VARCHAR | gene symbol
--   n_cohorts | BIGINT | cohorts that measure it
--   n_differential | BIGINT | cohorts in which it is differentially expressed
--   smallest | DOUBLE | smallest log2 fold change
--   largest | DOUBLE | largest log2 fold change
--   log_fc | MAP(VARCHAR, DOUBLE) | log2 fold change by study.cohort
SELECT
    s.gene,
    count(*) AS n_cohorts,
    count(g.gene) AS n_differential,
    min(s.log_fc) AS smallest,
    max(s.log_fc) AS largest,
    map(
        list(s.study || '.' || s.cohort ORDER BY s.study, s.cohort),
        list(s.log_fc ORDER BY s.study, s.cohort)
    ) AS log_fc
FROM differential.statistics AS s
LEFT JOIN differential.genes AS g ON g.study = s.study AND g.cohort = s.cohort AND g.gene = s.gene
GROUP BY s.gene
ORDER BY n_differential DESC, greatest(min(s.log_fc), -max(s.log_fc)) DESC, s.gene;
