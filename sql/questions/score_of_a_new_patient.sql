-- What are the scores of new samples by the risk model?
-- Here samples of the model's datasets whose label no cohort uses stand for new patients. For a file of your own, whose first column is the
-- gene and every other one a sample: FROM score_file('dm_icc', 'patients.tsv'); for one patient:
-- SELECT risk_dm_icc("PARP12" := 9.1, "MT1M" := 7.4). Values are log2 on the scale of the training samples; samples
-- are not standardised together.
-- Answer: one row for each sample
--   study | VARCHAR | study whose model is used
--   dataset | VARCHAR | dataset of the sample
--   sample | VARCHAR | sample accession
--   label | VARCHAR | its label
--   linear_predictor | DOUBLE | log-odds; NULL when a gene is missing
--   probability | DOUBLE | at the prevalence of the training samples
--   out_of_range | VARCHAR[] | genes outside the range of the training samples: the score is extrapolated
--   missing_genes | VARCHAR[] | genes without a value
WITH model_datasets AS (
    SELECT DISTINCT c.study, c.dataset
    FROM cohort.samples AS c
    JOIN validation.roc AS r
        ON r.study = c.study AND r.subject = c.cohort AND r.predictor = 'model' AND r.kind = 'apparent'
),
new_samples AS (
    SELECT s.study, s.dataset, s.sample, s.label
    FROM source.samples AS s
    JOIN model_datasets AS d ON d.study = s.study AND d.dataset = s.dataset
    WHERE NOT EXISTS (FROM cohort.samples AS c WHERE c.study = s.study AND c.dataset = s.dataset AND c.sample = s.sample)
),
contributions AS (
    SELECT
        n.study, n.dataset, n.sample, n.label, m.term, e.value,
        e.value < m.training_min OR e.value > m.training_max AS is_outside,
        m.probability_coefficient * CASE WHEN m.term = '(Intercept)' THEN 1 ELSE e.value END AS part
    FROM new_samples AS n
    JOIN model.coefficients AS m ON m.study = n.study
    LEFT JOIN expression.genes AS e
        ON e.study = n.study AND e.dataset = n.dataset AND e.sample = n.sample AND e.gene = m.term
),
scores AS (
    SELECT
        study, dataset, sample, label,
        CASE WHEN count(part) = count(*) THEN sum(part) END AS linear_predictor,
        list(term ORDER BY term) FILTER (is_outside) AS out_of_range,
        list(term ORDER BY term) FILTER (part IS NULL) AS missing_genes
    FROM contributions
    GROUP BY study, dataset, sample, label
)
SELECT
    study, dataset, sample, label, linear_predictor,
    1 / (1 + exp(-linear_predictor)) AS probability,
    coalesce(out_of_range, []) AS out_of_range,
    coalesce(missing_genes, []) AS missing_genes
FROM scores
ORDER BY study, probability DESC NULLS LAST, dataset, sample;
