-- Made by `make generated` from the table's declaration.
-- The points of every ROC curve: true against false positive rate at each cut-off.
CREATE VIEW validation.roc_curve AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(subject AS VARCHAR) AS subject,
    CAST(subject_kind AS VARCHAR) AS subject_kind,
    CAST(predictor AS VARCHAR) AS predictor,
    CAST(kind AS VARCHAR) AS kind,
    CAST(point AS BIGINT) AS point,
    CAST(threshold AS DOUBLE) AS threshold,
    CAST(fpr AS DOUBLE) AS fpr,
    CAST(tpr AS DOUBLE) AS tpr
FROM read_parquet('{{lake}}/validation/roc_curve/*.parquet', union_by_name = true, filename = true);
