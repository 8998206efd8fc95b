"""What the benchmark of the cluster runs: a real study and small generated ones, with their files behind one server.

Which machines run them, and what is compared, is in `cluster.py`.
"""

import os
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import yaml

from dmicc_assets.errors import RequestError
from dmicc_assets.study.loading import study_files
from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.worlds.small_mirror import annot_text, matrix_text, write_annot, write_matrix

PLATFORM = "GPL900001"
N_GENES, N_OF_EACH, N_CHANGED = 60, 8, 6
PROBES = {f"{number}_at": f"G{number:03d}" for number in range(N_GENES)}


def write_sources(root: Path, settings: Settings, n_small: int) -> None:
    """A server's folder: the mirror that the variables name, by links, and a series for each small study.

    Raises:
        RequestError: a variable does not name a folder on disk.
    """
    for url, variable, name in (
        (settings.geo_url, "DMICC_GEO_URL", "geo/series"),
        (settings.geo_url, "DMICC_GEO_URL", "geo/platforms"),
        (settings.xena_url, "DMICC_XENA_URL", "xena"),
    ):
        if urlsplit(url).scheme != "file":
            raise RequestError(f"{variable}: expected a folder, file://..., got {url}")
        (root / name).mkdir(parents=True)
        for entry in (Path(unquote(urlsplit(url).path)) / Path(name).relative_to(Path(name).parts[0])).iterdir():
            (root / name / entry.name).symlink_to(entry)
    (root / "acc").mkdir()
    write_annot(root, PLATFORM, annot_text(PLATFORM, PROBES))
    for number in range(n_small):
        values = np.random.default_rng(number).normal(8, 1, (N_GENES, 2 * N_OF_EACH))
        values[:N_CHANGED, :N_OF_EACH] += 2.5
        samples = [f"GSM{900_000_000 + 100 * number + each}" for each in range(2 * N_OF_EACH)]
        text = matrix_text(_series(number), PLATFORM, values.round(4), probes=list(PROBES), samples=samples)
        write_matrix(root, _series(number), PLATFORM, text)


def write_studies(folder: Path, settings: Settings, real: str, n_small: int) -> list[str]:
    """Files of the studies; their names, the largest study first.

    Raises:
        RequestError: no folder of DMICC_STUDIES has the real study.
    """
    found = study_files(settings.study_folders)
    if real not in found:
        raise RequestError(f"DMICC_STUDIES={os.environ.get('DMICC_STUDIES', '')}: no study {real!r}")
    folder.mkdir()
    shutil.copy(found[real], folder / f"{real}.yaml")
    for number in range(n_small):
        (folder / f"{_name(number)}.yaml").write_text(yaml.safe_dump(_small(number)))
    return [real, *map(_name, range(n_small))]


def _small(number: int) -> dict[str, object]:
    """One cohort of one series, with every kind of step but enrichment, few draws of each."""
    labels = [
        {"label": label, "where": {"disease": f"^{word}$"}, "expect": N_OF_EACH}
        for label, word in (("sick", "lupus"), ("well", "healthy"))
    ]
    spec = {"source": "geo", "platform": PLATFORM, "tissue": "skin", "labels": labels, "normalise": "none"}
    return {
        "study": _name(number),
        "title": f"Generated study {number}",
        "datasets": {_series(number): spec},
        "cohorts": {"a": {"title": "A", "datasets": [_series(number)], "case": "sick", "control": "well"}},
        "enrichment": {"libraries": [], "min_size": 1},
        "ranking": {"trees": 10, "top": 3, "seed": number},
        "model": {"bootstrap": 5},
        "rigor": {"permutations": 5, "bootstraps": 5, "random_signatures": 10, "repeats": 1},
    }


def _name(number: int) -> str:
    return f"small_{number:02d}"


def _series(number: int) -> str:
    return f"GSE{900_001 + number}"
