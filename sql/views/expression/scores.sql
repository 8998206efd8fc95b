-- Made by `make generated` from the table's declaration.
-- How strongly each gene set of the study's `scores` is expressed in each sample of a dataset; a description, not a
-- test. Empty when the study asks for no scores.
CREATE VIEW expression.scores AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(library AS VARCHAR) AS library,
    CAST(term AS VARCHAR) AS term,
    CAST(method AS VARCHAR) AS method,
    CAST(term_name AS VARCHAR) AS term_name,
    CAST(n_genes AS BIGINT) AS n_genes,
    CAST(score AS DOUBLE) AS score
FROM read_parquet('{{lake}}/expression/scores/*.parquet', union_by_name = true, filename = true);
