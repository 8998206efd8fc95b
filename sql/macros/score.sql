-- A study's frozen risk model on new samples: linear predictor and probability of each; NULL when a gene is missing.
-- FROM score('dm_icc', 'patients'), where the table, view or WITH query `patients` has the columns gene, sample
-- and value (log2 expression on the training data's scale). Like `dmicc score`, it also finds a gene under an
-- earlier symbol, which `measured_as` names.
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
found AS (
    SELECT n.gene, arg_min(n.name, n.rank) AS name
    FROM model_gene_names(study_name) AS n
    WHERE n.name IN (SELECT gene FROM given)
    GROUP BY n.gene
    HAVING min(n.rank) < 2 OR count(*) = 1
),
wanted AS (
    SELECT s.sample, m.term, f.name, m.coefficient, m.training_min, m.training_max, g.value
    FROM (SELECT DISTINCT sample FROM given) AS s
    CROSS JOIN model AS m
    LEFT JOIN found AS f ON f.gene = m.term
    LEFT JOIN given AS g ON g.sample = s.sample AND g.gene = f.name AND isfinite(g.value)
),
scores AS (
    SELECT
        w.sample,
        list(w.term ORDER BY w.term) FILTER (w.value IS NULL) AS missing_genes,
        list(w.term ORDER BY w.term) FILTER (w.value < w.training_min OR w.value > w.training_max) AS out_of_range,
        list(w.term || ' as ' || w.name ORDER BY w.term) FILTER (w.name <> w.term) AS measured_as,
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
    coalesce(missing_genes, []) AS missing_genes,
    coalesce(measured_as, []) AS measured_as
FROM scores
ORDER BY sample;
