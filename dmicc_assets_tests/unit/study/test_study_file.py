"""Every kind of wrong study file, one by one: one line that names the file, the line and the key."""

import re
from pathlib import Path

import pytest

from dmicc_assets.errors import RequestError
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.study.loading import load_study, study_files
from dmicc_assets.study.settings import load_settings

GOOD = """\
study: good
title: A study
datasets:
  SIM1:
    source: geo
    platform: SIMP1
    labels:
      - {label: sick, where: {any: '(?i)sick'}, expect: 3}
      - {label: well, where: {any: '(?i)well'}}
  SIM-X:
    source: xena
    matrix: SIM.X/HiSeqV2
    labels:
      - {label: tumour, where: {sample: '-01$'}}
      - {label: normal, where: {sample: '-11$'}}
cohorts:
  a: {title: A, datasets: [SIM1], case: sick, control: well}
model: {cohort: a}
validation:
  - {dataset: SIM-X, case: tumour, control: normal}
"""
END = "model: {cohort: a}"

# What is written instead of what, and the line, the key and a part of the text that must be said.
WRONG_IN_PLACE = {
    "unknown key": (
        "title: A study",
        "title: A study\nvalidaton: []",
        3,
        "validaton",
        "unknown key; did you mean 'validation'?",
    ),
    "unknown key of a dataset": (
        "platform: SIMP1",
        "platfrom: SIMP1",
        6,
        "datasets.SIM1.platfrom",
        "did you mean 'platform'?",
    ),
    "unknown key in one line": ("expect: 3", "expected: 3", 8, "datasets.SIM1.labels[0].expected", "mean 'expect'?"),
    "unknown setting": (END, "model: {cohort: a, boostrap: 5}", 18, "model.boostrap", "did you mean 'bootstrap'?"),
    "key like no other": ("title: A study", "title: A study\nqq: 1", 3, "qq", "unknown key"),
    "unknown source": ("source: geo", "source: gep", 5, "datasets.SIM1.source", "'geo', 'xena' or 'file', got 'gep'"),
    "path as accession": ("  SIM1:", "  ../../etc:", 4, "datasets.../../etc", "should match pattern"),
    "path behind accession": ("  SIM1:", "  SIM1/../..:", 4, "datasets.SIM1/../..", "should match pattern"),
    "number as accession": ("  SIM1:", "  12:", 4, "datasets[12]", "valid string, got 12"),
    "path as platform": ("SIMP1\n", "../x\n", 6, "datasets.SIM1.platform", "got '../x'"),
    "path as matrix": ("SIM.X/HiSeqV2", "../../x", 10, "datasets.SIM-X", "relative to the hub, got '../../x'"),
    "root path as matrix": ("SIM.X/HiSeqV2", "/etc/x", 10, "datasets.SIM-X", "relative to the hub, got '/etc/x'"),
    "address as matrix": ("SIM.X/HiSeqV2", "http://x/y", 10, "datasets.SIM-X", "got 'http://x/y'"),
    "path as library": (END, f"{END}\nenrichment: {{libraries: [../x]}}", 19, "enrichment.libraries[0]", "got '../x'"),
    "repeated key": ("title: A study", "title: A study\ntitle: B", 3, "'title'", "duplicate key"),
    "repeated key below": (
        "    platform: SIMP1",
        "    platform: SIMP1\n    platform: SIMP2",
        7,
        "'platform'",
        "duplicate key",
    ),
    "word for a number": ("expect: 3", "expect: three", 8, "datasets.SIM1.labels[0].expect", "integer, got 'three'"),
    "fraction for a count": ("expect: 3", "expect: 2.5", 8, "datasets.SIM1.labels[0].expect", "integer, got 2.5"),
    "negative count": ("expect: 3", "expect: -1", 8, "datasets.SIM1.labels[0].expect", "or equal to 0, got -1"),
    "number for a text": ("title: A study", "title: 5", 2, "title", "valid string, got 5"),
    "yes for a text": ("title: A study", "title: yes", 2, "title", "valid string, got True"),
    "nothing for a text": ("title: A study", "title:", 2, "title", "valid string, got None"),
    "text for a list": ("datasets: [SIM1]", "datasets: SIM1", 17, "cohorts.a.datasets", "valid list, got 'SIM1'"),
    "text for a section": (END, "model: a", 18, "model", "got 'a'"),
    "number for a version": (
        END,
        f"{END}\ndifferential: {{limma: 3.63}}",
        19,
        "differential.limma",
        "'3.63' or '3.54'",
    ),
    "impossible p": (END, f"{END}\ndifferential: {{p_value: 2}}", 19, "differential.p_value", "equal to 1, got 2"),
    "no number": (END, f"{END}\ndifferential: {{log_fc: .nan}}", 19, "differential.log_fc", "got nan"),
    "one fold": (END, f"{END}\nranking: {{folds: 1}}", 19, "ranking.folds", "or equal to 2, got 1"),
    "seed of 33 bits": (END, f"{END}\nranking: {{seed: 4294967296}}", 19, "ranking.seed", "4294967295, got 4294967296"),
    "seed below 0": (END, f"{END}\nrigor: {{seed: -1}}", 19, "rigor.seed", "or equal to 0, got -1"),
    "seed of the model": (END, "model: {cohort: a, seed: 9999999999}", 18, "model.seed", "got 9999999999"),
    "endless forest": (END, f"{END}\nranking: {{trees: 100001}}", 19, "ranking.trees", "100000, got 100001"),
    "endless bootstrap": (END, "model: {cohort: a, bootstrap: 1000001}", 18, "model.bootstrap", "1000000, got 1000001"),
    "endless null": (END, f"{END}\nrigor: {{permutations: 1000001}}", 19, "rigor.permutations", "1000000, got"),
    "invalid pattern": (
        "(?i)sick",
        "(sick",
        8,
        "datasets.SIM1.labels[0].where.any",
        "a regular expression, got '(sick'",
    ),
    "patient without group": (
        "    platform: SIMP1",
        "    platform: SIMP1\n    patient: {field: title, pattern: 'abc'}",
        7,
        "datasets.SIM1.patient.pattern",
        "one group in the pattern",
    ),
    "rule without field": ("{any: '(?i)sick'}", "{}", 8, "datasets.SIM1.labels[0].where", "at least 1 item"),
    "cohort without dataset": ("[SIM1]", "[]", 17, "cohorts.a.datasets", "at least 1 item"),
    "no case label": ("case: sick, ", "", 17, "cohorts.a.case", "is missing"),
    "no control label": (", control: well", "", 17, "cohorts.a.control", "is missing"),
    "no title": ("title: A study\n", "", 1, "title", "is missing"),
    "no study": ("study: good\n", "", 1, "study", "is missing"),
    "no cohorts": ("cohorts:\n", "cohort:\n", 1, "cohorts", "is missing"),
    "geo with a matrix": ("    platform: SIMP1", "    matrix: x.tsv", 4, "datasets.SIM1", "names no matrix"),
    "xena without matrix": ("    matrix: SIM.X/HiSeqV2\n", "", 10, "datasets.SIM-X", "names its matrix"),
    "bad cohort name": ("  a: {", "  A-b: {", 17, "cohorts.A-b", "got 'A-b'"),
    "bad label name": ("label: sick", "label: Sick one", 8, "datasets.SIM1.labels[0].label", "got 'Sick one'"),
    "unknown direction": (
        END,
        f"{END}\npublished: {{directions: {{a: {{X: upwards}}}}}}",
        19,
        "published.directions.a.X",
        "'up' or 'down', got 'upwards'",
    ),
}
# Problems between parts of the file: the line, the key and what was expected.
WRONG_TOGETHER = {
    "two pins of a name": (
        END,
        f"{END}\nenrichment: {{libraries: [{{KEGG: A}}]}}\nscores: {{libraries: [KEGG]}}",
        20,
        "scores.libraries",
        "KEGG is not pinned here, A in enrichment",
    ),
    "case label nowhere": ("case: sick", "case: sickly", 17, "cohorts.a", "'sickly' is given by no rule of SIM1"),
    "control label nowhere": ("control: well", "control: fine", 17, "cohorts.a", "they give sick, well"),
    "validation label nowhere": (
        "case: tumour",
        "case: tumor",
        20,
        "validation[0]",
        "'tumor' is given by no rule of SIM-X",
    ),
    "one label twice": ("control: well", "control: sick", 17, "cohorts.a", "case and control are both 'sick'"),
    "validation label twice": ("control: normal", "control: tumour", 20, "validation[0]", "both 'tumour'"),
    "no accession": ("  SIM1:", "  MYDATA:", 4, "datasets.MYDATA", "a series accession like GSE32225"),
    "unknown dataset": ("[SIM1]", "[SIM2]", 17, "cohorts.a", "'SIM2' is not one of the datasets (SIM1, SIM-X)"),
    "dataset twice": ("[SIM1]", "[SIM1, SIM1]", 17, "cohorts.a", "duplicate dataset"),
    "unknown validation": (
        "dataset: SIM-X",
        "dataset: SIM-Y",
        20,
        "validation[0]",
        "'SIM-Y' is not one of the datasets",
    ),
    "unknown cohort": (
        "model: {cohort: a}",
        "model: {cohort: b}",
        18,
        "model.cohort",
        "'b' is not one of the cohorts (a)",
    ),
    "no size fits": (
        "model: {cohort: a}",
        "model: {cohort: a}\nenrichment: {min_size: 50, max_size: 10}",
        19,
        "enrichment.min_size",
        "max_size",
    ),
    "unknown cohort of a paper": (
        "model: {cohort: a}",
        "model: {cohort: a}\npublished: {n_deg: {b: 3}}",
        19,
        "published.n_deg",
        "(a)",
    ),
    "two platforms": (
        "  SIM1:",
        "  SIM1-SIMP2:",
        6,
        "datasets.SIM1-SIMP2.platform",
        "not the platform in the dataset's name",
    ),
}
NOT_YAML = {
    "a tab": ("title: A study", "\ttitle: A study", 2),
    "an open bracket": ("datasets: [SIM1]", "datasets: [SIM1", 17),
    "a list as key": ("title: A study", "title: A study\n? [a, b]\n: c", 3),
    "an unknown alias": ("title: A study", "title: *nope", 2),
    "a Python object": ("title: A study", "title: !!python/object/apply:os.getcwd []", 2),
    "two documents": ("cohorts:", "---\ncohorts:", 16),
}


def message(path: Path, text: str | bytes) -> str:
    """The message of a wrong file, which is one or two lines that begin with the file."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RequestError) as caught:
        load_study(path)
    said = str(caught.value)
    assert said.startswith(str(path))
    assert said.count("\n") <= 1
    assert caught.value.exit_status == 2
    return said.removeprefix(str(path))


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "good.yaml"


def test_the_file_that_the_others_are_made_of_is_good(path: Path) -> None:
    path.write_text(GOOD)
    study = load_study(path)
    assert list(study.datasets) == ["SIM1", "SIM-X"]
    assert study.model_cohort == "a"


@pytest.mark.parametrize("case", WRONG_IN_PLACE)
def test_a_wrong_key_or_value_is_named_with_its_line(path: Path, case: str) -> None:
    old, new, line, key, text = WRONG_IN_PLACE[case]
    said = message(path, changed(old, new))
    assert said.startswith(f" line {line}: ")
    assert key in said
    assert text in said


@pytest.mark.parametrize("case", WRONG_TOGETHER)
def test_parts_that_do_not_agree_are_named(path: Path, case: str) -> None:
    old, new, line, key, text = WRONG_TOGETHER[case]
    said = message(path, changed(old, new))
    assert said.startswith(f" line {line}: {key}")
    assert text in said


@pytest.mark.parametrize("case", NOT_YAML)
def test_what_is_not_yaml_is_named_with_its_line(path: Path, case: str) -> None:
    old, new, line = NOT_YAML[case]
    said = message(path, changed(old, new))
    assert said.startswith(f" line {line}: not valid YAML (")


@pytest.mark.parametrize("text", ["", "# nothing but a comment\n", "only words\n", "- a\n- list\n", "null\n"])
def test_a_file_without_a_study_says_what_was_expected(path: Path, text: str) -> None:
    assert message(path, text) == ": expected a study (keys study, title, datasets, cohorts), found none"


def test_bytes_that_are_no_text_cannot_be_read(path: Path) -> None:
    assert message(path, "title: é".encode("latin-1")).startswith(": cannot be read as UTF-8: save it ")
    assert message(path, bytes(range(256))).startswith(": cannot be read as UTF-8: save it ")
    assert message(path, "a: \0b").startswith(": not valid YAML (")


@pytest.mark.parametrize("title", ["2019-13-45", "&a [*a]", "[" * 3000])
def test_yaml_that_cannot_be_built_is_no_traceback(path: Path, title: str) -> None:
    assert message(path, changed("title: A study", f"title: {title}")).startswith(": not valid YAML (")


def test_accessions_may_be_lower_case(path: Path) -> None:
    path.write_text(GOOD.replace("SIM1", "sim1").replace("SIMP1", "simp1"))
    study = load_study(path)
    assert list(study.datasets) == ["SIM1", "SIM-X"]
    assert (study.cohorts["a"].datasets, study.datasets["SIM1"].platform) == (["SIM1"], "SIMP1")


def test_the_study_has_the_name_of_its_file(path: Path) -> None:
    said = message(path, changed("study: good", "study: other"))
    assert said.startswith(" line 1: study is 'other', but the file is named good.yaml")


def test_further_problems_are_named_in_one_more_line(path: Path) -> None:
    said = message(path, changed("expect: 3", "expect: three").replace("title: A study", "title: 5"))
    assert len(said.splitlines()) == 2
    assert said.splitlines()[1].startswith("also line ")


def test_a_tab_is_named(path: Path) -> None:
    said = message(path, changed("title: A study", "title: A study\n\tpopulation: x"))
    assert "not valid YAML" in said
    assert said.endswith(": indent by spaces, not by tabs")


def test_a_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(RequestError, match=re.escape(f"{path}: cannot be read")):
            load_study(path)


def test_an_unknown_study_names_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    workspace = open_workspace(load_settings(home=tmp_path / "home", studies=str(tmp_path)))
    with pytest.raises(RequestError, match=r"no study 'bad': known are demo, dm_icc, good"):
        workspace.study("bad")
    assert workspace.study("good").title == "A study"


def test_a_path_is_no_study(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    folder = tmp_path / "studies"
    folder.mkdir()
    workspace = open_workspace(load_settings(home=tmp_path / "home", studies=str(folder)))
    with pytest.raises(RequestError, match="no study"):
        workspace.study("../good")


def test_a_broken_study_file_does_not_touch_another(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "broken.yaml").write_text("study: [")
    workspace = open_workspace(load_settings(home=tmp_path / "home", studies=str(tmp_path)))
    assert workspace.study("good").study == "good"


def test_an_earlier_folder_wins_and_a_missing_one_is_named(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, title in ((first, "First"), (second, "Second")):
        folder.mkdir()
        (folder / "good.yaml").write_text(GOOD.replace("A study", title))
    (first / "demo.yml").write_text(GOOD)
    assert load_study(study_files([first, second])["good"]).title == "First"
    assert study_files([first])["demo"] == first / "demo.yml"
    with pytest.raises(RequestError, match=r"none: no such folder of study files \(DMICC_STUDIES names it\)"):
        study_files([tmp_path / "none"])
