"""The pages that `dmicc ui` serves beside Dagster's UI: studies and their reports, a new study, scores of new patients.

A page reads a form, calls the functions of the commands, and renders a template. It computes nothing.
"""
