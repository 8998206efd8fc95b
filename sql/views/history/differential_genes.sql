-- Made by `make generated` from the table's declaration.
-- Earlier contents of differential.genes, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.differential_genes AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.cohort AS VARCHAR) AS cohort,
    CAST(rows.gene AS VARCHAR) AS gene,
    CAST(rows.log_fc AS DOUBLE) AS log_fc,
    CAST(rows.p_value AS DOUBLE) AS p_value,
    CAST(rows.adj_p_value AS DOUBLE) AS adj_p_value,
    CAST(rows.direction AS VARCHAR) AS direction
FROM read_parquet('{{lake}}/history/differential/genes/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/differential/genes/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
