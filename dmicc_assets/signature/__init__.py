"""The genes that cohorts share, their rank by random forests, and how stable the choice is. No I/O, no dagster."""
