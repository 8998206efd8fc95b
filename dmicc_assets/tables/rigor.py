"""Tables of the groups `rigor`, `clinical`, `report` and `atlas`: checks of the result, the case, published numbers."""

from dmicc_assets.tables.table import COUNT, FLAG, REAL, STUDY, SUBJECT, TEXT, Column, Table, key

TABLES = (
    Table(
        "rigor/nulls",
        "study",
        (
            STUDY,
            key("null", "how the null was made: labels permuted, or random genes"),
            SUBJECT,
            key("statistic", "what was computed: signature size, overlap, AUC"),
            key("draw", "number of the draw; 0 is the observed value", COUNT),
            Column("value", REAL, "the statistic in this draw"),
            Column(
                "empirical_p",
                REAL,
                "empirical p-value of the observed value: (1 + draws at least as large) / (draws + 1)",
            ),
        ),
        "What the same procedure finds under the null hypothesis: labels permuted, or genes drawn at random.",
    ),
    Table(
        "rigor/findings",
        "study",
        (
            STUDY,
            key("subject", "name of the study, of a cohort or validation dataset, or cohort/dataset"),
            key("code", "code of the check: D1, I2, M3, R4, ..."),
            Column("severity", TEXT, "'error', 'warning', 'info' or 'ok'"),
            Column("statistic", REAL, "what was measured"),
            Column("threshold", REAL, "the value beyond which the check fires"),
            Column("measure", TEXT, "what the statistic is"),
            Column("fires", TEXT, "side of the threshold on which the check fires: above, below, at or above, ..."),
            Column("message", TEXT, "what the finding means here"),
            Column("citation", TEXT, "source of the check"),
        ),
        "Quality of the result: the finding of every rigor check, for the study or for one of its datasets or cohorts.",
        keeps_history=True,
    ),
    Table(
        "rigor/verdict",
        "study",
        (
            STUDY,
            Column("level", TEXT, "'holds up', 'a hypothesis', 'not supported' or 'broken data'"),
            Column("line", TEXT, "the level in one plain line"),
            Column("found", TEXT, "what was found, in a sentence"),
            Column("trust", TEXT, "how far it can be trusted, in a sentence; the checks' codes at its end"),
            Column("missing", TEXT, "what is missing, in a sentence"),
        ),
        "The verdict: what the result is worth, in one line and three sentences. docs/verdict.md has the rules.",
        keeps_history=True,
    ),
    Table(
        "clinical/case_observations",
        "study",
        (
            STUDY,
            key("position", "position in the study file", COUNT),
            Column("section", TEXT, "imaging, tumour markers, pathology, ..."),
            Column("item", TEXT, "what was observed"),
            Column("value", TEXT, "what was seen"),
            Column("unit", TEXT, "unit of a measurement"),
            Column("reference", TEXT, "reference limit"),
            Column("flag", TEXT, "high, low, normal, positive, negative or abnormal"),
        ),
        "What was observed in the patient who raised the question.",
    ),
    Table(
        "clinical/reported_cases",
        "study",
        (
            STUDY,
            key("author", "first author"),
            key("year", "year of the report", COUNT),
            Column("sex", TEXT, "man or woman"),
            Column("age", COUNT, "age in years"),
            Column("finding", TEXT, "what was found"),
            Column("doi", TEXT, "DOI of the report"),
        ),
        "Patients with both diseases that were reported before.",
    ),
    Table(
        "report/published",
        "study",
        (
            STUDY,
            key("quantity", "what is compared"),
            Column("published", TEXT, "what the paper states"),
            Column("computed", TEXT, "what was computed here"),
            Column("agrees", TEXT, "'yes', 'no' or 'not testable'"),
        ),
        "Numbers that the paper states, with the computed ones; published numbers are used for nothing else.",
    ),
    Table(
        "report/study",
        "study",
        (
            STUDY,
            key("file", "file, relative to the study's report folder"),
            Column("title", TEXT, "what it shows"),
            Column("n_bytes", COUNT, "size in bytes", is_volatile=True),
        ),
        "The HTML report of the study and its figures.",
    ),
    Table(
        "atlas/disease_overlap",
        "all_studies",
        (
            key("study_a", "study of the first cohort"),
            key("cohort_a", "first cohort"),
            key("study_b", "study of the second cohort"),
            key("cohort_b", "second cohort"),
            Column("n_universe", COUNT, "genes measured in both"),
            Column("n_a", COUNT, "differentially expressed genes of the first, in the universe"),
            Column("n_b", COUNT, "differentially expressed genes of the second, in the universe"),
            Column("n_shared", COUNT, "genes of both"),
            Column(
                "sharing_expected",
                REAL,
                "shared genes expected along another axis of variation of the tissues; NULL where it was not tested: "
                "no gene is shared, the cohorts share samples, or an expression matrix is not at hand",
            ),
            Column(
                "sharing_p_value",
                REAL,
                "chance that a list along another axis of variation of either tissue shares as many genes; "
                "NULL as sharing_expected",
            ),
            Column("sharing_adj_p_value", REAL, "the same, adjusted for the number of pairs (Benjamini-Hochberg)"),
            Column("direction_p_value", REAL, "chance that directions along such axes agree, or disagree, as much"),
            Column("direction_adj_p_value", REAL, "the same, adjusted for the number of pairs (Benjamini-Hochberg)"),
            Column("n_expected", REAL, "shared genes expected of lists drawn from an urn of all genes"),
            Column("p_value", REAL, "the usual test, which takes genes as exchangeable: hypergeometric upper tail"),
            Column("n_concordant", COUNT, "shared genes that move the same way"),
            Column("shares_samples", FLAG, "TRUE when the two cohorts share a dataset"),
        ),
        "Every pair of diseases of all studies: number of differentially expressed genes that they share, and whether "
        "these are more than another axis of variation of the tissues gives.",
    ),
)
