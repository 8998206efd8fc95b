"""A large study: 54,675 probes, a series of 500 samples, or five series of 200 as one cohort; made up.

Run by hand: `nice -n 19 python -m benchmarks.large [--sizes 125,250,500] [--five] [--write]`. Each step but enrichment,
checks, figures and report runs by itself: CPU seconds, and the most memory of a process with its workers.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
import yaml

from dmicc_assets.assets import STEPS
from dmicc_assets.lake.making import make
from dmicc_assets.lake.steps import partition_keys
from dmicc_assets.lake.workspace import open_workspace

PAGE, TITLE = Path(__file__).parent / "speed.md", "## A large study"
ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "benchmarks.large"]
PROBES, PLANTED, SERIES = 54_675, 60, 200
MOST_CPU, MOST_MEMORY = 90.0, 2000.0
NAMES = (
    *("files", "dataset", "cohort", "differential", "signature", "overlap", "ranking", "model"),
    *("out_of_fold", "model_performance", "expression_tests", "left_out_datasets", "roc", "performance", "subgroups"),
    *("stability", "sensitivity", "nulls"),
)


@dataclass(frozen=True)
class Took:
    """CPU seconds of a step over all of its partitions, and its most memory in MB."""

    cpu: float
    memory: float


def write_study(folder: Path, sizes: Sequence[int]) -> None:
    """A study of one cohort, with a series of as many samples for each size, half of them cases."""
    rng = np.random.default_rng(1)
    probes = [f"p{i:05d}" for i in range(PROBES)]
    # As on GPL570: two fifths of the genes have several probes, a fifth of the probes no gene.
    gene = rng.integers(0, 22_000, PROBES)
    genes = [f"GENE{g}" if i % 5 else "" for i, g in enumerate(gene)]
    pl.DataFrame({"ID": probes, "Gene symbol": genes}).write_csv(folder / "annotation.tsv", separator="\t")
    mean, spread = rng.normal(7, 2, PROBES)[:, None], rng.uniform(0.2, 0.8, PROBES)[:, None]
    effect = np.where(gene < PLANTED, rng.normal(1.5, 0.3, PROBES), 0)[:, None]
    datasets: dict[str, object] = {}
    for number, n in enumerate(sizes):
        names = [f"S{number}{'case' if i < n // 2 else 'ctrl'}{i:03d}" for i in range(n)]
        module = rng.normal(0, 1, (PROBES // 50 + 1, n))[np.arange(PROBES) // 50]
        values = mean + spread * (rng.normal(0, 1, (PROBES, n)) + 0.6 * module) + rng.normal(0, 0.5, (1, n))
        values[:, : n // 2] += effect
        frame = pl.DataFrame({"ID_REF": probes} | {name: values[:, i] for i, name in enumerate(names)})
        frame.write_csv(folder / f"m{number}.tsv", separator="\t", float_precision=4)
        datasets[f"D{number}"] = {
            "source": "file",
            "matrix": f"m{number}.tsv",
            "annotation": "annotation.tsv",
            "scale": "log2",
            "labels": [
                {"label": "sick", "where": {"sample": "case"}},
                {"label": "well", "where": {"sample": "ctrl"}},
            ],
        }
    cohort = {"title": "Large", "datasets": list(datasets), "case": "sick", "control": "well"}
    study = {"study": "large", "title": "Large", "datasets": datasets, "cohorts": {"a": cohort}}
    study |= {"differential": {"log_fc": 1.0, "p_value": 0.05, "adjust": "BH"}}
    (folder / "large.yaml").write_text(yaml.safe_dump(study))


def run_step(name: str) -> None:
    """One step of the study in this process, which first prints the CPU seconds of its start."""
    print(time.process_time(), flush=True)
    workspace = open_workspace()
    step = next(each for each in STEPS if each.name == name)
    for key in partition_keys(step.partition, workspace.studies["large"]):
        make(workspace.context(step, key), is_forced=True)


def measured(name: str, home: Path, studies: Path) -> Took:
    """One step in a process of its own."""
    environment = {**os.environ, "DMICC_HOME": str(home), "DMICC_STUDIES": str(studies), "OPENBLAS_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(ROOT)
    command = [*COMMAND, "--step", name]
    started, memory = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True), 0.0
    while True:
        done, status, used = os.wait4(started.pid, os.WNOHANG)
        if done:
            break
        memory = max(memory, _together(started.pid))
        time.sleep(0.1)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise SystemExit(f"{name} failed")
    assert started.stdout is not None
    start = float(started.stdout.readline())
    return Took(used.ru_utime + used.ru_stime - start, max(memory, used.ru_maxrss / 1024))


def _together(pid: int) -> float:
    """Memory in MB of a process and its children, what they share counted once."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
    return own / 1024 + sum(_together(int(child)) for child in children)


def measure(sizes: Sequence[int]) -> dict[str, Took]:
    """Every step of a study of these series, in order."""
    with tempfile.TemporaryDirectory() as folder:
        studies, home = Path(folder) / "studies", Path(folder) / "home"
        studies.mkdir()
        # In a process of its own: a child's peak counts what its parent holds when it starts.
        subprocess.run([*COMMAND, "--make", str(studies), "--sizes", ",".join(map(str, sizes))], cwd=ROOT, check=True)
        found: dict[str, Took] = {}
        for name in NAMES:
            found[name] = measured(name, home, studies)
            print(sizes, name, f"{found[name].cpu:.1f} s, {found[name].memory:.0f} MB", file=sys.stderr, flush=True)
        return found


def page(columns: dict[str, dict[str, Took]]) -> str:
    """The section of speed.md."""
    lines = [
        f"`nice -n 19 python -m benchmarks.large --five`, {datetime.now(UTC):%Y-%m-%d}, made-up values of {PROBES:,}",
        "probes, quantile normalisation and means of probes in every fold, 200 bootstraps, 10 times 10 folds, 200",
        "permutations. CPU s / most memory in MB of each step with its workers, reading and writing included, start of",
        "Python not: a run starts it once for many steps.",
        "",
        "| step | " + " | ".join(columns) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for name in NAMES:
        each = [column[name] for column in columns.values()]
        lines.append(f"| {name} | " + " | ".join(f"{took.cpu:.1f} / {took.memory:.0f}" for took in each) + " |")
    totals = {title: sum(took.cpu for took in column.values()) for title, column in columns.items()}
    most = {title: max(took.memory for took in column.values()) for title, column in columns.items()}
    lines.append("| all | " + " | ".join(f"{totals[title]:.0f} / {most[title]:.0f}" for title in columns) + " |")
    lines.append("")
    for title in columns:
        if title.startswith(("500", "5 x")):
            for value, limit, unit in ((totals[title], MOST_CPU, "CPU s"), (most[title], MOST_MEMORY, "MB")):
                met = "met" if value <= limit else "not met"
                lines.append(f"- {met}: {title} in at most {limit:.0f} {unit}: {value:.0f}")
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "polars", "scipy", "scikit-learn"))
    return "\n".join([*lines, "", f"Python {sys.version.split()[0]}, {versions}.", ""])


def main() -> None:
    """Measure, print, and with --write put the section into speed.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", help="one step in this process, of the study in DMICC_HOME")
    parser.add_argument("--sizes", default="125,250,500", help="samples of one series")
    parser.add_argument("--five", action="store_true", help="five series of 200 too")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--make", type=Path, help="write the study of these sizes, as one cohort, to a folder")
    asked = parser.parse_args()
    if asked.make:
        write_study(asked.make, [int(n) for n in asked.sizes.split(",")])
        return
    if asked.step:
        run_step(asked.step)
        return
    columns = {f"{n} samples": measure([int(n)]) for n in asked.sizes.split(",") if n}
    if asked.five:
        columns[f"5 x {SERIES} samples"] = measure([SERIES] * 5)
    text = page(columns)
    print(text)
    if asked.write:
        before, _, after = PAGE.read_text().partition(f"{TITLE}\n")
        rest = after.partition("\n## ")
        PAGE.write_text(f"{before.rstrip()}\n\n{TITLE}\n\n{text}" + (f"\n## {rest[2]}" if rest[2] else ""))


if __name__ == "__main__":
    main()
