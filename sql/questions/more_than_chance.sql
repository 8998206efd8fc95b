-- Do the diseases share more genes than chance gives, and is the signature larger than under permuted labels?
-- Answer: one row a study
--   study | VARCHAR | study
--   n_shared | BIGINT | genes of the signature
--   n_expected | DOUBLE | shared genes expected by chance
--   p_value | DOUBLE | hypergeometric (or multi-set) upper tail; NULL with one cohort
--   n_concordant | BIGINT | genes that move the same way in every cohort
--   n_concordant_expected | DOUBLE | concordant genes expected by chance
--   concordance_p_value | DOUBLE | exact binomial p-value
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
    o.study, o.n_shared, o.n_expected, o.p_value,
    o.n_concordant, o.n_concordant_expected, o.concordance_p_value,
    c.n_permutations, c.n_as_large,
    CASE WHEN c.n_permutations > 0 THEN (c.n_as_large + 1) / (c.n_permutations + 1) END AS permutation_p_value
FROM signature.overlap AS o
JOIN counted AS c ON c.study = o.study
ORDER BY o.study;
