"""A study is made by clicks on a local mirror: the file is what the page shows, and check answers in its own words."""

import time
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from dmicc_assets.pages.check_answer import Answer
from dmicc_assets.pages.site import Site
from dmicc_assets.study import patterns
from dmicc_assets.study.dataset_parts import KnownValues
from dmicc_assets.study.loading import load_study
from dmicc_assets.study.settings import load_settings
from dmicc_assets_tests.worlds.pages_browser import Browser
from dmicc_assets_tests.worlds.small_mirror import matrix_text, small_mirror, small_values, write_matrix

SAMPLES = [f"GSM{100 + i}" for i in range(6)]


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mirror")
    small_mirror(folder)
    texts = ["disease: <script>alert(1)</script>"] * 3 + ["disease: healthy"] * 3
    odd = matrix_text("GSE5", "GPL7", small_values(2), samples=[f"GSM{i}" for i in range(500, 506)])
    odd = odd.replace("disease: lupus", texts[0])
    write_matrix(folder, "GSE5", "GPL7", odd)
    return folder


@pytest.fixture
def browser(tmp_path: Path, mirror: Path) -> Browser:
    (tmp_path / "studies").mkdir()
    settings = load_settings(
        home=tmp_path / "home", studies=str(tmp_path / "studies"), geo_url=(mirror / "geo").as_uri(), gene_sets=None
    )
    settings.prepare_home()
    browser = Browser(Site(settings))
    browser.open("/new")
    return browser


def test_accessions_become_samples_with_proposed_labels(browser: Browser) -> None:
    page = browser.press("read", accessions="gse1001,")
    assert "Study GSE1001 of ‘skin’" in page
    study = yaml.safe_load(browser.file)
    rules = {rule["label"]: rule["expect"] for rule in study["datasets"]["GSE1001"]["labels"]}
    assert rules == {"lupus": 3, "control": 3}
    assert study["study"] == "lupus"
    assert next(iter(study["cohorts"].values()))["case"] == "lupus"
    assert study["enrichment"]["libraries"] == ["GO_BP", "GO_CC", "GO_MF", "KEGG"]


LONG = "intrahepatic cholangiocarcinoma without underlying cirrhosis"


def test_long_names_and_labels_are_shown_whole(browser: Browser, mirror: Path) -> None:
    text = matrix_text("GSE6", "GPL7", small_values(2), samples=[f"GSM{i}" for i in range(600, 606)])
    write_matrix(mirror, "GSE6", "GPL7", text.replace("disease: lupus", f"disease: {LONG}"))
    page = browser.press("read", accessions="GSE6")
    label = LONG.replace(" ", "_")
    assert f'title="{label}">{label}</span>' in page
    assert f'<td title="{LONG}">{LONG}</td>' in page
    assert f'value="{label}" list="labels" size="{len(label) + 1}"' in page
    assert yaml.safe_load(browser.file)["cohorts"][label]["case"] == label


def test_clicks_give_labels_and_the_saved_file_is_the_one_shown(browser: Browser, tmp_path: Path) -> None:
    browser.press("read", accessions="GSE1001")
    browser.press("exclude:GSE1001", picks={"pick.GSE1001": [SAMPLES[0]]})
    browser.press("label:GSE1001", picks={"pick.GSE1001": SAMPLES[1:3]}, to__GSE1001="sle")
    browser.press("show", cohort__0__case="sle", name="mine", log_fc="0.5")
    shown = browser.file
    browser.press("save")
    assert browser.url.endswith("/studies/mine?saved=yes")
    path = tmp_path / "studies" / "mine.yaml"
    assert path.read_text() == shown
    study = load_study(path)
    assert study.differential.log_fc == 0.5
    assert study.cohorts["lupus"].case == "sle"
    rules = [(rule.label, rule.expect) for rule in study.datasets["GSE1001"].labels]
    assert rules == [("excluded", 1), ("sle", 2), ("control", 3)]


def test_a_rule_gives_labels_and_a_wrong_one_is_told_beside_the_samples(browser: Browser) -> None:
    browser.press("read", accessions="GSE1001")
    rule: dict[str, Any] = {
        "rule_field__GSE1001": "title",
        "rule_pattern__GSE1001": "sample [12]$",
        "rule_label__GSE1001": "other",
    }
    browser.press("rule:GSE1001", **rule)
    labels = yaml.safe_load(browser.file)["datasets"]["GSE1001"]["labels"]
    assert {rule["label"]: rule["expect"] for rule in labels} == {"other": 2, "lupus": 1, "control": 3}
    browser.press("rule:GSE1001", rule_pattern__GSE1001="(", rule_label__GSE1001="other")
    assert "expected a regular expression, got" in browser.page
    browser.press("case:GSE1001")
    assert "select samples first" in browser.page


def test_a_rule_that_takes_exponential_time_is_stopped(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is answered in a thread, which no signal reaches."""
    monkeypatch.setattr("dmicc_assets.geo.chosen_labels.bounded", lambda what: patterns.bounded(what, 1.0))
    browser.press("read", accessions="GSE1001")
    before = browser.file
    begun = time.process_time()
    browser.press(
        "rule:GSE1001",
        rule_field__GSE1001="title",
        rule_pattern__GSE1001="(" * 15 + "." + "+)" * 15 + "!",
        rule_label__GSE1001="other",
    )
    assert "takes more than 1 s; write it without a repeat in a repeat" in browser.page
    assert browser.status == 200
    assert browser.file == before
    assert time.process_time() - begun < 5


def test_every_kind_of_values_can_be_chosen(browser: Browser) -> None:
    browser.press("read", accessions="GSE1001")
    for kind in get_args(KnownValues):
        assert f'<option value="{kind}"' in browser.page
    browser.press("show", values__GSE1001="ln")
    assert yaml.safe_load(browser.file)["datasets"]["GSE1001"]["values"] == "ln"


def test_a_source_that_gave_no_answer_leaves_the_verdict_open() -> None:
    assert Answer().verdict == "The file is valid, and a run would start."
    assert Answer(is_partial=True).verdict.startswith("The file is valid; whether a run would stop is not known")
    assert "a run would stop" in Answer(stops=("no sample is labelled case",), is_partial=True).verdict


def test_check_answers_in_its_own_words(browser: Browser) -> None:
    browser.press("read", accessions="GSE1001")
    assert "The file is valid, and a run would start." in browser.press("preview")
    browser.press("clear:GSE1001", picks={"pick.GSE1001": SAMPLES[:1]})
    page = browser.press("preview")
    assert "a run would stop" in page
    assert f"sample {SAMPLES[0]} matches no label rule" in page
    page = browser.press("preview", cohort__0__case="nobody")
    assert "the label &#39;nobody&#39; is given by no rule of GSE1001" in page
    assert "lupus.yaml line" in page


def test_a_file_that_is_there_is_replaced_only_when_asked(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "studies" / "mine.yaml"
    path.write_text("mine: already\n")
    browser.press("read", accessions="GSE1001")
    page = browser.press("save", name="mine")
    assert "mine.yaml exists; nothing was saved" in page
    assert "Replace the file" in page
    assert path.read_text() == "mine: already\n"
    browser.press("replace:save")
    assert load_study(path).study == "mine"


@pytest.mark.parametrize("name", ["../../evil", "Mine", "a b", "", "mine.yaml", "demo"])
def test_a_name_that_is_not_valid_or_taken_saves_nothing(browser: Browser, tmp_path: Path, name: str) -> None:
    browser.press("read", accessions="GSE1001")
    page = browser.press("save", name=name)
    assert "a study of this name exists" in page if name == "demo" else "a study&#39;s name has lower-case" in page
    assert list((tmp_path / "studies").iterdir()) == []
    assert not (tmp_path.parent / "evil.yaml").exists()


def test_two_series_join_and_what_was_said_of_the_first_stays(browser: Browser) -> None:
    browser.press("read", accessions="GSE1001")
    browser.press("exclude:GSE1001", picks={"pick.GSE1001": SAMPLES[:1]})
    browser.press("add_cohort")
    browser.press("read", accessions="GSE1001 gse5", title="Skin")
    study = yaml.safe_load(browser.file)
    assert list(study["datasets"]) == ["GSE1001", "GSE5"]
    assert "excluded" in {rule["label"] for rule in study["datasets"]["GSE1001"]["labels"]}
    assert study["title"] == "Skin"
    assert next(iter(study["cohorts"])) == "lupus"
    browser.press("add_validation")
    assert yaml.safe_load(browser.file)["validation"][0]["case"] == "lupus"
    browser.press("remove_validation:0")
    assert "validation" not in yaml.safe_load(browser.file)


def test_one_platform_of_a_series_stays_that_one(browser: Browser) -> None:
    browser.press("read", accessions="GSE1001-GPL7, GSE5")
    browser.press("exclude:GSE1001-GPL7", picks={"pick.GSE1001-GPL7": SAMPLES[:1]})
    browser.press("show")
    labels = yaml.safe_load(browser.file)["datasets"]["GSE1001-GPL7"]["labels"]
    assert {rule["label"] for rule in labels} == {"lupus", "control", "excluded"}


def test_texts_of_other_people_are_text(browser: Browser) -> None:
    page = browser.press("read", accessions="GSE5")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


@pytest.mark.parametrize("accessions", ["", "GSE999999999999", "../../etc", "GSE77", "<b>"])
def test_a_series_that_cannot_be_read_is_told_beside_its_field(browser: Browser, accessions: str) -> None:
    page = browser.press("read", accessions=accessions)
    assert browser.status == 200
    assert 'role="alert"' in page
    assert "Traceback" not in page
    assert "<b>" not in page


def test_a_wrong_accession_loses_nothing_of_the_draft(browser: Browser) -> None:
    browser.press("read", accessions="GSE1001")
    browser.press("exclude:GSE1001", picks={"pick.GSE1001": SAMPLES[:1]})
    page = browser.press("read", accessions="GSE1001, GSE77")
    assert "GSE77: no such series" in page
    assert "excluded" in {rule["label"] for rule in yaml.safe_load(browser.file)["datasets"]["GSE1001"]["labels"]}


def test_a_form_without_the_token_or_of_another_page_changes_nothing(browser: Browser, tmp_path: Path) -> None:
    browser.press("read", accessions="GSE1001")
    browser.press("save", token="x" * 43)
    assert browser.status == 400
    assert "an earlier start of dmicc ui" in browser.page
    for headers in ({}, {"origin": "http://evil.example"}):
        assert browser.client.post("/new", data={"do": "save"}, headers=headers).status_code == 403
    assert list((tmp_path / "studies").iterdir()) == []
