"""A study's results in the lake, read for checks, figures, report, export and command line."""
