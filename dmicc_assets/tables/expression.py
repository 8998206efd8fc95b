"""Tables of the `expression` and `cohort` groups: gene-level matrices of datasets and of merged cohorts."""

from dmicc_assets.tables.table import COHORT, COUNT, DATASET, FLAG, GENE, REAL, SAMPLE, STUDY, TEXT, Column, Table, key

TABLES = (
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
        "Gene-level log2 expression of every sample of a dataset, normalised between arrays.",
        is_matrix=True,
    ),
    Table(
        "expression/quality",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            Column("label", TEXT, "what the sample is"),
            Column("n_missing", COUNT, "missing values of the sample, gene level"),
            Column("median", REAL, "median log2 expression after normalisation"),
            Column("iqr", REAL, "interquartile range after normalisation"),
            Column("median_before", REAL, "median before normalisation between arrays"),
            Column("iqr_before", REAL, "interquartile range before normalisation between arrays"),
            Column("connectivity_z", REAL, "standardised connectivity Z.k within the label (Oldham 2012)"),
            Column("xist", REAL, "log2 expression of XIST, high in female tissue; NULL when not measured"),
            Column("y_genes", REAL, "mean log2 expression of RPS4Y1 and KDM5D, high in male tissue"),
        ),
        "Quality metrics of every sample: medians, spread, missing values, connectivity, sex genes.",
    ),
    Table(
        "expression/distributions",
        "dataset",
        (
            STUDY,
            DATASET,
            SAMPLE,
            key("stage", "before or after normalisation between arrays"),
            key("quantity", "quantile (y at the share x) or density (y at the expression x)"),
            key("x", "share, or log2 expression", REAL),
            Column("y", REAL, "log2 expression, or density"),
        ),
        "How the values of every sample are distributed before and after normalisation between arrays.",
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
            Column("patient", TEXT, "patient the sample is of; NULL when not known"),
        ),
        "The samples of a cohort: the case and control samples of its datasets.",
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
        "Expression of the genes that every dataset of the cohort measures, before and after batch adjustment.",
        is_matrix=True,
    ),
)
