-- Made by `make generated` from the table's declaration.
-- Difference of every gene between cases and controls and its evidence: log2 fold change, moderated t-statistic and
-- p-values, as limma gives them.
CREATE VIEW differential.statistics AS
SELECT
    CAST(string_split(parse_filename(filename), '.')[1] AS VARCHAR) AS study,
    CAST(cohort AS VARCHAR) AS cohort,
    CAST(gene AS VARCHAR) AS gene,
    CAST(log_fc AS DOUBLE) AS log_fc,
    CAST(ave_expr AS DOUBLE) AS ave_expr,
    CAST(t AS DOUBLE) AS t,
    CAST(p_value AS DOUBLE) AS p_value,
    CAST(adj_p_value AS DOUBLE) AS adj_p_value,
    CAST(b AS DOUBLE) AS b,
    CAST(ci_low AS DOUBLE) AS ci_low,
    CAST(ci_high AS DOUBLE) AS ci_high,
    CAST(sigma AS DOUBLE) AS sigma,
    CAST(df_total AS DOUBLE) AS df_total,
    CAST(n_case AS BIGINT) AS n_case,
    CAST(n_control AS BIGINT) AS n_control
FROM read_parquet('{{lake}}/differential/statistics/*.parquet', union_by_name = true, filename = true);
