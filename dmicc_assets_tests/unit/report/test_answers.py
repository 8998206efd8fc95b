"""The sentences that open the report's sections claim no more than the checks do."""

import re
from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from dmicc_assets.report.answers import data_answer, enrichment_answer, signature_answer
from dmicc_assets.report.flow import study_flow
from dmicc_assets.results.reader import Results
from dmicc_assets.tables import TABLES
from dmicc_assets_tests.worlds.simulated_study import simulated_tables


def test_sharing_is_not_judged_where_the_cohorts_share_samples() -> None:
    apart = simulated_tables()
    assert "variation of these tissues gives" in signature_answer(apart)
    first, *_ = names = list(apart.study.cohorts)
    rows = apart.rows("cohort/samples", cohort=first)
    common = pl.concat([rows.with_columns(cohort=pl.lit(name, rows.schema["cohort"])) for name in names])
    together = apart.with_frames({"cohort/samples": common})
    assert "variation of these" not in signature_answer(together) + study_flow(together)
    assert "the cohorts share samples, so that they must share genes" in signature_answer(together)


def test_a_study_without_findings_is_not_said_to_have_none_that_warn() -> None:
    made = simulated_tables()
    without = made.with_frames({"rigor/findings": TABLES["rigor/findings"].schema.to_frame()})
    assert "warn" not in data_answer(without)


def test_an_adjusted_p_is_called_so() -> None:
    assert ", adjusted p = " in enrichment_answer(simulated_tables())


def parts_of(results: Results) -> tuple[int, dict[str, int], str]:
    """All samples, the number of each part after the compared ones, and the whole sentence."""
    said = data_answer(results)
    found = re.fullmatch(r"(\d+) samples? of \d+ datasets?: (.*?); (?:no check|checks).*", said)
    assert found is not None
    total, parts = found.groups()
    compared = sum(int(n) for pair in re.findall(r"(\d+) cases? with (\d+) controls?", parts) for n in pair)
    twice = sum(map(int, re.findall(r"\((\d+) fewer in all", parts)))
    others = {what: int(n) for n, what in re.findall(r"(?:^|; )(\d+) ((?:with the|not|for) [a-z ]+)(?= \()", parts)}
    return int(total), {"compared": compared - twice, **others}, said


def of_nobody(results: Results) -> Results:
    """Samples of GSE4 without a label."""
    is_one = pl.col("sample").str.contains("GSE4.*3$")
    label = pl.when(is_one).then(None).otherwise("label").alias("label")
    return results.with_frames({"source/samples": results.source.samples.with_columns(label)})


def unvalidated(results: Results) -> Results:
    return replace(results, study=results.study.model_copy(update={"validation": []}))


def shared(results: Results) -> Results:
    rows = results.rows("cohort/samples", cohort="a")
    moved = rows.head(5).with_columns(cohort=pl.lit("b", rows.schema["cohort"]))
    return results.with_frames({"cohort/samples": pl.concat([results.cohort.samples, moved])})


def doubled(results: Results) -> Results:
    """The second sample, of the first one's group, is the first one's array again."""
    first, second = results.cohort.samples["sample"].head(2)
    same = pl.when(pl.col("sample") == second).then(pl.lit(first)).alias("same_as")
    return results.with_frames({"cohort/samples": results.cohort.samples.with_columns(same)})


def not_merged(results: Results) -> Results:
    return results.with_frames({"cohort/samples": results.rows("cohort/samples", cohort="a")})


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda r: r, {"for validation only"}),
        (of_nobody, {"for validation only", "not used"}),
        (unvalidated, {"not used"}),
        (shared, {"for validation only"}),
        (doubled, {"with the same array as another", "for validation only"}),
        (not_merged, {"not compared yet", "for validation only"}),
    ],
)
def test_the_parts_of_the_samples_add_up(change: Callable[[Results], Results], parts: set[str]) -> None:
    """Samples for validation only, of nobody, or that are named twice are parts of their own."""
    total, counts, said = parts_of(change(simulated_tables()))
    assert sum(counts.values()) == total == len(simulated_tables().source.samples), said
    assert counts.keys() - {"compared"} == parts, said
