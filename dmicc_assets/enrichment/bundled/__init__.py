"""The Gene Ontology that comes with the package, for when none can be fetched, and the script that made it."""
