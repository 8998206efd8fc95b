"""GEO as it is served: accessions, files, formats, revisions, and a simulated mirror. No dagster, no statistics."""
