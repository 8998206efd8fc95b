"""PROBAST+AI by domain: a check that warns makes the concern high; where an author must answer it is never low."""

import polars as pl
import pytest

from dmicc_assets.checks.finding import Finding, finding, not_applicable
from dmicc_assets.checks.probast import DOMAINS, assessment
from dmicc_assets.checks.registry import CHECKS, findings_table
from dmicc_assets_tests.worlds.sound_study import sound, with_frame, with_study

SILENT = [finding(code, subject, "ok", "silent", 0.0, 1.0) for code in CHECKS for subject in ("sound", "b", "SIM3")]


def concerns(table: pl.DataFrame) -> dict[tuple[str, str], list[str]]:
    return {(part, domain): rest for part, domain, *rest in table.select("part", "domain", "concern", "because").rows()}


def test_every_code_is_of_a_check_and_every_part_has_its_domains() -> None:
    assert {code for domain in DOMAINS for code in domain.codes} <= set(CHECKS)
    parts = [domain.part for domain in DOMAINS]
    assert [parts.count(part) for part in ("development", "evaluation", "applicability")] == [4, 4, 3]


def test_a_silent_study_has_low_concern_only_where_nothing_is_left_to_the_author() -> None:
    table = assessment(with_frame(sound(), "rigor/findings", findings_table(SILENT)))
    assert table.filter(concern="low").select("part", "domain").rows() == [
        ("development", "analysis"),
        ("evaluation", "analysis"),
    ]
    assert set(table.filter(pl.col("for_author") != "")["concern"]) == {"unclear"}


def test_what_warns_of_the_validation_is_of_the_evaluation() -> None:
    fired = [
        finding("R2", "SIM3", "warning", "random genes do as well", 0.4, 0.05),
        finding("R1", "b", "warning", "the AUC drops", 0.2, 0.05),
    ]
    others = [each for each in SILENT if (each.code, each.subject) not in (("R2", "SIM3"), ("R1", "b"))]
    evidence = with_frame(sound(), "rigor/findings", findings_table([*others, *fired]))
    found = concerns(assessment(evidence))
    assert found["evaluation", "analysis"] == ["high", "R2 in SIM3: random genes do as well"]
    assert found["development", "analysis"] == ["high", "R1 in b: the AUC drops"]
    without = concerns(assessment(with_study(evidence, validation=[])))
    assert without["evaluation", "outcome"] == ["not evaluated", "there is no validation dataset"]


@pytest.mark.parametrize(
    "unjudged",
    [
        finding("R15", "b", "info", "this cannot be judged", None, 0),
        *not_applicable("R15", "b", "there are no patients"),
    ],
)
def test_what_was_not_judged_is_not_of_low_concern(unjudged: Finding) -> None:
    others = [each for each in SILENT if (each.code, each.subject) not in (("R15", "sound"), ("R15", "b"))]
    found = concerns(assessment(with_frame(sound(), "rigor/findings", findings_table([*others, unjudged]))))
    assert found["development", "analysis"] == ["unclear", ""]
    assert found["evaluation", "analysis"] == ["low", ""]
