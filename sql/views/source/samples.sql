-- Made by `make generated` from the table's declaration.
-- One row for each sample: title, source name, every characteristic, and its label in the study.
CREATE VIEW source.samples AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(dataset AS VARCHAR) AS dataset,
    CAST(sample AS VARCHAR) AS sample,
    CAST(title AS VARCHAR) AS title,
    CAST(source_name AS VARCHAR) AS source_name,
    CAST(label AS VARCHAR) AS label,
    CAST(patient AS VARCHAR) AS patient,
    CAST(batch AS VARCHAR) AS batch,
    CAST(same_as AS VARCHAR) AS same_as,
    CAST(map_from_entries(characteristics) AS MAP(VARCHAR, VARCHAR)) AS characteristics
FROM read_parquet('{{lake}}/source/samples/*.parquet', union_by_name = true, filename = true);
