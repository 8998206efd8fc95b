-- Made by `make generated` from the table's declaration.
-- The verdict: what the result is worth, in one line and three sentences. docs/verdict.md has the rules.
CREATE VIEW rigor.verdict AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(level AS VARCHAR) AS level,
    CAST(line AS VARCHAR) AS line,
    CAST(found AS VARCHAR) AS found,
    CAST(trust AS VARCHAR) AS trust,
    CAST(missing AS VARCHAR) AS missing,
    CAST(reasons AS VARCHAR[]) AS reasons
FROM read_parquet('{{lake}}/rigor/verdict/*.parquet', union_by_name = true, filename = true);
