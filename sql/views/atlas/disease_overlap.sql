-- Made by `make generated` from the table's declaration.
-- Every pair of diseases of all studies: number of differentially expressed genes that they share, and its p-value.
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
    CAST(n_expected AS DOUBLE) AS n_expected,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(n_concordant AS BIGINT) AS n_concordant,
    CAST(shares_samples AS BOOLEAN) AS shares_samples
FROM read_parquet('{{lake}}/atlas/disease_overlap/*.parquet', union_by_name = true);
