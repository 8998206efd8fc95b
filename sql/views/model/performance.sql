-- Made by `make generated` from the table's declaration.
-- Performance of the risk model: apparent on the samples on which it was fitted, and corrected for optimism.
CREATE VIEW model.performance AS
SELECT
    CAST(study AS VARCHAR) AS study,
    CAST(metric AS VARCHAR) AS metric,
    CAST(apparent AS DOUBLE) AS apparent,
    CAST(optimism AS DOUBLE) AS optimism,
    CAST(corrected AS DOUBLE) AS corrected
FROM read_parquet('{{lake}}/model/performance/*.parquet', union_by_name = true);
