-- Made by `make generated` from the table's declaration.
-- Quality, risk of bias and applicability of the model by the domains of PROBAST+AI, filled from the findings.
CREATE VIEW rigor.probast AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(position AS BIGINT) AS position,
    CAST(part AS VARCHAR) AS part,
    CAST(domain AS VARCHAR) AS domain,
    CAST(concern AS VARCHAR) AS concern,
    CAST(because AS VARCHAR) AS because,
    CAST(for_author AS VARCHAR) AS for_author
FROM read_parquet('{{lake}}/rigor/probast/*.parquet', union_by_name = true, filename = true);
