"""The Parquet store with manifests, content hashes and history; steps, their recipes and their state."""
