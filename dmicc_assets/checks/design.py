"""Checks of the design: class sizes, folds, labels, tissues, population (D1-D4, D6, D7, D9).

What the samples' descriptions and marker genes say of confounding is in `confounding.py`.
"""

from dmicc_assets.checks.finding import Finding, Severity, counted, finding, not_applicable
from dmicc_assets.results.evidence import StudyEvidence

SMALL_CLASS = 10
TINY_CLASS = 3
IMBALANCE = 5.0


def class_sizes(evidence: StudyEvidence) -> dict[str, tuple[int, int]]:
    """Cases and controls of each cohort, and of each dataset in a cohort that merges several."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, cohort in evidence.study.cohorts.items():
        samples = evidence.rows("cohort/samples", cohort=name)
        sizes[name] = _counts(samples["is_case"].to_list())
        if len(cohort.datasets) > 1:
            for dataset in cohort.datasets:
                sizes[f"{name}/{dataset}"] = _counts(samples.filter(dataset=dataset)["is_case"].to_list())
    return sizes


def _counts(is_case: list[bool]) -> tuple[int, int]:
    return sum(is_case), len(is_case) - sum(is_case)


def _sizes(n_case: int, n_control: int) -> str:
    return f"{counted(n_case, 'case')} and {counted(n_control, 'control')}"


def smallest_class(evidence: StudyEvidence) -> list[Finding]:
    """D1: fewer than 10 samples in a class is a warning, fewer than 3 an error."""
    findings: list[Finding] = []
    for subject, (n_case, n_control) in class_sizes(evidence).items():
        n = min(n_case, n_control)
        severity: Severity = "error" if n < TINY_CLASS else "warning" if n < SMALL_CLASS else "ok"
        message = _sizes(n_case, n_control)
        if n < SMALL_CLASS:
            message += f": with {n} in the smaller class a single sample decides what is found"
        findings.append(finding("D1", subject, severity, message, n, TINY_CLASS if n < TINY_CLASS else SMALL_CLASS))
    return findings


def class_imbalance(evidence: StudyEvidence) -> list[Finding]:
    """D2: the larger class is more than 5 times the smaller."""
    findings: list[Finding] = []
    for subject, (n_case, n_control) in class_sizes(evidence).items():
        ratio = max(n_case, n_control) / max(min(n_case, n_control), 1)
        fires = ratio > IMBALANCE
        message = f"{_sizes(n_case, n_control)}, {ratio:.1f} to 1"
        if fires:
            message += ": accuracy means nothing here, and the smaller class carries all of the uncertainty"
        findings.append(finding("D2", subject, "warning" if fires else "ok", message, ratio, IMBALANCE))
    return findings


def folds_for_classes(evidence: StudyEvidence) -> list[Finding]:
    """D3: more folds are asked for than the smaller class has samples; they are reduced."""
    findings: list[Finding] = []
    asked = evidence.study.ranking.folds
    for name in evidence.study.cohorts:
        smallest = min(class_sizes(evidence)[name])
        fires = asked > smallest
        message = (
            f"{asked} folds were asked for, the smaller class has {counted(smallest, 'sample')}: "
            f"{smallest if smallest > 1 else 'no'} folds were used"
            if fires
            else f"{asked} folds for a smaller class of {smallest}"
        )
        findings.append(finding("D3", name, "warning" if fires else "ok", message, asked, smallest))
    return findings


def label_rules(evidence: StudyEvidence) -> list[Finding]:
    """D4: every sample has one label and counts are the expected; what breaks it stops the dataset before this."""
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


def batch_confounding(evidence: StudyEvidence) -> list[Finding]:
    """D6: ComBat with the group as covariate in an unbalanced cohort; full confounding stops the cohort before this."""
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
                text += ": ComBat that keeps the group makes groups of unbalanced datasets differ more than they do"
            findings.append(finding("D6", name, "warning" if spread > 0 else "ok", text, spread, 0.0, "combat"))
        else:
            findings.append(finding("D6", name, "ok", f"batch: {cohort.batch}; {counts}", spread, 1.0))
    return findings


def tissues(evidence: StudyEvidence) -> list[Finding]:
    """D7: tissues differ among the datasets of a cohort, or among the cohorts."""
    study = evidence.study
    of_cohort = {name: [study.datasets[d].tissue for d in cohort.datasets] for name, cohort in study.cohorts.items()}
    everything = [tissue for tissues in of_cohort.values() for tissue in tissues]
    findings: list[Finding] = []
    for subject, named in [*of_cohort.items(), (evidence.name, everything)]:
        distinct = sorted({tissue for tissue in named if tissue})
        n_unknown = sum(not tissue for tissue in named)
        text = ", ".join(distinct) or "none stated"
        if len(distinct) > 1:
            message = f"{text}: a difference between diseases cannot be told from one between tissues"
            findings.append(finding("D7", subject, "warning", message, len(distinct), 1))
        elif n_unknown:
            message = f"tissue is not stated for {n_unknown} of {len(named)} datasets ({text}): it cannot be judged"
            findings.append(finding("D7", subject, "info", message, len(distinct), 1))
        else:
            findings.append(finding("D7", subject, "ok", text, len(distinct), 1))
    return findings


def population(evidence: StudyEvidence) -> list[Finding]:
    """D9: the population that the study is about is the case label of none of its datasets."""
    wanted = evidence.study.population
    if wanted is None:
        message = "the study file names no population, so nobody can say whom the result is for"
        return [finding("D9", evidence.name, "info", message)]
    n = 0
    for comparison in evidence.comparisons:
        if comparison.case == wanted.label:
            n += int(evidence.members(comparison)["is_case"].sum())
    if n:
        return [finding("D9", evidence.name, "ok", f"{n} samples are {wanted.label}: {wanted.text}", n, 1)]
    message = f"the study is about {wanted.text}, and no case sample is labelled {wanted.label!r}: it is an analogy"
    return [finding("D9", evidence.name, "warning", message, 0, 1)]
