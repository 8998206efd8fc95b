"""The study file and the environment variables: definition, search and validation."""
