-- Made by `make generated` from the table's declaration.
-- Importance of each signature gene for a random forest that separates cases from controls, in each cohort.
CREATE VIEW signature.ranking AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(gene AS VARCHAR) AS gene,
    CAST(rank AS BIGINT) AS rank,
    CAST(gini_importance AS DOUBLE) AS gini_importance,
    CAST(permutation_importance AS DOUBLE) AS permutation_importance,
    CAST(rank_low AS DOUBLE) AS rank_low,
    CAST(rank_high AS DOUBLE) AS rank_high,
    CAST(n_trees AS BIGINT) AS n_trees
FROM read_parquet('{{lake}}/signature/ranking/*.parquet', union_by_name = true, filename = true);
