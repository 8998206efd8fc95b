"""The choice of genes repeated: folds, bootstraps, permutations, nested cross-validation, nulls, stability."""
