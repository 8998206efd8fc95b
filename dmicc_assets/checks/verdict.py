"""The verdict on a study: one line of its level, and what was found, how far to trust it, what is missing.

`verdict_rules.py` has the rules of each level; this module makes sentences from them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import polars as pl

from dmicc_assets.checks.check import has_fired
from dmicc_assets.checks.finding import FIRED
from dmicc_assets.checks.registry import CHECKS, in_order
from dmicc_assets.checks.verdict_rules import HOLDS_UP, LINES, PROOFS, RULES, Proof, Rule, fired, holding
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.intervals import estimate_text
from dmicc_assets.results.reader import Results
from dmicc_assets.tables import TABLES
from dmicc_assets.wording import counted, listed, one_or_many

_MOST_REASONS = 3
_MAIN_REASONS = 2
# Why a high area under the curve goes with a result that is not more than chance.
_OTHER_QUESTION = (
    "; the area under the curve says only that the model tells the patients of one disease from its controls"
)
# Beginnings of the sentence on trust.
_BEGINNINGS = {
    "broken data": "It cannot be trusted as it stands: {reasons}",
    "not supported": "It is not shown to be more than chance: {reasons}",
    "a hypothesis": "{shown}{reasons}",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a study's result.

    Attributes:
        level: "holds up", "a hypothesis", "not supported" or "broken data".
        line: the level in one plain line.
        found: what was found, one sentence.
        trust: how far it can be trusted, one sentence, with the checks' codes behind what they say.
        missing: what is missing, one sentence.
        reasons: the main reasons of the level, two at most, each with the code of its check.
    """

    level: str
    line: str
    found: str
    trust: str
    missing: str
    reasons: tuple[str, ...]

    @property
    def sentences(self) -> tuple[str, str, str]:
        """Found, trust and missing."""
        return self.found, self.trust, self.missing


def verdict(results: Results) -> Verdict:
    """The verdict on what a study found, from its stored findings and tables."""
    evidence = StudyEvidence.of(results)
    rules, shown = holding(evidence), _shown(evidence)
    level = rules[0].level if rules else HOLDS_UP
    said = [(rule.says(evidence), _code(evidence, rule)) for rule in rules] or [(p.shows, p.code) for p in shown]
    reasons = tuple(f"{text} ({code})" if code else text for text, code in said[:_MAIN_REASONS])
    trust = _doubted(evidence, rules, shown) if rules else _trusted(evidence, shown)
    return Verdict(level, LINES[level], _found(evidence), trust, _missing(evidence), reasons)


def verdict_table(of_study: Verdict) -> pl.DataFrame:
    """The verdict as the one row of `rigor.verdict`, without the column study."""
    return TABLES["rigor/verdict"].frame([asdict(of_study)])


def _found(evidence: StudyEvidence) -> str:
    cohorts = evidence.study.cohorts
    n, biomarkers = len(evidence.signature_genes), evidence.biomarkers
    where = listed([cohort.title for cohort in cohorts.values()])
    both = f" {'both' if len(cohorts) == 2 else 'all of'}" if len(cohorts) > 1 else ""
    if not n:
        return f"No gene differs between cases and controls in{both} {where} at the study's thresholds."
    text = f"{counted(n, 'gene')} {one_or_many(n, 'differs', 'differ')} between cases and controls in{both} {where}"
    overlap = evidence.rows("signature/overlap")
    if len(cohorts) > 1 and len(overlap) and overlap["p_value"][0] is not None:
        text += f" ({_sharing(evidence, overlap.row(0, named=True))})"
    if not biomarkers:
        return f"{text}; none of them is among the first of every ranking, so there is no biomarker and no model."
    are, on = ("are", "them") if len(biomarkers) > 1 else ("is", "it")
    rankings = {1: "the ranking", 2: "both rankings"}.get(len(cohorts), "every ranking")
    first = f"{are} among the first {evidence.study.ranking.top} of {rankings}"
    return f"{text}; {listed(biomarkers)} {first}, and a model on {on} {_areas(evidence)}."


def _sharing(evidence: StudyEvidence, overlap: Mapping[str, float | None]) -> str:
    """How many shared genes other axes of these tissues give, with the p-value, and how many move the same way."""
    same_way = f"{overlap['n_concordant']:.0f} in the same direction"
    if overlap["sharing_p_value"] is None:
        return f"sharing was not tested; {same_way}"
    if not evidence.rows("rigor/findings", code="M4", severity="info").is_empty():
        return f"the cohorts share samples, so that they must share genes; {same_way}"
    return (
        f"other variation of these tissues gives about {overlap['sharing_expected']:.0f}, "
        f"p = {overlap['sharing_p_value']:.2g}; {same_way}"
    )


def _areas(evidence: StudyEvidence) -> str:
    """How well the model separates cases from controls: inside its cohort, then outside."""
    rows = evidence.rows("validation/roc", predictor="model").drop_nulls("auc")
    inside = rows.filter(subject=evidence.study.model_cohort)
    auc: dict[str, float] = dict(inside.select("kind", "auc").iter_rows())
    said: list[str] = []
    if "nested_cv" in auc:
        flattered = f" ({auc['apparent']:.3f} in the patients that made it)" if "apparent" in auc else ""
        said.append(f"{auc['nested_cv']:.3f} when everything is chosen anew without the patients tested{flattered}")
    elif "apparent" in auc:
        said.append(f"{auc['apparent']:.3f} in the patients that made it")
    outside = rows.filter(subject_kind="dataset", kind="external").sort("subject")
    said += [
        f"{estimate_text(value, low, high)} in {name}"
        for name, value, low, high in outside.select("subject", "auc", "ci_low", "ci_high").iter_rows()
    ]
    return f"has an area under the ROC curve of {listed(said)}" if said else "has no area under the ROC curve"


def _shown(evidence: StudyEvidence) -> list[Proof]:
    return [proof for proof in PROOFS if proof.applies(evidence) and proof.holds(evidence)]


def _doubted(evidence: StudyEvidence, rules: Sequence[Rule], shown: Sequence[Proof]) -> str:
    """The gravest reasons, behind what is shown in spite of them."""
    named = [*rules[:_MOST_REASONS]]
    named += [rule for rule in RULES if rule.is_always_said and rule not in named and rule.holds(evidence)]
    sharing = [proof for proof in shown if proof.code == "M4"]
    text = _BEGINNINGS[rules[0].level].format(
        shown=f"{_as_sentence(sharing[0].shows)} ({sharing[0].code}), but " if sharing else "It must be doubted: ",
        reasons=listed([rule.says(evidence) for rule in named if rule.level == rules[0].level]),
    )
    # A doubt of another kind is no reason for the level, as opposite directions are none for "no more than chance".
    if besides := [rule.says(evidence) for rule in named if rule.level != rules[0].level]:
        text += f"; besides, {listed(besides)}"
    if "M4" in {rule.code for rule in named} and len(evidence.rows("validation/roc", predictor="model")):
        text += _OTHER_QUESTION
    codes = [code for rule in named if (code := _code(evidence, rule))]
    others = set(_warning(evidence)) - {rule.code for rule in named}
    return f"{text}{_in_brackets(codes)}{_warn(len(others), 'further check')}."


def _trusted(evidence: StudyEvidence, shown: Sequence[Proof]) -> str:
    warn = _warning(evidence)
    text = _as_sentence(listed([proof.shows for proof in shown]))
    codes = [proof.code for proof in shown if proof.code]
    return f"{text}{_in_brackets(codes)}{_warn(len(warn), 'check')}{_in_brackets(warn)}."


def _warn(n: int, what: str) -> str:
    return f"; {counted(n, what)} {one_or_many(n, 'warns', 'warn')}" if n else ""


def _as_sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _in_brackets(codes: Sequence[str]) -> str:
    return f" ({', '.join(codes)})" if codes else ""


def _warning(evidence: StudyEvidence) -> list[str]:
    return in_order(set(evidence.rows("rigor/findings").filter(pl.col("severity").is_in(FIRED))["code"]))


def _code(evidence: StudyEvidence, rule: Rule) -> str:
    """The rule's code with the subjects that its check warns of, but for the study as a whole and its only cohort.

    The code of a check that did not warn, whose silence would be a proof, says where alone it was tested, if anywhere.
    """
    if rule.code and fired(evidence, rule.code).is_empty():
        tested = evidence.rows("rigor/findings", code=rule.code).drop_nulls("statistic")["subject"].unique().sort()
        return f"{rule.code} tested in {listed(list(tested))} only" if len(tested) else f"{rule.code} untested"
    cohorts = list(evidence.study.cohorts)
    whole = {evidence.name, *cohorts} if len(cohorts) == 1 else {evidence.name}
    subjects = [name for name in fired(evidence, rule.code)["subject"].unique().sort() if name not in whole]
    return f"{rule.code} in {', '.join(subjects)}" if rule.code and subjects else rule.code


def _missing(evidence: StudyEvidence) -> str:
    lacks: list[str] = []
    with_lack = [(code, check.lacks) for code, check in CHECKS.items() if check.lacks is not None]
    for code, lack in sorted(with_lack, key=lambda each: each[1].rank):
        if callable(lack.says):
            lacks.append(lack.says(evidence))
        elif has_fired(evidence, code):
            lacks.append(lack.says)
    texts = "; ".join(text for text in lacks if text)
    return f"What is missing: {texts}." if texts else "Nothing that these checks ask for is missing."


def auc_doubts(findings: pl.DataFrame, subject: str, kind: str) -> list[tuple[str, str]]:
    """Code and meaning of each warning on an AUC of the model.

    Args:
        findings: rows of rigor/findings.
        subject: the cohort or validation dataset.
        kind: how the AUC was estimated, as in `validation.roc`.
    """
    warned = set(findings.filter(pl.col("severity").is_in(FIRED), pl.col("subject") == subject)["code"])
    return [
        (code, check.doubts_auc.says)
        for code, check in CHECKS.items()
        if code in warned and check.doubts_auc is not None and kind in check.doubts_auc.kinds
    ]
