-- Made by `make generated` from the table's declaration.
-- The gene of each probe; probes without a symbol or with several are not used.
CREATE VIEW source.probe_genes AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(probe AS VARCHAR) AS probe,
    CAST(gene AS VARCHAR) AS gene,
    CAST(n_symbols AS BIGINT) AS n_symbols
FROM read_parquet('{{lake}}/source/probe_genes/*.parquet', union_by_name = true, filename = true);
