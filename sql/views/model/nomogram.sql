-- Made by `make generated` from the table's declaration.
-- The risk model as a nomogram: points for each biomarker's expression, and the risk at their total.
CREATE VIEW model.nomogram AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(variable AS VARCHAR) AS variable,
    CAST(value AS DOUBLE) AS value,
    CAST(points AS DOUBLE) AS points,
    CAST(probability AS DOUBLE) AS probability
FROM read_parquet('{{lake}}/model/nomogram/*.parquet', union_by_name = true, filename = true);
