"""A study as one folder that needs nothing else: tables, figures, report, provenance, as an RO-Crate."""
