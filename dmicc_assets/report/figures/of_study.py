"""The figures of a whole study, drawn from its results: which rows and which computation go into which figure."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.model.external_validation import calibration_line
from dmicc_assets.model.nomogram_reading import NomogramReading, read_nomogram
from dmicc_assets.report.figures import forest, model, nomogram, overlap, rigor, validation
from dmicc_assets.report.figures.of_cohort import named_genes, title_of
from dmicc_assets.report.figures.sourced import SourcedFigure
from dmicc_assets.results.reader import Results
from dmicc_assets.stats.roc_band import RocBand, roc_band
from dmicc_assets.types import CaseControl, ExpressionMatrix
from dmicc_assets.wording import signed

MODEL = "model"
_KINDS = ("nested_cv", "apparent", "bootstrap_632plus", "leaky_cv", "external")


def gene_sets(results: Results) -> dict[str, frozenset[str]]:
    """The differentially expressed genes of each cohort."""
    return {
        cohort: frozenset(results.rows("differential/genes", cohort=cohort)["gene"]) for cohort in results.study.cohorts
    }


def _titles(results: Results) -> dict[str, str]:
    return {name: cohort.title for name, cohort in results.study.cohorts.items()}


def draw_venn(results: Results) -> SourcedFigure:
    """Venn diagram of the cohorts' genes."""
    return overlap.venn(gene_sets(results), _titles(results), "Differentially expressed genes")


def draw_upset(results: Results) -> SourcedFigure:
    """UpSet plot of the cohorts' genes."""
    return overlap.upset(gene_sets(results), _titles(results), "Differentially expressed genes by cohort")


def draw_concordance(results: Results, first: str, second: str) -> SourcedFigure:
    """Log fold changes of two cohorts."""
    return overlap.concordance(
        results.rows("differential/statistics", cohort=first),
        results.rows("differential/statistics", cohort=second),
        results.rows("signature/genes").select("gene", "is_concordant"),
        (title_of(results, first), title_of(results, second)),
        "Log fold changes of both cohorts",
    )


def subjects_of(results: Results) -> list[str]:
    """Cohorts, then validation datasets, in the order of the study file."""
    return [*results.study.cohorts, *dict.fromkeys(entry.dataset for entry in results.study.validation)]


def subject_of(results: Results, name: str) -> CaseControl:
    """A cohort (batch removed) or a validation dataset."""
    return results.cohort(name) if name in results.study.cohorts else results.validation(name)


def subject_title(results: Results, name: str) -> str:
    """Title of a cohort or a validation dataset."""
    return title_of(results, name) if name in results.study.cohorts else f"{name} (validation)"


def draw_expression(results: Results, name: str, genes: Sequence[str] | None = None) -> SourcedFigure:
    """Box plots of the signature, biomarkers first, in a cohort or validation dataset."""
    wanted = list(genes) if genes is not None else named_genes(results)
    subject = _with_names(subject_of(results, name), wanted)
    tests = results.rows("validation/expression_tests", subject=name)
    return validation.expression_boxes(subject, wanted, tests, subject_title(results, name))


def _with_names(subject: CaseControl, genes: Sequence[str]) -> CaseControl:
    """The genes that a subject measures, under the names the study has for them."""
    found = find_symbols(genes, subject.matrix.features).found
    matrix = subject.matrix.take_features(list(found.values()))
    renamed = ExpressionMatrix(matrix.values, tuple(found), matrix.samples)
    return replace(subject, matrix=renamed)


def predictors_drawn(results: Results) -> list[str]:
    """Predictors whose ROC curves are drawn: the model, then the biomarkers, or without any some signature genes."""
    chosen = results.biomarkers
    return [MODEL, "model_raw", *chosen] if chosen else results.signature_genes[:6]


def draw_roc(results: Results, name: str, predictors: Sequence[str] | None = None) -> SourcedFigure:
    """ROC curves in a cohort or validation dataset."""
    wanted = list(predictors) if predictors is not None else predictors_drawn(results)
    areas = _ordered(results.rows("validation/roc", subject=name), wanted)
    curves = results.rows("validation/roc_curve", subject=name)
    title = f"{subject_title(results, name)}, ROC"
    return validation.roc_curves(curves, areas, _bands(results, areas, curves), title)


def model_areas(results: Results) -> pl.DataFrame:
    """Areas of the model that its own samples did not make: out of fold in its cohort, then in validation datasets."""
    rows = results.rows("validation/roc", predictor=MODEL)
    nested = rows.filter(pl.col("subject") == results.study.model_cohort, pl.col("kind") == "nested_cv")
    return pl.concat([nested, rows.filter(pl.col("subject_kind") == "dataset", pl.col("kind") == "external")])


def draw_model_roc(results: Results) -> SourcedFigure:
    """ROC curves of the model: out of fold in its cohort, and in every validation dataset."""
    areas = model_areas(results)
    curves = results.rows("validation/roc_curve", predictor=MODEL)
    bands: dict[validation.CurveKey, RocBand] = {}
    for subject in areas["subject"]:
        own = {"subject": subject}
        found = _bands(results, areas.filter(**own), curves.filter(**own))
        bands |= {(subject_title(results, subject), *key[1:]): band for key, band in found.items()}
    titles = pl.col("subject").replace({name: subject_title(results, name) for name in subjects_of(results)})
    return validation.roc_curves(
        curves.with_columns(titles), areas.with_columns(titles), bands, "ROC of the risk model"
    )


def _ordered(areas: pl.DataFrame, predictors: Sequence[str]) -> pl.DataFrame:
    """Rows of the predictors, in their order, the apparent kind first."""
    wanted = pl.DataFrame({"predictor": list(predictors)}, schema={"predictor": pl.String}).with_row_index("p")
    kinds = pl.DataFrame({"kind": _KINDS, "k": range(len(_KINDS))})
    return areas.join(wanted, on="predictor").join(kinds, on="kind", how="left").sort("p", "k", nulls_last=True)


def _bands(results: Results, areas: pl.DataFrame, curves: pl.DataFrame) -> dict[validation.CurveKey, RocBand]:
    """Bands of the first four curves of single samples; pooled out-of-fold curves have no band."""
    bands: dict[validation.CurveKey, RocBand] = {}
    for row in areas.filter(pl.col("kind").is_in(["apparent", "external"])).head(4).iter_rows(named=True):
        key = (row["subject"], row["predictor"], row["kind"])
        curve = curves.filter((pl.col("predictor") == key[1]) & (pl.col("kind") == key[2]))
        fpr, tpr = curve["fpr"].to_numpy(), curve["tpr"].to_numpy()
        n_case, n_control = _group_sizes(results, key[0], key[1])
        if len(curve) and _is_of(tpr, n_case) and _is_of(fpr, n_control):
            bands[key] = roc_band(fpr, tpr, n_case, n_control, results.study.rigor.seed)
    return bands


def _is_of(rate: np.ndarray, n: int) -> bool:
    """Whether every rate is a whole number of n samples."""
    return n > 0 and bool(np.abs(rate * n - np.rint(rate * n)).max(initial=0.0) < 1e-6)


def _group_sizes(results: Results, subject: str, predictor: str) -> tuple[int, int]:
    tests = results.rows("validation/expression_tests", subject=subject)
    own = tests.filter(pl.col("gene") == predictor)
    rows = own if len(own) else tests
    if rows.is_empty():
        return 0, 0
    return int(rows["n_case"].to_numpy().max()), int(rows["n_control"].to_numpy().max())


def worked_patient(results: Results) -> NomogramReading | None:
    """The case of the model's cohort whose total points are the median of the cases; None without a model."""
    table = results.rows("model/nomogram")
    genes = [name for name in table["variable"].unique(maintain_order=True) if name != "total"]
    if not genes:
        return None
    subject = _with_names(results.cohort(results.study.model_cohort), genes)
    cases = subject.matrix.values[:, subject.is_case]
    readings = [
        read_nomogram(table, dict(zip(genes, column.tolist(), strict=True)))
        for column in cases.T
        if not np.isnan(column).any()
    ]
    return sorted(readings, key=lambda each: each.total)[len(readings) // 2] if readings else None


def draw_nomogram(results: Results) -> SourcedFigure:
    """The nomogram, with the case nearest to the middle of the model's cohort."""
    cohort = title_of(results, results.study.model_cohort)
    return nomogram.nomogram(results.rows("model/nomogram"), worked_patient(results), f"Nomogram, {cohort}")


def draw_calibration(results: Results) -> SourcedFigure:
    """Calibration of the risk model: in its cohort, and the calibration line in each validation dataset."""
    curves = results.rows("model/calibration")
    lines = [line for each in results.study.validation for line in _external_line(results, each.dataset)]
    drawn = pl.concat([curves, *lines], how="diagonal") if len(curves) else curves
    return model.calibration(drawn, "Calibration of the risk model")


def _external_line(results: Results, dataset: str) -> list[pl.DataFrame]:
    """The frozen model's calibration line in a validation dataset; empty without one."""
    rows = results.rows("validation/performance", subject=dataset, scale="log2")
    found = dict(rows.select("metric", "value").drop_nulls().iter_rows())
    if "slope" not in found:
        return []
    # the intercept depends on the share of cases and the z-scores of the dataset, not on the model
    predicted, observed = calibration_line(found["slope"])
    kind = f"external, {dataset}: slope {signed(found['slope'], '.2f')}"
    return [pl.DataFrame({"kind": kind, "predicted": predicted, "observed": observed})]


def draw_decision_curve(results: Results) -> SourcedFigure:
    """Decision curves of the risk model."""
    return model.decision_curve(results.rows("model/decision_curve"), "Decision curve of the risk model")


def draw_instability(results: Results) -> SourcedFigure:
    """Instability of each person's risk."""
    return model.instability(results.rows("validation/instability"), "Risks by models developed anew")


def draw_nulls(results: Results) -> SourcedFigure:
    """Null distributions."""
    return rigor.null_distributions(results.rows("rigor/nulls"), "The same procedure under the null hypothesis")


def draw_stability(results: Results) -> SourcedFigure:
    """Selection frequencies."""
    rows = results.rows("signature/stability")
    return forest.stability(rows, results.biomarkers, "Stability of the signature")


def draw_sensitivity(results: Results) -> SourcedFigure:
    """The signature under other settings."""
    return rigor.sensitivity(results.rows("signature/sensitivity"), "The signature under other settings")
