"""Tables of the `expression` and `cohort` groups: matrices of datasets by probe and gene, and of merged cohorts."""

from dmicc_assets.tables.table import (
    COHORT,
    COUNT,
    DATASET,
    FLAG,
    GENE,
    LIBRARY,
    REAL,
    SAMPLE,
    STUDY,
    TERM,
    TEXT,
    Column,
    Table,
    Taken,
    key,
)

_PLACES = (
    Column("x", REAL, "first component, in log2 units, or first axis of t-SNE, in no unit"),
    Column("y", REAL, "second component, in log2 units, or second axis of t-SNE, in no unit"),
    Column("x_share", REAL, "share of the variance that the first component explains; NULL for t-SNE"),
    Column("y_share", REAL, "share of the variance that the second component explains; NULL for t-SNE"),
)

TABLES = (
    Table(
        "expression/probes",
        "dataset",
        (
            STUDY,
            DATASET,
            key("probe", "row as served: probe, Entrez gene id of RNA-seq counts, or gene where the source has genes"),
            SAMPLE,
            Column("value", REAL, "log2 value before normalisation, or RNA-seq count; NULL when missing"),
        ),
        "Measured values before normalisation between arrays and before collapse of probes to genes: every row as "
        "served, on the log2 scale, or as a count.",
        is_matrix=True,
        taken=(Taken("source/samples", ("study", "dataset", "sample")),),
    ),
    Table(
        "expression/genes",
        "dataset",
        (
            STUDY,
            DATASET,
            GENE,
            SAMPLE,
            Column("value", REAL, "log2 expression, normalised; NULL when missing"),
            Column("count", REAL, "RNA-seq count; NULL when the dataset is not counted"),
        ),
        "How strongly every gene is expressed in every sample of a dataset: log2 values, normalised between arrays.",
        is_matrix=True,
        taken=(Taken("source/samples", ("study", "dataset", "sample")),),
    ),
    Table(
        "expression/quality",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            Column("label", TEXT, "label of the sample, by the study's rules"),
            Column("n_missing", COUNT, "missing values of the sample, gene level"),
            Column("median", REAL, "median log2 expression after normalisation"),
            Column("iqr", REAL, "interquartile range after normalisation"),
            Column("median_before", REAL, "median before normalisation between arrays"),
            Column("iqr_before", REAL, "interquartile range before normalisation between arrays"),
            Column("connectivity_z", REAL, "standardised connectivity Z.k within the label (Oldham 2012)"),
            Column("xist", REAL, "log2 expression of XIST, high in female tissue; NULL when not measured"),
            Column("y_genes", REAL, "mean log2 expression of RPS4Y1 and KDM5D, high in male tissue"),
        ),
        "Quality of each array: median, spread, missing values, similarity to the others of its label, sex genes.",
        taken=(Taken("source/samples", ("study", "dataset", "sample", "label")),),
    ),
    Table(
        "expression/distributions",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            key("stage", "before or after normalisation between arrays"),
            key("quantity", "quantile (y at the probability x) or density (y at the expression x)"),
            key("x", "probability, or log2 expression", REAL),
            Column("y", REAL, "log2 expression, or density"),
        ),
        "How the values of every sample are distributed before and after normalisation between arrays.",
        taken=(Taken("source/samples", ("study", "dataset", "sample")),),
    ),
    Table(
        "expression/scores",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            LIBRARY,
            TERM,
            key("method", "'ssgsea' (Barbie 2009) or 'gsva' (Haenzelmann 2013)"),
            Column("term_name", TEXT, "name of the gene set in words"),
            Column("n_genes", COUNT, "genes of the set that take part: measured in every sample"),
            Column("score", REAL, "how high the set's genes rank in the sample; of no unit, compared within a set"),
        ),
        "How strongly each gene set of the study's `scores` is expressed in each sample of a dataset; a description, "
        "not a test. Empty when the study asks for no scores.",
        taken=(Taken("source/samples", ("study", "dataset", "sample")),),
    ),
    Table(
        "expression/projection",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            key("method", "'pca' (principal components) or 'tsne' (t-SNE on 50 components)"),
            Column("label", TEXT, "label of the sample, by the study's rules; NULL without one"),
            *_PLACES,
        ),
        "Where the samples of a dataset lie in two dimensions: similar samples lie near each other. Empty for fewer "
        "than four samples, or three genes that vary.",
        taken=(Taken("expression/quality", ("study", "dataset", "sample", "label")),),
    ),
    Table(
        "cohort/samples",
        "cohort",
        (
            STUDY,
            COHORT,
            DATASET,
            SAMPLE,
            Column("is_case", FLAG, "TRUE for a case, FALSE for a control"),
            Column("patient", TEXT, "patient of the sample; NULL when not known"),
            Column("batch", TEXT, "batch in the model: the dataset, or dataset/batch where it names its batches"),
            Column(
                "same_as",
                TEXT,
                "earlier sample of the cohort whose array is the same up to rounding: only that one is analysed, if "
                "both are cases or both controls; NULL where there is none",
            ),
            Column(
                "unit",
                TEXT,
                "what is drawn, held out and tested as one: the patient as dataset/patient, or dataset//sample when "
                "the patient is not known; equal for arrays that are the same",
            ),
        ),
        "The samples of a cohort: the case and control samples of its datasets.",
        taken=(Taken("source/samples", ("study", "dataset", "sample", "patient")),),
    ),
    Table(
        "cohort/expression",
        "cohort",
        (
            STUDY,
            COHORT,
            GENE,
            SAMPLE,
            Column("value", REAL, "log2 expression as merged"),
            Column(
                "value_adjusted",
                REAL,
                "log2 expression with the batch removed; equal to value with one dataset",
                stored_unless="value",
            ),
            Column("count", REAL, "RNA-seq count; NULL unless every dataset of the cohort is counted"),
        ),
        "Expression of the genes that every dataset of the cohort measures, as merged, and with the difference between "
        "the datasets (the batch) removed.",
        is_matrix=True,
        taken=(Taken("expression/genes", ("study", "sample", "value")),),
    ),
    Table(
        "cohort/projection",
        "cohort",
        (
            STUDY,
            COHORT,
            SAMPLE,
            key("stage", "'merged' (with the difference between the datasets) or 'adjusted' (with it removed)"),
            key("method", "'pca' (principal components) or 'tsne' (t-SNE on 50 components)"),
            *_PLACES,
        ),
        "Where the samples of a cohort lie in two dimensions, as merged and with the batch removed; one of two equal "
        "arrays is left out. Empty for fewer than four samples, or three genes that vary.",
        taken=(Taken("cohort/samples", ("study", "cohort", "sample")),),
    ),
)
