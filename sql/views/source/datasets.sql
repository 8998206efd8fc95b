-- Made by `make generated` from the table's declaration.
-- One row for each dataset: its origin, size and original scale.
CREATE VIEW source.datasets AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(source AS VARCHAR) AS source,
    CAST(accession AS VARCHAR) AS accession,
    CAST(platform AS VARCHAR) AS platform,
    CAST(title AS VARCHAR) AS title,
    CAST(organism AS VARCHAR) AS organism,
    CAST(n_samples AS BIGINT) AS n_samples,
    CAST(n_probes AS BIGINT) AS n_probes,
    CAST(last_update_date AS VARCHAR) AS last_update_date,
    CAST(scale_detected AS VARCHAR) AS scale_detected,
    CAST(source_url AS VARCHAR) AS source_url,
    CAST(content_sha256 AS VARCHAR) AS content_sha256,
    CAST(retrieved_at AS TIMESTAMPTZ) AS retrieved_at,
    CAST(tissue AS VARCHAR) AS tissue,
    CAST(symbol_column AS VARCHAR) AS symbol_column,
    CAST(relations AS VARCHAR) AS relations,
    CAST(pubmed_ids AS VARCHAR) AS pubmed_ids
FROM read_parquet('{{lake}}/source/datasets/*.parquet', union_by_name = true, filename = true);
