"""Labels that a person chooses by click become rules of the study file that give exactly these labels."""

from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.expression.labels import matching_labels
from dmicc_assets.geo.chosen_labels import chosen_groups, labels_by_rule, proposed_labels
from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription, describe_headers
from dmicc_assets.geo.formats.series_header import SAMPLE_SCHEMA, SeriesHeader
from dmicc_assets.geo.propose_study import propose_draft
from dmicc_assets.geo.study_draft import StudyDraft, study_text
from dmicc_assets.study.dataset_parts import LabelRule

DISEASES = ["arthritis, early"] * 4 + ["arthritis (late)"] * 3 + ["healthy  control"] * 4


def described(diseases: list[str] = DISEASES) -> tuple[DatasetDescription, Any]:
    """A series with a disease and a sex for each sample, and its samples."""
    rows = [
        {
            "sample": f"GSM{i}",
            "title": f"tissue {i}",
            "source_name": "synovium",
            "platform": "GPL7",
            "characteristics": [
                {"key": "disease", "value": disease},
                {"key": "sex", "value": "f" if i % 2 else "m"},
            ],
        }
        for i, disease in enumerate(diseases)
    ]
    samples = pl.DataFrame([{name: row.get(name) for name in SAMPLE_SCHEMA} for row in rows], schema=SAMPLE_SCHEMA)
    header = SeriesHeader({"title": ["A series"]}, samples, ("Homo sapiens",), (), {})
    series = describe_headers("GSE1", [header])
    assert series is not None
    return series.datasets[0], samples


def applied(field: str, groups: Any, samples: Any) -> list[list[str]]:
    """The labels that rules written to a file and read from it give."""
    where = [
        {each.own_field or field: each.pattern} | ({"sample": each.but_not} if each.but_not else {}) for each in groups
    ]
    text = yaml.safe_dump([{"label": each.label, "where": own} for each, own in zip(groups, where, strict=True)])
    return matching_labels(samples, [LabelRule.model_validate(rule) for rule in yaml.safe_load(text)])


def test_an_unchanged_proposal_keeps_its_patterns() -> None:
    dataset, samples = described()
    labels = proposed_labels(dataset)
    assert labels == ["arthritis_early"] * 4 + ["arthritis_late"] * 3 + ["control"] * 4
    field, groups = chosen_groups(dataset, labels)
    assert (field, groups) == (dataset.field, dataset.groups)
    assert applied(field, groups, samples) == [[label] for label in labels]


def test_groups_are_renamed_and_merged_by_the_values_of_their_field() -> None:
    dataset, samples = described()
    labels = ["ra"] * 7 + ["control"] * 4
    field, groups = chosen_groups(dataset, labels)
    assert field == "disease"
    assert [(each.label, each.n_samples) for each in groups] == [("ra", 7), ("control", 4)]
    assert applied(field, groups, samples) == [[label] for label in labels]


def test_a_few_samples_are_exceptions_named_by_their_accessions() -> None:
    dataset, samples = described()
    labels = ["ra"] * 3 + ["excluded"] + ["ra"] * 3 + ["control"] * 4
    field, groups = chosen_groups(dataset, labels)
    assert field == "disease"
    assert {each.label: (each.own_field, each.pattern, each.but_not) for each in groups} == {
        "ra": ("", r"^(?:arthritis, early|arthritis \(late\))$", "^(?!GSM3$)"),
        "excluded": ("sample", "^GSM3$", ""),
        "control": ("", r"^healthy \U00000020control$", ""),
    }
    assert applied(field, groups, samples) == [[label] for label in labels]


def test_many_exceptions_are_told_sample_by_sample() -> None:
    dataset, samples = described()
    labels = ["ra", "control"] * 5 + ["ra"]
    field, groups = chosen_groups(dataset, labels)
    assert field == "sample"
    assert applied(field, groups, samples) == [[label] for label in labels]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=len(DISEASES), max_size=len(DISEASES)))
def test_any_choice_comes_back_from_its_rules(labels: list[str]) -> None:
    dataset, samples = described()
    field, groups = chosen_groups(dataset, labels)
    assert applied(field, groups, samples) == [[label] if label else [] for label in labels]
    assert {each.label: each.n_samples for each in groups} == {each: labels.count(each) for each in set(labels) - {""}}


def test_a_rule_replaces_the_labels_of_the_samples_it_finds() -> None:
    dataset, _ = described()
    labels = labels_by_rule(dataset, proposed_labels(dataset), "Disease", "LATE", "excluded")
    assert labels == ["arthritis_early"] * 4 + ["excluded"] * 3 + ["control"] * 4
    with pytest.raises(ValueError, match="expected a regular expression, got '\\('"):
        labels_by_rule(dataset, labels, "disease", "(", "excluded")


def test_what_is_typed_stays_text_in_the_file() -> None:
    dataset, _ = described()
    draft = propose_draft([SeriesDescription("GSE1", "A series", (), (dataset,))], "mine")
    odd = StudyDraft(
        "mine",
        "A 'title': # {of}\n- two lines",
        ("made: by hand",),
        draft.datasets,
        draft.cohorts,
        log_fc="1; rm",
        p_value="0.01",
        adjust="no",
        libraries=("GO_BP", "a, b"),
        organism="mouse",
    )
    read = yaml.safe_load(study_text(odd))
    assert read["title"] == "A 'title': # {of} - two lines"
    assert read["differential"] == {"log_fc": "1; rm", "p_value": 0.01, "adjust": "no"}
    assert read["enrichment"] == {"organism": "mouse", "libraries": ["GO_BP", "a, b"]}
