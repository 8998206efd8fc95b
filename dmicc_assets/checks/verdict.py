"""Three sentences on a study: what was found, how far it can be trusted, what is missing; from its tables only."""

from collections.abc import Mapping, Sequence

import polars as pl

from dmicc_assets.checks.finding import counted
from dmicc_assets.checks.multiplicity import after_adjustment
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.study.schema import Study

# What a finding means for trust, in the order of weight: the first ones decide.
_NO_MORE_THAN_CHANCE = {
    "R3": "the procedure finds as much with permuted labels",
    "M4": "the cohorts share no more genes than chance gives",
}
_NOT_WHAT_IT_SEEMS = {
    "R1": "the AUC drops when the genes are chosen inside the folds",
    "R2": "more than one in twenty random sets of genes do as well",
    "M1": "many of the genes with raw p < {p_value:g} are false",
    "M7": "other patients would have given other biomarkers",
    "M6": "a small change of a threshold gives other genes",
    "D5": "something else separates the groups as well",
    "D8": "the groups hold different mixtures of cells",
    "I6": "samples are in two datasets or cohorts",
}
_LITTLE_TO_REST_ON = {
    "D1": "a class has fewer than ten samples",
    "D7": "the tissues differ",
    "R8": "the model separates the samples completely",
    "R15": "samples of one patient are taken for different people",
    "R5": "the ranking depends on the seed",
    "R12": "the validation is not independent",
    "I7": "the sexes differ between the groups or contradict what is stated",
}
# What an error means; one that is not here stops the study before there is a verdict, or is a defect.
_BROKEN = {
    "D1": "a class has fewer than three samples",
    "I6": "validation holds samples of training",
}
_MOST_REASONS = 3


def verdict(study: Study, frames: Mapping[str, pl.DataFrame]) -> tuple[str, str, str]:
    """What was found, how far it can be trusted, what is missing.

    Args:
        study: the study file.
        frames: rows of rigor/findings, signature/*, validation/roc, model/coefficients; an absent table is empty.
    """
    evidence = StudyEvidence(study, frames)
    return _found(evidence), _trust(evidence), _missing(evidence)


def _found(evidence: StudyEvidence) -> str:
    cohorts = evidence.study.cohorts
    n, biomarkers = len(evidence.signature), evidence.biomarkers
    where = " and ".join(cohort.title for cohort in cohorts.values())
    if not n:
        return f"No gene is differentially expressed in {where} at the study's thresholds, so there is no signature."
    overlap = evidence.rows("signature/overlap")
    text = f"{_count(n, 'gene')} differentially expressed in {where}"
    if len(cohorts) > 1 and len(overlap) and overlap["p_value"][0] is not None:
        row = overlap.row(0, named=True)
        test = "hypergeometric" if len(cohorts) == 2 else "exact multi-set"
        is_judged = evidence.rows("rigor/findings", code="M4", severity="info").is_empty()
        text += f" ({row['n_expected']:.1f} expected of random lists"
        text += f", {test} p = {row['p_value']:.2g}" if is_judged else ", but cohorts share samples"
        text += f"; {row['n_concordant']} move the same way)"
    if not biomarkers:
        return f"{text}; none of them is among the first of every ranking, so there are no biomarkers and no model."
    verb, top = "are" if len(biomarkers) > 1 else "is", evidence.study.ranking.top
    text += f"; {_listed(biomarkers)} {verb} among the first {top} of every ranking"
    rows = evidence.rows("validation/roc", subject=evidence.study.model_cohort, predictor="model").drop_nulls("auc")
    auc: dict[str, float] = dict(rows.select("kind", "auc").iter_rows())
    them = "them" if len(biomarkers) > 1 else "it"
    if "nested_cv" in auc:
        text += f", and a model on {them} reaches a nested AUC of {auc['nested_cv']:.3f}"
        text += f" (apparent {auc['apparent']:.3f})" if "apparent" in auc else ""
    elif "apparent" in auc:
        text += f", and a model on {them} reaches an apparent AUC of {auc['apparent']:.3f}"
    return f"{text}{_outside(evidence)}."


def _outside(evidence: StudyEvidence) -> str:
    """The frozen model's area in each validation dataset."""
    rows = evidence.rows("validation/roc", subject_kind="dataset", predictor="model", kind="external")
    areas = [
        f"{auc:.3f} in {name}"
        for name, auc in rows.drop_nulls("auc").sort("subject").select("subject", "auc").iter_rows()
    ]
    return f", outside {_listed(areas)}" if areas else ""


def _trust(evidence: StudyEvidence) -> str:
    fired = _fired(evidence)
    errors = evidence.rows("rigor/findings").filter(pl.col("severity") == "error")["code"].unique().sort().to_list()
    tested = set(evidence.rows("rigor/findings")["code"])
    if not tested:
        return "How far this can be trusted is not known: no rigor check was made."
    if not errors and not evidence.signature:
        sizes: list[float] = evidence.rows("rigor/findings", code="D1")["statistic"].drop_nulls().to_list()
        few = f"the smallest class has {counted(round(min(sizes)), 'sample')}, and " if sizes else ""
        return f"That nothing was found does not show that nothing is there: {few}thresholds decide what counts."
    if errors:
        failed = [
            f"{_BROKEN.get(code, 'an integrity check failed')} ({code}{_where(evidence, code)})" for code in errors
        ]
        return f"It cannot be trusted as it stands: {_listed(failed)}."
    p_value = evidence.study.differential.p_value
    permuted = evidence.rows("rigor/findings", code="R3", severity="ok").drop_nulls("statistic")
    it, but = ("It is more than chance (R3) ", "but ") if len(permuted) else ("It ", "")
    for beginning, meanings in (
        ("It is no more than chance", _NO_MORE_THAN_CHANCE),
        (f"{it}{but}must be doubted", _NOT_WHAT_IT_SEEMS),
        (f"{it}{but and 'and '}holds within these data, but rests on little", _LITTLE_TO_REST_ON),
    ):
        reasons = [
            f"{text.format(p_value=p_value)} ({code}{_where(evidence, code)}){_kept(evidence, code)}"
            for code, text in meanings.items()
            if code in fired
        ]
        if reasons:
            rest = len(fired) - len(reasons[:_MOST_REASONS])
            more = f"; {rest} further {'checks warn' if rest > 1 else 'check warns'}" if rest else ""
            return f"{beginning}: {_listed(reasons[:_MOST_REASONS])}{more}."
    n = len(fired)
    return (
        f"{it}{but and 'and '}holds within these data: of {len(tested)} checks {n} {'warns' if n == 1 else 'warn'}"
        + (f" ({_listed(sorted(fired))})." if n else ".")
    )


def _where(evidence: StudyEvidence, code: str) -> str:
    """Of whom a check warns, unless it is of the study as a whole."""
    rows = evidence.rows("rigor/findings", code=code).filter(pl.col("severity").is_in(["warning", "error"]))
    subjects = [subject for subject in rows["subject"].unique().sort() if subject != evidence.name]
    return f" in {', '.join(subjects)}" if subjects else ""


def _kept(evidence: StudyEvidence, code: str) -> str:
    """Of raw p-values, how much adjustment leaves of the genes that were found: a reader takes M1 for one on those."""
    if code != "M1" or evidence.rows("differential/statistics").is_empty():
        return ""
    warned = evidence.rows("rigor/findings", code="M1", severity="warning")["subject"].sort()
    kept = [(cohort, *after_adjustment(evidence, cohort)) for cohort in warned]
    left = [f"{n_kept} of {n_found} in {cohort}" for cohort, _, n_kept, n_found in kept]
    return f", though of those found {_listed(left)} have BH-adjusted p < {evidence.study.differential.p_value:g}"


def _missing(evidence: StudyEvidence) -> str:
    fired, study = _fired(evidence), evidence.study
    findings = evidence.rows("rigor/findings")
    lacks: list[str] = []
    if study.population is None:
        lacks.append("a statement of whom the result is for")
    elif "D9" in fired:
        lacks.append(f"samples of those whom the study is about ({study.population.text})")
    if not study.validation:
        lacks.append("a validation dataset")
    elif "R12" in fired:
        lacks.append("an independent validation dataset")
    size = findings.filter((pl.col("code") == "R7") & (pl.col("severity") == "warning"))
    if len(size):
        lacks.append(f"a cohort of sufficient size (the model's has {size['statistic'][0]:.0f} samples)")
    if "R9" in fired:
        is_outside = len(evidence.rows("validation/performance", subject_kind="dataset", metric="slope")) > 0
        lacks.append("enough samples for a calibration curve" if is_outside else "calibration on other patients")
    if "R10" in fired:
        lacks.append("a sample whose share of cases is nature's, without which no absolute risk can be stated")
    unknown = findings.filter(
        (pl.col("code") == "R15") & (pl.col("severity") == "info") & pl.col("statistic").is_null()
    )
    if len(unknown):
        lacks.append(f"knowledge of which samples are one patient's in {_listed(unknown['subject'].to_list())}")
    return f"What is missing: {'; '.join(lacks)}." if lacks else "Nothing that these checks ask for is missing."


def _fired(evidence: StudyEvidence) -> set[str]:
    rows = evidence.rows("rigor/findings")
    return set(rows.filter(pl.col("severity").is_in(["warning", "error"]))["code"])


def _listed(texts: Sequence[str]) -> str:
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else list(texts))


def _count(n: int, noun: str) -> str:
    return f"{n} {noun} is" if n == 1 else f"{n} {noun}s are"
