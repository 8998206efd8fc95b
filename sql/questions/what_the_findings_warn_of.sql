-- What do the rigor checks warn of?
-- Answer: one row for each finding that is an error or a warning, errors first
--   study | VARCHAR | study
--   code | VARCHAR | code of the check
--   severity | VARCHAR | error or warning
--   subject | VARCHAR | cohort, dataset or study it is about
--   statistic | DOUBLE | what was measured
--   threshold | DOUBLE | the value beyond which the check fires
--   measure | VARCHAR | what the statistic is
--   fires | VARCHAR | side of the threshold on which the check fires
--   message | VARCHAR | what it means here
--   citation | VARCHAR | source of the check
SELECT study, code, severity, subject, statistic, threshold, measure, fires, message, citation
FROM rigor.findings
WHERE severity IN ('error', 'warning')
ORDER BY study, severity, code, subject;
