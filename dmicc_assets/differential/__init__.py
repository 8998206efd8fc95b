"""Differential expression of a cohort: moderated t-statistics of every gene and the genes past the thresholds."""
