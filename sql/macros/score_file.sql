-- A study's frozen risk model on a file of new samples: TSV or CSV, plain or gzip, first column gene, then one column a
-- sample, log2 expression on the training data's scale. FROM score_file('dm_icc', 'patients.tsv')
CREATE MACRO score_file(study_name, file) AS TABLE
WITH patients AS (
    SELECT gene, sample, value
    FROM read_csv(file, header = true, names = ['gene'], nullstr = ['', 'NA', 'NaN'])
    UNPIVOT INCLUDE NULLS (value FOR sample IN (COLUMNS(* EXCLUDE (gene))))
)
FROM score(study_name, 'patients');
