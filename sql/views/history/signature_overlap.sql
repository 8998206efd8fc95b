-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.overlap, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_overlap AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.n_universe AS BIGINT) AS n_universe,
    CAST(rows.n_shared AS BIGINT) AS n_shared,
    CAST(rows.sharing_expected AS DOUBLE) AS sharing_expected,
    CAST(rows.sharing_p_value AS DOUBLE) AS sharing_p_value,
    CAST(rows.direction_p_value AS DOUBLE) AS direction_p_value,
    CAST(rows.n_expected AS DOUBLE) AS n_expected,
    CAST(rows.p_value AS DOUBLE) AS p_value,
    CAST(rows.n_concordant AS BIGINT) AS n_concordant,
    CAST(rows.n_concordant_expected AS DOUBLE) AS n_concordant_expected,
    CAST(rows.concordance_p_value AS DOUBLE) AS concordance_p_value
FROM read_parquet('{{lake}}/history/signature/overlap/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/overlap/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
