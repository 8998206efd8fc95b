"""Parsing a series matrix of 54,675 probes x 60 samples against GEOquery, GEOparse, plain polars and zcat, in one run.

Run by hand: `python benchmarks/parsing.py [--write]`; with `--write` the figures go into speed.md under "Parsing".
Each reader runs in a process of its own, three calls each, `REPEATS` times in turn with the others; the best call
counts, imports and the start of R left out. Memory is the first call's peak above what the process held before it.
"""

import gzip
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

N_PROBES, N_SAMPLES, REPEATS = 54_675, 60, 5
PAGE = Path(__file__).parent / "speed.md"
HEADING = "## Parsing"

PEAK = """
import time, json, sys
def status(key):  # of this program alone: getrusage would begin with the peak of its parent
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key)][0] / 1024
def measure(call, calls=3):
    before, seconds = status("VmRSS"), []
    for i in range(calls):
        begun = time.perf_counter()
        shape = call()
        seconds.append(time.perf_counter() - begun)
        if i == 0:
            peak = status("VmHWM") - before
    print(json.dumps({"seconds": min(seconds), "peak_mb": peak, "shape": shape}))
"""

READERS = {
    "dmicc_assets": PEAK
    + """
from pathlib import Path
from dmicc_assets.geo.formats.series_matrix import read_series_matrix
import pyarrow.csv
measure(lambda: read_series_matrix(Path(sys.argv[1])).matrix.values.shape)
""",
    "polars alone": PEAK
    + """
import gzip, io, polars as pl
def call():
    text = gzip.open(sys.argv[1]).read()
    begin = text.index(b"!series_matrix_table_begin")
    table = text[text.index(b"\\n", begin) + 1 : text.rindex(b"!series_matrix_table_end")]
    return pl.read_csv(io.BytesIO(table), separator="\\t", null_values=["NA", "null"]).shape
measure(call)
""",
    "GEOparse (family SOFT)": PEAK
    + """
import warnings; warnings.simplefilter("ignore")
import GEOparse
def call():
    return GEOparse.get_GEO(filepath=sys.argv[2], silent=True).pivot_samples("VALUE").shape
measure(call, calls=1)
""",
}

GEOQUERY = """
suppressPackageStartupMessages(library(GEOquery))
path <- commandArgs(TRUE)[1]
invisible(gc(reset = TRUE)); before <- sum(gc()[, 2])
call <- function() system.time(g <<- suppressWarnings(suppressMessages(getGEO(filename = path, getGPL = FALSE))))
took <- call()[["elapsed"]]
peak <- sum(gc()[, 6]) - before
took <- min(took, call()[["elapsed"]], call()[["elapsed"]])
cat(sprintf('{"seconds": %f, "peak_mb": %f, "shape": [%d, %d]}', took, peak, nrow(g), ncol(g)))
"""


def write_inputs(folder: Path) -> tuple[Path, Path]:
    """A series matrix and the family SOFT file of the same values, as GEO compresses them."""
    values = np.round(np.random.default_rng(1).normal(7.0, 2.5, (N_PROBES, N_SAMPLES)), 5)
    probes = [f"{200_000 + i}_at" for i in range(N_PROBES)]
    samples = [f"GSM{100_001 + i}" for i in range(N_SAMPLES)]
    cells = [[repr(float(value)) for value in row] for row in values]
    fields = {
        "title": [f"sample {i}" for i in range(N_SAMPLES)],
        "geo_accession": samples,
        "source_name_ch1": ["skin"] * N_SAMPLES,
        "characteristics_ch1": ["disease: lupus"] * N_SAMPLES,
        "platform_id": ["GPL570"] * N_SAMPLES,
        "data_row_count": [str(N_PROBES)] * N_SAMPLES,
    }
    lines = ['!Series_title\t"x"', '!Series_geo_accession\t"GSE1"', '!Series_platform_id\t"GPL570"', ""]
    lines += ["\t".join([f"!Sample_{key}", *(f'"{cell}"' for cell in row)]) for key, row in fields.items()]
    lines += ["!series_matrix_table_begin", "\t".join(f'"{name}"' for name in ["ID_REF", *samples])]
    lines += [f'"{probe}"\t' + "\t".join(row) for probe, row in zip(probes, cells, strict=True)]
    lines += ["!series_matrix_table_end", ""]
    matrix = folder / "GSE1_series_matrix.txt.gz"
    matrix.write_bytes(gzip.compress("\n".join(lines).encode(), 6))
    soft = ["^SERIES = GSE1", "!Series_title = x"]
    for i, sample in enumerate(samples):
        soft += [f"^SAMPLE = {sample}", f"!Sample_title = sample {i}", "!Sample_platform_id = GPL570"]
        soft += ["#ID_REF = ", "#VALUE = ", "!sample_table_begin", "ID_REF\tVALUE"]
        soft += [f"{probe}\t{row[i]}" for probe, row in zip(probes, cells, strict=True)]
        soft += ["!sample_table_end"]
    family = folder / "GSE1_family.soft.gz"
    family.write_bytes(gzip.compress("\n".join([*soft, ""]).encode(), 6))
    return matrix, family


def zcat(path: Path) -> dict[str, float]:
    begun = time.perf_counter()
    subprocess.run(["zcat", str(path)], stdout=subprocess.DEVNULL, check=True)
    return {"seconds": time.perf_counter() - begun, "peak_mb": 0.0}


def run(command: list[str]) -> dict[str, float]:
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    result = json.loads(found.strip().splitlines()[-1])
    assert result["shape"][0] == N_PROBES, result
    return result


def measure(matrix: Path, family: Path, geoquery: Path) -> dict[str, list[dict[str, float]]]:
    """Every reader in turn, `REPEATS` times; the slow ones less often."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ("zcat", *READERS, "GEOquery")}
    for repeat in range(REPEATS):
        runs["zcat"] += [zcat(matrix) for _ in range(3)]
        for name, code in READERS.items():
            if repeat < 2 or not name.startswith("GEOparse"):
                runs[name].append(run([sys.executable, "-c", code, str(matrix), str(family)]))
        runs["GEOquery"].append(run(["Rscript", str(geoquery), str(matrix)]))
    return runs


def report(runs: dict[str, list[dict[str, float]]]) -> str:
    """The figures as a section of speed.md."""
    best = {name: min(each["seconds"] for each in found) for name, found in runs.items()}
    peak = {name: max(each["peak_mb"] for each in found) for name, found in runs.items()}
    table_mb = N_PROBES * N_SAMPLES * 8 / 2**20
    own, rows = best["dmicc_assets"], []
    for name, seconds in best.items():
        memory = "-" if name == "zcat" else f"{peak[name]:.0f} MB ({peak[name] / table_mb:.1f} tables)"
        rows.append(f"| {name} | {seconds:.2f} s | {seconds / best['zcat']:.1f} | {memory} |")
    bars = {
        f"at least 5 times faster than GEOquery's call: {best['GEOquery'] / own:.1f} times": best["GEOquery"]
        >= 5 * own,
        f"at most 3 times plain zcat: {own / best['zcat']:.1f} times": own <= 3 * best["zcat"],
        f"peak memory at most 4 numeric tables ({table_mb:.0f} MB each) above the interpreter: "
        f"{peak['dmicc_assets'] / table_mb:.1f}": peak["dmicc_assets"] <= 4 * table_mb,
    }
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow", "polars", "GEOparse"))
    return "\n".join(
        [
            HEADING,
            "",
            f"A series matrix of {N_PROBES:,} probes x {N_SAMPLES} samples, gzip, values with five decimals; best of "
            f"{3 * REPEATS} calls",
            "(GEOparse of 2), imports and the start of R left out, all readers in turn in one run, the machine shared.",
            "Ours also checks CRC, end marker, rows and columns, and hashes the table.",
            "`python benchmarks/parsing.py --write`",
            "",
            "| reader | time of the call | times zcat | peak memory above what it held before |",
            "|---|---|---|---|",
            *rows,
            "",
            *(f"- {'met' if is_met else '**missed**'}: {bar}" for bar, is_met in bars.items()),
            "",
            f"Python {platform.python_version()}, {libraries}; R and GEOquery of Debian 12 (4.2.2, 2.66.0); two cores.",
            "",
        ]
    )


def show(section: str) -> None:
    """Print a section; with `--write` it replaces that of speed.md."""
    print(section)
    if "--write" in sys.argv:
        write_section(section)


def write_section(text: str) -> None:
    """Replace the section with the same heading in speed.md; other sections are unchanged."""
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Benchmarks\n\n"
    heading = text.splitlines()[0]
    section = re.compile(rf"^{heading}\n.*?(?=^## |\Z)", re.M | re.S)
    new = section.sub(lambda _: text + "\n", old) if section.search(old) else f"{old.rstrip()}\n\n{text}"
    PAGE.write_text(new.rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "geoquery.R").write_text(GEOQUERY)
        show(report(measure(*write_inputs(folder), folder / "geoquery.R")))
