"""What a result is worth: every check of a study as a pure function that returns findings. No dagster, no lake."""
