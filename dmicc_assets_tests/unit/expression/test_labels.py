import polars as pl
import pytest

from dmicc_assets.errors import DataError
from dmicc_assets.expression.labels import assign_labels, assign_patients
from dmicc_assets.study.dataset_parts import LabelRule, Patient

SAMPLES = pl.DataFrame(
    {
        "sample": ["GSM1", "GSM2", "GSM3"],
        "title": ["tumour one", "tumour two", "normal one"],
        "source_name": ["P1-A", "P2-A", "P1-B"],
        "characteristics": [
            [{"key": "Disease state", "value": "HCC"}],
            [{"key": "disease state", "value": "HCC"}],
            [{"key": "disease state", "value": "HCC"}, {"key": "tissue", "value": "normal liver"}],
        ],
    }
)
CASE = LabelRule(label="hcc", where={"title": "^tumour"}, expect=2)
CONTROL = LabelRule(label="normal", where={"any": "normal"})


def test_rules_ask_fields_whatever_their_case_and_any_of_them() -> None:
    assert assign_labels("D", SAMPLES, [CASE, CONTROL]) == ["hcc", "hcc", "normal"]
    by_characteristic = LabelRule(label="hcc", where={"DISEASE STATE": "HCC", "title": "tumour"})
    assert assign_labels("D", SAMPLES, [by_characteristic, CONTROL]) == ["hcc", "hcc", "normal"]


def test_any_does_not_ask_the_accession() -> None:
    with pytest.raises(DataError, match="matches no label rule"):
        assign_labels("D", SAMPLES, [LabelRule(label="hcc", where={"any": "GSM"})])


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([CASE], "sample GSM3 matches no label rule"),
        (
            [CASE, LabelRule(label="other", where={"any": "HCC"})],
            r"sample GSM1 matches 2 label rules \(hcc, other\), as 1 other",
        ),
        ([CASE.model_copy(update={"expect": 3}), CONTROL], "2 samples are hcc, the study expects 3"),
        (
            [CASE, LabelRule(label="normal", where={"tisue": "normal"})],
            "unknown field 'tisue'; there are disease state",
        ),
    ],
)
def test_samples_that_do_not_fit_stop_the_dataset_with_a_table(rules: list[LabelRule], said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        assign_labels("D", SAMPLES, rules)
    assert caught.value.check == "D4"
    if "field" not in said:
        assert "P1-B; disease state: HCC; tissue: normal liver" in str(caught.value)


def test_patients() -> None:
    rule = Patient(field="source_name", pattern=r"^(P\d)")
    assert assign_patients("D", SAMPLES, rule) == ["P1", "P2", "P1"]
    assert assign_patients("D", SAMPLES, None) == [None, None, None]
    with pytest.raises(DataError, match="found in source_name of no sample"):
        assign_patients("D", SAMPLES, Patient(field="source_name", pattern="(Q)"))
    with pytest.raises(DataError, match=r"patient: unknown field 'person'; there are .*sample, source_name"):
        assign_patients("D", SAMPLES, Patient(field="person", pattern="(Q)"))


def test_samples_without_text_are_not_one_patient() -> None:
    titles = SAMPLES.with_columns(title=pl.Series(["person: 7", "person: ", "person:"]))
    assert assign_patients("D", titles, Patient(field="title", pattern="person:(.*)$")) == [" 7", None, None]
    assert assign_patients("D", titles, Patient(field="title", pattern=r"person:(?: (\d))?")) == ["7", None, None]
    with pytest.raises(DataError, match="found in title of no sample"):
        assign_patients("D", titles, Patient(field="title", pattern="^( *)person"))
