-- Made by `make generated` from the table's declaration.
-- The verified files of a dataset, exactly as GEO, Xena or the disk served them, with their checksums.
CREATE VIEW source.files AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(role AS VARCHAR) AS role,
    CAST(file AS VARCHAR) AS file,
    CAST(sha256 AS VARCHAR) AS sha256,
    CAST(n_bytes AS BIGINT) AS n_bytes,
    CAST(source_url AS VARCHAR) AS source_url,
    CAST(last_modified AS VARCHAR) AS last_modified,
    CAST(etag AS VARCHAR) AS etag,
    CAST(retrieved_at AS TIMESTAMPTZ) AS retrieved_at
FROM read_parquet('{{lake}}/source/files/*.parquet', union_by_name = true, filename = true);
