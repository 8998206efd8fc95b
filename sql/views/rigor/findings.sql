-- Made by `make generated` from the table's declaration.
-- Quality of the result: the finding of every rigor check, for the study or for one of its datasets or cohorts.
CREATE VIEW rigor.findings AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(subject AS VARCHAR) AS subject,
    CAST(code AS VARCHAR) AS code,
    CAST(severity AS VARCHAR) AS severity,
    CAST(statistic AS DOUBLE) AS statistic,
    CAST(threshold AS DOUBLE) AS threshold,
    CAST(measure AS VARCHAR) AS measure,
    CAST(fires AS VARCHAR) AS fires,
    CAST(message AS VARCHAR) AS message,
    CAST(citation AS VARCHAR) AS citation
FROM read_parquet('{{lake}}/rigor/findings/*.parquet', union_by_name = true, filename = true);
