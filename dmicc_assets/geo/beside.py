"""URLs of the files that a study file names itself, on a Xena hub or on the disk, and names like one that is not there.

Which of them a dataset is read from is said in `sources.py`.
"""

import re
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import quote, unquote

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.http.client import GeoClient, local_path
from dmicc_assets.study.dataset import BESIDE, Dataset


def urls_beside(spec: Dataset, client: GeoClient, study_folder: Path, name: str) -> list[str]:
    """URLs of a name in the study file: below the hub, compressed or not, or relative to the study file.

    A hub that is not S3 may have a slash of a name as `%2F`, as its pages write it.
    """
    if spec.source != "xena" or name.startswith(BESIDE):
        return [(study_folder / name).resolve().as_uri()]
    if ".." in Path(name).parts:
        raise RequestError(f"{name!r}: expected a name below the hub")
    name = unquote(name)
    files = [name] if name.endswith(".gz") else [f"{name}.gz", name]
    is_local = local_path(client.xena_url) is not None
    quoted = [quote(file, safe="") for file in files if "/" in file]
    return [f"{client.xena_url}/{file}" for file in [*map(quote, files), *(map(quote, quoted) if is_local else quoted)]]


def place_beside(spec: Dataset, client: GeoClient, study_folder: Path, name: str) -> str:
    """Where a name in the study file was looked for, for people: a slash as a slash, whatever else was tried."""
    if spec.source != "xena" or name.startswith(BESIDE):
        return urls_beside(spec, client, study_folder, name)[0]
    file = unquote(name).removesuffix(".gz")
    either = "" if name.endswith(".gz") else f" or {file.rpartition('/')[2]}"
    return f"{client.xena_url}/{file}.gz{either}"


def near_names(name: str, spec: Dataset, client: GeoClient, study_folder: Path) -> list[str]:
    """Up to three files beside a name that does not exist, the most alike first; of a hub without listings, by rule."""
    folder = name.rpartition("/")[0]
    url = urls_beside(spec, client, study_folder, name)[0].rsplit("/", 1)[0]
    known = _companions(spec)
    with suppress(SourceError):
        known += [f"{folder}/{each}".lstrip("/") for each in client.listing(url) if not each.endswith("/")]
    shown = dict.fromkeys(each.removesuffix(".gz") if spec.source == "xena" else each for each in known)
    return get_close_matches(name, list(shown), n=3, cutoff=0.6)


def _companions(spec: Dataset) -> list[str]:
    """Clinical files that the TCGA hub has beside a cancer's matrices."""
    match = re.match(r"TCGA\.(\w+)\.sampleMap/", spec.matrix or "") if spec.source == "xena" else None
    return (
        [f"TCGA.{match[1]}.sampleMap/{match[1]}_clinicalMatrix", f"survival/{match[1]}_survival.txt"] if match else []
    )
