-- Every earlier content of an asset's partition: when it was written and replaced, and why.
CREATE VIEW history.revisions AS
SELECT
    split_part(partition, '.', 1) AS study,
    "table" AS asset,
    partition,
    revision,
    CAST(written_at AS TIMESTAMPTZ) AS since,
    CAST(until AS TIMESTAMPTZ) AS until,
    because,
    n_rows
FROM read_json(
    '{{lake}}/history/*/*/*/*.json',
    columns = {
        'table': 'VARCHAR', partition: 'VARCHAR', revision: 'BIGINT', written_at: 'VARCHAR', until: 'VARCHAR',
        because: 'VARCHAR', n_rows: 'BIGINT'
    }
)
WHERE revision > 0;
