"""Repeats of the choice of genes: folds, bootstraps, permutations, nested cross-validation, nulls, stability."""
