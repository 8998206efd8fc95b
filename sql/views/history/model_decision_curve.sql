-- Made by `make generated` from the table's declaration.
-- Earlier contents of model.decision_curve, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.model_decision_curve AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.kind AS VARCHAR) AS kind,
    CAST(rows.threshold AS DOUBLE) AS threshold,
    CAST(rows.net_benefit_model AS DOUBLE) AS net_benefit_model,
    CAST(rows.ci_low AS DOUBLE) AS ci_low,
    CAST(rows.ci_high AS DOUBLE) AS ci_high,
    CAST(rows.net_benefit_all AS DOUBLE) AS net_benefit_all,
    CAST(rows.net_benefit_none AS DOUBLE) AS net_benefit_none,
    CAST(rows.prevalence AS DOUBLE) AS prevalence
FROM read_parquet('{{lake}}/history/model/decision_curve/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/model/decision_curve/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
