"""The rigor checks: what a result is worth, the verdict, TRIPOD+AI. Pure functions of what a study found."""
