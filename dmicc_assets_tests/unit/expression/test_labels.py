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


def named_like_fields(**characteristics: str) -> pl.DataFrame:
    """The samples, of which the first two have other values than the last in these characteristics."""
    rows = [
        [{"key": key, "value": value if i < 2 else f"not {value}"} for key, value in characteristics.items()]
        for i in range(3)
    ]
    return SAMPLES.with_columns(characteristics=pl.Series(rows))


@pytest.mark.parametrize("key", ["sample", "Sample", "title", "source_name", "source name", "any", "disease state"])
@pytest.mark.parametrize("asked", ["as written", "any"])
def test_a_submitters_key_is_reachable_whatever_its_name(key: str, asked: str) -> None:
    field = key if asked == "as written" else asked
    rules = [LabelRule(label=name, where={field: f"^{text}$"}) for name, text in (("a", "HCC"), ("b", "not HCC"))]
    assert assign_labels("D", named_like_fields(**{key: "HCC"}), rules) == ["a", "a", "b"]


@pytest.mark.parametrize("asked", ["disease_state", "Disease-State", "disease  state"])
def test_signs_between_the_words_of_a_key_do_not_matter(asked: str) -> None:
    rules = [CASE.model_copy(update={"where": {asked: "^HCC$"}, "expect": None}), CONTROL]
    samples = named_like_fields(**{"disease state": "HCC"})
    assert assign_labels("D", samples, [rules[0], LabelRule(label="b", where={asked: "not"})]) == ["hcc", "hcc", "b"]
    assert assign_patients("D", samples, Patient(field=asked, pattern="(HCC)")) == ["HCC"] * 3


def test_two_keys_in_two_spellings_are_both_asked() -> None:
    samples = named_like_fields(group="a", Group="x")
    rules = [LabelRule(label=name, where={"group": f"^{text}$"}) for name, text in (("a", "a"), ("b", "not x"))]
    assert assign_labels("D", samples, rules) == ["a", "a", "b"]


def test_any_does_not_ask_the_accession() -> None:
    with pytest.raises(DataError, match="matches no label rule"):
        assign_labels("D", SAMPLES, [LabelRule(label="hcc", where={"any": "GSM"})])


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([CASE], "sample GSM3 matches no label rule; the samples are"),
        (
            [CASE, LabelRule(label="healthy", where={"any": "nothing of it"})],
            "sample GSM3 matches no label rule; no sample matches the rule of healthy; the samples are",
        ),
        (
            [CASE, LabelRule(label="other", where={"any": "HCC"})],
            r"sample GSM1 matches 2 label rules \(hcc, other\); 1 other does not match exactly one either; the samples",
        ),
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


def test_the_samples_that_do_not_fit_stand_first_in_the_table() -> None:
    source = [f"tumour {chr(97 + i % 26) * (1 + i // 26)}" for i in range(60)] + ["donor", "blood"]
    samples = pl.DataFrame(
        {
            "sample": [f"S{i:02d}" for i in range(62)],
            "title": "",
            "source_name": source,
            "characteristics": [[]] * 62,
        },
        schema_overrides={"characteristics": SAMPLES.schema["characteristics"]},
    )
    with pytest.raises(DataError, match="S60 matches no label rule; 1 other does not match exactly one") as caught:
        assign_labels("D", samples, [LabelRule(label="hcc", where={"source_name": "tumour"})])
    _, _, *rows = str(caught.value).splitlines()
    assert all(text in row for text, row in zip(("donor", "blood", "tumour"), rows, strict=False)), rows


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, r"1 sample is hcc, the study expects 9 \(S0\); correct the rules, or write `expect: 1`"),
        (5, r"5 samples are hcc, the study expects 9 \(S0, S1, S2, S3, S4\); correct"),
        (400, r"400 samples are hcc, the study expects 9 \(S0, S1, S2, S3, S4 and 395 more\); correct"),
        (0, "0 samples are hcc, the study expects 9; correct its rule, which no sample matches, or leave it out$"),
    ],
)
def test_another_count_than_expected_names_the_count_and_the_first_samples(n: int, said: str) -> None:
    """However many samples there are, and however different their descriptions."""
    titles = [f"HCC {i}" if i < n else f"normal {i}" for i in range(n + 3)]
    fields = {"sample": [f"S{i}" for i in range(n + 3)], "title": titles, "source_name": titles}
    samples = pl.DataFrame(fields | {"characteristics": [[{"key": "state", "value": title}] for title in titles]})
    rules = [LabelRule(label="hcc", where={"title": "^HCC"}, expect=9), LabelRule(label="b", where={"title": "normal"})]
    with pytest.raises(DataError, match=said) as caught:
        assign_labels("D", samples, rules)
    assert caught.value.check == "D4"
    assert "\n" not in str(caught.value)


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
