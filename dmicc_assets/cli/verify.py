"""`dmicc check --verify`: each SOFT file and platform table of a study, read a second time by GEOparse.

The comparison is in `geo/second_reader.py`.
"""

from collections.abc import Iterator, Sequence

from rich.console import Console

from dmicc_assets.errors import DataError, SourceError
from dmicc_assets.geo.acquire import acquire
from dmicc_assets.geo.dataset import platform_in
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.second_reader import Agreement, compare_family, compare_platform
from dmicc_assets.lake.steps import open_client, used_datasets
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.study.schema import Dataset


def verify_and_show(out: Console, workspace: Workspace, name: str) -> None:
    """Download a study's files where need be, and say of each whether GEOparse reads the same.

    Raises:
        SourceError: a file cannot be had.
        DataError: GEOparse reads a file otherwise; the first difference is shown before.
    """
    study = workspace.study(name)
    settings = workspace.settings.simulated() if study.is_simulated else workspace.settings
    settings.prepare_home()
    client, folder = open_client(settings, lambda _: None), workspace.files[name].parent
    n_unequal, seen = 0, set[str]()
    for dataset in used_datasets(study):
        spec = study.datasets[dataset]
        if spec.source != "geo":
            out.print(f"{dataset}: no file of GEO's")
            continue
        for file, text, is_equal in _lines(dataset, spec, acquire(dataset, spec, client, folder), seen):
            n_unequal += not is_equal
            out.print(f"{dataset}, {file}: {text}")
    if n_unequal:
        raise DataError(f"{name}: GEOparse reads {n_unequal} of these otherwise; the first difference of each is above")


def _lines(dataset: str, spec: Dataset, files: Sequence[SourceFile], seen: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Name of each file, what came out, and whether the readings are equal; a file of two datasets is read once."""
    by_role = {file.role: file for file in files}
    platform = platform_in(dataset, spec, by_role)
    for role, compare in (("soft", compare_family), ("platform", compare_platform)):
        file = by_role.get(role)
        if file is None or f"{file.sha256} {role} {platform}" in seen:
            continue
        seen.add(f"{file.sha256} {role} {platform}")
        shown = file.url.rsplit("/", 1)[-1]
        try:
            found: Agreement = compare(file.path, platform)
        except SourceError as error:
            yield shown, f"not compared: {error}", True
            continue
        is_equal = found.difference is None
        yield shown, f"{found.compared}, equal by GEOparse" if is_equal else f"differs: {found.difference}", is_equal
    if "soft" not in by_role:
        series = by_role.get("counts") or by_role["matrix"]
        yield series.url.rsplit("/", 1)[-1], "GEOparse reads no such table, so it is not compared", True
