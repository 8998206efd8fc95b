"""From a matrix as served to gene-level cohorts: scale, normalise, collapse, label, merge. No I/O, no dagster."""
