-- Made by `make generated` from the table's declaration.
-- The samples of a cohort: the case and control samples of its datasets.
CREATE VIEW cohort.samples AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(is_case AS BOOLEAN) AS is_case,
    CAST(patient AS VARCHAR) AS patient,
    CAST(batch AS VARCHAR) AS batch,
    CAST(same_as AS VARCHAR) AS same_as,
    CAST(unit AS VARCHAR) AS unit
FROM read_parquet('{{lake}}/cohort/samples/*.parquet', union_by_name = true, filename = true);
