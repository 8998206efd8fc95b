-- Which samples look mislabelled?
-- A sample is shown when it is nearer to the other group's mean than to its own group's, its own value left out, over
-- the 50 genes with the smallest p-values; when its connectivity within its label is below -3; or when the sex that its
-- genes show is not the sex that its description states.
-- Answer: one row for each sample of a cohort and reason
--   study | VARCHAR | study
--   cohort | VARCHAR | cohort
--   dataset | VARCHAR | dataset
--   sample | VARCHAR | sample accession
--   label | VARCHAR | label that the study gives it
--   reason | VARCHAR | expression, connectivity or sex
--   statistic | DOUBLE | distance to its own group over distance to the other; Z.k; Y genes less XIST, in log2
--   title | VARCHAR | title of the sample
WITH top_genes AS (
    SELECT study, cohort, gene
    FROM differential.statistics
    QUALIFY row_number() OVER (PARTITION BY study, cohort ORDER BY p_value, gene) <= 50
),
expressed AS (
    SELECT e.study, e.cohort, e.gene, e.sample, c.is_case, e.value_adjusted AS x
    FROM cohort.expression AS e
    JOIN top_genes AS t ON t.study = e.study AND t.cohort = e.cohort AND t.gene = e.gene
    JOIN cohort.samples AS c ON c.study = e.study AND c.cohort = e.cohort AND c.sample = e.sample
    WHERE e.value_adjusted IS NOT NULL
),
group_sums AS (
    SELECT study, cohort, gene, is_case, sum(x) AS total, count(*) AS n
    FROM expressed
    GROUP BY study, cohort, gene, is_case
),
distances AS (
    SELECT
        e.study, e.cohort, e.sample,
        sqrt(sum(power(e.x - (own.total - e.x) / (own.n - 1), 2)))
        / sqrt(sum(power(e.x - other.total / other.n, 2))) AS ratio
    FROM expressed AS e
    JOIN group_sums AS own
        ON own.study = e.study AND own.cohort = e.cohort AND own.gene = e.gene AND own.is_case = e.is_case
    JOIN group_sums AS other
        ON other.study = e.study AND other.cohort = e.cohort AND other.gene = e.gene AND other.is_case <> e.is_case
    WHERE own.n > 1
    GROUP BY e.study, e.cohort, e.sample
),
stated_sex AS (
    SELECT
        study, dataset, sample,
        any_value(lower(item.value)) AS sex
    FROM (SELECT study, dataset, sample, unnest(map_entries(characteristics)) AS item FROM source.samples)
    WHERE lower(item.key) IN ('sex', 'gender') AND lower(item.value) IN ('m', 'f', 'male', 'female')
    GROUP BY study, dataset, sample
),
reasons AS (
    SELECT study, cohort, sample, 'expression' AS reason, ratio AS statistic FROM distances WHERE ratio > 1
    UNION ALL
    SELECT c.study, c.cohort, c.sample, 'connectivity', q.connectivity_z
    FROM cohort.samples AS c
    JOIN expression.quality AS q ON q.study = c.study AND q.dataset = c.dataset AND q.sample = c.sample
    WHERE q.connectivity_z < -3
    UNION ALL
    SELECT c.study, c.cohort, c.sample, 'sex', q.y_genes - q.xist
    FROM cohort.samples AS c
    JOIN expression.quality AS q ON q.study = c.study AND q.dataset = c.dataset AND q.sample = c.sample
    JOIN stated_sex AS s ON s.study = c.study AND s.dataset = c.dataset AND s.sample = c.sample
    WHERE (s.sex[1] = 'f') <> (q.xist > q.y_genes)
)
SELECT r.study, r.cohort, c.dataset, r.sample, s.label, r.reason, r.statistic, s.title
FROM reasons AS r
JOIN cohort.samples AS c ON c.study = r.study AND c.cohort = r.cohort AND c.sample = r.sample
LEFT JOIN source.samples AS s ON s.study = c.study AND s.dataset = c.dataset AND s.sample = c.sample
ORDER BY r.study, r.cohort, r.reason, abs(r.statistic) DESC, r.sample;
