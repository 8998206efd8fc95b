-- Which published numbers were found again, and which were not?
-- Answer: one row for each published quantity, disagreements first
--   study | VARCHAR | study
--   quantity | VARCHAR | what is compared
--   published | VARCHAR | what the paper states
--   computed | VARCHAR | what was computed here
--   agrees | VARCHAR | no, yes or not testable
SELECT study, quantity, published, computed, agrees
FROM report.published
ORDER BY study, CASE agrees WHEN 'no' THEN 0 WHEN 'yes' THEN 1 ELSE 2 END, quantity;
