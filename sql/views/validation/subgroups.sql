-- Made by `make generated` from the table's declaration.
-- How well the model separates cases from controls in each known subgroup of people. Where no difference is shown,
-- the subgroups are not shown to be equal: most have too few samples for that.
CREATE VIEW validation.subgroups AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(subject AS VARCHAR) AS subject,
    CAST(subject_kind AS VARCHAR) AS subject_kind,
    CAST(field AS VARCHAR) AS field,
    CAST(value AS VARCHAR) AS value,
    CAST(kind AS VARCHAR) AS kind,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control,
    CAST(auc AS DOUBLE) AS auc,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(interval AS VARCHAR) AS interval
FROM read_parquet('{{lake}}/validation/subgroups/*.parquet', union_by_name = true, filename = true);
