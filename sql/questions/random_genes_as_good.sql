-- Would random genes have done as well as the biomarkers?
-- The model's AUC beside that of models on as many random expressed genes, in every cohort and validation dataset.
-- Answer: one row for each study and subject
--   study | VARCHAR | study
--   subject | VARCHAR | cohort or validation dataset
--   auc | DOUBLE | AUC of the model
--   n_random | BIGINT | random gene sets
--   random_median | DOUBLE | median of their AUC
--   random_highest_5_percent | DOUBLE | 95 % quantile of their AUC
--   share_as_good | DOUBLE | share of the random sets that do at least as well
SELECT
    study,
    subject,
    max(value) FILTER (draw = 0) AS auc,
    count(*) FILTER (draw > 0) AS n_random,
    median(value) FILTER (draw > 0) AS random_median,
    quantile_cont(value, 0.95) FILTER (draw > 0) AS random_highest_5_percent,
    avg(CAST(value >= observed AS DOUBLE)) FILTER (draw > 0) AS share_as_good
FROM (
    SELECT study, subject, draw, value, max(value) FILTER (draw = 0) OVER (PARTITION BY study, subject) AS observed
    FROM rigor.nulls
    WHERE statistic = 'auc' AND "null" <> 'random_degs'
)
GROUP BY study, subject
ORDER BY study, share_as_good DESC, subject;
