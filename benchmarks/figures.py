"""How long the whole set of figures of a study takes, PNG at 300 dpi and SVG, and the report of it.

python benchmarks/figures.py STUDY, on a lake that holds it; prints CPU and wall seconds, and the ten slowest figures.
"""

import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version

from dmicc_assets.lake.store import Lake
from dmicc_assets.report.figures import style
from dmicc_assets.report.figures.catalog import study_figures
from dmicc_assets.results.reader import Results
from dmicc_assets.study.loading import load_study, study_files
from dmicc_assets.study.settings import load_settings


def main() -> None:
    """Draw and write every figure once, in memory."""
    settings = load_settings()
    study = load_study(study_files(settings.study_folders)[sys.argv[1]])
    results = Results.of_study(Lake(settings.lake, settings.locks), study, settings)
    wall, cpu = time.perf_counter(), time.process_time()
    seconds: dict[str, float] = {}
    size = 0
    for figure in study_figures(results):
        start = time.process_time()
        drawn = figure.draw()
        size += len(style.png(drawn)) + len(style.svg(drawn))
        seconds[figure.name] = time.process_time() - start
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{datetime.now(UTC):%Y-%m-%d}, matplotlib {version('matplotlib')}: {len(seconds)} figures of {study.study}")
    print(f"{cpu:.1f} s CPU, {wall:.1f} s wall, {size / 1e6:.1f} MB")
    for name, taken in sorted(seconds.items(), key=lambda each: -each[1])[:10]:
        print(f"{taken:6.2f}  {name}")


if __name__ == "__main__":
    main()
