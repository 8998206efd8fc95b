"""Checks of gene names and measured genes: missing biomarkers, and genes found under an earlier symbol (I9, I10)."""

from collections.abc import Collection, Mapping

from dmicc_assets.checks.check import PROBAST, Measure, check
from dmicc_assets.checks.finding import Finding, Measured, finding, not_applicable
from dmicc_assets.expression.symbols import find_symbols
from dmicc_assets.geo.find import ORGANISMS
from dmicc_assets.results.evidence import StudyEvidence
from dmicc_assets.wording import one_or_many

UNIVERSE_JACCARD = 0.6
BY_PREVIOUS = 0.02


@check(
    "I9",
    slug="measured_genes",
    title="The biomarkers are measured in every validation dataset, and the cohorts measure the same genes",
    meaning=(
        "A biomarker is missing from a validation dataset, so the model cannot be validated there; or the datasets of "
        "a cohort, or the cohorts, measure different genes, so that many genes could never be shared. Names of two "
        "species or of two kinds (Tp53 and TP53, symbols and identifiers) look like this."
    ),
    measures="biomarkers that are not measured",
    fires="above",
    doubted="biomarkers are not measured in a validation dataset",
    also_measures={
        "universes": Measure(
            "genes that all cohorts measure, as a share of those that any measures",
            "below",
            "the cohorts measure few genes in common",
        ),
        "organisms": Measure(
            "datasets of another organism than the others, or than the gene sets",
            "above",
            "the data are of different organisms",
        ),
        "kept": Measure(
            "genes of a merged cohort, as a share of those of its smallest dataset",
            "below",
            "a cohort keeps few of its datasets' genes",
        ),
    },
    remedy=(
        "Choose datasets on similar platforms. For another species set `symbols: human_orthologues` in its "
        "datasets, or use datasets of one species."
    ),
    citation=f"PROBAST 2.3: {PROBAST}",
)
def measured_genes(evidence: StudyEvidence) -> list[Finding]:
    """A biomarker is missing, a cohort keeps, or the cohorts share, under 60 % of their genes, or organisms differ."""
    findings: list[Finding] = []
    for dataset, subject in evidence.validations().items():
        if not evidence.biomarkers:
            findings += not_applicable("I9", dataset, "there are no biomarkers")
            continue
        missing = find_symbols(evidence.biomarkers, subject.matrix.features).missing
        n = len(evidence.biomarkers)
        text = f"{n - len(missing)} of {n} biomarkers are measured"
        if missing:
            text += (
                f"; {', '.join(missing)} {one_or_many(len(missing), 'is', 'are')} not, so the model cannot be applied"
            )
        findings.append(finding("I9", dataset, "warning" if missing else "ok", text, len(missing), 0))
    findings += _merged(evidence)
    foreign, texts = _organisms(evidence)
    universes = [set(subject.matrix.features) for subject in evidence.cohorts().values()]
    if len(universes) < 2:
        if foreign:
            return [*findings, finding("I9", evidence.name, "warning", texts, foreign, 0, "organisms")]
        return [*findings, *not_applicable("I9", evidence.name, "the study has one cohort")]
    common, every = set[str].intersection(*universes), set[str].union(*universes)
    jaccard = len(common) / len(every)
    fires = jaccard < UNIVERSE_JACCARD
    text = f"the cohorts share {len(common):,} of {len(every):,} genes"
    if fires:
        measured = {name: set(subject.matrix.features) for name, subject in evidence.cohorts().items()}
        text += f": a gene that one of them does not measure cannot be in the signature; {lacking(measured)}"
    by_organism: Measured = (foreign, 0, "organisms")
    by_genes: Measured = (jaccard, UNIVERSE_JACCARD, "universes")
    severity = "warning" if fires or foreign else "ok"
    text = f"{text}; {texts}" if foreign else text
    findings.append(finding("I9", evidence.name, severity, text, *(by_organism if foreign and not fires else by_genes)))
    return findings


def _merged(evidence: StudyEvidence) -> list[Finding]:
    """For each cohort of several datasets, how many of the genes of the smallest are left when they are merged."""
    findings: list[Finding] = []
    for name, cohort in evidence.study.cohorts.items():
        if len(cohort.datasets) < 2:
            continue
        measured = {dataset: set(evidence.matrices[dataset].features) for dataset in cohort.datasets}
        n_smallest = min(map(len, measured.values()))
        # Counts are filtered later, and `symbols: current` merges more names than are equal.
        merged = evidence.cohorts()[name].matrix.features
        n_kept = max(len(set[str].intersection(*measured.values())), len(merged))
        fires = n_kept < UNIVERSE_JACCARD * n_smallest
        text = f"{n_kept:,} of the {n_smallest:,} genes of its smallest dataset are in all of its datasets"
        text += f"; {lacking(measured)}" if fires else ""
        severity = "warning" if fires else "ok"
        findings.append(finding("I9", name, severity, text, n_kept / n_smallest, UNIVERSE_JACCARD, "kept"))
    return findings


def _organisms(evidence: StudyEvidence) -> tuple[int, str]:
    """How many datasets have symbols of another organism than the first or the gene sets, and what is said of it."""
    study, species = evidence.study, ORGANISMS[evidence.study.enrichment.organism]
    rows = evidence.rows("source/datasets").drop_nulls("organism").sort("dataset")
    named = {
        dataset: {ORGANISMS["human"]} if study.datasets[dataset].symbols == "human_orthologues" else {*text.split(", ")}
        for dataset, text in rows.select("dataset", "organism").iter_rows()
        if dataset in evidence.matrices
    }
    first = next(iter(named), "")
    others = [name for name in named if not named[name] & named[first]]
    texts: list[str] = []
    if others:
        pair = {name: set(evidence.matrices[name].features) for name in (first, others[0])}
        said = " and ".join(f"{name} is of {', '.join(sorted(named[name]))}" for name in pair)
        texts.append(f"{said}, whose symbols differ: {lacking(pair) or 'here they are the same'}")
    strangers = [name for name in named if species not in named[name]] if study.enrichment.libraries else []
    if strangers:
        shown = ", ".join(sorted(evidence.matrices[strangers[0]].features)[:3])
        texts.append(f"the gene sets are of {species}, {', '.join(strangers)} is not ({shown}, ...)")
    return len({*others, *strangers}), "; ".join(texts)


def lacking(measured: Mapping[str, Collection[str]]) -> str:
    """How many genes of each are not in all, with the first three."""
    common = set[str].intersection(*map(set, measured.values()))
    alone = {name: sorted(set(genes) - common) for name, genes in measured.items()}
    return ", ".join(
        f"{len(genes):,} of {len(measured[name]):,} of {name} are not in all ({', '.join(genes[:3])})"
        for name, genes in alone.items()
        if genes
    )


@check(
    "I10",
    slug="earlier_symbols",
    title="Genes are found under the symbol that is looked up",
    meaning=(
        "Genes were found under an earlier symbol (CYR61 is CCN1). Every look-up tries earlier symbols; the "
        "intersection of the cohorts does so only with `symbols: current`."
    ),
    measures="share of genes found under another symbol",
    fires="above",
    doubted="many genes are found under another symbol only",
    severities=("warning", "info"),
    remedy=(
        "Validation needs nothing, because it looks genes up by every name; set `symbols: current` to intersect "
        "cohorts of different years."
    ),
    citation="Tweedie 2021 (HGNC), 10.1093/nar/gkaa980",
)
def earlier_symbols(evidence: StudyEvidence) -> list[Finding]:
    """Over 2 % of the model cohort's genes are found elsewhere under another symbol (warning); any is (info)."""
    wanted = evidence.model_subject.matrix.features
    others = {name: subject for name, subject in evidence.subjects.items() if name != evidence.study.model_cohort}
    findings: list[Finding] = []
    for name, subject in others.items():
        match = find_symbols(wanted, subject.matrix.features)
        share = len(match.by_previous) / max(len(match.found), 1)
        text = f"{len(match.by_previous):,} of {len(match.found):,} genes are found under another symbol of the gene"
        examples = sorted(match.by_previous.items())[:3]
        if examples:
            text += f" ({', '.join(f'{gene} as {there}' for gene, there in examples)})"
        if subject.kind == "cohort" and evidence.study.cohorts[name].symbols == "annotated" and match.by_previous:
            text += "; the intersection takes symbols as annotated, so these cannot be shared (symbols: current)"
        severity = "warning" if share > BY_PREVIOUS else "info" if match.by_previous else "ok"
        findings.append(finding("I10", name, severity, text, share, BY_PREVIOUS))
    return findings or not_applicable("I10", evidence.name, "there is one cohort and no validation dataset")
