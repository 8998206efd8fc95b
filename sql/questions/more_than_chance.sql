-- Do the diseases share more genes than another axis of variation of their tissues gives?
-- Answer: one row for each study
--   study | VARCHAR | study
--   n_shared | BIGINT | genes of the signature
--   sharing_expected | DOUBLE | shared genes expected along another axis of variation of the tissues
--   sharing_p_value | DOUBLE | chance of as many along such axes; NULL with one cohort or without a shared gene
--   n_expected | DOUBLE | shared genes expected of lists drawn at random from all genes
--   p_value | DOUBLE | the usual test, genes as exchangeable: hypergeometric (or multi-set) upper tail
--   n_concordant | BIGINT | genes that move the same way in every cohort
--   direction_p_value | DOUBLE | chance that directions along such axes agree, or disagree, as much
--   n_concordant_expected | DOUBLE | concordant genes expected if genes moved independently
--   concordance_p_value | DOUBLE | exact binomial p-value, genes as independent
--   n_permutations | BIGINT | permutations of the labels
--   n_as_large | BIGINT | permutations whose signature is as large
--   permutation_p_value | DOUBLE | (n_as_large + 1) / (n_permutations + 1)
WITH permuted AS (
    SELECT study, draw, value
    FROM rigor.nulls
    WHERE statistic = 'signature_size' AND draw > 0
),
counted AS (
    SELECT
        o.study,
        count(p.draw) AS n_permutations,
        count(p.draw) FILTER (p.value >= o.n_shared) AS n_as_large
    FROM signature.overlap AS o
    LEFT JOIN permuted AS p ON p.study = o.study
    GROUP BY o.study
)
SELECT
    o.study, o.n_shared, o.sharing_expected, o.sharing_p_value, o.n_expected, o.p_value,
    o.n_concordant, o.direction_p_value, o.n_concordant_expected, o.concordance_p_value,
    c.n_permutations, c.n_as_large,
    CASE WHEN c.n_permutations > 0 THEN (c.n_as_large + 1) / (c.n_permutations + 1) END AS permutation_p_value
FROM signature.overlap AS o
JOIN counted AS c ON c.study = o.study
ORDER BY o.study;
