"""Cost of rigor: many labels and many resamples against one at a time, growth, and the whole of a real-sized study.

Run by hand: `python benchmarks/rigor.py [--study NAME] [--write]`. CPU seconds of one thread, so that other work on the
machine counts little; the whole study's wall time is given too, with as many processes as there are cores. With a study
that was run before, its own steps are made again through Dagster, pictures included.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from dmicc_assets.differential.statistics import differential_genes, differential_statistics
from dmicc_assets.resampling.arrays import FoldValues
from dmicc_assets.resampling.nulls import permuted_label_null, random_signature_null
from dmicc_assets.resampling.parallel import workers
from dmicc_assets.resampling.resampled_roc import leaky_cv, resampled_roc
from dmicc_assets.resampling.resamples import bootstrap_counts, permuted_labels, repeated_samples
from dmicc_assets.resampling.reweighted import chosen_genes, chosen_under_labels
from dmicc_assets.resampling.selection import BiomarkerChoice, StudyData
from dmicc_assets.resampling.stability import selection_stability
from dmicc_assets.stats.relabelling import moderated_t_over_labels
from dmicc_assets.study.schema import Differential, Study
from dmicc_assets.types import CaseControl, ExpressionMatrix

HEADING = "## Rigor"
GENES, LABELS = 12_651, 500
BARS = """\
Bars: 20 times the naive loop for the statistics (moderated t), 5 with BH; all of it on `ra_hcc` within 90 s on two
cores; linear cost. What remains of the cost is the forests."""


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """CPU seconds of the best of some calls."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return float(best)


def cohort(name: str, n_genes: int, n_case: int, n_control: int, seed: int, planted: int) -> CaseControl:
    values = np.random.default_rng(seed).normal(8, 1, size=(n_genes, n_case + n_control))
    is_case = np.arange(n_case + n_control) < n_case
    values[:planted, is_case] += np.linspace(1.8, 3.0, planted)[:, None]
    genes = tuple(f"G{i:05d}" for i in range(n_genes))
    samples = tuple(f"{name}{i}" for i in range(len(is_case)))
    n = len(samples)
    return CaseControl(name, "cohort", ExpressionMatrix(values, genes, samples), is_case, (name,) * n, (None,) * n)


def statistics(rows: list[str]) -> None:
    subject = cohort("hcc", GENES, 22, 19, 1, 400)
    labels = permuted_labels(subject, LABELS, np.random.default_rng(1))
    one = seconds(
        lambda: [differential_statistics(relabelled(subject, row), Differential(), "none") for row in labels[:10]]
    )
    naive = one / 10 * LABELS
    many = seconds(lambda: moderated_t_over_labels(subject.matrix.values, labels))
    raw = seconds(lambda: chosen_under_labels(subject, labels, Differential(), "none"))
    bh = seconds(lambda: chosen_under_labels(subject, labels, Differential(adjust="BH"), "none"))
    rows.append(f"| {LABELS} labellings, one table each (limma's way) | {naive:.2f} | 1 |")
    rows.append(f"| {LABELS} labellings, moderated t | {many:.2f} | {naive / many:.0f} |")
    rows.append(f"| {LABELS} labellings, chosen genes by raw p | {raw:.2f} | {naive / raw:.0f} |")
    rows.append(f"| {LABELS} labellings, chosen genes by BH | {bh:.2f} | {naive / bh:.0f} |")
    counts = bootstrap_counts(subject, 200, np.random.default_rng(1))
    loop = seconds(lambda: [one_bootstrap(subject, row) for row in counts[:10]]) * 20
    own = seconds(lambda: chosen_genes(subject, counts, Differential(adjust="BH"), "none"))
    rows.append(f"| 200 bootstraps, one table each | {loop:.2f} | 1 |")
    rows.append(f"| 200 bootstraps, chosen genes by BH | {own:.2f} | {loop / own:.0f} |")


def relabelled(subject: CaseControl, is_case: np.ndarray) -> CaseControl:
    return CaseControl(subject.name, "cohort", subject.matrix, is_case, subject.dataset, subject.patient)


def one_bootstrap(subject: CaseControl, counts: np.ndarray) -> object:
    repeated = repeated_samples(subject, subject.matrix, counts)
    spec = Differential(adjust="BH")
    return differential_genes(differential_statistics(repeated, spec, "none"), spec)


def growth(rows: list[str]) -> None:
    for n_labels, n_genes, n_half in (
        (100, 5_000, 20), (200, 5_000, 20), (400, 5_000, 20), (800, 5_000, 20),
        (200, 10_000, 20), (200, 20_000, 20), (200, 40_000, 20),
        (200, 10_000, 40), (200, 10_000, 80), (200, 10_000, 160),
    ):  # fmt: skip
        subject = cohort("a", n_genes, n_half, n_half, 1, 50)
        labels = permuted_labels(subject, n_labels, np.random.default_rng(1))
        cost = seconds(
            lambda labels=labels, subject=subject: chosen_under_labels(
                subject, labels, Differential(adjust="BH"), "none"
            )
        )
        cell = cost / (n_labels * n_genes) * 1e9
        rows.append(f"| {n_labels} | {n_genes:,} | {2 * n_half} | {cost:.3f} | {cell:.0f} |")


def study() -> StudyData:
    rule = [{"label": "sick", "where": {"any": "sick"}}, {"label": "well", "where": {"any": "well"}}]
    file = Study.model_validate(
        {
            "study": "size_of_ra_hcc",
            "title": "Two cohorts of the size of ra_hcc",
            "datasets": {name: {"source": "file", "matrix": "m", "labels": rule} for name in ("ra", "hcc")},
            "cohorts": {n: {"title": n, "datasets": [n], "case": "sick", "control": "well"} for n in ("ra", "hcc")},
            "differential": {"log_fc": 1.5, "p_value": 0.05, "adjust": "BH"},
            "ranking": {"top": 10},
        }
    )
    subjects = {"ra": cohort("ra", GENES, 23, 20, 2, 32), "hcc": cohort("hcc", GENES, 22, 19, 3, 32)}
    spec = file.differential
    genes = {n: differential_genes(differential_statistics(s, spec, "none"), spec) for n, s in subjects.items()}
    data = StudyData(file, subjects, subjects, genes)
    signature = sorted(set(genes["ra"]["gene"]) & set(genes["hcc"]["gene"]))
    values = subjects["hcc"].matrix.take_features(signature).values
    biomarkers = BiomarkerChoice(data, "hcc").choose(signature, values, subjects["hcc"].is_case)
    return StudyData(file, subjects, subjects, genes, biomarkers)


def whole(rows: list[str]) -> None:
    data = study()
    source = FoldValues("hcc", data.study.cohorts["hcc"], data.merged["hcc"], {}, {}, {})
    parts: dict[str, Callable[[int], object]] = {
        "10 x 10-fold nested, leaky, 200 bootstraps for .632+": lambda jobs: resampled_roc(data, source, jobs),
        "of these, leaky": lambda _: leaky_cv(data),
        "200 permutations of the whole selection": lambda jobs: permuted_label_null(data, jobs),
        "1,000 random signatures": lambda _: random_signature_null(data, data.adjusted),
        "200 bootstraps of both cohorts, every control left out": lambda jobs: selection_stability(data, jobs),
    }
    total = [0.0, 0.0]
    for name, work in parts.items():
        cpu = seconds(lambda work=work: work(1), repeats=1)
        start = time.perf_counter()
        work(workers())
        wall = time.perf_counter() - start
        rows.append(f"| {name} | {cpu:.1f} | {wall:.1f} |")
        if not name.startswith("of these"):
            total = [total[0] + cpu, total[1] + wall]
    rows.append(f"| all | {total[0]:.1f} | {total[1]:.1f} |")


def of_study(name: str, rows: list[str]) -> None:
    """Wall seconds of the resampling and rigor steps of a real study, computed again through Dagster."""
    from dmicc_assets.lake.workspace import open_workspace
    from dmicc_assets.orchestration.run import StudyRun
    from dmicc_assets.study.settings import load_settings

    settings = load_settings()
    os.environ.update(settings.environment())
    run = StudyRun(open_workspace(settings), name, force=True)
    wanted = ("roc", "performance", "stability", "sensitivity", "nulls", "findings")
    rows += ["", f"The steps of `{name}`, real files, made again through Dagster with their pictures:", "",
             "| step | wall s |", "|---|---|"]  # fmt: skip
    outcomes = run.materialise([one for one in run.plan() if one[0].name in wanted], lambda _step, _key: None)
    rows += [f"| {', '.join(one.step.outputs)} | {one.seconds:.1f} |" for one in outcomes]
    rows.append(f"| all | {sum(one.seconds for one in outcomes):.1f} |")


def main() -> None:
    load = os.getloadavg()[0]
    rows = [
        HEADING, "",
        f"`python benchmarks/rigor.py`. {GENES:,} genes, 22 cases, 19 controls, made up; CPU seconds of one thread,",
        f"best of three; {os.cpu_count()} cores with a load of {load:.0f} by other work; numpy {np.__version__}.",
        "",
        "| what | s | times faster than one at a time |", "|---|---|---|",
    ]  # fmt: skip
    with threadpool_limits(1):
        statistics(rows)
    rows += ["", "Cost grows linearly with labellings, genes and samples (by BH; ns a labelling and gene):", "",
             "| labellings | genes | samples | s | ns |", "|---|---|---|---|---|"]  # fmt: skip
    with threadpool_limits(1):
        growth(rows)
    rows += ["", f"All of it on a study of the size of ra_hcc (43 and 41 samples); wall time with {workers()} processes:", "",  # noqa: E501 - a row of the table as it is printed
             "| what | CPU s, one process | wall s |", "|---|---|---|"]  # fmt: skip
    with threadpool_limits(1):
        whole(rows)
    if "--study" in sys.argv:
        of_study(sys.argv[sys.argv.index("--study") + 1], rows)
    rows += ["", BARS]
    text = "\n".join(rows) + "\n"
    sys.stdout.write(text)
    if "--write" in sys.argv:
        page = Path(__file__).with_name("speed.md")
        old = page.read_text(encoding="utf-8")
        before, _, after = old.partition(f"{HEADING}\n")
        rest = after.partition("\n## ")[2]
        page.write_text(f"{before.rstrip()}\n\n{text}" + (f"\n## {rest}" if rest else ""), encoding="utf-8")


if __name__ == "__main__":
    main()
