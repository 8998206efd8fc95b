"""Which columns each table of the report shows, in their order; the download has all of them.

The order of the rows is the sections' (`sections.py`, `appendix.py`), the look of a cell `data_tables.py`'s.
"""

# What identifies a row, then p, adjusted p and effect; so many that a page of 1,280 pixels needs no scrolling.
SHOWN: dict[str, tuple[str, ...]] = {
    "source/samples": ("dataset", "sample", "label", "patient", "title", "source_name"),
    "source/files": ("dataset", "role", "file", "n_bytes", "sha256", "retrieved_at"),
    "expression/quality": (
        "dataset", "sample", "label", "connectivity_z", "n_missing", "median", "iqr", "median_before", "iqr_before",
    ),
    "differential/statistics": ("gene", "p_value", "adj_p_value", "log_fc", "interval_95"),
    "enrichment/camera": ("term_name", "p_value", "adj_p_value", "direction", "n_genes", "cohort", "library"),
    "enrichment/terms": (
        "term_name", "p_value", "adj_p_value", "n_overlap", "set_size", "cohort", "library", "genes",
    ),
    "enrichment/gsea": (
        "term_name", "p_value", "fdr", "nes", "label_p_value", "cohort", "library", "leading_edge",
    ),
    "signature/ranking": (
        "cohort", "gene", "rank", "rank_low", "rank_high", "gini_importance", "permutation_importance",
    ),
    "signature/stability": ("gene", "frequency", "method"),
    "signature/sensitivity": ("setting", "n_shared", "jaccard"),
    "validation/roc": (
        "predictor", "auc", "interval_95", "subject", "kind", "n_case", "n_control", "sensitivity", "specificity",
    ),
    "validation/trivial": (
        "predictor", "auc", "interval_95", "difference", "difference_low", "difference_high", "n_case", "n_control",
        "genes",
    ),
    "validation/internal_external": (
        "dataset", "auc", "interval_95", "q_p_value", "i_squared", "n_case", "n_control", "biomarkers",
    ),
    "validation/performance": ("subject", "metric", "value", "interval_95", "scale", "n_case", "n_control"),
    "validation/subgroups": ("subject", "field", "value", "auc", "interval_95", "n_case", "n_control", "kind"),
    "validation/expression_tests": (
        "gene", "p_value", "welch_p_value", "subject", "direction", "agrees", "test", "median_case", "median_control",
        "chosen_here",
    ),
    "model/coefficients": (
        "term", "coefficient", "p_value", "interval_95", "std_error", "probability_coefficient", "estimator",
        "training_mean", "training_sd",
    ),
    "model/performance": ("what_it_is", "nested", "interval_95", "apparent", "optimism", "corrected"),
    "model/nomogram": ("variable", "value", "points", "probability"),
    "rigor/probast": ("part", "domain", "concern", "because", "for_author"),
    "report/published": ("what", "published", "computed", "agrees"),
    "provenance": ("table", "partition", "n_rows", "recipe", "content", "written_at"),
}  # fmt: skip
