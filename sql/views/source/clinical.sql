-- Made by `make generated` from the table's declaration.
-- One row for each sample and clinical field: sex, age, follow-up, from the files that `clinical:` names.
CREATE VIEW source.clinical AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(field AS VARCHAR) AS field,
    CAST(value AS VARCHAR) AS value,
    CAST(number AS DOUBLE) AS number,
    CAST(file AS VARCHAR) AS file
FROM read_parquet('{{lake}}/source/clinical/*.parquet', union_by_name = true, filename = true);
