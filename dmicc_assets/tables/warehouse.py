"""The table of the group `warehouse`: whether each partition is up to date. No step makes it."""

from dmicc_assets.tables.table import FLAG, MOMENT, STUDY, TEXT, TEXTS, Column, Table, key

PARTITIONS = Table(
    "warehouse/partitions",
    "study",
    (
        STUDY,
        key("table_name", "table, as asset and lake name it: group/table"),
        key("partition", "partition of the table: study.dataset, study.cohort, study, or all"),
        Column("is_current", FLAG, "TRUE when a run would not compute it again"),
        Column("because", TEXT, "why a run would compute it again; NULL when it is up to date"),
        Column("root_cause", TEXT, "upstream step, partition and reason that cause this one; NULL without one"),
        Column("made_from", TEXTS, "its inputs: table and partition, with the first digits of the content hash"),
        Column("content", TEXT, "hash of its rows; NULL when it was never made"),
        Column("written_at", MOMENT, "when it was made; NULL when it never was"),
        Column("judged_at", MOMENT, "when this was decided: by the last command on the study"),
    ),
    "Which results are up to date with study file, code and data, and why the others are not.",
)
