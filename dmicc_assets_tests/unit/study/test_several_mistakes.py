"""Two mistakes in a study file are both named, of whatever kinds they are."""

from collections.abc import Callable
from copy import deepcopy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from dmicc_assets.errors import RequestError
from dmicc_assets.study.loading import read_study, study_as_read

Change = Callable[[dict[str, Any]], object]
STUDY: dict[str, Any] = {
    "study": "pair",
    "title": "Two diseases",
    "datasets": {
        name: {
            "source": "geo",
            "labels": [
                {"label": "sick", "where": {"any": "sick"}, "expect": 5},
                {"label": "well", "where": {"any": "well"}},
            ],
        }
        for name in ("GSE1", "GSE2", "GSE3")
    },
    "cohorts": {
        name: {"title": name, "datasets": [dataset], "case": "sick", "control": "well"}
        for name, dataset in (("a", "GSE1"), ("b", "GSE2"))
    },
    "differential": {},
    "enrichment": {"libraries": ["KEGG"]},
    "model": {},
    "ranking": {},
    "validation": [{"dataset": "GSE3", "case": "sick", "control": "well"}],
}
# What is wrong, and what the message says of it.
MISTAKES: dict[str, tuple[Change, str]] = {
    "a value": (lambda s: s["datasets"]["GSE1"].update(values="log3"), "datasets.GSE1.values: "),
    "a pattern": (
        lambda s: s["datasets"]["GSE2"]["labels"][0].update(where={"any": "("}),
        "datasets.GSE2.labels[0].where.any: expected a regular expression",
    ),
    "keys of a dataset": (lambda s: s["datasets"]["GSE3"].update(matrix="x.tsv"), "a geo dataset names no matrix"),
    "a name": (lambda s: s["datasets"].update(nowhere=s["datasets"].pop("GSE3")), "'GSE3' is not one of the datasets"),
    "an unknown dataset": (lambda s: s["cohorts"]["b"].update(datasets=["GSE9"]), "'GSE9' is not one of the datasets"),
    "an unknown label": (
        lambda s: s["cohorts"]["a"].update(control="healthy"),
        "cohorts.a: the label 'healthy' is given by no rule of GSE1",
    ),
    "an unknown cohort": (
        lambda s: s["model"].update(cohort="c"),
        "model.cohort: 'c' is not one of the cohorts (a, b)",
    ),
    "a number": (lambda s: s["differential"].update(p_value=-1), "differential.p_value: "),
    "a key": (lambda s: s["ranking"].update(treees=5), "ranking.treees: unknown key; did you mean 'trees'?"),
    "sizes": (lambda s: s["enrichment"].update(min_size=900), "enrichment.min_size: is larger than max_size"),
    "a pin": (lambda s: s["enrichment"].update(pins={"GO": "x"}), "enrichment: pins: 'GO' is not one of the libraries"),
    "a published cohort": (lambda s: s.update(published={"n_deg": {"c": 1}}), "published.n_deg: 'c' is not one of"),
    "the file's name": (lambda s: s.update(study="other"), "study is 'other', but the file is named pair.yaml"),
    "no title": (lambda s: s.pop("title"), "title: is missing"),
}
# A label of a dataset is not looked for where the dataset cannot be read, nor one part of a section beside another.
HIDING = {("a value", "an unknown label"), ("sizes", "a pin"), ("keys of a dataset", "a name")}


def said(study: dict[str, Any]) -> str:
    with pytest.raises(RequestError) as caught:
        read_study(yaml.safe_dump(study, sort_keys=False), Path("pair.yaml"))
    return str(caught.value)


@pytest.mark.parametrize("pair", [pair for pair in combinations(MISTAKES, 2) if pair not in HIDING], ids=" and ".join)
def test_two_mistakes_are_both_named_and_nothing_else(pair: tuple[str, str]) -> None:
    study = deepcopy(STUDY)
    for name in pair:
        MISTAKES[name][0](study)
    text = said(study)
    for name in pair:
        assert MISTAKES[name][1] in text
    # a dataset with another name is no series and is not there for its validation
    assert len(text.replace("\nalso line ", "; line ").split("; line ")) == 2 + ("a name" in pair)


def test_every_duplicate_key_is_named_beside_what_else_is_wrong() -> None:
    text = yaml.safe_dump(STUDY, sort_keys=False).replace("title: a\n", "title: a\n    title: b\n")
    text = text.replace("title: Two diseases\n", "title: Two\ntitle: Three\nmodle: {}\n")
    with pytest.raises(RequestError) as caught:
        read_study(text, Path("pair.yaml"))
    message = str(caught.value)
    assert message.count("duplicate key 'title'") == 2
    assert "unknown key; did you mean 'model'?" in message


def test_every_problem_of_a_part_is_named() -> None:
    study = deepcopy(STUDY)
    study["datasets"]["GSE1"] |= {"matrix": "x", "channels": {"reference": "cy3"}, "values": "linear"}
    study["enrichment"] |= {"libraries": ["KEGG", "KEGG"], "pins": {"GO": "x"}}
    for what in ("names no matrix", "is no ratio", "duplicate library 'KEGG'", "pins: 'GO' is not one"):
        assert what in said(study)


def test_what_can_be_read_of_a_file_keeps_the_rest(tmp_path: Path) -> None:
    study = deepcopy(STUDY)
    MISTAKES["a value"][0](study)
    MISTAKES["an unknown cohort"][0](study)
    path = tmp_path / "pair.yaml"
    path.write_text(yaml.safe_dump(study))
    read = study_as_read(path)
    assert read is not None
    assert read.enrichment.libraries == ["KEGG"]
    assert read.datasets["GSE2"].labels[0].expect == 5
    path.write_text("datasets: []\n")
    assert study_as_read(path) is None
