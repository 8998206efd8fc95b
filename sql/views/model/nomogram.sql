-- The nomogram: points a value of each biomarker gives, and the probability of the total.
CREATE VIEW model.nomogram AS
SELECT
    CAST(study AS VARCHAR) AS study,
    CAST(variable AS VARCHAR) AS variable,
    CAST(value AS DOUBLE) AS value,
    CAST(points AS DOUBLE) AS points,
    CAST(probability AS DOUBLE) AS probability
FROM read_parquet('{{lake}}/model/nomogram/*.parquet', union_by_name = true);
