"""How long a report's volcano plots of 20,000 genes take to open in a browser, from navigation to drawn points.

python benchmarks/volcano.py [PATH OF AN index.html]; without a path, of a study with two cohorts of 20,000 genes. Needs
playwright and Debian's chromium; prints the milliseconds of five openings and the size of the page.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
from playwright.sync_api import sync_playwright

from dmicc_assets.report.study_report import study_report
from dmicc_assets.results.reader import Results
from dmicc_assets_tests.worlds.simulated_study import declared, simulated_tables

N_GENES = 20_000
DRAWN = "statisticsReady.then(() => { volcanoes.forEach((v) => v.draw()); return performance.now(); })"


def study() -> Results:
    """The simulated study with the statistics of 20,000 genes in each cohort."""
    generator = np.random.default_rng(1)
    results = simulated_tables()
    cohorts: list[pl.DataFrame] = []
    for cohort in results.study.cohorts:
        p = generator.uniform(0, 1, N_GENES) ** 3
        columns = {
            name: generator.normal(size=N_GENES) for name in ("log_fc", "ave_expr", "t", "b", "ci_low", "ci_high")
        }
        rows = pl.DataFrame({"gene": [f"GENE{i}" for i in range(N_GENES)], "p_value": p, "adj_p_value": p, **columns})
        cohorts.append(declared("differential/statistics", rows, cohort=cohort))
    return results.with_frames({"differential/statistics": pl.concat(cohorts)})


def main() -> None:
    """Open the page five times."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "index.html"
        if len(sys.argv) == 1:
            path.write_text(study_report(study(), [], [], pl.DataFrame()).html)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        times: list[float] = []
        n_points: list[int] = []
        for _ in range(5):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(path.resolve().as_uri())
            times.append(page.evaluate(DRAWN))
            n_points = page.evaluate("volcanoes.map((v) => v.byP.length)")
            page.close()
        browser.close()
        print(f"volcanoes of {n_points} genes, page of {path.stat().st_size / 1e6:.1f} MB")
        print("ms from navigation to drawn points: " + ", ".join(f"{each:.0f}" for each in times))


if __name__ == "__main__":
    main()
