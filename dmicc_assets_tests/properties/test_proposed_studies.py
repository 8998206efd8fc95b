"""What `dmicc init` proposes from any headers is a file that a run does not refuse, or that asks to be filled in."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dmicc_assets.checks.before_run import study_ahead
from dmicc_assets.errors import RequestError
from dmicc_assets.geo.describe import SeriesDescription, describe_headers
from dmicc_assets.geo.formats.series_header import SeriesHeader, build_header
from dmicc_assets.geo.preview import DatasetPreview
from dmicc_assets.geo.propose_study import FILL_IN, propose_study
from dmicc_assets.study.loading import load_study

WORDS = st.sampled_from(
    [
        "normal", "healthy control", "Ctrl_1", "HC 3", "HC 4", "HD", "NL", "non-tumor tissue", "control", "CONTROL",
        "tumor", "Tumour 2", "DM", "dm", "dermatomyositis", "no", "yes", "null", "on", "~", "", " ", "1", "01", "1.5e3",
        "it's", 'a "b"', "a: b", "# c", "[x]", "(?i)", "a\\d", "a|b", "$", "^", "a\u00a0b", "a\u200bb", "\u7532",
        "\u0130", "\u017f", "n/a", "NA", "{}", "- x", "a" * 60, "a" * 60 + "b", "any", "sample", "case", "a b", "a  b",
    ]
)  # fmt: skip
ANYTHING = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.one_of(WORDS, WORDS, ANYTHING)
KEYS = st.one_of(
    st.sampled_from(
        ["disease", "Disease", "status", "title", "sample", "source_name", "any", "Any", "tissue", "\u0130"]
    ),
    ANYTHING.filter(str.strip),
)


CONTROLS = st.sampled_from(
    ["normal", "healthy control", "Ctrl", "HC", "HD", "NL", "non-tumor tissue", "control", "CTL"]
)
CASES = st.sampled_from(
    ["tumor", "DM", "dm", "yes", "on", "control (tumor)", "it's #1: [x]", "a  b", "a\u00a0b", "\u0130"]
)
GROUPS = st.one_of(
    st.tuples(CONTROLS, CASES), st.tuples(CONTROLS, CASES, VALUES), st.tuples(CONTROLS, CASES, CASES, CONTROLS)
)


@st.composite
def headers(draw: st.DrawFn, first: int, groups: Sequence[str]) -> SeriesHeader:
    """A header of 1 to 12 samples GSM<first> on: groups in one field, anything in the others."""
    n_samples = draw(st.integers(1, 12))
    keys = draw(st.lists(KEYS, max_size=3))
    values = draw(st.lists(VALUES, min_size=1, max_size=3))
    told_by = draw(st.sampled_from([*keys, "title", "source_name"]))
    platforms = draw(st.sampled_from([["GPL1"], ["GPL1"], ["GPL1", "GPL2"]]))
    tails = draw(st.sampled_from([["", " {}"], ["_{}b"], ["{}"], [""]]))

    def sample(i: int) -> dict[str, list[str]]:
        group = groups[i % len(groups)] if draw(st.booleans()) else draw(st.sampled_from(groups))

        def value_of(field: str) -> str:
            return group if field == told_by else draw(st.sampled_from(values))

        tail = draw(st.sampled_from(tails)).format(i)
        return {
            "geo_accession": [f"GSM{first + i}"],
            "title": [value_of("title") + tail],
            "source_name_ch1": [value_of("source_name")],
            "organism_ch1": ["Homo sapiens"],
            "characteristics_ch1": [f"{key}: {value_of(key)}" for key in keys if draw(st.integers(0, 9))],
            "platform_id": [draw(st.sampled_from(platforms))],
            "data_row_count": ["5"],
        }

    return build_header({"title": [draw(VALUES)]}, [sample(i) for i in range(n_samples)], "header")


def previews(name: str, header: SeriesHeader, series: SeriesDescription) -> Sequence[DatasetPreview]:
    """What a run would read of a series, a dataset for each platform."""
    found: list[DatasetPreview] = []
    for dataset in series.datasets:
        samples = header.samples.filter(header.samples["platform"] == dataset.platform)
        found.append(DatasetPreview(dataset.name, samples, ("Homo sapiens",), genes=frozenset({"TP53"})))
    return found


@settings(max_examples=150)
@given(st.data(), st.lists(st.integers(0, 15), min_size=1, max_size=2), st.sampled_from(["s", "yes", "null", "on"]))
def test_a_run_does_not_refuse_what_init_proposes(data: st.DataObject, firsts: list[int], name: str) -> None:
    shared = data.draw(GROUPS)
    groups = [shared if data.draw(st.booleans()) else data.draw(GROUPS) for _ in firsts]
    read = {f"GSE{i}": data.draw(headers(firsts[i - 1], groups[i - 1])) for i in range(1, len(firsts) + 1)}
    described = {accession: describe_headers(accession, [header]) for accession, header in read.items()}
    series = {accession: found for accession, found in described.items() if found is not None}
    text = propose_study(list(series.values()), name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        if FILL_IN in text:
            with pytest.raises(RequestError) as refused:
                load_study(path)
            lines = [text.split("\n")[int(number) - 1] for number in re.findall(r"line (\d+): ", str(refused.value))]
            assert [line for line in lines if FILL_IN not in line] == [], text
            return
        study = load_study(path)
    seen = [each for accession, found in series.items() for each in previews(accession, read[accession], found)]
    ahead = study_ahead(study, {each.name: each for each in seen})
    assert [remark.text for remark in ahead.remarks if remark.stops] == [], text
