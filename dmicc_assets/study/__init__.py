"""The study file and the environment: what they may say, how they are found and read."""
