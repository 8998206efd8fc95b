"""The PROBAST+AI table of a study (Moons 2025, doi:10.1136/bmj-2024-082505), by domain, filled from its findings.

Which checks answer for a domain is declared here; what the data cannot answer is left to the author.
"""

from typing import NamedTuple

import polars as pl

from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import in_order
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.reader import Results
from dmicc_assets.tables import TABLES

DEVELOPMENT, EVALUATION, APPLICABILITY = "development", "evaluation", "applicability"
PARTICIPANTS, PREDICTORS, OUTCOME, ANALYSIS = "participants and data sources", "predictors", "outcome", "analysis"
HIGH, LOW, UNCLEAR, NONE = "high", "low", "unclear", "not evaluated"


class Domain(NamedTuple):
    """One row: a domain of a part of the tool.

    Attributes:
        part: development (quality), evaluation (risk of bias) or applicability.
        domain: its name.
        codes: the checks that answer for it; one that warns makes the concern high.
        for_author: what no check can answer.
    """

    part: str
    domain: str
    codes: tuple[str, ...]
    for_author: str


DOMAINS = (
    Domain(DEVELOPMENT, PARTICIPANTS, ("D4", "D5", "D6", "I1", "I5", "I6", "R10"),
           "who was eligible, and whether cases and controls come from one source"),
    Domain(DEVELOPMENT, PREDICTORS, ("I2", "I4", "I8", "I9"), "whether expression was measured blind to the outcome"),
    Domain(DEVELOPMENT, OUTCOME, ("I7",), "how the disease was diagnosed, and whether alike in all datasets"),
    Domain(DEVELOPMENT, ANALYSIS, ("D1", "I3", "M1", "M7", "R1", "R3", "R7", "R8", "R15"), ""),
    Domain(EVALUATION, PARTICIPANTS, ("I5", "I6", "R12"), "who was eligible in the validation datasets"),
    Domain(EVALUATION, PREDICTORS, ("I2", "I4", "I8", "I9"), "whether expression was measured blind to the outcome"),
    Domain(EVALUATION, OUTCOME, ("I7",), "whether the disease was diagnosed as in development"),
    Domain(EVALUATION, ANALYSIS, ("I3", "M5", "R2", "R6", "R11", "R15"), ""),
    Domain(APPLICABILITY, PARTICIPANTS, ("D7", "D9"), "whether the patients are those whom the reader has in mind"),
    Domain(APPLICABILITY, PREDICTORS, ("I9", "I10"), "whether the assay is at hand where the model would be used"),
    Domain(APPLICABILITY, OUTCOME, (), "whether the outcome is what a reader needs to predict"),
)  # fmt: skip


def assessment(results: Results) -> pl.DataFrame:
    """One row for each domain, without the column study.

    The concern is "high" where a check of the domain warns, of the validation datasets alone in the part on
    evaluation; "low" where each has measured something, all are silent and nothing is left to the author; else
    "unclear". A study without a validation dataset is "not evaluated".
    """
    evidence = StudyEvidence.of(results)
    return TABLES["rigor/probast"].frame(
        [
            {"position": place, "part": each.part, "domain": each.domain, "for_author": each.for_author}
            | _judged(evidence, each)
            for place, each in enumerate(DOMAINS)
        ]
    )


def _judged(evidence: StudyEvidence, domain: Domain) -> dict[str, str]:
    """The concern and the checks that it comes from, with whom they warn of."""
    rows = evidence.rows("rigor/findings").filter(pl.col("code").is_in(domain.codes))
    outside = [entry.dataset for entry in evidence.study.validation]
    if domain.part == EVALUATION:
        if not outside:
            return {"concern": NONE, "because": "there is no validation dataset"}
        rows = rows.filter(pl.col("subject").is_in(outside))
    elif domain.part == DEVELOPMENT:
        rows = rows.filter(~pl.col("subject").is_in(outside))
    fired = rows.filter(pl.col("severity").is_in(FIRED))
    messages = [
        f"{code} in {subject}: {message}" if subject != evidence.name else f"{code}: {message}"
        for code in in_order(set(fired["code"]))
        for subject, message in fired.filter(code=code).sort("subject").select("subject", "message").iter_rows()
    ]
    concern = HIGH if messages else UNCLEAR if domain.for_author or not _are_silent(rows, domain.codes) else LOW
    return {"concern": concern, "because": "; ".join(messages)}


def _are_silent(rows: pl.DataFrame, codes: tuple[str, ...]) -> bool:
    """Whether each of these checks is "ok" wherever it was made, and has measured something."""
    measured = rows.filter(severity="ok").drop_nulls("statistic")
    return set(codes) <= set(measured["code"]) and bool((rows["severity"] == "ok").all())
