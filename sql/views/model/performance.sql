-- Made by `make generated` from the table's declaration.
-- How good the risk model is: out of fold with the genes chosen inside the folds, and for the fit only, as it appears
-- on the samples that chose the genes and corrected for the optimism of the fit.
CREATE VIEW model.performance AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(metric AS VARCHAR) AS metric,
    CAST(nested AS DOUBLE) AS nested,
    CAST(nested_low AS DOUBLE) AS nested_low,
    CAST(nested_high AS DOUBLE) AS nested_high,
    CAST(apparent AS DOUBLE) AS apparent,
    CAST(optimism AS DOUBLE) AS optimism,
    CAST(corrected AS DOUBLE) AS corrected
FROM read_parquet('{{lake}}/model/performance/*.parquet', union_by_name = true, filename = true);
