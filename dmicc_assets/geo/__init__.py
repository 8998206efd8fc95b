"""GEO as it is served: accessions, files, formats, revisions. No dagster, no statistics."""
