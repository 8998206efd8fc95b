"""The rigor checks, the verdict and TRIPOD+AI: pure functions of a study's results."""
