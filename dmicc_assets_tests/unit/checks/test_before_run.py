"""Every contradiction between a study file and its samples is said before the run, and nothing of a sound study."""

from typing import Any

import pytest

from dmicc_assets.checks.before_run import LabelCount, StudyAhead, study_ahead
from dmicc_assets.geo.formats.series_header import sample_rows
from dmicc_assets.geo.preview import DatasetPreview
from dmicc_assets.study.schema import Study

GENES = frozenset({"TP53", "CD4", "MX1"})


def seen(name: str, titles: list[str], first: int = 1, **more: Any) -> DatasetPreview:
    """A dataset of samples GSM<first> on, described by their titles."""
    blank = {"source_name": "", "characteristics": [], "platform": None, "last_update_date": None, "relations": []}
    rows = [{"sample": f"GSM{first + i}", "title": title, **blank} for i, title in enumerate(titles)]
    settings = {"organisms": ("Homo sapiens",), "genes": GENES, **more}
    return DatasetPreview(name, sample_rows(rows), **settings)


def people(n: int, start: int = 1) -> list[str]:
    """A case and a control of each of n people."""
    return [f"{group} {start + i}" for i in range(n) for group in ("case", "control")]


def study(
    cohorts: dict[str, list[str]],
    validation: tuple[str, ...] = (),
    *,
    expect: dict[str, tuple[int, int]] | None = None,
    patients: bool = True,
    **more: Any,
) -> Study:
    used = {*validation, *(name for names in cohorts.values() for name in names)}
    groups = {"case": "^case", "control": "^control"}
    datasets: dict[str, Any] = {}
    for name in sorted(used | set(more.pop("unused", ()))):
        counts = dict(zip(groups, (expect or {}).get(name, (None, None)), strict=True))
        rules = [{"label": k, "where": {"title": v}, "expect": counts[k]} for k, v in groups.items()]
        rule = {"patient": {"field": "title", "pattern": r"(\d+)$"}} if patients else {}
        datasets[name] = {"source": "geo", "labels": rules, **rule}
    return Study.model_validate(
        {
            "study": "s",
            "title": "t",
            "datasets": datasets,
            "cohorts": {
                key: {"title": key, "datasets": names, "case": "case", "control": "control"}
                for key, names in cohorts.items()
            },
            "validation": [{"dataset": name, "case": "case", "control": "control"} for name in validation],
            **more,
        }
    )


def ahead(asked: Study, *previews: DatasetPreview) -> StudyAhead:
    return study_ahead(asked, {each.name: each for each in previews})


def texts(found: StudyAhead, *, stops: bool) -> list[str]:
    return [remark.text for remark in found.remarks if remark.stops is stops]


def test_a_sound_study_has_no_remark() -> None:
    asked = study({"a": ["GSE1", "GSE2"]}, ("GSE3",), expect={"GSE1": (10, 10)})
    other = seen("GSE2", people(12), 100, genes=GENES - {"CD4"})
    found = ahead(asked, seen("GSE1", people(10)), other, seen("GSE3", people(3), 500))
    assert found.remarks == []
    assert found.labels["GSE1"] == [LabelCount("case", 10, 10), LabelCount("control", 10, 10)]
    (cohort,) = found.cohorts
    assert (cohort.n_case, cohort.n_control, cohort.names_patients) == (22, 22, True)
    assert cohort.genes == {"TP53", "MX1"}
    assert cohort.blocking is not None
    assert (cohort.blocking.block, cohort.blocking.repeats.n_patients) == ("fixed", 22)


def test_labels_that_do_not_fit_stop_the_run_and_are_counted() -> None:
    asked = study({"a": ["GSE1"]}, expect={"GSE1": (3, 4)})
    found = ahead(asked, seen("GSE1", people(3)))
    assert texts(found, stops=True)[0].startswith("GSE1: 3 samples are control, the study expects 4")
    assert found.labels["GSE1"] == [LabelCount("case", 3, 3), LabelCount("control", 3, 4)]
    assert found.cohorts == []
    found = ahead(asked, seen("GSE1", [*people(3), "unknown"]))
    assert "GSM7 matches no label rule" in texts(found, stops=True)[0]


@pytest.mark.parametrize(
    ("titles", "said"),
    [
        (["case 1", "case 2", "case 3"], "cohort a: no sample is labelled control in GSE1"),
        (["case 1", "case 2", "control 3"], "cohort a: 2 cases and 1 control: with 1 in a group its spread"),
        (people(4), "cohort a: 4 cases and 4 controls: with 4 in a group single samples decide"),
        ([f"case {i}" for i in range(60)] + [f"control {100 + i}" for i in range(10)], "accuracy misleads in groups"),
    ],
)
def test_groups_that_are_empty_small_or_unequal(titles: list[str], said: str) -> None:
    found = ahead(study({"a": ["GSE1"]}), seen("GSE1", titles))
    assert any(said in remark.text for remark in found.remarks), found.remarks
    assert any(remark.stops for remark in found.remarks) is ("no sample" in said)


def test_pairs_that_do_not_exist() -> None:
    titles = [f"{group} {number}" for group, n in (("case", 0), ("control", 50)) for number in range(n, n + 12)]
    found = ahead(study({"a": ["GSE1"]}, differential={"block": "fixed"}), seen("GSE1", titles))
    (said,) = texts(found, stops=True)
    assert "no patient has case and control samples" in said
    found = ahead(study({"a": ["GSE1"]}, differential={"block": "duplicate_correlation"}), seen("GSE1", titles))
    assert "tell of no correlation" in texts(found, stops=True)[0]


def test_datasets_that_are_the_groups() -> None:
    asked = study({"a": ["GSE1", "GSE2"]})
    cases, controls = [f"case {i}" for i in range(12)], [f"control {i}" for i in range(12)]
    found = ahead(asked, seen("GSE1", cases), seen("GSE2", controls, 100))
    assert "dataset and group are confounded" in texts(found, stops=True)[0]
    found = ahead(asked, seen("GSE1", people(12)), seen("GSE2", people(12)))
    assert "sample GSM1 is in two of its datasets" in texts(found, stops=True)[0]


def test_annotations_without_a_gene_in_common() -> None:
    asked = study({"a": ["GSE1", "GSE2"]})
    found = ahead(asked, seen("GSE1", people(12)), seen("GSE2", people(12), 100, genes=frozenset({"Actb"})))
    assert texts(found, stops=True) == [
        "cohort a: no gene is in the annotations of all of its datasets (GSE1 3, GSE2 1)"
    ]
    found = ahead(asked, seen("GSE1", people(12)), seen("GSE2", people(12), 100, genes=None))
    assert (found.remarks, found.cohorts[0].genes) == ([], None)


def test_validation_in_the_training_data() -> None:
    one = seen("GSE1", people(12))
    found = ahead(study({"a": ["GSE1"]}, ("GSE1",)), one)
    assert any("GSE1 trains the cohort a: finding I6" in text for text in texts(found, stops=True))
    found = ahead(study({"a": ["GSE1"]}, ("GSE2",)), one, seen("GSE2", people(12, 7), 13))
    assert any("12 of 24 samples of GSE2 are in GSE1" in text for text in texts(found, stops=False))
    found = ahead(study({"a": ["GSE1-GPL1"]}, ("GSE1-GPL2",)), seen("GSE1-GPL1", people(12)))
    assert any("are they the same people?" in text for text in texts(found, stops=False))
    found = ahead(study({"a": ["GSE1"]}, ("GSE2",)), one, seen("GSE2", ["case 1", "case 2"], 100))
    assert texts(found, stops=True) == ["validation: no sample of GSE2 is labelled control"]


def test_organisms_and_datasets_that_nothing_uses() -> None:
    asked = study({"a": ["GSE1"], "b": ["GSE2"]}, unused=["GSE3"])
    found = ahead(asked, seen("GSE1", people(12)), seen("GSE2", people(12), 100, organisms=("Mus musculus",)))
    assert texts(found, stops=True) == []
    first, second, third = texts(found, stops=False)
    assert first == (
        "GSE1 is of Homo sapiens and GSE2 is of Mus musculus: genes are matched by symbol, which differ; "
        "`symbols: human_orthologues` in a dataset gives it human ones"
    )
    assert second == (
        "enrichment: the gene sets are of Homo sapiens, GSE2 is not (CD4, MX1, TP53, ...): set enrichment.organism, or "
        "`symbols: human_orthologues` in the datasets"
    )
    assert third == "datasets.GSE3: in no cohort and no validation, so that it is not used"


def test_what_a_source_lacks_stops_a_run_and_a_silent_source_does_not() -> None:
    asked = study({"a": ["GSE1"]})
    lacks = DatasetPreview("GSE1", problem="GSE1: no such series")
    assert texts(ahead(asked, lacks), stops=True) == ["GSE1: no such series"]
    assert ahead(asked, DatasetPreview("GSE1", problem="no answer", is_unanswered=True)).remarks == []
