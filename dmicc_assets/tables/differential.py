"""Tables of the `differential` and `enrichment` groups: differentially expressed genes and their gene sets."""

from dmicc_assets.tables.table import COHORT, COUNT, GENE, LIBRARY, REAL, STUDY, TERM, TEXT, TEXTS, Column, Table, Taken

LOG_FC = Column("log_fc", REAL, "log2 fold change, case over control")
P_VALUE = Column("p_value", REAL, "two-sided p-value of the moderated t-statistic")
ADJ_P_VALUE = Column("adj_p_value", REAL, "Benjamini-Hochberg adjusted p-value over the genes of the cohort")
DIRECTION = Column("direction", TEXT, "'up' or 'down' in cases")

TABLES = (
    Table(
        "differential/statistics",
        "cohort",
        (
            STUDY,
            COHORT,
            GENE,
            LOG_FC,
            Column("ave_expr", REAL, "average log2 expression over the samples"),
            Column("t", REAL, "moderated t-statistic (Smyth 2004)"),
            P_VALUE,
            ADJ_P_VALUE,
            Column("b", REAL, "log-odds that the gene is differentially expressed"),
            Column("ci_low", REAL, "lower 95 % limit of log_fc"),
            Column("ci_high", REAL, "upper 95 % limit of log_fc"),
            Column("sigma", REAL, "residual standard deviation of the gene"),
            Column("df_total", REAL, "degrees of freedom of t, prior and residual"),
            Column("n_case", COUNT, "case samples with a value"),
            Column("n_control", COUNT, "control samples with a value"),
        ),
        "Difference of every gene between cases and controls and its evidence: log2 fold change, moderated t-statistic "
        "and p-values, as limma gives them.",
        taken=(Taken("cohort/expression", ("study", "cohort", "gene")),),
    ),
    Table(
        "differential/genes",
        "cohort",
        (STUDY, COHORT, GENE, LOG_FC, P_VALUE, ADJ_P_VALUE, DIRECTION),
        "The differentially expressed genes of a disease: those past the study's fold-change and p-value thresholds.",
        keeps_history=True,
        taken=(Taken("differential/statistics", ("study", "cohort", "gene", "log_fc", "p_value", "adj_p_value")),),
    ),
    Table(
        "differential/design",
        "cohort",
        (
            STUDY,
            COHORT,
            Column("block", TEXT, "how samples of one patient are modelled: none, fixed or duplicate_correlation"),
            Column("block_asked", TEXT, "what the study file asks for; 'auto' decides by the samples"),
            Column("block_reason", TEXT, "why"),
            Column("n_samples", COUNT, "samples tested"),
            Column("n_patients", COUNT, "patients; a sample whose patient is not known is one of its own"),
            Column("n_several", COUNT, "patients with two samples or more"),
            Column("n_both", COUNT, "patients with case and control samples"),
            Column("consensus_correlation", REAL, "correlation of two samples of a patient; NULL where not estimated"),
            Column("coefficients", TEXTS, "columns of the design"),
        ),
        "The linear model by which a disease's genes are tested: its columns, and what is done about patients with "
        "several samples.",
    ),
    Table(
        "enrichment/camera",
        "cohort",
        (
            STUDY,
            COHORT,
            LIBRARY,
            TERM,
            Column("term_name", TEXT, "name of the gene set in words"),
            Column("n_genes", COUNT, "genes of the set that take part: no missing value, and residual variance"),
            Column("direction", TEXT, "whether the set's genes are 'up' or 'down' in cases against the other genes"),
            Column(
                "inter_gene_correlation",
                REAL,
                "mean correlation of the set's genes, from their residuals; NULL for one gene",
            ),
            Column("p_value", REAL, "two-sided: the set's genes move as the others do, their correlation estimated"),
            Column("adj_p_value", REAL, "Benjamini-Hochberg over the sets of the library"),
            Column("p_value_preset", REAL, "the same with every correlation taken as 0.01; too small where it is more"),
        ),
        "Which gene sets move more than the other genes, given that genes of a set are correlated: camera "
        "(Wu & Smyth 2012), the default test of the ranked list.",
    ),
    Table(
        "enrichment/terms",
        "cohort",
        (
            STUDY,
            COHORT,
            LIBRARY,
            TERM,
            Column("term_name", TEXT, "name of the gene set in words"),
            Column("n_overlap", COUNT, "differentially expressed genes in the set"),
            Column("set_size", COUNT, "measured genes in the set"),
            Column("n_query", COUNT, "differentially expressed genes in any set of the library"),
            Column("n_background", COUNT, "measured genes in any set of the library"),
            Column("odds_ratio", REAL, "odds ratio; infinite when every gene of the set is in the query"),
            Column("p_value", REAL, "hypergeometric upper tail: genes drawn from an urn; too small if correlated"),
            Column("adj_p_value", REAL, "Benjamini-Hochberg over the sets with at least one hit"),
            Column(
                "label_p_value", REAL, "share of the lists of permuted labels, as long, that hold as many; not adjusted"
            ),
            Column("genes", TEXTS, "the differentially expressed genes in the set"),
        ),
        "Processes, functions and pathways that contain more of the differentially expressed genes than expected by "
        "chance: over-representation in GO, KEGG and other gene sets.",
    ),
    Table(
        "enrichment/gsea",
        "cohort",
        (
            STUDY,
            COHORT,
            LIBRARY,
            TERM,
            Column("term_name", TEXT, "name of the gene set in words"),
            Column("set_size", COUNT, "measured genes in the set"),
            Column("es", REAL, "enrichment score"),
            Column("nes", REAL, "normalised enrichment score"),
            Column(
                "p_value",
                REAL,
                "among random sets of genes, one-sided, 1e-10 if smaller; too small where genes are correlated",
            ),
            Column("fdr", REAL, "false discovery rate among random sets of genes; too small where they are correlated"),
            Column("label_p_value", REAL, "among the scores of the set under permuted labels; not adjusted"),
            Column("label_fdr", REAL, "false discovery rate among the scores of all sets under permuted labels"),
            Column("leading_edge", TEXTS, "leading-edge genes, which account for the score"),
        ),
        "Gene sets whose genes go up or down together in cases: preranked enrichment of all genes by the moderated "
        "t-statistic.",
    ),
)
