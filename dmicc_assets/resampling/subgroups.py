"""The model's area under the curve in subgroups of people: by sex, tissue, centre and dataset, where they are known.

Predictions come from elsewhere: out of fold in the model's cohort (`nested.py`), of the frozen model in other subjects.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from dmicc_assets.model.frozen_model import RiskModel
from dmicc_assets.model.repeated_patients import area_interval
from dmicc_assets.model.validation import model_score
from dmicc_assets.resampling.nested import OutOfFold
from dmicc_assets.resampling.nested_performance import OutOfFoldScores
from dmicc_assets.resampling.trivial import SEX, sex_of
from dmicc_assets.stats.roc import roc
from dmicc_assets.tables import TABLES
from dmicc_assets.types import BoolArray, CaseControl, FloatArray

# Of fewer cases or controls no area is given: its interval could not be trusted (as check R6).
FEWEST = 10
# A field with more values tells persons rather than groups.
_MOST_VALUES = 12
NOT_STATED = "not stated"
_NO_WIDTH = 1e-9
_TISSUE = re.compile(r"(tissue|organ)( type)?|(body|tissue|anatomical)[ _]?(site|region|location)", re.IGNORECASE)
_CENTRE = re.compile(
    r"((study|recruiting|recruitment|clinical|collection)[ _])?(cent(er|re)|site|hospital)", re.IGNORECASE
)


def subgroup_performance(
    model: RiskModel | None,
    own: CaseControl,
    nested: OutOfFold,
    others: Sequence[CaseControl],
    samples: pl.DataFrame,
    tissues: Mapping[str, str | None],
    seed: int,
) -> pl.DataFrame:
    """The area in each subgroup of each subject, with its interval and the numbers of cases and controls.

    In the model's cohort from out-of-fold predictions ('nested_cv', interval by resampling patients), elsewhere of the
    frozen model on z-scores ('external', interval by `area_interval`). A subgroup with fewer than 10 cases or controls
    with a score is a row without an area. Subgroups are compared by nobody here: areas of two subgroups whose intervals
    overlap are not shown to differ, which does not show that they are equal.

    Args:
        model: the frozen model; None when there is none, and then there are no rows.
        own: the cohort it was fitted in.
        nested: out-of-fold predictions of its samples.
        others: the other cohorts and the validation datasets.
        samples: `source.samples` rows of all datasets.
        tissues: tissue of each dataset by the study file.
        seed: of the resamples of patients.
    """
    table = TABLES["validation/subgroups"]
    if model is None:
        return table.frame()
    rows: list[dict[str, Any]] = []
    for subject in (own, *others):
        score = None if subject is own else model_score(model, subject, "z_score")
        if subject is not own and score is None:
            continue
        named = {"subject": subject.name, "subject_kind": subject.kind}
        for field, values in subgroup_fields(subject, samples, tissues).items():
            for value in sorted(set(values), key=lambda each: (each == NOT_STATED, each)):
                inside = np.array([each == value for each in values])
                area = _nested(nested, own, inside, seed) if score is None else _external(score, subject, inside)
                rows.append(named | {"field": field, "value": value} | area)
    return table.frame(rows)


def subgroup_fields(
    subject: CaseControl, samples: pl.DataFrame, tissues: Mapping[str, str | None]
) -> dict[str, list[str]]:
    """Fields that split the subject's N samples, with the value of each sample: two to twelve different ones.

    A field of which no value has cases and controls says the diagnosis (`tissue: tumor tissue`) and splits no people.

    The dataset, the centre (the dataset's `batch`, else a characteristic of that name), the tissue (a characteristic,
    else that of the dataset) and the sex. "not stated" where a sample has none.

    Args:
        subject: whose samples they are.
        samples: columns dataset, sample, characteristics (list of key and value) and, where it is known, batch.
        tissues: tissue of each dataset.
    """
    datasets = [batch.partition("/")[0] for batch in subject.dataset]
    told = {(row["dataset"], row["sample"]): row for row in samples.iter_rows(named=True)}
    own = [told.get(key, {}) for key in zip(datasets, subject.matrix.samples, strict=True)]
    sexes = {1.0: "female", 0.0: "male"}
    found: dict[str, list[str | None]] = {
        "dataset": list(datasets),
        "centre": [row.get("batch") or _characteristic(row, _CENTRE) for row in own],
        "tissue": [_characteristic(row, _TISSUE) or tissues.get(d) for row, d in zip(own, datasets, strict=True)],
        "sex": [sexes.get(sex_of(_characteristic(row, SEX) or "")) for row in own],
    }
    return {
        field: [value or NOT_STATED for value in values]
        for field, values in found.items()
        if 2 <= len({value for value in values if value}) <= _MOST_VALUES and _has_both(values, subject.is_case)
    }


def _has_both(values: Sequence[str | None], is_case: BoolArray) -> bool:
    """Whether some value has cases and controls."""
    cases, controls = (
        {value for value, case in zip(values, is_case, strict=True) if case == of} for of in (True, False)
    )
    return bool(cases & controls)


def _characteristic(row: Mapping[str, Any], field: re.Pattern[str]) -> str | None:
    pairs: list[dict[str, str]] = row.get("characteristics") or []
    return next((pair["value"].strip() or None for pair in pairs if field.fullmatch(pair["key"].strip())), None)


def _numbers(is_case: BoolArray) -> dict[str, int]:
    return {"n_case": int(is_case.sum()), "n_control": int((~is_case).sum())}


_NO_AREA = dict.fromkeys(("auc", "ci_low", "ci_high", "interval"))


def _nested(nested: OutOfFold, own: CaseControl, inside: BoolArray, seed: int) -> dict[str, Any]:
    """Area of the subgroup's out-of-fold predictions, pooled within a repeat; the mean over the repeats."""
    scores = np.where(inside, nested.scores, np.nan)
    counts = _numbers(own.is_case[np.isfinite(scores).any(axis=0)])
    if min(counts.values()) < FEWEST:
        return counts | _NO_AREA | {"kind": "nested_cv"}
    area = OutOfFoldScores.of(replace(nested, scores=scores), own, seed).auc()
    limits = _limits(float(area.low), float(area.high), "patient_bootstrap")
    return counts | {"kind": "nested_cv", "auc": float(area.value)} | limits


def _external(score: FloatArray, subject: CaseControl, inside: BoolArray) -> dict[str, Any]:
    """Area of the frozen model's scores in the subgroup."""
    own = np.where(inside, score, np.nan)
    known = np.isfinite(own)
    counts = _numbers(subject.is_case[known])
    if min(counts.values()) < FEWEST:
        return counts | _NO_AREA | {"kind": "external"}
    curve = roc(own[known], subject.is_case[known])
    low, high, interval = area_interval(curve, own, subject)
    return counts | {"kind": "external", "auc": curve.auc} | _limits(low, high, interval)


def _limits(low: float, high: float, interval: str) -> dict[str, Any]:
    """Limits and how they were made; none where they have no width, as those of an area of 1."""
    if not high - low > _NO_WIDTH:
        return dict.fromkeys(("ci_low", "ci_high", "interval"))
    return {"ci_low": low, "ci_high": high, "interval": interval}
