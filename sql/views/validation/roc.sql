-- Made by `make generated` from the table's declaration.
-- How well each signature gene and the model separate cases from controls: area under the ROC curve, by kind of
-- estimate.
CREATE VIEW validation.roc AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(subject AS VARCHAR) AS subject,
    CAST(subject_kind AS VARCHAR) AS subject_kind,
    CAST(predictor AS VARCHAR) AS predictor,
    CAST(kind AS VARCHAR) AS kind,
    CAST(chosen_here AS BOOLEAN) AS chosen_here,
    CAST(auc AS DOUBLE) AS auc,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(interval AS VARCHAR) AS interval,
    CAST(threshold AS DOUBLE) AS threshold,
    CAST(sensitivity AS DOUBLE) AS sensitivity,
    CAST(specificity AS DOUBLE) AS specificity,
    CAST(direction AS VARCHAR) AS direction,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control,
    CAST(measured_as AS VARCHAR) AS measured_as
FROM read_parquet('{{lake}}/validation/roc/*.parquet', union_by_name = true, filename = true);
