"""A simulated GEO mirror with a planted truth, and how much of the truth a run found."""
