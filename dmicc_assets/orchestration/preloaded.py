"""What a process loads before it forks others: the libraries of computing and drawing, without dagster.

A fork has one thread, and what another one held stays locked in it: so such a process does nothing but load. The
threads that polars, its allocator and OpenBLAS begin thereby wait, and hold nothing.
"""

COMPUTING = (
    *("dmicc_assets.assets", "dmicc_assets.report.figures.kept", "dmicc_assets.report.figures.catalog"),
    *("scipy.cluster.hierarchy", "scipy.stats", "sklearn.manifold", "sklearn.model_selection", "sklearn.tree"),
    "matplotlib.backends.backend_svg",
)
