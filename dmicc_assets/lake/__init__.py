"""The Parquet store: manifests, content, history; steps, their recipes, and which of them are up to date."""
