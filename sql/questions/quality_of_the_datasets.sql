-- How good are the data: missing values, spread of the arrays, outliers, in every dataset and label?
-- Answer: one row for each dataset and label
--   study | VARCHAR | study
--   dataset | VARCHAR | dataset
--   label | VARCHAR | label of the samples
--   n_samples | BIGINT | samples
--   n_missing | BIGINT | missing values at gene level
--   median_range | DOUBLE | range of the samples' medians after normalisation, log2
--   median_range_before | DOUBLE | the same before normalisation
--   iqr_ratio | DOUBLE | largest over smallest interquartile range after normalisation
--   least_connected | VARCHAR | sample with the lowest connectivity within its label
--   least_connectivity_z | DOUBLE | its Z.k; below -3 it is an outlier
--   n_female_like | BIGINT | samples in which XIST is above the Y genes; NULL when neither is measured
SELECT
    study,
    dataset,
    label,
    count(*) AS n_samples,
    CAST(sum(n_missing) AS BIGINT) AS n_missing,
    max(median) - min(median) AS median_range,
    max(median_before) - min(median_before) AS median_range_before,
    max(iqr) / nullif(min(iqr), 0) AS iqr_ratio,
    arg_min(sample, connectivity_z) AS least_connected,
    min(connectivity_z) AS least_connectivity_z,
    CASE WHEN count(xist - y_genes) > 0 THEN count(*) FILTER (xist > y_genes) END AS n_female_like
FROM expression.quality
GROUP BY study, dataset, label
ORDER BY study, dataset, label;
