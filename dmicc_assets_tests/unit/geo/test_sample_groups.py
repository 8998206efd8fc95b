"""Groups that `init` proposes: spellings of one text, numbers of patients and replicates, doubtful controls."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dmicc_assets.expression.labels import assign_labels
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import read_dataset
from dmicc_assets.geo.describe import describe_series
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.propose_study import propose_study
from dmicc_assets.geo.sample_groups import best_groups
from dmicc_assets.geo.spellings import patterns_of, same_spelling
from dmicc_assets.study.loading import load_study
from dmicc_assets_tests.worlds.small_mirror import matrix_text, small_values, write_matrix


def groups_of(**fields: Sequence[str]) -> tuple[str | None, list[tuple[str, str, int]]]:
    n = len(next(iter(fields.values())))
    own = {"source_name": ["tissue"] * n, "title": [f"t{i}" for i in range(n)]}
    field, groups = best_groups({**own, **{key: list(values) for key, values in fields.items()}})
    return field, [(group.kind, group.label, group.n_samples) for group in groups]


@pytest.mark.parametrize(
    ("counts", "n_texts"),
    [
        ({"surgery": 8, "sugery": 2}, 1),
        ({"sugery": 2, "surgery": 8}, 1),
        ({"open surgery": 8, "open sugrery": 1}, 1),
        ({"carcinoma": 8, "carcimoma": 2}, 1),
        ({"Tumor": 3, "tumor": 3, "TUMOR ": 1}, 1),
        ({"non-tumor": 3, "non tumor": 3, "Non_Tumor": 1}, 1),
        ({"Crohn's disease": 3, "Crohns disease": 3}, 1),
        ({"case": 3, "cases": 3}, 1),
        ({"stage 1": 8, "stage 2": 1}, 2),
        ({"stage I": 8, "stage II": 1}, 2),
        ({"IgA nephropathy": 8, "IgG nephropathy": 1}, 2),
        ({"clusterA": 9, "clusterB": 1}, 2),
        ({"group alpha": 9, "group alphb": 1}, 2),
        ({"typical": 9, "atypical": 1}, 2),
        ({"medial": 9, "median": 1}, 2),
        ({"surgery": 5, "sugery": 4}, 2),  # nobody knows which is wrong
        ({"AA": 3, "Aa": 3, "aa": 3}, 3),  # genotypes
        ({"day 0": 3, "day 7": 3, "day 14": 3}, 3),
        ({"male": 9, "female": 1}, 2),
        ({"CD4 positive": 9, "CD8 positive": 1}, 2),
    ],
)
def test_spellings_of_one_text(counts: dict[str, int], n_texts: int) -> None:
    assert len(set(same_spelling(counts).values())) == n_texts


@given(st.dictionaries(st.text("surgey 12-A'", max_size=9), st.integers(1, 9), max_size=8))
def test_a_spelling_stands_for_itself_or_for_a_more_frequent_one(counts: dict[str, int]) -> None:
    for text, head in same_spelling(counts).items():
        assert same_spelling(counts)[head] == head
        assert counts[head] >= counts[text]
        assert re.findall(r"\d", head) == re.findall(r"\d", text)


def numbered(form: str, n: int = 5) -> list[str]:
    return [form.format(i) for i in range(1, n + 1)]


@pytest.mark.parametrize(
    ("case", "control", "label"),
    [
        ("RA rep{}", "normal_{}", "ra"),
        ("RA_rep_{}", "Healthy control rep {}", "ra"),
        ("RA, biological replicate {}", "Healthy control, biological replicate {}", "ra"),
        ("RA (rep {})", "healthy [{}]", "ra"),
        ("Patient {}, tumor", "Patient {}, normal", "tumor"),
        ("P{}_tumor", "P{}_normal", "tumor"),
        ("{}_tumor", "{}_normal", "tumor"),
        ("synovium RA patient {} rep 1", "synovium healthy donor {} rep 2", "synovium_ra"),
    ],
)
def test_titles_are_used_where_characteristics_tell_nothing(case: str, control: str, label: str) -> None:
    titles = [*numbered(case), *numbered(control)]
    constant, own = ["adult"] * len(titles), [f"id{i}" for i in range(len(titles))]
    found = groups_of(age=constant, individual=own, title=titles)
    assert found == ("title", [("case", label, 5), ("control", "control", 5)])


def test_numbers_that_mean_something_stay() -> None:
    titles = [*numbered("day 0 RA {}"), *numbered("day 7 RA {}"), *numbered("day 0 HC {}")]
    assert [label for _, label, _ in groups_of(title=titles)[1]] == ["day_0_ra", "day_7_ra", "control"]
    times = [*numbered("24 h control rep {}"), *numbered("48 h control rep {}"), *numbered("48 h TNF rep {}")]
    assert [label for _, label, _ in groups_of(title=times)[1]] == [
        "group_24_h_control",
        "group_48_h_control",
        "group_48_h_tnf",
    ]


def test_characteristics_win_where_they_tell_as_much() -> None:
    titles = [*numbered("tumor {}"), *numbered("normal {}")]
    assert groups_of(disease=["HCC"] * 5 + ["healthy"] * 5, title=titles)[0] == "disease"


def test_words_of_treatment_are_asked_about_and_yield_to_health() -> None:
    state = ["RA untreated"] * 4 + ["RA treated"] * 4 + ["healthy"] * 4
    assert [kind for kind, _, _ in groups_of(state=state)[1]] == ["case", "case", "control"]
    _, groups = best_groups({"treatment": ["vehicle"] * 4 + ["drug"] * 4})
    assert [(group.kind, "'vehicle' is a word of treatment" in group.doubt) for group in groups] == [
        ("control", True),
        ("case", False),
    ]
    _, groups = best_groups({"group": ["HD"] * 4 + ["RA"] * 4})
    assert groups[0].doubt.startswith("'HD' is taken for a control and may stand for a disease")


@pytest.mark.parametrize("key", ["sample", "title", "source_name"])
def test_a_submitters_key_with_the_name_of_geos_is_reached(mirror: Path, client: GeoClient, key: str) -> None:
    rows = [[f"{key}: tumor"] * 3 + [f"{key}: normal"] * 3]
    write_matrix(mirror, "GSE5", "GPL7", matrix_text("GSE5", "GPL7", small_values(2), characteristics=rows))
    (dataset,) = describe_series("GSE5", client).datasets
    assert (dataset.field, {group.label for group in dataset.groups}) == (key, {"tumor", "control"})


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (("HIV+", "HIV-", "healthy"), {"hiv_pos", "hiv_neg", "control"}),  # a sign is no spelling
        (("ER+ tumor", "ER- tumor", "normal"), {"er_pos_tumor", "er_neg_tumor", "control"}),
        (("p53+/+", "p53-/-"), {"p53_pos", "p53_neg"}),
        (("peritumoral", "tumoral"), {"control", "tumoral"}),
        (("siControl", "siTP53"), {"control", "sitp53"}),
        (("DMSO", "drug 1 uM", "drug 10 uM"), {"control", "drug_1_um", "drug_10_um"}),
    ],
)
def test_signs_and_words_of_cells(texts: Sequence[str], labels: set[str]) -> None:
    _, groups = groups_of(status=[text for text in texts for _ in range(4)])
    assert {label for _, label, _ in groups} == labels


def test_case_is_a_spelling_but_not_of_alleles() -> None:
    assert set(same_spelling({"WT": 4, "wt": 2, "ko": 6}).values()) == {"WT", "ko"}
    assert len(set(same_spelling({"AA": 4, "Aa": 2, "aa": 6}).values())) == 3


def test_thousands_of_distinct_texts_are_not_compared_one_by_one() -> None:
    texts = [f"sample {i:05d} of {i % 7}x{i}y" for i in range(5000)]
    assert best_groups({"note": texts, "title": texts}) == (None, ())


def test_long_texts_are_matched_by_their_beginning() -> None:
    texts = ["cancer " + "x" * 3000] * 3 + ["normal " + "y" * 3000] * 3
    _, groups = best_groups({"disease": texts})
    assert [len(group.pattern) < 100 for group in groups] == [True, True]
    assert [bool(re.search(group.pattern, texts[0])) for group in groups] == [True, False]


def test_texts_that_differ_by_numbers_are_shown_once() -> None:
    counts = {f"patient {i} tumor": 1 for i in range(9)} | {f"patient {i} normal": 1 for i in range(9)}
    assert patterns_of(counts) == {"patient # tumor": 9, "patient # normal": 9}
    cells = {f"A375 cells 24h {drug} rep{i}": 1 for drug in ("Control", "Vemurafenib") for i in range(3)}
    assert patterns_of(cells) == {"A375 cells 24h Control rep#": 3, "A375 cells 24h Vemurafenib rep#": 3}  # GSE42872
    ages = {str(age): 1 for age in range(30, 60)}
    assert patterns_of(ages) == ages


def test_the_file_says_which_spellings_are_one_label_and_labels_every_sample(
    mirror: Path, client: GeoClient, tmp_path: Path
) -> None:
    """One label for two spellings, no line over 3,000 characters, one line for all patients' titles."""
    rows = [
        ["Procedure: Surgery"] * 7 + ["procedure: sugery"] * 2 + ["Procedure: control"] * 5,
        ["note: " + "x" * 3000] * 14,
    ]
    titles = [f"sample of patient {i}" for i in range(14)]
    samples = [f"GSM{i}" for i in range(14)]
    text = matrix_text("GSE5", "GPL7", small_values(2, 14), characteristics=rows, samples=samples, titles=titles)
    write_matrix(mirror, "GSE5", "GPL7", text.replace("Homo sapiens", "Mus musculus"))
    text = propose_study([describe_series("GSE5", client)], "my_study")
    assert "# surgery: spellings taken for one: 'Surgery' (7), 'sugery' (2); write a rule for each" in text
    assert "#   title: 'sample of patient #' (14)" in text
    assert max(map(len, text.splitlines())) < 200
    assert "enrichment: {organism: mouse, libraries: [GO_BP, GO_CC, GO_MF, KEGG]}" in text
    (tmp_path / "my_study.yaml").write_text(text)
    study = load_study(tmp_path / "my_study.yaml")
    spec = study.datasets["GSE5"]
    raw = read_dataset("GSE5", spec, acquire("GSE5", spec, client, tmp_path))
    assert Counter(assign_labels("GSE5", raw.samples, spec.labels)) == {"surgery": 9, "control": 5}


def test_mouse_beside_human_takes_human_symbols(mirror: Path, client: GeoClient, tmp_path: Path) -> None:
    samples = [f"GSM{i}" for i in range(6)]
    text = matrix_text("GSE5", "GPL7", small_values(2), samples=samples).replace("Homo sapiens", "Rattus norvegicus")
    write_matrix(mirror, "GSE5", "GPL7", text)
    text = propose_study([describe_series(name, client) for name in ("GSE1001", "GSE5")], "my_study")
    (tmp_path / "my_study.yaml").write_text(text)
    study = load_study(tmp_path / "my_study.yaml")
    assert {name: spec.symbols for name, spec in study.datasets.items()} == {
        "GSE1001": "annotated",
        "GSE5": "human_orthologues",
    }
    assert study.enrichment.organism == "human"
    alone = propose_study([describe_series("GSE5", client)], "my_study")
    assert "enrichment: {organism: rat, libraries: [GO_BP, GO_CC, GO_MF]}" in alone
