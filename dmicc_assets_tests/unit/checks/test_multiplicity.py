"""Checks of multiple testing count the genes that were tested, and name what was not."""

import polars as pl

from dmicc_assets.checks.finding import Finding, finding
from dmicc_assets.checks.registry import CHECKS, findings_table
from dmicc_assets.checks.verdict import verdict
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets_tests.worlds.sound_study import sound, with_frame, with_study

RAW = {"log_fc": 1.0, "p_value": 0.05, "adjust": "none"}


def _with_p_values(p: list[float]) -> StudyEvidence:
    """The sound study with raw p-values, where the genes of cohort a have these."""
    first = sound().rows("differential/statistics").head(1)
    genes = [f"X{i}" for i in range(len(p))]
    rows = [
        first.with_columns(cohort=pl.lit("a"), gene=pl.lit(g), p_value=pl.lit(v)) for g, v in zip(genes, p, strict=True)
    ]
    return with_frame(with_study(sound(), differential=RAW), "differential/statistics", pl.concat(rows))


def _m1(p: list[float]) -> Finding:
    return next(each for each in CHECKS["M1"](_with_p_values(p)) if each.subject == "a")


def test_constant_genes_are_no_null_hypotheses() -> None:
    """10 of 20 genes that vary have p < 0.05; of the others 8 have p >= 0.5, so that pi0 = 8 / (0.5 * 20)."""
    tested = [0.001] * 10 + [0.2, 0.3] + [0.7] * 8
    found = _m1(tested + [1.0] * 500)
    assert found.statistic == 0.8 * 20 * 0.05 / 10
    assert found.message == _m1(tested).message
    assert found.message.startswith("10 of 20 genes have raw p < 0.05, about 1 are expected by chance: an estimated 8%")


def test_of_no_gene_no_share_is_false() -> None:
    found = _m1([0.2, 0.6, 0.9, 1.0])
    assert (found.severity, found.statistic) == ("ok", None)
    assert found.message == "not applicable: none of 3 genes has raw p < 0.05: there is no share of false ones"


def _missing(*n_missing: int) -> str:
    """What the verdict names as missing where so many libraries could not be had in cohorts a and b."""
    rows = [finding("M8", name, "warning", "", n, 0, "missing") for name, n in zip("ab", n_missing, strict=True) if n]
    return verdict(sound().with_frames({"rigor/findings": findings_table(rows)})).missing


def test_the_verdict_says_that_enrichment_was_not_made() -> None:
    n = len(sound().study.enrichment.libraries)
    assert _missing(n, n).endswith("gene sets (enrichment was not made, because none could be had).")
    some = "gene sets (enrichment in b was not made in every library, because some could not be had)."
    assert _missing(0, 1).endswith(some)
    assert "gene sets" not in _missing(0, 0)


def test_the_verdict_says_that_an_old_library_was_used() -> None:
    text = "against 6 genes; the bundled GO of 2022-07-01 was used for GO_BP and GO_CC, because none could be had (x)"
    rows = [finding("M8", name, "warning", text, 2, 0, "bundled") for name in "ab"]
    missing = verdict(sound().with_frames({"rigor/findings": findings_table(rows)})).missing
    assert missing.count("gene sets of today (the bundled GO of 2022-07-01 was used for GO_BP and GO_CC)") == 1
    assert "enrichment was not made" not in missing
