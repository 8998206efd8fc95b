-- Made by `make generated` from the table's declaration.
-- Calibration: whether 30 of 100 people with a predicted risk of 30 % are cases; apparent on the training samples,
-- and corrected for optimism.
CREATE VIEW model.calibration AS
SELECT
    CAST(study AS VARCHAR) AS study,
    CAST(kind AS VARCHAR) AS kind,
    CAST(predicted AS DOUBLE) AS predicted,
    CAST(observed AS DOUBLE) AS observed,
    CAST(observed_corrected AS DOUBLE) AS observed_corrected,
    CAST(n_resamples AS BIGINT) AS n_resamples
FROM read_parquet('{{lake}}/model/calibration/*.parquet', union_by_name = true);
