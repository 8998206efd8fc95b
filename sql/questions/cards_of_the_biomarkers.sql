-- What is known of each biomarker: fold change, rank, test and AUC in every cohort and validation dataset?
-- For one gene: FROM gene_card('PARP12')
-- Answer: one row for each biomarker, study that measured it and subject
--   gene | VARCHAR | biomarker
--   study | VARCHAR | study
--   subject | VARCHAR | cohort or validation dataset
--   log_fc | DOUBLE | log2 fold change; NULL in a validation dataset
--   adj_p_value | DOUBLE | Benjamini-Hochberg
--   rank | BIGINT | rank of its importance
--   wilcoxon_p_value | DOUBLE | Wilcoxon's test
--   agrees | BOOLEAN | whether the direction is the expected one
--   auc | DOUBLE | AUC, apparent in a cohort and external in a validation dataset
SELECT b.gene, c.study, c.subject, c.log_fc, c.adj_p_value, c.rank, c.wilcoxon_p_value, c.agrees, c.auc
FROM (SELECT DISTINCT gene FROM signature.biomarkers) AS b, gene_card(b.gene) AS c
ORDER BY b.gene, c.study, c.subject;
