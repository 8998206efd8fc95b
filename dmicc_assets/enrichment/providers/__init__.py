"""Where gene-set libraries come from: one module a provider, and the folder in which fetched libraries are kept."""
