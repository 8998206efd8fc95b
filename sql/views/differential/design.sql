-- Made by `make generated` from the table's declaration.
-- The linear model by which a disease's genes are tested: its columns, and what is done about patients with several
-- samples.
CREATE VIEW differential.design AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(block AS VARCHAR) AS block,
    CAST(block_asked AS VARCHAR) AS block_asked,
    CAST(block_reason AS VARCHAR) AS block_reason,
    CAST(n_samples AS BIGINT) AS n_samples,
    CAST(n_patients AS BIGINT) AS n_patients,
    CAST(n_several AS BIGINT) AS n_several,
    CAST(n_both AS BIGINT) AS n_both,
    CAST(consensus_correlation AS DOUBLE) AS consensus_correlation,
    CAST(coefficients AS VARCHAR[]) AS coefficients
FROM read_parquet('{{lake}}/differential/design/*.parquet', union_by_name = true, filename = true);
