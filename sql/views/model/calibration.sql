-- Made by `make generated` from the table's declaration.
-- Whether a predicted risk of 30 % means 30 cases of 100: observed against predicted, out of fold, and as it appears
-- on the samples that chose the genes.
CREATE VIEW model.calibration AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(kind AS VARCHAR) AS kind,
    CAST(predicted AS DOUBLE) AS predicted,
    CAST(observed AS DOUBLE) AS observed,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(observed_corrected AS DOUBLE) AS observed_corrected,
    CAST(n_resamples AS BIGINT) AS n_resamples
FROM read_parquet('{{lake}}/model/calibration/*.parquet', union_by_name = true, filename = true);
