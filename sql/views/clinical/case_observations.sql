-- Made by `make generated` from the table's declaration.
-- What was observed in the patient who raised the question.
CREATE VIEW clinical.case_observations AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(position AS BIGINT) AS position,
    CAST(section AS VARCHAR) AS section,
    CAST(item AS VARCHAR) AS item,
    CAST(value AS VARCHAR) AS value,
    CAST(unit AS VARCHAR) AS unit,
    CAST(reference AS VARCHAR) AS reference,
    CAST(flag AS VARCHAR) AS flag
FROM read_parquet('{{lake}}/clinical/case_observations/*.parquet', union_by_name = true, filename = true);
