"""The table of the group `warehouse`: of every partition, whether it is up to date. No step makes it."""

from dmicc_assets.tables.table import FLAG, MOMENT, STUDY, TEXT, TEXTS, Column, Table, key

PARTITIONS = Table(
    "warehouse/partitions",
    "study",
    (
        STUDY,
        key("table_name", "table, as asset and lake name it: group/table"),
        key("partition", "partition of the table: study.dataset, study.cohort, study, or all"),
        Column("is_current", FLAG, "whether a run would leave it as it is"),
        Column("because", TEXT, "why a run would make it again; NULL when it is up to date"),
        Column("root_cause", TEXT, "the step, its partition and its reason that this one follows from; NULL likewise"),
        Column("made_from", TEXTS, "what it was made from: table and partition, with the beginning of the content"),
        Column("content", TEXT, "hash of its rows; NULL when it was never made"),
        Column("written_at", MOMENT, "when it was made; NULL when it never was"),
        Column("judged_at", MOMENT, "when this was decided: by the last command on the study"),
    ),
    "Which results are those of today's study file, code and data, and why the others are not.",
)
