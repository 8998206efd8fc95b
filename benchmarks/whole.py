"""What a user waits for: a study from an empty home, the same again, and an R script of the same statistics beside it.

Run by hand: `python benchmarks/whole.py STUDY [--write]`, with DMICC_STUDIES and local sources (file://) set, so that
no network is timed. Each line is a process with its children: wall seconds, CPU seconds and peak memory of the largest.
The R script (whole.R) reads the files that the first run verified and is given the labels; it makes no enrichment,
no check, no figure and no report.
"""

import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import time
from compileall import compile_dir
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dmicc_assets
from dmicc_assets.geo.http.cache import FileCache
from dmicc_assets.lake.store import Lake
from dmicc_assets.results.reader import Results
from dmicc_assets.study.loading import load_study, study_files
from dmicc_assets.study.settings import load_settings

HERE = Path(__file__).parent
README, TITLE = HERE / "README.md", "## A whole study"
FIRST_LOOK = re.compile(r"first look, after ([\d.]+) s")
# As an installation runs, which has the bytecode of every module.
INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
DMICC = [sys.executable, "-c", "from dmicc_assets.cli.main import main; main()"]
# On two quiet cores: a whole run's wall over that of R's script, its CPU seconds; wall of an up-to-date run, of check;
# the time until the first look over R's script, which makes ROC besides. A wrong study file is told
# without the large libraries.
MOST_TIMES_R_LOOK = 1.0
MOST_TIMES_R, MOST_CPU, MOST_UP_TO_DATE, MOST_CHECK = 2.5, 35.0, 1.5, 0.4


@dataclass(frozen=True)
class Took:
    """What a command took: wall and CPU seconds, peak memory in MB, and what it printed."""

    wall: float
    cpu: float
    peak: float
    printed: str


def timed(command: list[str], home: Path, expected: int = 0, **variables: str) -> Took:
    """Run a command in a home and show what it printed; another status than the expected one ends the benchmark."""
    environment, start = {**INSTALLED, "DMICC_HOME": str(home), **variables}, time.perf_counter()
    with tempfile.TemporaryFile() as output:
        started = subprocess.Popen(command, env=environment, stdout=output, stderr=sys.stderr)
        # Of this child and its own children: getrusage would have the peak of all commands before it.
        _, status, used = os.wait4(started.pid, 0)
        wall = time.perf_counter() - start
        started.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read().decode()
    print(printed, file=sys.stderr)
    if started.returncode != expected:
        raise SystemExit(f"{' '.join(command)} failed")
    return Took(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, printed)


def configuration(home: Path, name: str) -> dict[str, Any]:
    """What whole.R is told: files, labels, cohorts and thresholds of the study."""
    settings = load_settings(home=home)
    study = load_study(study_files(settings.study_folders)[name])
    results = Results.of_study(Lake(settings.lake, settings.locks), study, settings)
    cache = FileCache(settings.downloads)
    files, samples = results.source.files, results.source.samples
    path = {
        (row["dataset"], row["role"]): str(cache.path_of(row["sha256"], row["file"]))
        for row in files.iter_rows(named=True)
    }
    merged = {each for cohort in study.cohorts.values() for each in cohort.datasets}
    return {
        "datasets": {
            each: {
                "matrix": path[each, "matrix"],
                "annotation": path[each, "platform"],
                "normalise": study.datasets[each].normalise,
            }
            for each in sorted(merged)
        },
        "labels": dict(samples.drop_nulls("label").select("sample", "label").iter_rows()),
        "cohorts": {key: one.model_dump(include={"datasets", "case", "control"}) for key, one in study.cohorts.items()},
        "validation": {
            one.dataset: {"matrix": path[one.dataset, "matrix"], "case": one.case, "control": one.control}
            for one in study.validation
        },
        **study.differential.model_dump(include={"log_fc", "p_value", "adjust"}),
        **study.ranking.model_dump(include={"trees", "top", "seed"}),
        "model": study.model.cohort,
        "bootstrap": study.model.bootstrap,
    }


def measure(study: str) -> tuple[dict[str, Took], dict[str, Any]]:
    """Every line of the table, in the order in which a user meets them, and what R found."""
    compile_dir(Path(dmicc_assets.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        home, wrong = Path(folder) / "home", Path(folder) / "wrong"
        wrong.mkdir()
        (wrong / "wrong.yaml").write_text("study: wrong\ndatasets: []\n")
        took = {
            "`dmicc --version`": timed([*DMICC, "--version"], home),
            "`dmicc check`, wrong file": timed([*DMICC, "check", "wrong"], home, 2, DMICC_STUDIES=str(wrong)),
            "`dmicc check`": timed([*DMICC, "check", study], home),
            "`dmicc check`, again": timed([*DMICC, "check", study], home),
            "`dmicc run`, empty home": timed([*DMICC, "run", study], home),
            "`dmicc run`, up to date": timed([*DMICC, "run", study], home),
        }
        given = Path(folder) / "study.json"
        given.write_text(json.dumps(configuration(home, study)))
        took["R script"] = timed(["Rscript", str(HERE / "whole.R"), str(given), str(Path(folder) / "r")], home)
    return took, json.loads(took["R script"].printed.splitlines()[-1])


def page(study: str, took: dict[str, Took], by_r: dict[str, Any]) -> str:
    """The section of the README."""
    r, whole = took["R script"], took["`dmicc run`, empty home"]
    again, check = took["`dmicc run`, up to date"], took["`dmicc check`"]
    checked = took["`dmicc check`, again"]
    rows = [
        f"| {name} | {one.wall:.1f} | {one.cpu:.1f} | {one.wall / r.wall:.1f} | {one.peak:.0f} |"
        for name, one in took.items()
    ]
    look = FIRST_LOOK.search(whole.printed)
    looked = float(look[1]) if look else math.inf
    bars = [
        (
            looked <= MOST_TIMES_R_LOOK * r.wall,
            "the first look of a whole run (no ROC, which R makes) after at most R's time, "
            f"{r.wall:.1f} s: {looked:.1f} s",
        ),
        (
            whole.wall / r.wall <= MOST_TIMES_R,
            f"a whole run takes at most {MOST_TIMES_R} times R's script: {whole.wall / r.wall:.1f}",
        ),
        (whole.cpu <= MOST_CPU, f"its CPU at most {MOST_CPU:.0f} s: {whole.cpu:.0f}"),
        (again.wall <= MOST_UP_TO_DATE, f"up to date at most {MOST_UP_TO_DATE} s: {again.wall:.1f}"),
        (
            check.wall <= MOST_CHECK,
            f"check at most {MOST_CHECK} s: {check.wall:.1f}, and {checked.wall:.1f} again, which reads no annotation",
        ),
    ]
    lines = [
        f"`python benchmarks/whole.py {study}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, local sources.",
        "R makes the same statistics, signature, forests, ROC and model, but no enrichment, check, figure or report.",
        f"R found {by_r['signature']} genes in the signature and the biomarkers {', '.join(by_r['biomarkers'])}.",
        "",
        "| command | wall, s | CPU, s | wall / R's | peak memory, MB |",
        "|---|---|---|---|---|",
        *rows,
        "",
        *(f"- {'met' if met else 'not met'}: {text}" for met, text in bars),
        "",
        f"dmicc_assets {version('dmicc_assets')}, Python {sys.version.split()[0]}; {by_r['version']}.",
    ]
    return "\n".join(lines) + "\n"


def replaced(readme: str, section: str) -> str:
    """The README with the section under its title, put in or anew."""
    body = f"{TITLE}\n\n{section}\n"
    if TITLE not in readme:
        return f"{readme.rstrip()}\n\n{body}"
    head, rest = readme.split(TITLE, 1)
    _, following, after = rest.partition("\n## ")
    return head + body + following + after


def main() -> None:
    """Measure a study and print the section, or write it into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    section = page(asked.study, *measure(asked.study))
    if asked.write:
        README.write_text(replaced(README.read_text(), section))
    print(section)


if __name__ == "__main__":
    main()
