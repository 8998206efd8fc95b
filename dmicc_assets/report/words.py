"""Words for the names in tables: kinds of performance, predictors, null distributions, settings.

A name without an entry is shown as it is in the table, with spaces for underscores.
"""

import re
from collections.abc import Iterable

_WORDS = {
    "apparent": "apparent (chosen here)",
    "leaky_cv": "leaky cross-validation (genes chosen here)",
    "nested_cv": "nested cross-validation",
    "bootstrap_632plus": ".632+ bootstrap",
    "model": "risk model",
    "model_raw": "risk model on raw log2",
    "wilcoxon_exact": "Wilcoxon, exact",
    "wilcoxon_normal": "Wilcoxon, normal approximation",
    "signed_rank_exact": "signed rank of patients, exact",
    "signed_rank_normal": "signed rank of patients, normal approximation",
    "clustered_rank_sum": "rank sum for repeated patients",
    "delong": "DeLong",
    "obuchowski": "Obuchowski, for repeated patients",
    "patient_bootstrap": "bootstrap of patients",
    "wald": "Wald",
    "profile": "profile of the penalised likelihood",
    "clustered": "robust to repeated patients",
    "ml": "maximum likelihood",
    "firth": "Firth",
    "z_score": "z-scores",
    "permuted_labels": "labels permuted",
    "random_signatures": "random expressed genes",
    "random_degs": "random differentially expressed genes",
    "leaky_cv_auc": "AUC of leaky cross-validation",
    "signature_size": "genes of the signature",
    "overlap": "−log10 p of the overlap",
    "auc": "AUC",
    "bootstrap": "in the signature, bootstrap",
    "bootstrap_biomarkers": "a biomarker, bootstrap",
    "leave_one_control_out": "in the signature, one control left out",
}
# Curves of `model/calibration` and `model/decision_curve`.
_CURVES = {
    "nested": "out of fold: genes chosen inside the folds",
    "nested_given_genes": "out of fold, where genes were chosen",
    "apparent": "fit only; the genes were chosen on these samples",
    "corrected": "fit only, corrected for its optimism",
}
# Indexes of `model/performance`, as rms names them, and counts of resamples.
INDEXES = {
    "c_statistic": "area under the ROC curve",
    "c_statistic_drop": "how much lower it is out of fold than on the samples that chose the genes",
    "c_statistic_given_genes": "given that genes are chosen: mean area within the folds that have a model",
    "brier": "Brier score: mean squared error of the probability",
    "slope": "calibration slope: 1 is right, less is too extreme",
    "slope_given_genes": "the same without the folds that have no model",
    "intercept": "calibration intercept",
    "brier_of_share": "Brier score of predicting the share of cases for everybody",
    "n_folds": "folds of all repeats",
    "n_empty_folds": "of these without a model: no gene was chosen, or none could be fitted",
    "calibration_error_mean": "mean distance of the corrected calibration curve from the diagonal",
    "calibration_error_q90": "90 % quantile of that distance",
    "emax": "largest distance of the calibration line from the diagonal",
    "dxy": "Somers' Dxy: 2 (area under the curve − 0.5)",
    "r2": "Nagelkerke's R²",
    "d": "discrimination index",
    "u": "unreliability index",
    "q": "quality index: discrimination less unreliability",
    "g": "Gini's mean difference of the log-odds",
    "gp": "Gini's mean difference of the probabilities",
    "n_resamples": "bootstrap resamples that could be refitted",
    "n_firth_refits": "of these refitted by Firth's likelihood",
}
# Headings of columns; a column without an entry loses its underscores and its prefix n_ or is_.
_HEADINGS = {
    "adj_p_value": "adjusted p",
    "apparent": "fit only: apparent",
    "ave_expr": "average expression",
    "auc": "area under the curve",
    "b": "log-odds of difference",
    "ci_high": "95 % high",
    "ci_low": "95 % low",
    "corrected": "fit only: corrected",
    "es": "enrichment score",
    "fdr": "false discovery rate",
    "frequency": "share of repeats",
    "gini_importance": "Gini importance",
    "inter_gene_correlation": "correlation of the genes",
    "interval_95": "95 % interval",
    "label_fdr": "false discovery rate, permuted labels",
    "label_p_value": "p, permuted labels",
    "log_fc": "log2 fold change",
    "n_background": "background genes",
    "n_case": "cases",
    "n_control": "controls",
    "n_concordant_expected": "concordant, genes independent",
    "n_expected": "shared, urn of all genes",
    "n_overlap": "genes found",
    "n_query": "genes asked",
    "n_rows": "rows",
    "n_universe": "genes in common",
    "nes": "normalised score",
    "nested": "nested: out of fold",
    "nested_high": "nested, 95 % high",
    "nested_low": "nested, 95 % low",
    "optimism": "fit only: optimism",
    "p_value": "p",
    "p_value_preset": "p at a correlation of 0.01",
    "sha256": "SHA-256",
    "content_sha256": "SHA-256 of the data",
    "std_error": "standard error",
    "term_name": "gene set",
    "term_id": "identifier",
    "welch_p_value": "p, Welch's t",
    "y_genes": "Y genes",
    "connectivity_z": "connectivity (z)",
    "iqr": "interquartile range",
    "iqr_before": "interquartile range before",
    "retrieved_at": "read at",
    "scale": "values",
}
_SETTINGS = {
    "log_fc": "fold change ≥ {} log2",
    "p_value": "p < {}",
    "adjust none": "unadjusted p",
    "adjust BH": "Benjamini-Hochberg p",
    "collapse mean": "mean of the probes",
    "collapse median": "median of the probes",
    "collapse max_mean": "probe of the highest mean",
}


def in_words(name: str) -> str:
    """Words for a name in a table; `:part` at its end becomes a part of the sentence."""
    first, _, part = name.partition(":")
    return _WORDS.get(first, first.replace("_", " ")) + (f", {part}" if part else "")


def predictor_in_words(name: str) -> str:
    """Words for the risk model; the name of a gene is as it is."""
    return _WORDS[name] if name in ("model", "model_raw") else name


def curve_in_words(kind: str) -> str:
    """Words for the samples of a risk model's curve, and whether they chose its genes."""
    return _CURVES.get(kind, kind.replace("_", " "))


def in_curve_order(kinds: Iterable[str]) -> list[str]:
    """Kinds of curves of the risk model, those out of fold first, the frozen model elsewhere last."""
    order = list(_CURVES)
    return sorted(set(kinds), key=lambda kind: (order.index(kind) if kind in order else len(order), kind))


def heading(column: str) -> str:
    """Heading of a column in the report; the meanings below the table give its name in SQL."""
    return _HEADINGS.get(column) or column.removeprefix("n_").removeprefix("is_").replace("_", " ")


def setting_in_words(setting: str) -> str:
    """Words for a row's name in `signature/sensitivity`, e.g. `log_fc 1.25, collapse median`."""
    return ", ".join(_one_setting(each) for each in re.split(r",\s*", setting))


def _one_setting(setting: str) -> str:
    name, _, value = setting.partition(" ")
    return _SETTINGS.get(setting) or _SETTINGS.get(name, setting).format(value)


def quantity_in_words(quantity: str) -> str:
    """Words for a quantity of `report/published`, e.g. `auc.icc.PARP12`."""
    kind, _, rest = quantity.partition(".")
    where, _, what = rest.partition(".")
    library, _, term = what.partition(".")
    known = {
        "n_deg": f"genes differentially expressed in {where}",
        "direction": f"direction of {what} in {where}",
        "auc": f"AUC of {what} in {where}",
        "term": f"{library.replace('_', ' ')} of {where}: {term}",
        "trees": f"trees with the smallest error in {where}",
        "nomogram_sign": f"sign of {rest} in the nomogram",
    }
    return known.get(kind, quantity)
