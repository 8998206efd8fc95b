"""The front door for Python: labelled frames in, labelled frames out. Files, runs and Dagster are elsewhere."""
