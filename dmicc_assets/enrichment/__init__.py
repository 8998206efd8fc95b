"""Gene-set libraries, over-representation and preranked enrichment. No network, no dagster."""
