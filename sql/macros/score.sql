-- A study's frozen risk model on new samples: linear predictor and probability of each; NULL when a gene is missing.
-- FROM score('dm_icc', 'patients'), where the table, view or WITH query `patients` has the columns gene, sample
-- and value (log2 expression on the training data's scale).
CREATE MACRO score(study_name, samples) AS TABLE
WITH model AS (
    SELECT term, probability_coefficient AS coefficient, training_min, training_max
    FROM model.coefficients
    WHERE study = study_name AND term <> '(Intercept)'
),
intercept AS (
    SELECT probability_coefficient AS coefficient
    FROM model.coefficients
    WHERE study = study_name AND term = '(Intercept)'
),
given AS (
    SELECT CAST(sample AS VARCHAR) AS sample, CAST(gene AS VARCHAR) AS gene, CAST(value AS DOUBLE) AS value
    FROM query_table(samples)
),
wanted AS (
    SELECT s.sample, m.term, m.coefficient, m.training_min, m.training_max, g.value
    FROM (SELECT DISTINCT sample FROM given) AS s
    CROSS JOIN model AS m
    LEFT JOIN given AS g ON g.sample = s.sample AND g.gene = m.term AND isfinite(g.value)
),
scores AS (
    SELECT
        w.sample,
        list(w.term ORDER BY w.term) FILTER (w.value IS NULL) AS missing_genes,
        list(w.term ORDER BY w.term) FILTER (w.value < w.training_min OR w.value > w.training_max) AS out_of_range,
        CASE WHEN count(w.value) = count(*) THEN any_value(i.coefficient) + sum(w.coefficient * w.value) END
            AS linear_predictor
    FROM wanted AS w CROSS JOIN intercept AS i
    GROUP BY w.sample
)
SELECT
    sample,
    linear_predictor,
    1 / (1 + exp(-linear_predictor)) AS probability,
    coalesce(out_of_range, []) AS out_of_range,
    coalesce(missing_genes, []) AS missing_genes
FROM scores
ORDER BY sample;
