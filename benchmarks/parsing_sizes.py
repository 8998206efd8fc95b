"""Series matrix, SOFT, Xena and own tables at 60, 500 and 6,000 samples against zcat of the same file: CPU and memory.

`python benchmarks/parsing_sizes.py [--write]`; with `--write` the figures go into speed.md under "Parsing by size".
Each reading runs in a process of its own, zcat before it, `REPEATS` times; the least CPU of each and the largest peak
count; imports and tables of symbols are loaded before. `parsing.py` compares with other readers.
"""

import gzip
import hashlib
import json
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import polars as pl
from parsing import show

SIZES = ((54_675, 60), (20_000, 500), (5_000, 6_000))
REPEATS = 2
BAR = 4.0
HEADING = "## Parsing by size"
READ = """
import hashlib, json, sys, time
from pathlib import Path
import pyarrow.csv
from dmicc_assets.expression.symbols import is_gene_symbol
from dmicc_assets.geo.formats.series_matrix import read_series_matrix
from dmicc_assets.geo.formats.soft import read_family
from dmicc_assets.geo.formats.tabular import read_matrix

def status(key):
    return [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key)][0] / 1024

is_gene_symbol("TP53")  # loads the tables of symbols
path = Path(sys.argv[1])
readers = {"matrix": lambda: read_series_matrix(path).matrix, "soft": lambda: read_family(path).matrix}
Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before, begun = status("VmRSS"), time.process_time()
matrix = readers.get(sys.argv[2], lambda: read_matrix(path)[0])()
seconds = time.process_time() - begun
peak = (status("VmHWM") - before) * 2**20 / matrix.values.nbytes
print(json.dumps({"seconds": seconds, "peak": peak, "content": hashlib.sha256(matrix.values.tobytes()).hexdigest()}))
"""


def write_inputs(folder: Path, n_rows: int, n_samples: int) -> tuple[dict[str, Path], str]:
    """The same values in each format, as gzip -6 has them, and the hash of the values."""
    values = np.round(np.random.default_rng(1).normal(7.0, 2.5, (n_rows, n_samples)), 5)
    samples = [f"GSM{100_001 + i}" for i in range(n_samples)]
    rows = pl.DataFrame(values, schema=samples, orient="row")
    probes = pl.Series("ID_REF", [f"{200_000 + i}_at" for i in range(n_rows)])
    genes = pl.Series("gene", [f"GENE{i}X" for i in range(n_rows)])
    paths = {
        "matrix": folder / "GSE1_series_matrix.txt.gz",
        "soft": folder / "GSE1_family.soft.gz",
        "xena": folder / "xena.tsv.gz",
        "own": folder / "own.csv.gz",
    }
    quoted = rows.select('"' + probes + '"', pl.all())
    table = quoted.write_csv(separator="\t", quote_style="never", include_header=False)
    texts = {
        "matrix": iter([*_series_header(samples, n_rows), table, "!series_matrix_table_end\n"]),
        "soft": _family(rows, probes),
        "xena": iter([rows.select(genes, pl.all()).write_csv(separator="\t")]),
        "own": iter([rows.select(genes, pl.all()).write_csv()]),
    }
    for name, path in paths.items():
        with gzip.open(path, "wb", 6) as file:
            file.writelines(piece.encode() for piece in texts[name])
    return paths, hashlib.sha256(values.tobytes()).hexdigest()


def _series_header(samples: list[str], n_rows: int) -> Iterator[str]:
    fields = {
        "title": [f"sample {i}" for i in range(len(samples))],
        "geo_accession": samples,
        "characteristics_ch1": ["disease: lupus"] * len(samples),
        "platform_id": ["GPL570"] * len(samples),
        "data_row_count": [str(n_rows)] * len(samples),
    }
    yield '!Series_title\t"x"\n!Series_geo_accession\t"GSE1"\n!Series_platform_id\t"GPL570"\n\n'
    for key, row in fields.items():
        yield "\t".join([f"!Sample_{key}", *(f'"{cell}"' for cell in row)]) + "\n"
    yield "!series_matrix_table_begin\n" + "\t".join(f'"{name}"' for name in ["ID_REF", *samples]) + "\n"


def _family(rows: pl.DataFrame, probes: pl.Series) -> Iterator[str]:
    yield "^SERIES = GSE1\n!Series_title = x\n!Series_platform_id = GPL570\n"
    for i, sample in enumerate(rows.columns):
        yield f"^SAMPLE = {sample}\n!Sample_title = sample {i}\n!Sample_platform_id = GPL570\n"
        yield f"!Sample_data_row_count = {len(rows)}\n#ID_REF = \n#VALUE = \n!sample_table_begin\n"
        yield pl.DataFrame([probes, rows[sample].alias("VALUE")]).write_csv(separator="\t")
        yield "!sample_table_end\n"


def zcat_seconds(path: Path) -> float:
    """CPU of one zcat."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["zcat", str(path)], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measured(name: str, path: Path, content: str) -> tuple[float, float, float]:
    """CPU seconds of zcat and of the reader, and its peak in matrices of float64."""
    zcats, runs = list[float](), list[dict[str, float]]()
    for _ in range(REPEATS):
        zcats.append(zcat_seconds(path))
        found = subprocess.run([sys.executable, "-c", READ, str(path), name], capture_output=True, check=True)
        runs.append(json.loads(found.stdout))
        assert runs[-1]["content"] == content, f"{path.name}: other values"
    return min(zcats), min(run["seconds"] for run in runs), max(run["peak"] for run in runs)


def report() -> str:
    """The figures as a section of speed.md."""
    lines, ratios = list[str](), dict[str, float]()
    for n_rows, n_samples in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            paths, content = write_inputs(Path(folder), n_rows, n_samples)
            for name, path in paths.items():
                zcat, own, peak = measured(name, path, content)
                ratios[f"{name} at {n_samples:,}"] = own / zcat
                lines.append(
                    f"| {name} | {n_rows:,} x {n_samples:,} | {own:.2f} s | {1e9 * own / n_rows / n_samples:.0f} | "
                    f"{1e9 * zcat / n_rows / n_samples:.0f} | {own / zcat:.1f} | {peak:.1f} |"
                )
                print(lines[-1], flush=True)
    over = ", ".join(f"{name}: {ratio:.1f}" for name, ratio in ratios.items() if ratio > BAR)
    libraries = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow", "polars"))
    return "\n".join(
        [
            HEADING,
            "",
            "The same values in each format, gzip -6, five decimals, rows x samples: `matrix` is a series matrix, "
            "`soft` a family file,",
            f"`xena` a TSV, `own` a CSV. CPU of both threads, least of {REPEATS} processes; peak in matrices of "
            "float64, above what was held before.",
            "`python benchmarks/parsing_sizes.py --write`",
            "",
            "| format | rows x samples | reading | ns a cell | zcat, ns a cell | times zcat | peak |",
            "|---|---|---|---|---|---|---|",
            *lines,
            "",
            f"- {'**missed**' if over else 'met'}: at most {BAR:.0f} times zcat{': not ' + over if over else ''}",
            "",
            f"{date.today()}, Python {platform.python_version()}, {libraries}; two cores, shared.",
            "",
        ]
    )


if __name__ == "__main__":
    show(report())
