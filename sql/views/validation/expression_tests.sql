-- Made by `make generated` from the table's declaration.
-- Whether each signature gene differs the same way in every cohort and validation dataset: medians and Wilcoxon's
-- test.
CREATE VIEW validation.expression_tests AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(subject AS VARCHAR) AS subject,
    CAST(subject_kind AS VARCHAR) AS subject_kind,
    CAST(gene AS VARCHAR) AS gene,
    CAST(chosen_here AS BOOLEAN) AS chosen_here,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control,
    CAST(median_case AS DOUBLE) AS median_case,
    CAST(median_control AS DOUBLE) AS median_control,
    CAST(direction AS VARCHAR) AS direction,
    CAST(test AS VARCHAR) AS test,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(agrees AS BOOLEAN) AS agrees,
    CAST(welch_p_value AS DOUBLE) AS welch_p_value,
    CAST(expected_direction AS VARCHAR) AS expected_direction,
    CAST(measured_as AS VARCHAR) AS measured_as
FROM read_parquet('{{lake}}/validation/expression_tests/*.parquet', union_by_name = true, filename = true);
