-- Made by `make generated` from the table's declaration.
-- Net benefit of acting by the model, compared with acting on everybody or on nobody (decision curve).
CREATE VIEW model.decision_curve AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(kind AS VARCHAR) AS kind,
    CAST(threshold AS DOUBLE) AS threshold,
    CAST(net_benefit_model AS DOUBLE) AS net_benefit_model,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(net_benefit_all AS DOUBLE) AS net_benefit_all,
    CAST(net_benefit_none AS DOUBLE) AS net_benefit_none,
    CAST(prevalence AS DOUBLE) AS prevalence
FROM read_parquet('{{lake}}/model/decision_curve/*.parquet', union_by_name = true, filename = true);
