"""What `dmicc init` shows and writes, from headers alone."""

import re
from pathlib import Path

import pytest

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.expression.labels import assign_labels
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.describe import SeriesDescription, describe_series
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.propose_study import propose_study
from dmicc_assets.geo.sample_groups import label_of
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets.study.loading import load_study
from dmicc_assets.study.schema import Study
from dmicc_assets_tests.oracle import ORACLE
from dmicc_assets_tests.worlds.fake_geo import FakeGeo
from dmicc_assets_tests.worlds.small_mirror import (
    CONTACT,
    family_text,
    matrix_text,
    small_values,
    write_family,
    write_matrix,
)


def described(mirror: Path, client: GeoClient, *rows: list[str], accession: str = "GSE5") -> SeriesDescription:
    samples = [f"GSM{500 + i}" for i in range(len(rows[0]))]  # other samples than those of GSE1001
    text = matrix_text(accession, "GPL7", small_values(2, len(samples)), characteristics=rows, samples=samples)
    write_matrix(mirror, accession, "GPL7", text)
    return describe_series(accession, client)


def groups(description: SeriesDescription) -> list[tuple[str, int, str, str]]:
    found = description.datasets[0].groups
    return [(group.text, group.n_samples, group.kind, group.label) for group in found]


def study_of(text: str, folder: Path, name: str = "my_study") -> Study:
    (folder / f"{name}.yaml").write_text(text)
    return load_study(folder / f"{name}.yaml")


def test_descriptions_groups_and_tissue(client: GeoClient) -> None:
    series = describe_series("GSE1001", client)
    assert (series.accession, series.title, series.pubmed_ids) == ("GSE1001", "Study GSE1001 of ‘skin’", ("123",))
    (dataset,) = series.datasets
    assert (dataset.name, dataset.platform, dataset.n_samples) == ("GSE1001", "GPL7", 6)
    assert dataset.descriptions["disease"] == {"lupus": 3, "healthy": 3}
    assert dataset.descriptions["source_name"] == {"skin": 6}
    assert "title" not in dataset.descriptions  # all distinct: nothing to count
    assert groups(series) == [("lupus", 3, "case", "lupus"), ("healthy", 3, "control", "control")]
    assert (dataset.field, dataset.tissue) == ("disease", "skin")


@pytest.mark.parametrize(
    ("source", "tissue"),
    [("synovial membrane", "synovium"), ("gastric mucosa tissue", "stomach"), ("PBMCs", "pbmc"), ("hepatocytes", "")],
)
def test_a_tissue_is_known_by_noun_and_adjective(mirror: Path, client: GeoClient, source: str, tissue: str) -> None:
    text = matrix_text("GSE5", "GPL7", small_values(2)).replace('"skin"', f'"{source}"').replace("of ‘skin’", "of it")
    write_matrix(mirror, "GSE5", "GPL7", text)
    assert describe_series("GSE5", client).datasets[0].tissue == tissue


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("normal biliary epithelium", "control"),
        ("healthy control", "control"),
        ("adjacent non-tumor liver tissue", "control"),
        ("normal tissue adjacent to Renal Cell Carcinoma", "control"),
        ("HC", "control"),
        ("untreated", "control"),
        ("intrahepatic cholangiocarcinoma", "case"),
        ("tumor tissue", "case"),
        ("dermatomyositis patient", "case"),
        ("tumor, control arm", "case"),
        ("abnormal", "case"),
    ],
)
def test_control_words(mirror: Path, client: GeoClient, text: str, kind: str) -> None:
    row = [f"group: {text}"] * 3 + ["group: xyz"] * 2
    assert groups(described(mirror, client, row))[0][2] == kind


def test_the_field_with_both_kinds_wins_over_sex_and_age(mirror: Path, client: GeoClient) -> None:
    sex = ["gender: F", "gender: M"] * 3
    age = [f"age: {i}" for i in range(6)]
    state = ["diagnosis: OA"] * 2 + ["diagnosis: RA"] * 2 + ["diagnosis: control"] * 2
    assert described(mirror, client, sex, age, state).datasets[0].field == "diagnosis"
    nothing = described(mirror, client, sex, age, accession="GSE6").datasets[0]
    assert (nothing.field, nothing.groups) == (None, ())


def test_numbers_at_the_end_of_titles_do_not_hide_groups(mirror: Path, client: GeoClient) -> None:
    """GSE83521 says only in numbered titles and source names what is tumour and what is normal."""
    text = matrix_text("GSE5", "GPL7", small_values(2, 4), characteristics=[["age: 1"] * 4])
    titles = ["Tumour tissue 1", "Tumour tissue 2b", "Normal tissue_01", "Normal tissue"]
    for i, title in enumerate(titles):
        text = text.replace(f'"sample {i + 1}"', f'"{title}"')
    write_matrix(mirror, "GSE5", "GPL7", text)
    series = describe_series("GSE5", client)
    assert series.datasets[0].field == "title"
    assert groups(series) == [("Tumour tissue", 2, "case", "tumour_tissue"), ("Normal tissue", 2, "control", "control")]
    for group, expected in zip(series.datasets[0].groups, (titles[:2], titles[2:]), strict=True):
        assert [title for title in titles if re.search(group.pattern, title)] == expected


def test_only_the_header_is_read(mirror: Path, fake_geo: FakeGeo, tmp_path: Path) -> None:
    write_matrix(mirror, "GSE5", "GPL7", matrix_text("GSE5", "GPL7", small_values(9_000)))
    client = GeoClient(
        fake_geo.geo_url, fake_geo.acc_url, fake_geo.xena_url, tmp_path / "cache", tmp_path / "locks", rate=500.0
    )
    assert describe_series("GSE5", client).datasets[0].n_samples == 6
    assert [request.status for request in fake_geo.requests] == [200, 200]
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_each_platform_is_a_dataset(mirror: Path, client: GeoClient) -> None:
    for platform in ("GPL571", "GPL3921"):
        text = matrix_text("GSE14520", platform, small_values(2))
        write_matrix(mirror, "GSE14520", platform, text, names_platform=True)
    names = {dataset.name for dataset in describe_series("GSE14520", client).datasets}
    assert names == {"GSE14520-GPL571", "GSE14520-GPL3921"}
    assert [d.name for d in describe_series("GSE14520-GPL571", client).datasets] == ["GSE14520-GPL571"]
    with pytest.raises(SourceError, match="no samples of GPL570"):
        describe_series("GSE14520-GPL570", client)


def test_without_a_matrix_acc_or_the_family_file_tells(
    mirror: Path, client: GeoClient, fake_geo: FakeGeo, tmp_path: Path
) -> None:
    tables = {"GPL96": {"GSM1": {"a": "1"}}, "GPL97": {"GSM2": {"a": "1"}}}
    family = family_text("GSE781", tables, {"GPL96": {"a": "TP53"}})
    write_family(mirror, "GSE781", family)
    assert [d.name for d in describe_series("GSE781", client).datasets] == ["GSE781-GPL96", "GSE781-GPL97"]
    sample = "^SAMPLE = GSM1\n!Sample_title = one\n!Sample_platform_id = GPL96\n!Sample_contact_email = x@y.z\n"
    (mirror / "acc" / "GSE781.gsm.brief.txt").write_text(sample)
    (mirror / "acc" / "GSE781.self.brief.txt").write_text("^SERIES = GSE781\n!Series_title = From acc\n")
    over_http = GeoClient(
        fake_geo.geo_url, fake_geo.acc_url, fake_geo.xena_url, tmp_path / "cache", tmp_path / "locks", rate=500.0
    )
    series = describe_series("GSE781", over_http)
    assert (series.title, [d.n_samples for d in series.datasets]) == ("From acc", [1])


@pytest.mark.parametrize(("accession", "error"), [("../../etc", RequestError), ("GPL96", RequestError)])
def test_what_is_no_series_is_refused(client: GeoClient, accession: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="is not a series accession"):
        describe_series(accession, client)


def test_a_series_that_is_not_there_is_named(client: GeoClient) -> None:
    with pytest.raises(SourceError, match=r"GSE77: no such series at .*series/GSEnnn/GSE77/"):
        describe_series("GSE77", client)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Liver Tumor Tissue", "liver_tumor_tissue"),
        ("5-FU (24h)", "group_5_fu_24h"),
        ("µ", "group"),
        ("intrahepatic cholangiocarcinoma without cirrhosis", "intrahepatic_cholangiocarcinoma_without_cirrhosis"),
        ("biopsy " * 20, "biopsy_biopsy_biopsy_biopsy_biopsy_biopsy_biopsy_biopsy"),
        ("x" * 61, "x" * 60),
    ],
)
def test_labels_are_names(text: str, label: str) -> None:
    assert label_of(text) == label


def test_the_proposal_is_a_study_whose_rules_fit_the_samples(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    odd = ["state: It's (a) 'test' \\ {x}: [y]*"] * 2 + ["state: normal controls"] * 4
    described(mirror, client, odd)
    series = [describe_series(accession, client) for accession in ("GSE1001", "GSE5")]
    text = propose_study(series, "my_study")
    study = study_of(text, tmp_path)
    assert list(study.datasets) == ["GSE1001", "GSE5"]
    assert {key: cohort.datasets for key, cohort in study.cohorts.items()} == {
        "lupus": ["GSE1001"],
        "it_s_a_test_x_y": ["GSE5"],
    }
    for name, spec in study.datasets.items():
        raw = read_dataset(name, spec, acquire(name, spec, client, tmp_path))
        labels = assign_labels(name, raw.samples, spec.labels)
        assert sum(label == "control" for label in labels) == (3 if name == "GSE1001" else 4)
    assert "'healthy' (3)" in text
    assert all(private not in text for private in CONTACT)


def test_series_with_the_same_groups_are_one_cohort(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    state = ["disease: Lupus"] * 3 + ["disease: normal donor"] * 3
    described(mirror, client, state)
    series = [describe_series(accession, client) for accession in ("GSE1001", "GSE5")]
    study = study_of(propose_study(series, "my_study"), tmp_path)
    assert study.cohorts["lupus"].datasets == ["GSE1001", "GSE5"]
    assert (study.cohorts["lupus"].case, study.cohorts["lupus"].control) == ("lupus", "control")


def test_series_with_common_samples_are_not_merged(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    """A super-series has the samples of its parts: one cohort of both would have them twice."""
    write_matrix(mirror, "GSE6", "GPL7", matrix_text("GSE6", "GPL7", small_values(2)))
    series = [describe_series(accession, client) for accession in ("GSE1001", "GSE6")]
    text = propose_study(series, "my_study")
    assert study_of(text, tmp_path).cohorts["lupus"].datasets == ["GSE1001"]
    assert "GSE6 is in no cohort: it has samples of GSE1001" in text


@pytest.mark.parametrize(
    ("texts", "kinds"),
    [
        (("HD_1", "HC_1"), ("case", "control")),  # Huntington's disease
        (("HD", "lupus"), ("control", "case")),  # a healthy donor
        (("NL 1", "DM 2"), ("control", "case")),
        (("NORM3", "RA_patient"), ("control", "case")),
        (("Nml", "nmlx"), ("control", "case")),
        (("healthy_control_1", "tumor_control_arm"), ("control", "case")),
    ],
)
def test_a_word_counts_by_what_stands_beside_it(
    mirror: Path, client: GeoClient, texts: tuple[str, str], kinds: tuple[str, str]
) -> None:
    found = groups(described(mirror, client, [f"group: {text}" for text in texts for _ in range(3)]))
    assert [(text, kind) for text, _, kind, _ in found] == list(zip(texts, kinds, strict=True))


def test_what_the_header_does_not_tell_is_to_be_filled_in(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    series = described(mirror, client, ["age: 1"] * 4)
    text = propose_study([series], "my_study")
    line = next(i for i, each in enumerate(text.splitlines(), 1) if "label: FILL_IN" in each)
    with pytest.raises(RequestError, match=rf"my_study\.yaml line {line}: .*FILL_IN"):
        study_of(text, tmp_path)
    assert "# FILL_IN: no description says which samples are cases and which controls" in text


@pytest.mark.parametrize("name", ["My study", "../x", "", "1st"])
def test_a_name_that_is_none_is_refused(client: GeoClient, name: str) -> None:
    with pytest.raises(RequestError, match="a study's name"):
        propose_study([describe_series("GSE1001", client)], name)


def test_the_proposed_study_labels_every_sample_of_its_series(tmp_path: Path) -> None:
    mirror = (ORACLE / "study" / "geo").as_uri()
    client = GeoClient(mirror, GEO_ACC_URL, "file:///none", tmp_path / "cache", tmp_path / "locks")
    series = [describe_series(accession, client) for accession in ("GSE71001", "GSE71002", "GSE71003")]
    study = study_of(propose_study(series, "my_study"), tmp_path)
    assert study.cohorts["arthritis"].datasets == ["GSE71001", "GSE71002"]
    assert study.cohorts["carcinoma"].control == "non_tumor_tissue"
    for name, spec in study.datasets.items():
        raw = read_dataset(name, spec, acquire(name, spec, client, tmp_path))
        assert len(assign_labels(name, raw.samples, spec.labels)) == raw.samples.height


@pytest.mark.parametrize("key", ["disease_state", "Disease-State", "sample"])
def test_a_key_is_proposed_in_its_own_spelling_and_found_by_a_run(mirror: Path, client: GeoClient, key: str) -> None:
    found = described(mirror, client, [f"{key}: colitis"] * 6 + [f"{key}: healthy"] * 5)
    assert found.datasets[0].field == key
    assert [group.n_samples for group in found.datasets[0].groups] == [6, 5]


def test_a_field_of_two_texts_is_proposed_where_each_sample_has_one_group(mirror: Path, client: GeoClient) -> None:
    rows = ["title: colitis"] * 6 + ["title: healthy"] * 5
    assert described(mirror, client, rows).datasets[0].field == "title"
    both = ["title: sample 9"] * 6 + ["title: normal"] * 5  # what GEO's own title of a sample says, too
    assert described(mirror, client, both).datasets[0].field is None
