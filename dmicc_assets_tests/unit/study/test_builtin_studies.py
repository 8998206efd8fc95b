"""The studies that come with the package: the paper as it was published, and the demo in its shape."""

import re
from collections import Counter

import pytest

from dmicc_assets.study.loading import load_study, study_files
from dmicc_assets.study.schema import Study


@pytest.fixture(scope="module")
def paper() -> Study:
    return load_study(study_files([])["dm_icc"])


@pytest.mark.parametrize("name", ["demo", "dm_icc"])
def test_the_built_in_studies_are_found_and_valid(name: str) -> None:
    assert load_study(study_files([])[name]).study == name


def test_the_demo_has_the_papers_design(paper: Study) -> None:
    demo = load_study(study_files([])["demo"])

    def sizes(study: Study) -> list[list[int | None]]:
        counts = []
        for cohort in study.cohorts.values():
            for dataset in cohort.datasets:
                expected = {rule.label: rule.expect for rule in study.datasets[dataset].labels}
                counts.append([expected[cohort.case], expected[cohort.control]])
        for entry in study.validation:
            expected = {rule.label: rule.expect for rule in study.datasets[entry.dataset].labels}
            counts.append([expected[entry.case], expected[entry.control]])
        return counts

    assert sizes(paper) == sizes(demo) == [[48, 4], [13, 10], [149, 6], [36, 9]]
    for section in ("differential", "enrichment", "ranking"):
        assert getattr(demo, section) == getattr(paper, section)
    assert not any(re.match(r"GSE|GSM|GPL", name) for name in [*demo.datasets, *map(str, demo.cohorts)])
    assert demo.published.signature is None


def test_the_paper_asks_for_its_own_data_and_thresholds(paper: Study) -> None:
    assert {name: (spec.source, spec.platform, spec.tissue) for name, spec in paper.datasets.items()} == {
        "GSE46239": ("geo", "GPL570", "skin"),
        "GSE1551": ("geo", "GPL96", "muscle"),
        "GSE32225": ("geo", "GPL8432", "liver"),
        "TCGA-CHOL": ("xena", None, "liver"),
    }
    assert paper.doi == "10.3389/fonc.2023.1206043"
    assert (paper.differential.log_fc, paper.differential.p_value, paper.differential.adjust) == (1.0, 0.05, "none")
    assert paper.ranking.top == 3
    assert paper.model_cohort == "icc"
    assert paper.population is not None
    assert all(paper.population.label != rule.label for spec in paper.datasets.values() for rule in spec.labels)


def test_the_published_numbers_are_those_of_the_paper(paper: Study) -> None:
    published = paper.published
    assert published.n_deg == {"dm": 80, "icc": 635}
    assert published.signature == ["MT1M", "HERC6", "SPP1", "PARP12", "SLC47A1"]
    assert published.biomarkers == ["PARP12", "MT1M"]
    assert published.auc == {"icc": {"PARP12": 0.914, "MT1M": 0.933}}
    assert published.directions["dm"] == {"PARP12": "up", "MT1M": "up"}
    assert published.directions["icc"] == published.directions["TCGA-CHOL"] == {"PARP12": "up", "MT1M": "down"}
    assert published.trees == published.mtry == {"dm": 139, "icc": 19}
    assert {cohort: set(libraries) for cohort, libraries in published.terms.items()} == {
        "dm": {"GO_BP", "GO_MF", "KEGG"},
        "icc": {"GO_BP", "GO_CC", "GO_MF", "KEGG"},
    }
    assert published.nomogram_signs == {"PARP12": "+", "MT1M": "-"}


@pytest.mark.parametrize(
    ("dataset", "text", "label"),
    [
        ("GSE46239", "DM patient 12 skin biopsy", "dermatomyositis"),
        ("GSE46239", "lesional skin, Dermatomyositis", "dermatomyositis"),
        ("GSE46239", "DM_12", "dermatomyositis"),
        ("GSE46239", "Healthy donor skin", "healthy"),
        ("GSE46239", "HC1 skin", "healthy"),
        ("GSE1551", "dermatomyositis muscle 3", "dermatomyositis"),
        ("GSE1551", "muscle DM3", "dermatomyositis"),
        ("GSE1551", "Normal muscle biopsy", "healthy"),
        ("GSE1551", "control_4", "healthy"),
        ("GSE1551", "admission biopsy", None),
        ("GSE46239", "uncontrolled", None),
        ("GSE32225", "intrahepatic cholangiocarcinoma", "icc"),
        ("GSE32225", "Normal biliary epithelial cells", "normal"),
    ],
)
def test_the_label_patterns_take_likely_descriptions(paper: Study, dataset: str, text: str, label: str | None) -> None:
    found = [rule.label for rule in paper.datasets[dataset].labels if re.search(rule.where["any"], text)]
    assert found == ([] if label is None else [label])


def test_the_case_is_told_item_by_item(paper: Study) -> None:
    assert paper.case is not None
    observed = {(o.section, o.item): o for o in paper.case.observations}
    assert len(observed) == len(paper.case.observations) == 48
    marker = observed["tumour markers", "CA19-9"]
    assert (marker.value, marker.unit, marker.reference, marker.flag) == (
        "1,000.00", "U/ml", "< 37 (customary)", "high",
    )  # fmt: skip
    assert observed["tumour markers", "AFP"].flag == "normal"
    stains = Counter(o.flag for o in paper.case.observations if o.section == "immunohistochemistry")
    assert stains == {"positive": 8, "negative": 9}
    assert [(r.author, r.year) for r in paper.case.reported] == [("Knowles", 2007), ("Suh", 2016), ("Yasuda", 2018)]
