"""The label rules of the paper's study know the words in which series of these diseases are described."""

import re

import pytest

from dmicc_assets.geo.sample_groups import CONTROL_WORDS, UNSURE_CONTROL_WORDS
from dmicc_assets.study.loading import load_study, study_files

STUDY = load_study(study_files([])["dm_icc"])


def labels_of(dataset: str, text: str) -> set[str]:
    """Labels whose rule finds a sample that is described by the text."""
    rules = STUDY.datasets[dataset].labels
    return {rule.label for rule in rules if any(re.search(pattern, text) for pattern in rule.where.values())}


@pytest.mark.parametrize("dataset", ["GSE46239", "GSE1551"])
@pytest.mark.parametrize(
    "text",
    ["DM_01", "DM12", "skin, dermatomyositis", "Dermatomyositis patient 3", "disease: DM", "juvenile_DM_4", "JDM-2"],
)
def test_dermatomyositis(dataset: str, text: str) -> None:
    assert labels_of(dataset, text) == {"dermatomyositis"}


@pytest.mark.parametrize("dataset", ["GSE46239", "GSE1551"])
@pytest.mark.parametrize(
    "text",
    [
        "ctrl_1", "Ctrl 4", "HC3", "HC_3", "HD-2", "NORM4", "Nml_7", "NL 2", "healthy donor", "Donor_5", "unaffected",
        "normal muscle", "control12", "skin_normal_4", "non-DM control", "uninvolved skin", "healthy_control_2",
        "HealthyControl3", "Healthy volunteer", "HV4", "CTL_3", "cntrl 2", "non-diseased", "no dermatomyositis: normal",
        "control without dermatomyositis", "non-dermatomyositis donor",
    ],
)  # fmt: skip
def test_healthy(dataset: str, text: str) -> None:
    assert labels_of(dataset, text) == {"healthy"}


SPELLINGS = (
    "normal", "Normals", "NORM", "Nml", "healthy", "Control", "controls", "Ctrl", "ctrls", "CTL", "HC", "HCs", "donor",
    "Donors", "unaffected", "uninvolved", "adjacent", "untreated", "mock", "vehicle", "wild type", "wild-type",
    "wildtype", "disease-free", "disease free", "non-tumor", "nontumour", "non_tumorous", "non-diseased",
    "non-lesional", "noncancerous", "non-cancer", "non malignant", "HD", "HDs", "NL",
)  # fmt: skip


@pytest.mark.parametrize("dataset", ["GSE46239", "GSE1551", "GSE32225"])
def test_every_word_that_init_knows_for_controls(dataset: str) -> None:
    control = {"GSE32225": "normal"}.get(dataset, "healthy")
    for word in (*CONTROL_WORDS, *UNSURE_CONTROL_WORDS):
        assert any(re.fullmatch(word, text, re.IGNORECASE) for text in SPELLINGS), f"no spelling of {word}"
    for spelling in SPELLINGS:
        for text in (
            spelling,
            f"{spelling}_1",
            f"{spelling} 12",
            f"skin_{spelling}_2",
            f"{spelling}3b",
            f"x-{spelling}",
        ):
            assert labels_of(dataset, text) == {control}, text


@pytest.mark.parametrize("text", ["CCBCN10", "CCM_7", "CCNY 12", "intrahepatic cholangiocarcinoma", "iCCA-4", "CC_3"])
def test_cholangiocarcinoma(text: str) -> None:
    assert labels_of("GSE32225", text) == {"icc"}


@pytest.mark.parametrize(
    "text",
    ["Ctrl_1", "normal biliary epithelial cells", "Normal bile duct 2", "control", "NormalLiver_3", "healthy_control"],
)
def test_normal_bile_duct(text: str) -> None:
    assert labels_of("GSE32225", text) == {"normal"}


@pytest.mark.parametrize("dataset", ["GSE46239", "GSE1551", "GSE32225"])
@pytest.mark.parametrize(
    "text", ["abnormal", "CDM medium", "HDAC inhibitor", "admixture", "CCL2", "enormous", "GSM1", "normalised signal"]
)
def test_neither(dataset: str, text: str) -> None:
    assert labels_of(dataset, text) == set()
