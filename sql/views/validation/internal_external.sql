-- Made by `make generated` from the table's declaration.
-- Internal-external validation of a merged cohort: every dataset in turn is left out of choice and fit.
CREATE VIEW validation.internal_external AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(auc AS DOUBLE) AS auc,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(q_p_value AS DOUBLE) AS q_p_value,
    CAST(i_squared AS DOUBLE) AS i_squared,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control,
    CAST(biomarkers AS VARCHAR[]) AS biomarkers
FROM read_parquet('{{lake}}/validation/internal_external/*.parquet', union_by_name = true, filename = true);
