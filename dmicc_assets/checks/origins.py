"""Checks of provenance: complete files, and reproducible tables (I1, R14)."""

from dmicc_assets.checks.check import TRIPOD, Stops, check
from dmicc_assets.checks.finding import Finding, finding
from dmicc_assets.results.evidence import StudyEvidence


@check(
    "I1",
    slug="whole_files",
    title="Every file is whole: gzip CRC, end of table, row count, columns are the samples",
    meaning="A download was cut short, is damaged, or has other columns than the samples. The dataset stops.",
    measures="missing or inconsistent parts of the files",
    fires="above",
    doubted="a file is not whole",
    severities=("error",),
    remedy="Run again with `--force`; if the finding stays, the file is wrong at the source.",
    citation="GEOquery issue 112",
    stops=Stops("Every file is whole: gzip CRC, end of table, row count, columns are the samples", ("source/files",)),
)
def whole_files(evidence: StudyEvidence) -> list[Finding]:
    """The columns of the matrix are not the samples, or its table has no checksum.

    A damaged or cut file stops the dataset before this.
    """
    findings: list[Finding] = []
    for row in evidence.rows("source/datasets").sort("dataset").iter_rows(named=True):
        n_labelled = len(evidence.rows("source/samples", dataset=row["dataset"]))
        problems: list[str] = []
        if n_labelled != row["n_samples"]:
            problems.append(f"{row['n_samples']} columns for {n_labelled} described samples")
        if row["content_sha256"] is None:
            problems.append("the data table has no checksum")
        if problems:
            findings.append(finding("I1", row["dataset"], "error", "; ".join(problems), len(problems), 0))
            continue
        n_files = evidence.notes("expression/genes", row["dataset"])["n_files"]
        text = f"{n_files} files verified; {row['n_probes']:,} rows, {row['n_samples']:,} samples"
        findings.append(finding("I1", row["dataset"], "ok", text, 0, 0))
    return findings


@check(
    "R14",
    slug="provenance",
    title="Every number has its seed, versions and input hashes",
    meaning=(
        "A number without seed, versions or the hash of its inputs cannot be reproduced. This is an error of the "
        "program."
    ),
    measures="tables that cannot be traced",
    fires="above",
    doubted="tables cannot be traced to what made them",
    severities=("error",),
    remedy="Run again; if the finding stays, report a defect of this program.",
    citation=f"TRIPOD+AI: {TRIPOD}",
)
def provenance(evidence: StudyEvidence) -> list[Finding]:
    """A table has no code version, library versions, recipe, settings or input hashes."""
    problems: list[str] = []
    made = sorted(evidence.manifests(), key=lambda each: (each.table, each.partition))
    for origin in made:
        lacking = [
            what
            for what, there in (
                ("code version", origin.code_version),
                ("library versions", origin.versions),
                ("recipe", origin.recipe),
                ("settings", origin.settings is not None),
                ("input hashes", all(len(each) == 3 and each[2] for each in origin.inputs)),
            )
            if not there
        ]
        problems += [f"{origin.table} of {origin.partition} has no {' and no '.join(lacking)}"] if lacking else []
    if problems:
        return [finding("R14", evidence.name, "error", "; ".join(problems[:5]), len(problems), 0)]
    n = len(made)
    seeds = evidence.study
    text = (
        f"{n} tables have code version, library versions, settings and the hash of every input; seeds: ranking "
        f"{seeds.ranking.seed}, model {seeds.model.seed}, rigor {seeds.rigor.seed}"
    )
    return [finding("R14", evidence.name, "ok", text, 0, 0)]
