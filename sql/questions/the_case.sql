-- Which findings in the patient who raised the question were abnormal?
-- Answer: one row for each observation that has a flag
--   study | VARCHAR | study
--   section | VARCHAR | imaging, tumour markers, pathology, ...
--   item | VARCHAR | what was observed
--   value | VARCHAR | what was seen
--   unit | VARCHAR | unit of a measurement
--   reference | VARCHAR | reference limit
--   flag | VARCHAR | high, low, positive or abnormal
SELECT study, section, item, value, unit, reference, flag
FROM clinical.case_observations
WHERE flag IN ('high', 'low', 'positive', 'abnormal')
ORDER BY study, position;
