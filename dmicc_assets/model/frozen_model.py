"""A frozen risk model, which scores new patients; conversion to its table and back.

`risk_model.py` fits it; `validation.py` evaluates it on other samples.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.stats.logistic import INTERCEPT, LogisticFit
from dmicc_assets.stats.probability import expit
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix, FloatArray


@dataclass(frozen=True, slots=True)
class RiskModel:
    """A frozen risk model on p genes.

    Attributes:
        genes: the biomarkers.
        coefficients: (p + 1,) for probabilities, intercept first, a unit of log2 expression.
        estimator: "ml", or "firth" when the classes separate; the intercept is then FLIC's.
        training_mean: (p,) mean of each gene in the training samples.
        training_sd: (p,) standard deviation there (N - 1).
        training_min: (p,) lowest value there.
        training_max: (p,) highest value there.
        n_case: cases fitted.
        n_control: controls fitted.
        fit: the fit with errors, limits and p-values; None when the model was read from its table.
    """

    genes: tuple[str, ...]
    coefficients: FloatArray
    estimator: Literal["ml", "firth"]
    training_mean: FloatArray
    training_sd: FloatArray
    training_min: FloatArray
    training_max: FloatArray
    n_case: int
    n_control: int
    fit: LogisticFit | None = None

    @property
    def prevalence(self) -> float:
        """Share of cases in the training samples, which is a choice of the study, not the prevalence of the disease."""
        return self.n_case / (self.n_case + self.n_control)

    def linear_predictor(self, values: FloatArray) -> FloatArray:
        """(N,) log-odds of the genes' log2 expression (p, N); NaN where a gene is missing.

        Raises:
            ValueError: there are not p rows.
        """
        if values.shape[0] != len(self.genes):
            raise ValueError(f"expected rows for {', '.join(self.genes)}, got {values.shape[0]}")
        # Gene by gene, because the rounding of a matrix product would depend on the other samples.
        score = np.full(values.shape[1], self.coefficients[0])
        for coefficient, row in zip(self.coefficients[1:], values, strict=True):
            score += coefficient * row
        return score

    def probability(self, values: FloatArray) -> FloatArray:
        """(N,) probabilities of the genes' log2 expression (p, N), at the training samples' prevalence."""
        return expit(self.linear_predictor(values))

    def linear_predictor_of_z(self, z: FloatArray) -> FloatArray:
        """(N,) log-odds of z-scores (p, N), put on the training samples' scale by their mean and sd."""
        return self.linear_predictor(self.training_mean[:, None] + self.training_sd[:, None] * z)


def coefficient_table(model: RiskModel) -> pl.DataFrame:
    """The table `model/coefficients`: a row a term, with what `risk_model_from_table` needs.

    Raises:
        ValueError: the model was itself read from its table.
    """
    fit = model.fit
    if fit is None:
        raise ValueError("the model was read from its table, which has its standard errors")
    none = np.array([np.nan])
    columns = {
        "term": fit.terms,
        "coefficient": fit.coefficients,
        "std_error": fit.std_error,
        "z": fit.z,
        "p_value": fit.p_value,
        "estimator": fit.estimator,
        "ci_low": fit.ci_low,
        "ci_high": fit.ci_high,
        "interval": fit.interval,
        "probability_coefficient": model.coefficients,
        "training_mean": np.concatenate([none, model.training_mean]),
        "training_sd": np.concatenate([none, model.training_sd]),
        "training_min": np.concatenate([none, model.training_min]),
        "training_max": np.concatenate([none, model.training_max]),
        "n_case": model.n_case,
        "n_control": model.n_control,
    }
    return TABLES["model/coefficients"].frame(columns)


def risk_model_from_table(coefficients: pl.DataFrame) -> RiskModel:
    """The frozen model, from its rows of `model/coefficients`.

    Raises:
        ValueError: there is no row for the intercept, or none for a gene.
    """
    intercept = coefficients.filter(pl.col("term") == INTERCEPT)
    genes = coefficients.filter(pl.col("term") != INTERCEPT)
    if intercept.height != 1 or genes.is_empty():
        raise ValueError(f"expected a row for {INTERCEPT} and for each gene, got {coefficients['term'].to_list()}")
    both = pl.concat([intercept, genes])
    return RiskModel(
        genes=tuple(genes["term"]),
        coefficients=both["probability_coefficient"].to_numpy().astype(np.float64),
        estimator="firth" if intercept["estimator"][0] == "firth" else "ml",
        training_mean=genes["training_mean"].to_numpy().astype(np.float64),
        training_sd=genes["training_sd"].to_numpy().astype(np.float64),
        training_min=genes["training_min"].to_numpy().astype(np.float64),
        training_max=genes["training_max"].to_numpy().astype(np.float64),
        n_case=int(intercept["n_case"][0]),
        n_control=int(intercept["n_control"][0]),
    )


def score_patients(model: RiskModel, matrix: ExpressionMatrix) -> pl.DataFrame:
    """Scores new patients with the frozen model: sample, linear_predictor, probability, is_out_of_range, missing_genes.

    Expression must be log2 and on the training data's scale; patients are not standardised together.
    A gene is looked up under its earlier symbols too. A missing gene or value makes the score NULL; a value outside
    the range of the training samples sets is_out_of_range (NULL when there is no score).
    """
    found = find_symbols(model.genes, matrix.features).found
    values = np.full((len(model.genes), len(matrix.samples)), np.nan)
    for i, gene in enumerate(model.genes):
        if gene in found:
            values[i] = matrix.take_features([found[gene]]).values[0]
    absent = ~np.isfinite(values)
    score = model.linear_predictor(np.where(absent, np.nan, values))
    outside = np.any((values < model.training_min[:, None]) | (values > model.training_max[:, None]), axis=0)
    return pl.DataFrame(
        {
            "sample": matrix.samples,
            "linear_predictor": score,
            "probability": expit(score),
            "is_out_of_range": np.where(np.isnan(score), np.nan, outside),
            "missing_genes": [[model.genes[i] for i in np.flatnonzero(column)] for column in absent.T],
        },
        schema={
            "sample": pl.String(),
            "linear_predictor": pl.Float64(),
            "probability": pl.Float64(),
            "is_out_of_range": pl.Float64(),
            "missing_genes": pl.List(pl.String()),
        },
    ).with_columns(
        pl.col("linear_predictor", "probability").fill_nan(None),
        pl.col("is_out_of_range").fill_nan(None).cast(pl.Boolean()),
    )
