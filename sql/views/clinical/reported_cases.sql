-- Made by `make generated` from the table's declaration.
-- Patients with both diseases that were reported before.
CREATE VIEW clinical.reported_cases AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(author AS VARCHAR) AS author,
    CAST(year AS BIGINT) AS year,
    CAST(sex AS VARCHAR) AS sex,
    CAST(age AS BIGINT) AS age,
    CAST(finding AS VARCHAR) AS finding,
    CAST(doi AS VARCHAR) AS doi
FROM read_parquet('{{lake}}/clinical/reported_cases/*.parquet', union_by_name = true, filename = true);
