"""What the findings mean for a study: the verdict's three sentences, and the doubts beside an AUC.

Which check leads to which words is declared with the check.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from dmicc_assets.checks.check import Doubt, Level, has_fired
from dmicc_assets.checks.finding import FIRED, counted, listed
from dmicc_assets.checks.registry import CHECKS, in_order
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.results.reader import Results

# How the sentence on trust begins; the first level of which a check fires is the one that is said.
_BEGINNINGS: dict[Level, str] = {
    "chance": "It is not shown to be more than chance",
    "doubtful": "{it}{but}must be doubted",
    "weak": "{it}{so}holds within these data, but rests on little",
}
_MOST_REASONS = 3


def verdict(results: Results) -> tuple[str, str, str]:
    """What was found, how far it can be trusted, what is missing."""
    evidence = StudyEvidence.of(results)
    return _found(evidence), _trust(evidence), _missing(evidence)


def _found(evidence: StudyEvidence) -> str:
    cohorts = evidence.study.cohorts
    n, biomarkers = len(evidence.signature_genes), evidence.biomarkers
    where = " and ".join(cohort.title for cohort in cohorts.values())
    if not n:
        return f"No gene is differentially expressed in {where} at the study's thresholds, so there is no signature."
    overlap = evidence.rows("signature/overlap")
    text = f"{_count(n, 'gene')} differentially expressed in {where}"
    if len(cohorts) > 1 and len(overlap) and overlap["p_value"][0] is not None:
        row = overlap.row(0, named=True)
        is_judged = evidence.rows("rigor/findings", code="M4", severity="info").is_empty()
        text += f" ({_sharing(row)}" if is_judged else " (the cohorts share samples"
        text += f"; {row['n_concordant']} move the same way)"
    if not biomarkers:
        return f"{text}; none of them is among the first of every ranking, so there are no biomarkers and no model."
    verb, top = "are" if len(biomarkers) > 1 else "is", evidence.study.ranking.top
    text += f"; {listed(biomarkers)} {verb} among the first {top} of every ranking"
    rows = evidence.rows("validation/roc", subject=evidence.study.model_cohort, predictor="model").drop_nulls("auc")
    auc: dict[str, float] = dict(rows.select("kind", "auc").iter_rows())
    them = "them" if len(biomarkers) > 1 else "it"
    if "nested_cv" in auc:
        text += f", and a model on {them} reaches a nested AUC of {auc['nested_cv']:.3f}"
        text += f" (apparent {auc['apparent']:.3f})" if "apparent" in auc else ""
    elif "apparent" in auc:
        text += f", and a model on {them} reaches an apparent AUC of {auc['apparent']:.3f}"
    return f"{text}{_outside(evidence)}."


def _sharing(overlap: Mapping[str, float | None]) -> str:
    """How many shared genes other axes of these tissues give, with the p-value; the urn's where nothing is shared."""
    if overlap["sharing_p_value"] is None:
        return f"{overlap['n_expected']:.1f} expected of random lists"
    return (
        f"{overlap['sharing_expected']:.1f} expected along other axes of variation of these tissues, "
        f"p = {overlap['sharing_p_value']:.2g}"
    )


def _outside(evidence: StudyEvidence) -> str:
    """The frozen model's area in each validation dataset."""
    rows = evidence.rows("validation/roc", subject_kind="dataset", predictor="model", kind="external")
    areas = [
        f"{auc:.3f} in {name}"
        for name, auc in rows.drop_nulls("auc").sort("subject").select("subject", "auc").iter_rows()
    ]
    return f", outside {listed(areas)}" if areas else ""


def _trust(evidence: StudyEvidence) -> str:
    findings = evidence.rows("rigor/findings")
    tested = set(findings["code"])
    if not tested:
        return "How far this can be trusted is not known: no rigor check was made."
    errors = in_order(set(findings.filter(severity="error")["code"]))
    if not errors and not evidence.signature_genes:
        sizes: list[float] = evidence.rows("rigor/findings", code="D1")["statistic"].drop_nulls().to_list()
        few = f"the smallest class has {counted(round(min(sizes)), 'sample')}, and " if sizes else ""
        return f"That nothing was found does not show that nothing is there: {few}thresholds decide what counts."
    if errors:
        says = {code: reason.says for code, reason in _doubts("broken")}
        failed = [f"{says.get(code, 'an integrity check failed')} ({code}{_where(evidence, code)})" for code in errors]
        return f"It cannot be trusted as it stands: {listed(failed)}."
    return _reasons(evidence, in_order(set(findings.filter(pl.col("severity").is_in(FIRED))["code"])), len(tested))


def _reasons(evidence: StudyEvidence, fired: Sequence[str], n_tested: int) -> str:
    """The reasons of the gravest level that has one, or that nothing speaks against the result."""
    shown = [f"{CHECKS[code].shows} ({code})" for code in CHECKS if CHECKS[code].shows and _is_shown(evidence, code)]
    it, but, so = (f"It is {listed(shown)} ", "but ", "and ") if shown else ("It ", "", "")
    p_value = evidence.study.differential.p_value
    for level, beginning in _BEGINNINGS.items():
        reasons = [
            f"{doubt.says.format(p_value=p_value)} ({code}{_where(evidence, code)})"
            + (doubt.adds(evidence) if doubt.adds else "")
            for code, doubt in _doubts(level)
            if code in fired
        ]
        if reasons:
            rest = len(fired) - len(reasons[:_MOST_REASONS])
            more = f"; {rest} further {'checks warn' if rest > 1 else 'check warns'}" if rest else ""
            return f"{beginning.format(it=it, but=but, so=so)}: {listed(reasons[:_MOST_REASONS])}{more}."
    n = len(fired)
    return f"{it}{so}holds within these data: of {n_tested} checks {n} {'warns' if n == 1 else 'warn'}" + (
        f" ({listed(fired)})." if n else "."
    )


def _doubts(level: Level) -> list[tuple[str, Doubt]]:
    """Code and doubt of every check that is of the level, in the order of their ranks."""
    found = [(code, doubt) for code, check in CHECKS.items() for doubt in check.doubts if doubt.level == level]
    return sorted(found, key=lambda each: each[1].rank)


def _is_shown(evidence: StudyEvidence, code: str) -> bool:
    return len(evidence.rows("rigor/findings", code=code, severity="ok").drop_nulls("statistic")) > 0


def _where(evidence: StudyEvidence, code: str) -> str:
    """Of whom a check warns, unless it is of the study as a whole."""
    rows = evidence.rows("rigor/findings", code=code).filter(pl.col("severity").is_in(FIRED))
    subjects = [subject for subject in rows["subject"].unique().sort() if subject != evidence.name]
    return f" in {', '.join(subjects)}" if subjects else ""


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
    fired = set(findings.filter(pl.col("severity").is_in(FIRED), pl.col("subject") == subject)["code"])
    return [
        (code, check.doubts_auc.says)
        for code, check in CHECKS.items()
        if code in fired and check.doubts_auc is not None and kind in check.doubts_auc.kinds
    ]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun} is" if n == 1 else f"{n} {noun}s are"
