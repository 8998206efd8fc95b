"""Differential expression of a cohort: moderated t-statistics of every gene and the genes that pass the thresholds."""
