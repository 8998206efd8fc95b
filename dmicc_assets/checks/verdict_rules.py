"""The rules of the verdict: a table from what holds of a study to its level, and what each rule says.

Rules that hang on one check are declared with the check (`Doubt`) and are rows here like the others. The sentences
are put together in `verdict.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import polars as pl

from dmicc_assets.checks.check import SMALL_CLASS, Doubt, DoubtLevel
from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import CHECKS, in_order
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import listed

HOLDS_UP = "holds up"
# The gravest first; a study has the first of which a rule holds, and holds up when none does.
LEVELS: tuple[str, ...] = (*get_args(DoubtLevel), HOLDS_UP)
# The bold line of each level.
LINES = {
    "broken data": "Broken data: put them right before you read any result.",
    "not supported": "Not supported: these data do not show that the result is more than chance.",
    "a hypothesis": "A hypothesis: it must be shown again in other patients before anybody relies on it.",
    HOLDS_UP: "Holds up: it is more than chance, and the model works in patients that it has not seen.",
}
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
        level: the study's level when the rule holds, unless a graver one has a rule that does.
        rank: place among the reasons of its level, the least first.
        code: of the check that it hangs on; empty for none.
        when: when it holds, in words.
        holds: whether it does.
        reason: in words that a clinician understands, as a part of a sentence.
        tells: the same from the study's tables, with its numbers and names.
        is_always_said: the reason is said at every level, not only at its own.
    """

    level: DoubtLevel
    rank: int
    code: str
    when: str
    holds: Callable[[StudyEvidence], bool]
    reason: str
    tells: Callable[[StudyEvidence], str] | None = None
    is_always_said: bool = False

    def says(self, evidence: StudyEvidence) -> str:
        """The reason in this study."""
        return self.tells(evidence) if self.tells else self.reason


@dataclass(frozen=True, slots=True)
class Proof:
    """What must be shown for a study to hold up.

    Attributes:
        code: of the check that shows it; empty for none.
        when: when it is shown, in words.
        applies: whether it is asked of the study.
        holds: whether it is shown.
        shows: what is then said.
        lacks: the reason for a hypothesis where it is not shown.
    """

    code: str
    when: str
    applies: Callable[[StudyEvidence], bool]
    holds: Callable[[StudyEvidence], bool]
    shows: str
    lacks: str


def _has_cohorts_to_compare(evidence: StudyEvidence) -> bool:
    return len(evidence.study.cohorts) > 1


def _has_model(evidence: StudyEvidence) -> bool:
    return bool(evidence.biomarkers)


def _is_measured(code: str) -> Callable[[StudyEvidence], bool]:
    """Whether a check is silent and has measured something."""
    return lambda evidence: len(evidence.rows("rigor/findings", code=code, severity="ok").drop_nulls("statistic")) > 0


def _beats_random_genes(evidence: StudyEvidence) -> bool:
    names = [entry.dataset for entry in evidence.study.validation]
    silent = evidence.rows("rigor/findings", code="R2", severity="ok").drop_nulls("statistic")
    return len(silent.filter(pl.col("subject").is_in(names))) > 0


def _works_outside(evidence: StudyEvidence) -> bool:
    """The model's AUC is above one half, with its interval, in every validation dataset, of which there is one."""
    names = [entry.dataset for entry in evidence.study.validation]
    rows = evidence.rows("validation/roc", predictor="model", kind="external").filter(pl.col("subject").is_in(names))
    large = pl.min_horizontal("n_case", "n_control") >= SMALL_CLASS
    return len(rows) > 0 and bool(rows.select(((pl.col("ci_low") > _HALF) & large).fill_null(False).all()).item())


# In the order in which they are said.
PROOFS: tuple[Proof, ...] = (
    Proof(
        "M4", "M4 is silent: more genes are shared than along other axes of variation of the tissues",
        _has_cohorts_to_compare, _is_measured("M4"),
        "more genes are shared than other variation of these tissues gives",
        "whether the diseases share more than chance gives could not be tested",
    ),
    Proof(
        "R3", "R3 is silent: permuted labels find less", lambda _: True, _is_measured("R3"),
        "less is found when the labels are shuffled", "it was not compared with what shuffled labels find",
    ),
    Proof(
        "", f"the AUC's interval is above 0.5 in every validation dataset, each class of {SMALL_CLASS} samples or more",
        _has_model, _works_outside,
        "the model tells cases from controls in patients that it has not seen",
        "the model is not shown to work in patients that it has not seen",
    ),
    Proof(
        "R2", "R2 is silent in a validation dataset: random genes do worse there", _has_model, _beats_random_genes,
        "random genes do worse there", "the genes are not shown to do better than random genes in other patients",
    ),
)  # fmt: skip


def _of_doubt(code: str, doubt: Doubt) -> Rule:
    def holds(evidence: StudyEvidence) -> bool:
        return not fired(evidence, code, doubt).is_empty()

    wanted = " or ".join(each for each in ("error", "warning") if each in doubt.severities)
    when = f"{code} is {'an' if wanted.startswith('e') else 'a'} {wanted}" + (
        f" ({CHECKS[code].measures[doubt.of].what})" if doubt.of else ""
    )
    return Rule(doubt.level, doubt.rank, code, when, holds, doubt.says, doubt.tells, doubt.is_always_said)


def fired(evidence: StudyEvidence, code: str, doubt: Doubt | None = None) -> pl.DataFrame:
    """The findings of a check that warn or are errors; with a doubt those that it speaks of."""
    rows = evidence.rows("rigor/findings", code=code)
    rows = rows.filter(pl.col("severity").is_in(FIRED if doubt is None else doubt.severities))
    if doubt is not None and doubt.of:
        rows = rows.filter(measure=CHECKS[code].measures[doubt.of].what)
    return rows


def _other_errors(evidence: StudyEvidence) -> list[str]:
    """Codes of errors that no doubt speaks of."""
    said = {code for code, check in CHECKS.items() for doubt in check.doubts if "error" in doubt.severities}
    return in_order(set(evidence.rows("rigor/findings", severity="error")["code"]) - said)


def _of_proof(place: int, proof: Proof) -> Rule:
    return Rule(
        "a hypothesis", 50 + place, proof.code, f"not shown: {proof.when}",
        lambda evidence: proof.applies(evidence) and not proof.holds(evidence), proof.lacks,
    )  # fmt: skip


_NOTHING = "no gene passes the study's thresholds, which does not show that there is nothing"


def _without_signature(evidence: StudyEvidence) -> str:
    sizes: list[float] = evidence.rows("rigor/findings", code="D1")["statistic"].drop_nulls().to_list()
    few = f" (the smallest class has {min(sizes):.0f} samples)" if sizes else ""
    return f"{_NOTHING}{few}"


_OF_THE_STUDY: tuple[Rule, ...] = (
    Rule(
        "broken data", 90, "", "any other check is an error", lambda e: bool(_other_errors(e)),
        "an integrity check failed", lambda e: f"an integrity check failed ({listed(_other_errors(e))})",
    ),
    Rule(
        "not supported", 0, "", "the signature is empty", lambda e: not e.signature_genes, _NOTHING, _without_signature,
    ),
    Rule(
        "a hypothesis", 40, "", "no check was made", lambda e: e.rows("rigor/findings").is_empty(),
        "no rigor check was made",
    ),
    Rule(
        "a hypothesis", 41, "", "there is no biomarker",
        lambda e: bool(e.signature_genes) and not e.biomarkers,
        "no gene is among the first of every ranking, so there is no model",
    ),
)  # fmt: skip


def _every_rule() -> tuple[Rule, ...]:
    doubts = [_of_doubt(code, doubt) for code, check in CHECKS.items() for doubt in check.doubts]
    proofs = [_of_proof(place, proof) for place, proof in enumerate(PROOFS)]
    return tuple(sorted([*doubts, *_OF_THE_STUDY, *proofs], key=lambda rule: (LEVELS.index(rule.level), rule.rank)))


# The gravest first, then by rank.
RULES = _every_rule()


def holding(evidence: StudyEvidence) -> list[Rule]:
    """The rules of the study's level that hold, in their order; none where it holds up."""
    found = [rule for rule in RULES if rule.holds(evidence)]
    named: list[Rule] = []
    for rule in found:
        # a check that warns is not named again for what it does not show
        if rule.level == found[0].level and not (rule.code and rule.code in (each.code for each in named)):
            named.append(rule)
    return named
