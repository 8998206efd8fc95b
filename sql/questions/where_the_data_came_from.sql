-- Where did the data come from, when were they fetched, and how many samples have which label?
-- Answer: one row for each dataset
--   study | VARCHAR | study
--   dataset | VARCHAR | dataset
--   accession | VARCHAR | series accession, matrix name or file name
--   platform | VARCHAR | platform; NULL when the matrix is by gene
--   tissue | VARCHAR | tissue
--   labels | MAP(VARCHAR, BIGINT) | samples by label
--   used_in | VARCHAR[] | cohorts that use it
--   scale_detected | VARCHAR | linear when log2 was taken
--   last_update_date | VARCHAR | last update that GEO states
--   retrieved_at | TIMESTAMP WITH TIME ZONE | when it was fetched
--   source_url | VARCHAR | where from
--   content_sha256 | VARCHAR | SHA-256 of its data table
WITH labels AS (
    SELECT study, dataset, map(list(label ORDER BY label), list(n ORDER BY label)) AS labels
    FROM (SELECT study, dataset, label, count(*) AS n FROM source.samples GROUP BY study, dataset, label)
    GROUP BY study, dataset
),
used AS (
    SELECT study, dataset, list(DISTINCT cohort ORDER BY cohort) AS used_in
    FROM cohort.samples
    GROUP BY study, dataset
)
SELECT
    d.study, d.dataset, d.accession, d.platform, d.tissue, l.labels,
    coalesce(u.used_in, []) AS used_in,
    d.scale_detected, d.last_update_date, d.retrieved_at, d.source_url, d.content_sha256
FROM source.datasets AS d
LEFT JOIN labels AS l ON l.study = d.study AND l.dataset = d.dataset
LEFT JOIN used AS u ON u.study = d.study AND u.dataset = d.dataset
ORDER BY d.study, d.dataset;
