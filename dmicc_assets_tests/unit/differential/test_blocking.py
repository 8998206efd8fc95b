"""How samples of one patient are modelled: what `auto` decides, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dmicc_assets.differential.blocking import blocking, cohort_settings
from dmicc_assets.differential.statistics import cohort_model, differential_design, differential_statistics
from dmicc_assets.study.schema import Differential, Study
from dmicc_assets.types import CaseControl, ExpressionMatrix


def _subject(patients: list[str | None], is_case: list[int], dataset: list[str] | None = None) -> CaseControl:
    n = len(patients)
    rng = np.random.default_rng(5)
    own = {p: rng.normal(size=80) for p in dict.fromkeys(patients)}
    values = np.column_stack([8 + own[p] + rng.normal(size=80) for p in patients])
    matrix = ExpressionMatrix(values, tuple(f"g{i}" for i in range(80)), tuple(f"s{i}" for i in range(n)))
    case = np.array(is_case, dtype=bool)
    return CaseControl("hcc", "cohort", matrix, case, tuple(dataset or ["D"] * n), tuple(patients))


PAIRED = _subject(["a", "a", "b", "b", "c", "c"], [1, 0] * 3)


@pytest.mark.parametrize(
    ("patients", "is_case", "block"),
    [
        (["a", "b", "c", "d"], [1, 1, 0, 0], "none"),
        ([None] * 4, [1, 1, 0, 0], "none"),
        (["a", "a", "b", "b", "c", "c"], [1, 0] * 3, "fixed"),
        (["a", "a", "b", "b", "c", "d"], [1, 0] * 3, "duplicate_correlation"),
        (["a", "a", "b", "b", "c", None], [1, 0] * 3, "duplicate_correlation"),
        (["a", "a", "b", "b", "c", "c"], [1, 1, 0, 0, 1, 1], "duplicate_correlation"),
        (["a", "a", "b", "c", "d", "e"], [1, 1, 0, 0, 1, 0], "none"),
    ],
)
def test_auto_decides_by_the_samples(patients: list[str | None], is_case: list[int], block: str) -> None:
    subject = _subject(patients, is_case)
    assert blocking(subject, "auto").block == block
    decided = differential_statistics(subject, Differential(), "none")
    assert decided.equals(differential_statistics(subject, Differential.model_validate({"block": block}), "none"))


def test_what_is_asked_for_is_done_or_refused() -> None:
    assert blocking(PAIRED, "none").block == "none"
    assert blocking(PAIRED, "duplicate_correlation").block == "duplicate_correlation"
    with pytest.raises(ValueError, match="sample s5 of hcc has no patient: `block: fixed` needs `patient:`"):
        blocking(_subject(["a", "a", "b", "b", "c", None], [1, 0] * 3), "fixed")
    with pytest.raises(ValueError, match="no patient has case and control samples"):
        blocking(_subject(["a", "a", "b", "b"], [1, 1, 0, 0]), "fixed")
    with pytest.raises(ValueError, match="4 samples of 4 patients tell of no correlation; write `block: none`"):
        blocking(_subject(["a", "b", "c", "d"], [1, 1, 0, 0]), "duplicate_correlation")


def test_the_reason_counts_the_patients() -> None:
    found = blocking(_subject(["a", "a", "b", "b", "c", "d"], [1, 0] * 3), "auto")
    assert found.reason == "2 of 4 patients have several samples, 2 in both groups"
    assert (found.repeats.n_samples, found.repeats.n_patients) == (6, 4)


def test_datasets_that_patients_cross_keep_their_columns() -> None:
    # Each patient has tumour and normal tissue on two platforms, as in GSE781.
    subject = _subject(["a", "a", "b", "b"] * 2, [1, 0] * 4, ["P"] * 4 + ["Q"] * 4)
    crossing = CaseControl(
        *(getattr(subject, f) for f in ("name", "kind", "matrix", "is_case", "dataset", "patient")),
        given_unit=("P/a", "P/a", "P/b", "P/b") * 2,
    )
    assert differential_design(crossing, Differential(), "covariate")[1] == [
        "(Intercept)", "case", "patient P/b", "dataset Q",
    ]  # fmt: skip
    assert differential_design(subject, Differential(), "covariate")[1][-1] == "patient Q/b"


def _study(**hcc: Any) -> dict[str, Any]:
    rules = [{"label": "t", "where": {"any": "t"}}, {"label": "n", "where": {"any": "n"}}]
    pairs = {"field": "title", "pattern": "^(P[0-9]+)"}
    return {
        "study": "x",
        "title": "x",
        "datasets": {
            "A": {"source": "file", "matrix": "a.tsv", "labels": rules},
            "B": {"source": "file", "matrix": "b.tsv", "labels": rules, "patient": pairs},
        },
        "cohorts": {
            "ra": {"title": "ra", "datasets": ["A"], "case": "t", "control": "n"},
            "hcc": {"title": "hcc", "datasets": ["B"], "case": "t", "control": "n", **hcc},
        },
    }


def test_a_cohort_says_what_it_wants_and_the_study_the_default() -> None:
    study = Study.model_validate(_study(block="fixed"))
    assert (study.block_of("ra"), study.block_of("hcc")) == ("auto", "fixed")
    assert cohort_settings(study, "hcc", PAIRED).block == "fixed"
    everywhere = Study.model_validate(_study(block="fixed") | {"differential": {"block": "none"}})
    assert (everywhere.block_of("ra"), everywhere.block_of("hcc")) == ("none", "fixed")
    assert cohort_settings(everywhere, "ra", PAIRED).block == "none"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"differential": {"block": "fixed"}}, r"differential.block: fixed needs `patient:` in datasets.A"),
        ({"cohorts": {**_study()["cohorts"], "ra": {**_study()["cohorts"]["ra"], "block": "duplicate_correlation"}}},
         r"cohorts.ra.block: duplicate_correlation needs `patient:` in datasets.A"),
    ],
)  # fmt: skip
def test_a_block_without_patients_is_refused_in_the_file(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Study.model_validate(_study() | change)


def test_groups_of_one_are_refused_in_the_file() -> None:
    content = _study(block="fixed")
    for rule in content["datasets"]["B"]["labels"]:
        rule["expect"] = 1 if rule["label"] == "n" else 5
    with pytest.raises(ValueError, match=r"cohorts.hcc.block: fixed needs two samples of a group or more.*one n"):
        Study.model_validate(content)
    content = _study()
    for rule in content["datasets"]["B"]["labels"]:
        rule["expect"] = 1
    with pytest.raises(ValueError, match="one case and one control are expected: no variance"):
        Study.model_validate(content)


def test_a_given_consensus_is_used() -> None:
    model = cohort_model(PAIRED, Differential(block="duplicate_correlation"), "none", consensus=0.3)
    assert model.correlation is not None
    assert model.correlation[0, :3].tolist() == [1.0, 0.3, 0.0]


def test_an_array_that_is_case_and_control_is_no_pair() -> None:
    """Units tied by arrays alone choose no block: such a pair has neither a difference nor a residual."""
    subject = _subject([None] * 6, [1, 0] * 3)
    tied = replace(subject, given_unit=("D//s0", "D//s0", "D//s2", "D//s2", "D//s4", "D//s5"))
    found = blocking(tied, "auto")
    assert (found.block, found.reason) == ("none", "no patient is stated, so that each sample counts as one")
    stated = blocking(_subject(["p", "q", "r", None], [1, 0, 1, 0]), "auto")
    assert (stated.block, stated.reason) == ("none", "every patient has one sample")
    known = replace(PAIRED, given_unit=("D/a", "D/a", "D/b", "D/b", "D/c", "D/c"))
    assert blocking(known, "auto").block == "fixed"


def test_a_person_measured_in_two_datasets_is_one_unit() -> None:
    subject = _subject([None] * 4, [1, 0] * 2, ["D", "D", "E", "E"])
    tied = replace(subject, given_unit=("D//s0", "D//s1", "D//s0", "D//s1"))
    assert blocking(tied, "auto").repeats.n_several == 2
