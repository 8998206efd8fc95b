-- Which probes measure a gene on each platform?
-- Here the biomarkers; for genes of your own: WITH wanted AS (SELECT unnest(['PARP12', 'MT1M']) AS gene)
-- Answer: one row for each gene and dataset with a platform
--   gene | VARCHAR | gene symbol
--   study | VARCHAR | study
--   dataset | VARCHAR | dataset
--   platform | VARCHAR | platform
--   n_probes | BIGINT | probes that measure only this gene; 0 when the platform does not measure it
--   probes | VARCHAR[] | the probes
--   symbol_column | VARCHAR | column of the platform's table with the symbols
WITH wanted AS (
    SELECT DISTINCT gene FROM signature.biomarkers
)
SELECT
    w.gene, d.study, d.dataset, d.platform,
    count(p.probe) AS n_probes,
    coalesce(list(p.probe ORDER BY p.probe) FILTER (p.probe IS NOT NULL), []) AS probes,
    any_value(d.symbol_column) AS symbol_column
FROM wanted AS w
CROSS JOIN source.datasets AS d
LEFT JOIN source.probe_genes AS p ON p.study = d.study AND p.dataset = d.dataset AND p.gene = w.gene
WHERE d.platform IS NOT NULL
GROUP BY w.gene, d.study, d.dataset, d.platform
ORDER BY w.gene, d.study, d.dataset;
