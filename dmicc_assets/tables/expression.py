"""Tables of the `expression` and `cohort` groups: matrices of datasets by probe and gene, and of merged cohorts."""

from dmicc_assets.tables.table import (
    COHORT,
    COUNT,
    DATASET,
    FLAG,
    GENE,
    REAL,
    SAMPLE,
    STUDY,
    TEXT,
    Column,
    Table,
    Taken,
    key,
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
            Column("value_adjusted", REAL, "log2 expression with the batch removed; equal to value with one dataset"),
            Column("count", REAL, "RNA-seq count; NULL unless every dataset of the cohort is counted"),
        ),
        "Expression of the genes that every dataset of the cohort measures, as merged, and with the difference between "
        "the datasets (the batch) removed.",
        is_matrix=True,
        taken=(Taken("expression/genes", ("study", "sample", "value")),),
    ),
)
