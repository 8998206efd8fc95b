"""Checks of the design: class sizes, folds, labels, tissues, population (D1-D4, D6, D7, D9).

Confounding in sample descriptions and marker genes is in `confounding.py`.
"""

from dmicc_assets.checks.check import PROBAST, SMALL_CLASS, Doubt, Lack, Measure, Stops, check, has_fired
from dmicc_assets.checks.finding import Finding, Severity, finding, not_applicable
from dmicc_assets.expression.copies import without_copies
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import counted

TINY_CLASS = 3
IMBALANCE = 5.0


def class_sizes(evidence: StudyEvidence) -> dict[str, tuple[int, int]]:
    """Cases and controls of each cohort, and of each dataset in a cohort that merges several."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, cohort in evidence.study.cohorts.items():
        samples = without_copies(evidence.rows("cohort/samples", cohort=name))
        sizes[name] = _counts(samples["is_case"].to_list())
        if len(cohort.datasets) > 1:
            for dataset in cohort.datasets:
                sizes[f"{name}/{dataset}"] = _counts(samples.filter(dataset=dataset)["is_case"].to_list())
    return sizes


def _counts(is_case: list[bool]) -> tuple[int, int]:
    return sum(is_case), len(is_case) - sum(is_case)


def _sizes(n_case: int, n_control: int) -> str:
    return f"{counted(n_case, 'case')} and {counted(n_control, 'control')}"


@check(
    "D1",
    slug="smallest_class",
    title="The smaller class has at least 10 samples",
    meaning=(
        "A class of fewer than ten samples makes results depend on single samples: one unusual control changes every "
        "fold change. With fewer than three the finding is an error, but the study still runs; its result then has no "
        "meaning."
    ),
    measures="samples in the smaller class",
    fires="below",
    severities=("error", "warning"),
    remedy=(
        "Find more samples or merge another dataset into the cohort; until then treat every interval as too narrow."
    ),
    citation=f"PROBAST 4.1: {PROBAST}",
    doubts=(
        Doubt("not supported", 3, "a class has fewer than three samples", severities=("error",)),
        Doubt("a hypothesis", 11, "a class has fewer than ten samples"),
    ),
    tripod=("21",),
)
def smallest_class(evidence: StudyEvidence) -> list[Finding]:
    """A class of a cohort, or of one of its datasets, has fewer than 10 samples (warning) or fewer than 3 (error)."""
    findings: list[Finding] = []
    for subject, (n_case, n_control) in class_sizes(evidence).items():
        n = min(n_case, n_control)
        severity: Severity = "error" if n < TINY_CLASS else "warning" if n < SMALL_CLASS else "ok"
        message = _sizes(n_case, n_control)
        if n < SMALL_CLASS:
            message += f": with {n} in the smaller class a single sample decides what is found"
        findings.append(finding("D1", subject, severity, message, n, TINY_CLASS if n < TINY_CLASS else SMALL_CLASS))
    return findings


@check(
    "D2",
    slug="class_imbalance",
    title="The larger class is at most 5 times the smaller",
    meaning=("If one class is more than five times the other, a model that always predicts it has a high accuracy."),
    measures="larger class over smaller",
    fires="above",
    doubted="the larger class is more than 5 times the smaller",
    remedy="Look at AUC, balanced accuracy and MCC (R13), never at accuracy.",
    citation="He & Garcia 2009, 10.1109/TKDE.2008.239",
    tripod=("13",),
)
def class_imbalance(evidence: StudyEvidence) -> list[Finding]:
    """The larger class is more than 5 times the smaller."""
    findings: list[Finding] = []
    for subject, (n_case, n_control) in class_sizes(evidence).items():
        ratio = max(n_case, n_control) / max(min(n_case, n_control), 1)
        fires = ratio > IMBALANCE
        message = f"{_sizes(n_case, n_control)}, {ratio:.1f} to 1"
        if fires:
            message += ": accuracy is misleading here, and most of the uncertainty comes from the smaller class"
        findings.append(finding("D2", subject, "warning" if fires else "ok", message, ratio, IMBALANCE))
    return findings


@check(
    "D3",
    slug="folds",
    title="The smaller class has a sample for every fold",
    meaning="The study file sets more folds than the smaller class has samples, so fewer folds were used.",
    measures="folds in the study file, against samples in the smaller class",
    fires="above",
    doubted="the smaller class has too few samples for the folds",
    remedy="Nothing, but do not report a 10-fold cross-validation.",
    citation="Varma & Simon 2006, 10.1186/1471-2105-7-91",
)
def folds(evidence: StudyEvidence) -> list[Finding]:
    """The study file sets more folds than the smaller class has samples."""
    findings: list[Finding] = []
    asked = evidence.study.ranking.folds
    for name in evidence.study.cohorts:
        smallest = min(class_sizes(evidence)[name])
        fires = asked > smallest
        message = (
            f"{asked} folds were set, the smaller class has {counted(smallest, 'sample')}: "
            f"{smallest if smallest > 1 else 'no'} folds were used"
            if fires
            else f"{asked} folds for a smaller class of {smallest}"
        )
        findings.append(finding("D3", name, "warning" if fires else "ok", message, asked, smallest))
    return findings


@check(
    "D4",
    slug="label_rules",
    title="Every sample matches exactly one label rule, and the counts are the expected ones",
    meaning=(
        "Every sample must match exactly one label rule, and the counts must be the ones that `expect` "
        "names. Otherwise the dataset stops."
    ),
    measures="samples without a label, and labels of another count than expected",
    fires="above",
    doubted="samples match no label rule, or not as many as expected match it",
    severities=("error",),
    remedy=(
        "Look at the samples that the message names and correct the label rule; give `expect` for every label, "
        "since GEO revises series."
    ),
    citation=f"PROBAST 1.2: {PROBAST}",
    stops=Stops(
        "Every sample matches exactly one label rule, and the counts are the expected ones", ("source/datasets",)
    ),
)
def label_rules(evidence: StudyEvidence) -> list[Finding]:
    """A sample has no label, or a label has another count than `expect` says."""
    findings: list[Finding] = []
    for dataset in evidence.rows("source/datasets")["dataset"].unique().sort():
        samples = evidence.rows("source/samples", dataset=dataset)
        counts = dict(samples["label"].value_counts().iter_rows())
        unlabelled = int(samples["label"].null_count())
        rules = evidence.study.datasets[dataset].labels
        expected: dict[str, int] = {}
        for rule in rules:
            if rule.expect is not None:
                expected[rule.label] = expected.get(rule.label, 0) + rule.expect
        wrong = [
            f"{label} {counts.get(label, 0)} instead of {n}"
            for label, n in expected.items()
            if counts.get(label, 0) != n
        ]
        text = ", ".join(f"{label} {n}" for label, n in sorted((k, v) for k, v in counts.items() if k is not None))
        if unlabelled or wrong:
            problem = "; ".join([f"{unlabelled} samples without a label"] * bool(unlabelled) + wrong)
            findings.append(finding("D4", dataset, "error", f"{problem} ({text})", unlabelled + len(wrong), 0))
            continue
        checked = "" if expected else "; the study file expects no counts, so a change of the series would pass"
        findings.append(finding("D4", dataset, "ok", f"every sample matches one rule: {text}{checked}", 0, 0))
    return findings


@check(
    "D6",
    slug="batch_confounding",
    title="Dataset and group are not confounded, and ComBat is not used where the groups are unbalanced",
    meaning=(
        "Where all cases come from one dataset and all controls from another, no method can tell disease "
        "from batch, and the cohort stops. Where the datasets' shares of cases differ, ComBat with the group "
        "as covariate exaggerates the difference between the groups."
    ),
    measures="range of the datasets' shares of cases",
    fires="at or above",
    doubted="every dataset has one group only, so that dataset and group cannot be told apart",
    also_measures={
        "combat": Measure(
            "range of the datasets' shares of cases under ComBat",
            "above",
            "ComBat was used where the groups are unbalanced",
        ),
    },
    severities=("error", "warning"),
    remedy="Use datasets that have both groups, and `batch: covariate`.",
    citation="Nygaard 2016, 10.1093/biostatistics/kxv027",
    tripod=("12d",),
    stops=Stops("Dataset and group are not confounded", ("cohort/expression",)),
)
def batch_confounding(evidence: StudyEvidence) -> list[Finding]:
    """Every dataset of a cohort holds one group only (error).

    Or ComBat is used where the datasets' shares of cases differ (warning).
    """
    findings: list[Finding] = []
    for name, cohort in evidence.study.cohorts.items():
        if len(cohort.datasets) == 1:
            findings += not_applicable("D6", name, "the cohort is one dataset")
            continue
        groups = {dataset: class_sizes(evidence)[f"{name}/{dataset}"] for dataset in cohort.datasets}
        shares = {dataset: n_case / max(n_case + n_control, 1) for dataset, (n_case, n_control) in groups.items()}
        spread = max(shares.values()) - min(shares.values())
        counts = ", ".join(f"{dataset} {_sizes(k, n)}" for dataset, (k, n) in groups.items())
        if sum(0 < share < 1 for share in shares.values()) == 0:
            findings.append(finding("D6", name, "error", f"dataset and group are confounded: {counts}", 1.0, 1.0))
        elif cohort.batch == "combat":
            text = f"batch: combat; {counts}"
            if spread > 0:
                text += ": ComBat with the group as covariate exaggerates group differences in unbalanced datasets"
            findings.append(finding("D6", name, "warning" if spread > 0 else "ok", text, spread, 0.0, "combat"))
        else:
            findings.append(finding("D6", name, "ok", f"batch: {cohort.batch}; {counts}", spread, 1.0))
    return findings


@check(
    "D7",
    slug="tissues",
    title="All data are of one tissue",
    meaning=(
        "The data are of different tissues. A gene that differs between skin and liver does not link two diseases."
    ),
    measures="tissues",
    fires="above",
    doubted="the cohorts are of different tissues",
    also_measures={"merged": Measure("tissues of one cohort", "above")},
    severities=("warning", "info"),
    remedy="Compare like with like, or say that tissues are compared.",
    citation="Leek 2010, 10.1038/nrg2825",
    doubts=Doubt("a hypothesis", 12, "datasets of one disease are of different tissues", of="merged"),
    tripod=("12d",),
)
def tissues(evidence: StudyEvidence) -> list[Finding]:
    """The datasets of a cohort, or the cohorts, are of several tissues (warning); a tissue is not stated (info)."""
    study = evidence.study
    of_cohort = {name: [study.datasets[d].tissue for d in cohort.datasets] for name, cohort in study.cohorts.items()}
    everything = [tissue for tissues in of_cohort.values() for tissue in tissues]
    findings: list[Finding] = []
    for subject, named in [*of_cohort.items(), (evidence.name, everything)]:
        distinct = sorted({tissue for tissue in named if tissue})
        n_unknown = sum(not tissue for tissue in named)
        text = ", ".join(distinct) or "none stated"
        of = "merged" if subject in of_cohort else ""
        if len(distinct) > 1:
            message = f"{text}: a difference between diseases cannot be separated from one between tissues"
            findings.append(finding("D7", subject, "warning", message, len(distinct), 1, of))
        elif n_unknown:
            message = f"tissue is not stated for {n_unknown} of {len(named)} datasets ({text}): this cannot be judged"
            findings.append(finding("D7", subject, "info", message, len(distinct), 1, of))
        else:
            findings.append(finding("D7", subject, "ok", text, len(distinct), 1, of))
    return findings


def _lacks_people(evidence: StudyEvidence) -> str:
    if evidence.study.population is None:
        return "a statement of the population for which the result holds"
    people = f"samples of the study's population ({evidence.study.population.text})"
    return people if has_fired(evidence, "D9") else ""


@check(
    "D9",
    slug="population",
    title="The data contain samples of the study's population",
    meaning=(
        "No sample is from the study's population (`population:`), such as patients with both diseases. The result is "
        "then an analogy."
    ),
    measures="case samples of the population",
    fires="below",
    doubted="no case is of the study's population",
    severities=("warning", "info"),
    remedy="Say that the result is an analogy, and look for such patients.",
    citation=f"PROBAST applicability: {PROBAST}",
    lacks=Lack(1, _lacks_people),
)
def population(evidence: StudyEvidence) -> list[Finding]:
    """No case sample has the label of the study's population (warning); the study file names no population (info)."""
    wanted = evidence.study.population
    if wanted is None:
        message = "the study file names no population, so it is not known for whom the result holds"
        return [finding("D9", evidence.name, "info", message)]
    n = 0
    for comparison in evidence.comparisons:
        if comparison.case == wanted.label:
            n += int(evidence.members(comparison)["is_case"].sum())
    if n:
        return [finding("D9", evidence.name, "ok", f"{n} samples are {wanted.label}: {wanted.text}", n, 1)]
    message = f"the study is about {wanted.text}, and no case sample is labelled {wanted.label!r}: it is an analogy"
    return [finding("D9", evidence.name, "warning", message, 0, 1)]
