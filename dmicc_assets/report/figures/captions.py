"""Caption of each kind of figure: what it shows and how to read it. It is also the figure's alternative text."""

CAPTIONS: dict[str, str] = {
    "distribution_boxes": (
        "Log2 expression of each sample before and after normalisation between arrays, or as served and by gene where "
        "the study does not normalise. Boxes are quartiles, whiskers the 5 and 95 % quantiles. The lower boxes should "
        "agree."
    ),
    "distribution_densities": (
        "Density of log2 expression of each sample before and after normalisation between arrays, or as served and by "
        "gene where the study does not normalise."
    ),
    "sex_genes": (
        "XIST is high in female tissue, RPS4Y1 and KDM5D in male tissue: two clouds are expected. A sample in the "
        "wrong one may be mislabelled."
    ),
    "outliers": (
        "Standardised connectivity of each sample among those of its label. A sample below the dashed line is "
        "unlike its group (finding I5)."
    ),
    "pca": (
        "Samples on their first two principal components; colour is the label, in a cohort the marker the dataset."
    ),
    "tsne": ("Neighbourhoods of samples by t-SNE; distances between clouds and the axes mean nothing."),
    "volcano": (
        "Fold change against p-value of every gene. Dashed lines are the study's thresholds, the ringed genes are "
        "named: the signature, or without one the smallest p-values."
    ),
    "md": "Fold change against average expression of every gene.",
    "p_values": (
        "Distribution of the p-values. Without differential expression it is flat; the dashed line is the height of "
        "the genes that the legend names."
    ),
    "qq": "Moderated t-statistics against their expected values if no gene changed.",
    "mean_variance": "Residual spread of each gene against its average expression, with its trend.",
    "heat_map": (
        "Differentially expressed genes (rows) and samples (columns), clustered; yellow is high, dark blue is low."
    ),
    "terms": (
        "Gene sets with the smallest over-representation p-values among the differentially expressed genes; a white "
        "cross marks those that do not pass the study's threshold."
    ),
    "gsea": (
        "Running sum, along all genes ranked by moderated t, of the gene sets that camera puts first each way; each "
        "tick below is a gene of the set. Camera's adjusted p-value takes the genes of a set as correlated."
    ),
    "scores": (
        "Scores of gene sets (rows) in samples (columns), clustered. The sets are those that differ most between cases "
        "and controls, so that the groups must look apart here: the picture shows samples and tests no set."
    ),
    "error_curve": (
        "Cross-validation error of the random forest against its number of trees; the minimum moves with the seed."
    ),
    "importance": (
        "Mean decrease of Gini impurity of each gene, and the interval of its rank over the seeds: intervals that "
        "overlap cannot be ordered."
    ),
    "venn": ("Differentially expressed genes of the cohorts and those that they share; circles are not to scale."),
    "upset": ("Genes that are differentially expressed in just the marked cohorts; the hatched bar is the signature."),
    "concordance": (
        "Log fold changes of the same gene in two cohorts; genes of the signature are marked by whether they move "
        "the same way."
    ),
    "expression": (
        "Log2 expression in cases and controls with the p-value of Wilcoxon's test; every point is a sample. "
        "In a cohort the batch is removed. 'Chosen here': these samples chose the genes, so that p is too small."
    ),
    "roc": (
        "Sensitivity against false positive rate with pointwise 95 % bands; a point is Youden's cut-off. "
        "'Chosen here': scored on the samples that chose the genes, so too high; 'external' ones are of the frozen "
        "model on samples that did not fit it, which in another cohort of the study chose the genes all the same."
    ),
    "roc_model": (
        "The risk model on samples that did not make it: out of fold in its own cohort, genes chosen inside the folds, "
        "and frozen in each validation dataset, with pointwise 95 % bands. A point is Youden's cut-off."
    ),
    "nomogram": (
        "Read each gene's value up to its points, add the points, read the total down to the probability. "
        "It holds for this study's share of cases and is no person's risk. The "
        "marks are one case of the model's cohort."
    ),
    "calibration": (
        "Observed share against predicted probability; on the diagonal they agree. Out of fold, every sample is "
        "predicted by models whose genes it did not choose; the band is of resampled patients. 'Fit only' curves are "
        "on the samples that chose the genes, the dashed one corrected for the optimism of the fit, not of the choice. "
        "An external line has the frozen model's calibration slope: flatter than the diagonal, "
        "predictions are too extreme. It is drawn through one half, since where it lies says nothing: the share "
        "of cases is the study's choice. A curve beyond 0 or 1 is drawn at 0 or 1."
    ),
    "decision_curve": (
        "Net benefit of acting by the model, on everybody and on nobody, for each probability from which one would "
        "act; it holds where the share of cases is the one in the title. Out of fold, genes were chosen inside the "
        "folds and the band is of resampled patients; 'fit only' is on the samples that chose the genes."
    ),
    "instability": (
        "Each line is one person: from the 2.5 to the 97.5 % quantile of the risks that models developed anew in "
        "bootstraps of the patients, genes chosen anew, give to that person, over the risk by the model. Where a line "
        "is long, another sample of patients would have given another risk."
    ),
    "nulls": (
        "Histograms are what the same procedure finds with permuted labels or random genes; the vertical line is "
        "what it found."
    ),
    "stability": ("How often each gene is chosen again when samples are drawn again or one control is left out."),
    "sensitivity": "Size of the signature and its agreement with the study's when one setting differs.",
}
