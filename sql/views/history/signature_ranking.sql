-- Made by `make generated` from the table's declaration.
-- Earlier contents of signature.ranking, one revision a replacement: since when, until when, and why it was replaced.
CREATE VIEW history.signature_ranking AS
SELECT
    manifests.revision,
    CAST(manifests.written_at AS TIMESTAMPTZ) AS since,
    CAST(manifests.until AS TIMESTAMPTZ) AS until,
    manifests.because,
    CAST(rows.study AS VARCHAR) AS study,
    CAST(rows.cohort AS VARCHAR) AS cohort,
    CAST(rows.gene AS VARCHAR) AS gene,
    CAST(rows.rank AS BIGINT) AS rank,
    CAST(rows.gini_importance AS DOUBLE) AS gini_importance,
    CAST(rows.permutation_importance AS DOUBLE) AS permutation_importance,
    CAST(rows.rank_low AS DOUBLE) AS rank_low,
    CAST(rows.rank_high AS DOUBLE) AS rank_high,
    CAST(rows.n_trees AS BIGINT) AS n_trees
FROM read_parquet('{{lake}}/history/signature/ranking/*/*.parquet', union_by_name = true, filename = true) AS rows
JOIN read_json(
    '{{lake}}/history/signature/ranking/*/*.json',
    columns = {revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR', because: 'VARCHAR'},
    filename = true
) AS manifests
    ON replace(rows.filename, '.parquet', '.json') = manifests.filename;
