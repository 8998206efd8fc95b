-- Made by `make generated` from the table's declaration.
-- Every pair of diseases of all studies: number of differentially expressed genes that they share, and whether these
-- are more than another axis of variation of the tissues gives.
CREATE VIEW atlas.disease_overlap AS
SELECT
    CAST(study_a AS VARCHAR) AS study_a,
    CAST(cohort_a AS VARCHAR) AS cohort_a,
    CAST(study_b AS VARCHAR) AS study_b,
    CAST(cohort_b AS VARCHAR) AS cohort_b,
    CAST(n_universe AS BIGINT) AS n_universe,
    CAST(n_a AS BIGINT) AS n_a,
    CAST(n_b AS BIGINT) AS n_b,
    CAST(n_shared AS BIGINT) AS n_shared,
    CAST(sharing_expected AS DOUBLE) AS sharing_expected,
    CAST(sharing_p_value AS DOUBLE) AS sharing_p_value,
    CAST(sharing_adj_p_value AS DOUBLE) AS sharing_adj_p_value,
    CAST(direction_p_value AS DOUBLE) AS direction_p_value,
    CAST(direction_adj_p_value AS DOUBLE) AS direction_adj_p_value,
    CAST(n_expected AS DOUBLE) AS n_expected,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(n_concordant AS BIGINT) AS n_concordant,
    CAST(shares_samples AS BOOLEAN) AS shares_samples
FROM read_parquet('{{lake}}/atlas/disease_overlap/*.parquet', union_by_name = true);
