"""The risk model on the biomarkers: fit, nomogram, internal and external validation, decision curve.

No I/O, no dagster.
"""
