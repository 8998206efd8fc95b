"""Tables of the `signature` group: the genes shared by the cohorts, their ranking, the biomarkers."""

from dmicc_assets.tables.table import COHORT, COUNT, FLAG, GENE, REAL, STUDY, TEXT, Column, Table, Taken, key

TABLES = (
    Table(
        "signature/genes",
        "study",
        (
            STUDY,
            GENE,
            COHORT,
            Column("log_fc", REAL, "log2 fold change in the cohort"),
            Column("direction", TEXT, "'up' or 'down' in the cohort's cases"),
            Column("is_concordant", FLAG, "TRUE when the gene moves the same way in every cohort"),
        ),
        "The signature: genes differentially expressed in every cohort, one row for each gene and cohort.",
        keeps_history=True,
        taken=(Taken("differential/genes", ("study", "gene", "cohort", "log_fc", "direction")),),
    ),
    Table(
        "signature/overlap",
        "study",
        (
            STUDY,
            Column("n_universe", COUNT, "genes measured in every cohort"),
            Column("n_shared", COUNT, "genes of the signature"),
            Column(
                "sharing_expected",
                REAL,
                "shared genes expected along another axis of variation of the tissues; NULL without a shared gene",
            ),
            Column(
                "sharing_p_value",
                REAL,
                "chance that a list along another axis of variation of a tissue shares as many genes with the other "
                "cohorts' lists; the largest over the cohorts; NULL without a shared gene or with one cohort",
            ),
            Column(
                "direction_p_value",
                REAL,
                "chance that directions along such axes agree, or disagree, as much; NULL as sharing_p_value",
            ),
            Column("n_expected", REAL, "shared genes expected of lists drawn from an urn of all genes"),
            Column(
                "p_value",
                REAL,
                "the usual test, which takes genes as exchangeable: upper tail of the hypergeometric (two cohorts) or "
                "multi-set distribution; NULL for one cohort",
            ),
            Column("n_concordant", COUNT, "signature genes that move the same way in every cohort"),
            Column("n_concordant_expected", REAL, "concordant genes expected if the genes moved independently"),
            Column(
                "concordance_p_value", REAL, "exact binomial p-value of the concordance; takes genes as independent"
            ),
        ),
        "Whether the diseases share more genes than another axis of variation of these tissues would give, and whether "
        "those move the same way.",
        keeps_history=True,
    ),
    Table(
        "signature/ranking",
        "study",
        (
            STUDY,
            COHORT,
            GENE,
            Column("rank", COUNT, "rank by mean Gini importance over the seeds, 1 is the most important"),
            Column("gini_importance", REAL, "mean decrease of Gini impurity, mean over the seeds"),
            Column("permutation_importance", REAL, "drop of out-of-bag accuracy when the gene is permuted"),
            Column("rank_low", REAL, "2.5 % quantile of the rank over the seeds"),
            Column("rank_high", REAL, "97.5 % quantile of the rank over the seeds"),
            Column("n_trees", COUNT, "trees of each forest"),
        ),
        "Importance of each signature gene for a random forest that separates cases from controls, in each cohort.",
        keeps_history=True,
        taken=(Taken("signature/genes", ("study", "cohort", "gene")),),
    ),
    Table(
        "signature/error_curve",
        "study",
        (
            STUDY,
            COHORT,
            key("n_trees", "number of trees", COUNT),
            Column("cv_error", REAL, "misclassified share in stratified cross-validation"),
            Column("is_chosen", FLAG, "TRUE for the smallest number of trees at the minimum"),
        ),
        "Error of the random forest on held-out samples (cross-validation), by its number of trees.",
        keeps_history=True,
    ),
    Table(
        "signature/biomarkers",
        "study",
        (STUDY, GENE, Column("rank_sum", COUNT, "sum of the gene's ranks over the cohorts")),
        "The biomarkers: genes among the first of every cohort's ranking.",
        keeps_history=True,
        taken=(Taken("signature/ranking", ("study", "gene")),),
    ),
    Table(
        "signature/stability",
        "study",
        (
            STUDY,
            GENE,
            key("method", "what was repeated: bootstrap or leave_one_control_out, and what was chosen"),
            Column("frequency", REAL, "share of the repeats in which the gene was chosen"),
        ),
        "Frequency with which each gene is chosen again when patients are resampled or one control is left out.",
        keeps_history=True,
    ),
    Table(
        "signature/sensitivity",
        "study",
        (
            STUDY,
            key("setting", "settings that differ from the study's: log_fc, p_value, adjust, collapse"),
            Column("log_fc", REAL, "fold-change threshold"),
            Column("p_value", REAL, "p-value threshold"),
            Column("adjust", TEXT, "none or BH"),
            Column("collapse", TEXT, "how probes were collapsed to genes"),
            Column("is_single_change", FLAG, "TRUE when only one setting differs from the study's"),
            Column("n_shared", COUNT, "genes of the signature under these settings"),
            Column("jaccard", REAL, "Jaccard index with the study's signature"),
        ),
        "The signature under other thresholds: how much it depends on those of the study.",
        keeps_history=True,
    ),
)
