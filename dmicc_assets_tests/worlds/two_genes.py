"""A list of two differentially expressed genes, as a step writes it to the lake, and where it is said to come from."""

import polars as pl

from dmicc_assets.lake.manifest import Origin

ORIGIN = Origin("recipe", "1", {}, [], {}, "run")
GENES = pl.DataFrame(
    {
        "gene": ["B", "A"],
        "log_fc": [1.5, -2.0],
        "p_value": [0.01, 0.02],
        "adj_p_value": [0.02, 0.02],
        "direction": ["up", "down"],
    }
)
