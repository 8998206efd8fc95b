"""Export of a study as one self-contained folder: tables, figures, report, provenance, as an RO-Crate."""
