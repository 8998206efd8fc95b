"""The report's method text: each step in sentences, with parameters, seeds and sources."""

from collections.abc import Mapping
from dataclasses import dataclass

from dmicc_assets.signature.sharing import N_AXES
from dmicc_assets.study.schema import Study

# What was made of values to which GEO2R's rule does not apply, by the scale that was detected.
_OTHER_VALUES = {
    "counts": "Read counts become log2 counts per million with TMM factors (doi:10.1186/gb-2010-11-3-r25) in {}; genes "
    "of cohorts of nothing but counts are tested with voom's weights (doi:10.1186/gb-2014-15-2-r29).",
    "tpm": "TPM become log2(TPM + 1) in {}.",
    "fpkm": "FPKM become log2(FPKM + 1) in {}.",
    "log_ratio": "Values are log2 ratios in {}.",
    "ln": "Natural logarithms are multiplied by log2(e) in {}.",
    "log10": "Logarithms to base 10 are multiplied by log2(10) in {}.",
    "ln_ratio": "Natural logarithms of ratios are multiplied by log2(e) in {}.",
    "log10_ratio": "Logarithms to base 10 are multiplied by log2(10) in {}.",
}


@dataclass(frozen=True)
class Methods:
    """One text for each section of the report; `doi:` references become links in the page."""

    data: str
    differential: str
    enrichment: str
    signature: str
    ranking: str
    validation: str
    model: str
    worth: str


def methods(
    study: Study,
    versions: Mapping[str, str],
    scales: Mapping[str, str] | None = None,
    blocks: Mapping[str, str] | None = None,
) -> Methods:
    """The method text of a study.

    Args:
        study: its settings.
        versions: of the libraries, by name.
        scales: what the values of each dataset that was read are, `scale_detected` of `source.datasets`.
        blocks: how samples of one patient were modelled in each cohort that was tested.
    """
    return Methods(
        data=_data(study, scales or {}),
        differential=_differential(study, versions, blocks or {}),
        enrichment=_enrichment(study, versions),
        signature=_signature(study),
        ranking=_ranking(study, versions),
        validation=_validation(study, versions),
        model=_model(study),
        worth=_worth(study),
    )


def _with_version(name: str, versions: Mapping[str, str]) -> str:
    return f"{name} {versions[name]}" if name in versions else name


def _scale(auto: list[str], scales: Mapping[str, str]) -> str:
    """Sentence on the datasets to which GEO2R's rule applies, and those of which log2 was taken."""
    auto = [name for name in auto if scales.get(name) not in _OTHER_VALUES]
    if not auto:
        return ""
    rule = f"GEO2R's rule decides whether log2 is taken in {_listed(auto)}"
    read = [name for name in auto if name in scales]
    taken = [name for name in read if scales[name] == "linear"]
    return f"{rule}: it was taken in {_listed(taken) if taken else 'none'}." if read else f"{rule}."


def _data(study: Study, scales: Mapping[str, str]) -> str:
    of = {kind: [name for name in study.datasets if scales.get(name) == kind] for kind in _OTHER_VALUES}
    arrays = {name: spec for name, spec in study.datasets.items() if name not in of["counts"]}
    normalised = [name for name, spec in arrays.items() if spec.normalise == "quantile"]
    as_served = [name for name, spec in arrays.items() if spec.normalise == "none"]
    stated = [f"{name} ({spec.values})" for name, spec in study.datasets.items() if spec.values != "auto"]
    auto = [name for name, spec in study.datasets.items() if spec.values == "auto"]
    collapse = {spec.collapse for spec in study.datasets.values()}
    parts = [
        "Files are verified after download (length, gzip checksum, end of table, number of rows).",
        _scale(auto, scales),
        f"The study file states what the values are in {_listed(stated)}." if stated else "",
        *(text.format(_listed(of[kind])) for kind, text in _OTHER_VALUES.items() if of[kind]),
    ]
    if human := [name for name, spec in study.datasets.items() if spec.symbols == "human_orthologues"]:
        parts.append(
            f"Symbols of {_listed(human)} are replaced by those of their human orthologues, one to one; genes without "
            "one are dropped."
        )
    if normalised:
        parts.append(
            f"Arrays are quantile-normalised as by limma's normalizeBetweenArrays "
            f"(doi:10.1093/bioinformatics/19.2.185) in {_listed(normalised)}, over every sample and probe served."
        )
    if as_served:
        parts.append(f"{_listed(as_served)}: values as served, normalised by the submitter.")
    how = {
        "mean": "their mean (limma's avereps)",
        "median": "their median",
        "max_mean": "the probe with the highest mean",
    }
    parts.append(
        f"Probes without a symbol, or with several, are dropped; probes of one gene become "
        f"{_listed([how[each] for each in sorted(collapse)])}."
    )
    return " ".join(filter(None, parts))


def _differential(study: Study, versions: Mapping[str, str], blocks: Mapping[str, str]) -> str:
    settings = study.differential
    batches = {
        "covariate": "with the dataset as covariate; shown values have it removed as by limma's removeBatchEffect",
        "combat": "on values adjusted by ComBat with the group as covariate (doi:10.1093/biostatistics/kxj037)",
        "none": "without a batch term",
    }
    merged = [f"{name} {batches[c.batch]}" for name, c in study.cohorts.items() if len(c.datasets) > 1]
    options = [text for flag, text in ((settings.trend, "with a trend"), (settings.robust, "robust")) if flag]
    adjusted = "Benjamini-Hochberg adjusted p" if settings.adjust == "BH" else "unadjusted p"
    parts = [
        "Cases against controls by a linear model for each gene and moderated t-statistics "
        f"(limma {settings.limma}'s definition{', ' + ' and '.join(options) if options else ''}; "
        f"doi:10.2202/1544-6115.1027), computed with {_with_version('numpy', versions)}.",
        f"A gene is differentially expressed with |log2 fold change| ≥ {settings.log_fc:g} and {adjusted} < "
        f"{settings.p_value:g}.",
    ]
    if trended := [name for name in study.cohorts if study.trend_of(name) and not settings.trend]:
        parts.append(f"TPM and FPKM are tested with a trend ({_listed(trended)}; doi:10.1186/gb-2014-15-2-r29).")
    if merged:
        parts.append(f"Merged cohorts: {'; '.join(merged)}.")
    how = {"fixed": "with a column a patient", "duplicate_correlation": "by the consensus correlation within patients"}
    paired = [f"{name} {how[block]}" for name, block in blocks.items() if block in how]
    if paired:
        parts.append(f"Samples of one patient: {'; '.join(paired)} (doi:10.1093/bioinformatics/bti270).")
    return " ".join(parts)


def _enrichment(study: Study, versions: Mapping[str, str]) -> str:
    settings, n_labels = study.enrichment, study.rigor.permutations
    labels = (
        f"Both are repeated with permuted labels, {n_labels:,} times, within datasets and patients, which keeps genes "
        f"correlated: the share of labellings as extreme, {1 / (n_labels + 1):.2g} at the least and not adjusted, "
        "stands beside."
        if n_labels
        else "No labels were permuted."
    )
    return (
        f"Gene sets of {settings.min_size} to {settings.max_size} measured genes in {_listed(settings.libraries)}. "
        "The default test of the list ranked by moderated t is camera (doi:10.1093/nar/gks461): it asks whether the "
        "genes of a set move more than the other genes, and estimates for each set how correlated its genes are; "
        "Benjamini-Hochberg over the sets of a library. Genes with a missing value or without residual variance are "
        "left out. The other two take genes as independent, and their p-values are too small where the genes of a set "
        "are correlated: over-representation by the hypergeometric upper tail, against the cohort's genes that are in "
        "any set of the library (doi:10.1371/journal.pcbi.1009935), Benjamini-Hochberg over the sets with at least one "
        f"hit, threshold {settings.adj_p_value:g}; and preranked enrichment (doi:10.1073/pnas.0506580102) with 1,000 "
        "seeded random sets of each size, and importance sampling of tilted sets where none is as extreme "
        f"(doi:10.1214/aos/1176343541). {labels}"
    )


def _signature(study: Study) -> str:
    if len(study.cohorts) == 1:
        return "With one cohort the signature is its differentially expressed genes."
    tail = "hypergeometric" if len(study.cohorts) == 2 else "exact multi-set (doi:10.1038/srep16923)"
    return (
        f"The signature is the genes that are differentially expressed in each of {len(study.cohorts)} cohorts. "
        f"Sharing: each cohort's list in turn is replaced by lists along {N_AXES:,} random axes of its samples within "
        f"their groups (Langsrud 2005, doi:10.1007/s11222-005-4789-5), as long, as variable and as inter-correlated as "
        f"the disease's; the larger p counts. It asks whether the diseases share more genes than the disease and "
        f"another axis of variation of the same tissue do. Beside it stands the usual {tail} upper tail, which takes "
        f"genes as exchangeable and is too often small. Directions: along the same axes, and the exact binomial test "
        f"as if genes were independent. With permuted labels of the model's cohort (finding R3) the whole selection is "
        f"repeated: that asks whether there is anything in this cohort, not whether the diseases share something."
    )


def _ranking(study: Study, versions: Mapping[str, str]) -> str:
    settings = study.ranking
    chosen = "the number of trees with the smallest error" if settings.use_cv_trees else f"{settings.trees} trees"
    missing = (
        "ranked with these filled in as the mean of the 10 nearest samples" if settings.missing == "knn" else "left out"
    )
    return (
        f"In each cohort random forests ({_with_version('scikit-learn', versions)}, {chosen}, floor(√p) features a "
        f"split) on the signature, over 50 seeds from {settings.seed} on; the rank is by mean Gini importance, its "
        f"interval by the seeds' 2.5 and 97.5 % quantiles. The error curve is stratified cross-validation with at "
        f"most {settings.folds} folds. A gene with missing values is {missing}. Biomarkers: the first "
        f"{settings.top} of every cohort."
    )


def _validation(study: Study, versions: Mapping[str, str]) -> str:
    datasets = _listed([entry.dataset for entry in study.validation]) or "none"
    return (
        f"Validation datasets: {datasets}. Predictors are every signature gene and the risk model, their direction "
        f"taken from the training cohort, never from the data that validate. AUC with DeLong's interval "
        f"(doi:10.2307/2531595), Obuchowski's where a patient has several samples (doi:10.2307/2533958); bands by "
        f"bootstrap of patients, cut-off by Youden's index. Wilcoxon's rank sum test as R's "
        f"({_with_version('scipy', versions)}); where a patient has several samples his signed rank test of the "
        f"patients' differences if every patient has both groups, else the rank sum test for clustered samples "
        f"(doi:10.18637/jss.v096.i06). An apparent AUC is scored on the samples that chose the genes. "
        f"In subgroups of the model's cohort the AUC is of out-of-fold predictions, elsewhere of the frozen model; "
        f"with fewer than 10 cases or controls none is given. Subgroups that are not shown to differ are not shown "
        f"to be equal."
    )


def _model(study: Study) -> str:
    share = (
        "that of the samples, which were collected so"
        if study.prevalence is None
        else f"{study.prevalence:.3g}, as the study file says: log-odds are moved by the difference of both shares'"
    )
    return (
        f"Logistic regression on the biomarkers in {study.cohorts[study.model_cohort].title} by maximum likelihood; "
        f"when the classes separate, Firth's penalised likelihood with FLIC probabilities (doi:10.1002/sim.7273). "
        f"Where a patient has several samples, errors and limits are robust to any correlation of these "
        f"(doi:10.1093/biomet/73.1.13, corrected for few patients by doi:10.1111/j.0006-341X.2001.00126.x); Firth's "
        f"estimate has none there, since none are known to hold. "
        f"Nested estimates are of out-of-fold predictions, the genes chosen inside the folds: predictors are pooled "
        f"within a repeat, a statistic is the mean over repeats, its interval of 1,000 resamples of patients; a fold "
        f"without a model predicts its share of cases. What is of the fit only, on the samples that chose the genes, "
        f"is corrected for optimism by {study.model.bootstrap:,} bootstrap refits, seed {study.model.seed} "
        f"(doi:10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4). In a validation dataset "
        f"coefficients are frozen; first the log2 values are used as they are, then z-scores of that dataset put on "
        f"the training scale. Of z-scores neither slope nor intercept can be interpreted, as both move with the "
        f"dataset's share of cases. The decision curve holds for one share of cases: {share}."
    )


def _worth(study: Study) -> str:
    settings = study.rigor
    return (
        f"Labels of the model's cohort permuted {settings.permutations:,} times with the whole selection repeated "
        f"(doi:10.1073/pnas.102102699), which gives the permutation p of signature size, overlap and AUC (R3), "
        f"{1 / (settings.permutations + 1):.2g} at the least; {settings.random_signatures:,} random gene sets of the "
        f"same size (doi:10.1371/journal.pcbi.1002240); {settings.bootstraps:,} bootstrap selections; nested "
        f"cross-validation repeated {settings.repeats} times, its interval by 1,000 resamples of patients, each "
        f"under one repeat's predictions; seed {settings.seed}."
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)
