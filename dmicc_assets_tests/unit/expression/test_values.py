"""What a dataset's values are: told by the study file, the source or the numbers, or asked for."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from dmicc_assets.errors import DataError
from dmicc_assets.expression.counts import whole_counts
from dmicc_assets.expression.prepare import PreparedDataset, prepare_dataset
from dmicc_assets.expression.raw_dataset import RawDataset
from dmicc_assets.expression.two_channels import swapped_text
from dmicc_assets.expression.values import kind_of_values
from dmicc_assets.geo.formats.series_header import SAMPLE_SCHEMA
from dmicc_assets.study.schema import Dataset
from dmicc_assets.tables import TABLES
from dmicc_assets.types import ExpressionMatrix

GENES = ("TP53", "EGFR", "KRAS", "MYC")
LOG2 = np.array([[5.5, 6.25], [7.0, 3.5], [9.25, 9.0], [4.0, 4.75]])


def spec(**settings: Any) -> Dataset:
    return Dataset.model_validate(
        {"source": "file", "matrix": "m.tsv", "normalise": "none", "labels": [{"label": "x", "where": {"any": "."}}]}
        | settings
    )


def raw(values: np.ndarray, channels: Sequence[tuple[str, str]] | None = None, **changes: Any) -> RawDataset:
    """A dataset by gene; with channels, the description of each sample's first and second channel."""
    names = tuple(f"S{i + 1}" for i in range(values.shape[1]))
    texts = channels or [("blood", "")] * len(names)
    samples = pl.DataFrame(
        [
            {"sample": name, "title": name, "source_name": first, "platform": None, "last_update_date": None,
             "relations": [], "characteristics": [{"key": "source_name_ch2", "value": second}] if second else []}
            for name, (first, second) in zip(names, texts, strict=True)
        ],
        schema=SAMPLE_SCHEMA,
    )  # fmt: skip
    described: dict[str, Any] = {
        "name": "D", "source": "file", "accession": "m.tsv", "platform": None, "title": "D", "organism": None,
        "last_update_date": None, "latest_sample_update_date": None, "source_url": "file:///m.tsv",
        "table_sha256": "a", "metadata_sha256": "b", "relations": [], "pubmed_ids": [], "samples": samples,
        "matrix": ExpressionMatrix(values, GENES, names), "probe_genes": None,
        "gene_ids": TABLES["source/gene_ids"].frame(), "symbol_column": None,
        "n_date_mangled": 0, "n_placeholders": 0, "n_compound": 0, "value_kind": "unknown", "is_sequencing": False,
        "n_channels": 2 if channels else 1, "value_text": "",
    }  # fmt: skip
    return RawDataset(**described | changes)


def prepared(given: RawDataset, **settings: Any) -> PreparedDataset:
    row = dict.fromkeys(TABLES["source/files"].rows_schema, "x") | {"role": "matrix", "n_bytes": 1}
    files = pl.DataFrame([row | {"retrieved_at": None}])
    return prepare_dataset(given, spec(**settings), files)


COUNTS = np.array([[1200.0, 800.0], [0.0, 30.0], [5000.0, 4200.0], [77.0, 12.0]])


@pytest.mark.parametrize(
    ("values", "changes", "kind"),
    [
        (LOG2, {}, "log2"),
        (2.0**LOG2 * 10 + 0.5, {}, "linear"),
        (COUNTS, {}, "counts"),
        (COUNTS, {"platform": "GPL24676", "is_sequencing": True}, "counts"),
        (COUNTS.clip(0, 900), {"platform": "GPL24676", "is_sequencing": True}, "counts"),
        (COUNTS + 0.5, {"value_kind": "counts"}, "counts"),  # RSEM's, of a source that says so
    ],
)
def test_the_source_and_the_numbers_tell(values: np.ndarray, changes: dict[str, Any], kind: str) -> None:
    assert kind_of_values(raw(values, **changes), spec()).kind == kind


@pytest.mark.parametrize(
    ("values", "changes", "said"),
    [
        (COUNTS.clip(0, 900), {}, "all values are whole numbers (0 to 900)"),
        (np.round(LOG2), {"platform": "GPL96"}, "all values are whole numbers"),
        (np.round(LOG2), {}, "values: counts, values: linear or values: log2"),
        (np.round(LOG2), {"platform": "GPL24676", "is_sequencing": True}, "all values are whole numbers (4 to 9)"),
        (COUNTS + 1, {"platform": "GPL96"}, "values: linear, values: log2 or values: counts"),  # MAS 5, rounded
        (COUNTS, {"source": "xena"}, "all values are whole numbers (0 to 5000)"),
        (COUNTS + np.array([[0.5], [1], [1], [1]]), {}, "75% of the values are whole numbers (up to 5001), and of no"),
        (COUNTS + 0.5, {"platform": "GPL24676", "is_sequencing": True}, "the values are no logarithms (0.5 to 5000.5)"),
        (COUNTS + np.array([[0.5], [0], [0], [0]]), {}, "values: tpm, values: fpkm, values: counts or values: linear"),
    ],
)
def test_what_nobody_tells_is_asked(values: np.ndarray, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        kind_of_values(raw(values, **changes), spec())
    assert said in str(caught.value)
    for kind in ("log2", "linear", "counts"):
        assert kind_of_values(raw(values, **changes), spec(values=kind)).kind == kind


@pytest.mark.parametrize(
    ("values", "changes", "severity", "said"),
    [
        (LOG2 * np.log10(2), {}, "warning", "logarithms to base 10 are as small: write values: log10 or log2"),
        (LOG2, {"platform": "GPL96"}, "info", "logarithms to base e are as small: write values: ln or log2"),
        (
            COUNTS + 12,
            {},
            "warning",
            "none of them is 0, so that they may be rounded intensities: write values: linear",
        ),
        (2.0**LOG2 * 10 + 0.5, {}, "info", "of no array: write values: tpm, fpkm or counts if they were sequenced"),
    ],
)
def test_what_else_values_may_be_is_said(values: np.ndarray, changes: dict[str, Any], severity: str, said: str) -> None:
    doubt = kind_of_values(raw(values, **changes), spec()).doubt
    assert doubt is not None
    assert doubt.severity == severity
    assert said in doubt.text
    for kind in ("log2", "ln", "log10", "linear"):
        assert kind_of_values(raw(values, **changes), spec(values=kind)).doubt is None


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (LOG2 + 6, ""),  # no other logarithm is as large
        (LOG2 - LOG2.mean(axis=1, keepdims=True), ""),
        (LOG2, "log transformed (base 2)"),
        (LOG2, "normalised by RMA"),
    ],
)
def test_a_base_is_not_doubted_where_words_or_numbers_tell_it(values: np.ndarray, text: str) -> None:
    of = kind_of_values(raw(values, platform="GPL96", value_text=text), spec())
    assert (of.kind, of.doubt) == ("log2", None)


def test_every_logarithm_is_made_one_to_base_2() -> None:
    for kind, factor in (("log2", 1.0), ("ln", np.log2(np.e)), ("log10", np.log2(10))):
        genes = prepared(raw(LOG2 / factor), values=kind).genes
        np.testing.assert_allclose(genes.take_features(list(GENES)).values, LOG2, rtol=1e-12)


FPKM = np.array([[0.0, 0.1] * 50] * 4)
FPKM[3, 0] = 4000.5


@pytest.mark.parametrize(
    ("values", "changes", "said"),
    [
        (FPKM, {}, "(0 to 4000.5) are no logarithms, but mostly as small as some, which does not tell what they are: "
                   "write values: tpm, values: fpkm"),
        (FPKM, {"platform": "GPL96"}, "write values: linear or values: log2"),
        (LOG2 * np.log10(2), {"platform": "GPL96", "value_text": "log10 of the signal"},
         "the header names logarithms to base 10 (1.0536 to 2.78453), which does not tell what they are: write values: "
         "log10 or values: log2"),
        (LOG2 * np.log(2), {"platform": "GPL96", "value_text": "natural log of the signal"},
         "the header names logarithms to base e (2.42602 to 6.41161)"),
        (np.full((4, 2), np.nan), {}, "the matrix has no number"),
    ],
)  # fmt: skip
def test_logarithms_are_not_guessed_of_what_can_be_none(values: np.ndarray, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        kind_of_values(raw(values, **changes), spec())
    assert said in str(caught.value)


def test_a_study_file_does_not_contradict_a_source_of_counts() -> None:
    with pytest.raises(DataError, match="the source has read counts, but the study file says values: tpm"):
        kind_of_values(raw(COUNTS, value_kind="counts"), spec(values="tpm"))


def test_scale_is_the_earlier_spelling() -> None:
    assert spec(scale="log2").values == "log2"
    for wrong, message in (
        ({"scale": "log2", "values": "log2"}, "give one of them"),
        ({"scale": "tpm"}, "expected auto"),
    ):
        with pytest.raises(ValidationError, match=message):
            spec(**wrong)


def test_tpm_keeps_its_zeros_and_counts_are_whole() -> None:
    tpm = prepared(raw(COUNTS + np.array([[0.5], [0], [0], [0]])), values="tpm")
    np.testing.assert_allclose(tpm.genes.take_features(["EGFR"]).values, [[0.0, np.log2(31)]])
    assert tpm.dataset["scale_detected"].to_list() == ["tpm"]
    counted = prepared(raw(COUNTS + 0.4), values="counts")
    np.testing.assert_array_equal(counted.counts.take_features(list(GENES)).values, COUNTS)
    assert counted.notes["n_rounded"] == 8
    with pytest.raises(DataError, match="D: a value is negative"):
        prepared(raw(LOG2 - 5), values="fpkm")
    for bad, what in ((-1.0, "-1"), (np.nan, "no count")):
        with pytest.raises(DataError, match=f"D: expected counts, found {what} for TP53 in S1"):
            whole_counts(ExpressionMatrix(np.full((1, 1), bad), ("TP53",), ("S1",)), "D")


RATIO = np.array([[1.0, -2.0], [0.5, 0.25], [-1.0, 0.0], [2.0, 3.0]])
SWAPPED = [("patient", "pool"), ("pool", "patient")]


def test_log10_ratios_are_told_by_the_header_or_the_study_file() -> None:
    same = [("patient", "pool"), ("patient", "pool")]
    for text, settings, factor in (
        ("VALUE is log10 ratio (Cy5/Cy3)", {}, np.log2(10)),
        ("normalized log2 ratio", {}, 1.0),
        ("", {"values": "log10_ratio"}, np.log2(10)),
        ("", {"values": "log_ratio"}, 1.0),
        ("", {"values": "ln_ratio"}, np.log2(np.e)),
    ):
        genes = prepared(raw(RATIO, same, value_text=text), **settings).genes.take_features(list(GENES))
        np.testing.assert_allclose(genes.values, RATIO * factor)
    for text in ("", "log10 of the log2 ratio"):
        with pytest.raises(
            DataError, match="the header does not name the base of their log ratios: write values: log_ratio"
        ):
            prepared(raw(RATIO, same, value_text=text))


def test_what_cannot_be_a_ratio_of_two_channels_is_said() -> None:
    same = [("patient", "pool"), ("patient", "pool")]
    with pytest.raises(DataError, match=r"but the values \(3.5 to 92.5\) are no log ratios.* write values: linear"):
        prepared(raw(np.where(LOG2 > 9.1, 92.5, LOG2), same, value_text="log2 ratio"))
    doubted = kind_of_values(raw(LOG2, same, value_text="log2 of the signal"), spec())
    assert doubted.doubt is not None
    assert "over 75 % of them are above 0" in doubted.doubt.text
    assert kind_of_values(raw(RATIO, same, value_text="log2 ratio"), spec()).doubt is None


def test_numbers_that_contradict_the_study_file_or_one_another_are_doubted() -> None:
    linear = 2**LOG2
    half = np.hstack([LOG2, linear])
    for given, said, text in (
        (LOG2 + 0.01, "counts", "they are fractions up to"),
        (half, "auto", "of 4 samples (S1, ...) have values as small as logarithms"),
    ):
        found = kind_of_values(raw(given, platform="GPL570"), spec(values=said))
        assert found.doubt is not None
        assert text in found.doubt.text
        assert found.doubt.severity == "warning"
    for given, said in ((LOG2, "log2"), (linear, "linear"), (linear, "auto")):
        assert kind_of_values(raw(given, platform="GPL570"), spec(values=said)).doubt is None


def test_a_few_intensities_among_logarithms_stop() -> None:
    values = np.tile(LOG2, 100)
    values[0, 0] = 1e6
    with pytest.raises(DataError, match="no logarithms, but mostly as small as some"):
        kind_of_values(raw(values, platform="GPL570"), spec())


def test_a_reference_that_is_always_in_the_first_channel_is_a_doubt() -> None:
    first = raw(RATIO, [("Universal reference", "patient")] * 2, value_text="log2 ratio")
    doubt = kind_of_values(first, spec()).doubt
    assert doubt is not None
    assert doubt.severity == "warning"
    assert "write channels: {reference: '^Universal reference$', ratio: ...} with ch1/ch2 or ch2/ch1" in doubt.text
    told = spec(channels={"reference": "^Universal", "ratio": "ch2/ch1"})
    assert (kind_of_values(first, told).doubt, kind_of_values(first, told).flipped) == (None, frozenset())
    second = raw(RATIO, [("patient", "Universal reference")] * 2, value_text="log2 ratio")
    assert kind_of_values(second, spec()).doubt is None


def test_swapped_dyes_need_a_reference() -> None:
    given = raw(RATIO, SWAPPED, value_text="log2 ratio")
    swap = swapped_text(given.samples)
    assert swap is not None
    assert swap.text == "pool"
    with pytest.raises(
        DataError, match=r"dyes are swapped \('p\w+' is in channel 1 of S\d, in channel 2 of S\d\): write"
    ):
        prepared(given)
    for settings, signs in (({"reference": "^pool$"}, [1, -1]), ({"reference": "pool", "ratio": "ch2/ch1"}, [-1, 1])):
        found = prepared(given, channels=settings)
        np.testing.assert_allclose(found.genes.take_features(list(GENES)).values, RATIO * signs)
        assert found.notes["n_flipped"] == 1
    with pytest.raises(DataError, match="'p' is in both channels of S1: expected the reference in one"):
        prepared(given, channels={"reference": "p"})
    with pytest.raises(DataError, match="`channels:` is of log ratios of two channels, but the source has one channel"):
        prepared(raw(LOG2), channels={"reference": "pool"})
    with pytest.raises(DataError, match="`channels:` is of log ratios of two channels, but the source has read counts"):
        prepared(raw(np.ones((4, 2)), value_kind="counts"), channels={"reference": "pool"})
    with pytest.raises(ValueError, match="channels: changes the sign of log ratios, but values: log2 is no ratio"):
        prepared(given, values="log2", channels={"reference": "pool"})
