-- Made by `make generated` from the table's declaration.
-- Entrez and Ensembl identifiers of the measured genes, where the platform's annotation gives them.
CREATE VIEW source.gene_ids AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(namespace AS VARCHAR) AS namespace,
    CAST(identifier AS VARCHAR) AS identifier,
    CAST(gene AS VARCHAR) AS gene
FROM read_parquet('{{lake}}/source/gene_ids/*.parquet', union_by_name = true, filename = true);
