"""What a study has in the lake, read for checks, figures, report, export and command line."""
