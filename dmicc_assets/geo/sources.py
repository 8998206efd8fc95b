"""The files that a dataset is read from: their roles, URLs and checks.

Nothing is downloaded here: `acquire.py` downloads these files, `observe.py` watches them, `dataset.py` reads them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path

from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.geo.accession import (
    PLATFORM,
    check_platform,
    check_series,
    matrix_name,
    platform_folder,
    series_folder,
)
from dmicc_assets.geo.beside import near_names, place_beside, urls_beside
from dmicc_assets.geo.formats.counts import ASSEMBLIES, Assembly, read_symbols, verify_counts, verify_symbols
from dmicc_assets.geo.formats.gene_id_columns import is_entrez_column
from dmicc_assets.geo.formats.gzip_stream import CHECK
from dmicc_assets.geo.formats.platform import Platform, read_platform, read_probe_table
from dmicc_assets.geo.formats.platform_table import platform_part, verify_platform_table
from dmicc_assets.geo.formats.series_matrix import matrix_start, verify_series_matrix
from dmicc_assets.geo.formats.soft import family_organisms, family_platforms, verify_family
from dmicc_assets.geo.formats.symbol_columns import needs_entrez
from dmicc_assets.geo.formats.tabular import read_sample_sheet, verify_matrix
from dmicc_assets.geo.http.cache import SourceFile
from dmicc_assets.geo.http.challenge import ChallengeError
from dmicc_assets.geo.http.client import GeoClient, Verify, local_path
from dmicc_assets.geo.http.policy import NotServedError
from dmicc_assets.geo.orthologue_files import visit_orthologues
from dmicc_assets.geo.update_dates import is_platform_unrevised, is_series_unrevised
from dmicc_assets.geo.wanted import Get, Held, Wanted, needed
from dmicc_assets.study.dataset_parts import Annotation
from dmicc_assets.study.schema import Dataset, accession_of, platform_of

_MATRIX_END = "_series_matrix.txt.gz"
_HUMAN = ASSEMBLIES["Homo sapiens"]


def visit_files(name: str, spec: Dataset, client: GeoClient, study_folder: Path, get: Get) -> None:
    """Call `get` for every file that a dataset is read from; the next file depends on the content of the last one.

    Args:
        name: the dataset's name in its study, for geo its accession or accession-platform.
        spec: its section of the study file.
        client: reads listings from GEO, the hub or the disk.
        study_folder: folder to which the paths of a `file` dataset are relative.
        get: downloads or observes a file; returns None when none of its URLs serves it.

    Raises:
        SourceError: the series or a file does not exist; the message names the accession and the URL.
        DataError: the served files are not sufficient for a dataset, or are of another platform than the study names.
        RequestError: the study must say which platform.
    """
    lacking: list[str] = []

    def beside(role: str, file: str, verify: Verify) -> None:
        try:
            _visit_beside(spec, client, study_folder, get, role, file, verify)
        except NotServedError as error:  # the others are looked for too, so that all that lack are named
            lacking.append(str(error))

    if isinstance(spec.annotation, str):
        path = (study_folder / spec.annotation).resolve()
        needed(name, Wanted("annotation", [path.as_uri()], read_probe_table), get)
    organisms: Sequence[str] = ()
    if spec.source == "geo":
        organisms = _visit_series(name, spec, client, get)
    else:
        beside("matrix", spec.matrix or "", verify_matrix)
    if spec.samples:
        beside("samples", spec.samples, read_sample_sheet)
    if spec.platform and spec.source != "geo":
        _visit_platform(spec.platform, spec, None, client, get)
    for file in spec.clinical:
        beside("clinical", file, read_sample_sheet)
    if lacking:
        raise NotServedError(f"{name}: {'; '.join(lacking)}")
    visit_orthologues(name, spec, organisms, client, study_folder, get)


def choose_platform(name: str, platform: str | None, found: Sequence[str]) -> str:
    """The platform of the samples, which must be the one that the study names, if it names one.

    Args:
        name: the dataset's name.
        platform: the platform in the study file; None when it names none.
        found: the platforms that the series names.

    Raises:
        DataError: the series is on another platform than the study names, or no platform is known.
    """
    if platform and found and platform not in found:
        raise DataError(f"{name}: the study says {platform}, but the samples are on {', '.join(found)}")
    if platform is None and len(found) != 1:
        listed = f" ({', '.join(found)})" if found else ""
        raise DataError(f"{name}: the series names {len(found)} platforms{listed}: say which one with `platform:`")
    return check_platform(platform or found[0])


def read_genes(spec: Dataset, platform: str | None, files: Mapping[str, SourceFile]) -> Platform:
    """The genes of a dataset's probes: by the study's own table, by the column that it names, or by a rule.

    Args:
        spec: the dataset's section of the study file.
        platform: accession of the platform.
        files: by role: `annotation`, or `platform` and perhaps `gene_ids`.

    Raises:
        SourceError: a file is damaged, or was not acquired.
        DataError: no column names genes.
    """
    if "annotation" in files:
        return read_probe_table(files["annotation"].path)
    if "platform" not in files:
        raise SourceError(f"{platform}: its platform file was not acquired")
    named = (
        (spec.annotation.column, spec.annotation.pattern) if isinstance(spec.annotation, Annotation) else (None, None)
    )
    served = [(file.path, file.sha256) for role in ("platform", "gene_ids") if (file := files.get(role))]
    return _genes_of_platform(platform, tuple(served), *named)


# Series of a study are often on one platform: the SHA-256 of its files tells that they are the same.
@lru_cache(maxsize=2)
def _genes_of_platform(
    platform: str | None, served: Sequence[tuple[Path, str]], column: str | None, pattern: str | None
) -> Platform:
    (path, _), *gene_ids = served
    entrez = read_symbols(gene_ids[0][0]) if gene_ids else None
    return read_platform(path, platform, entrez, column, pattern)


def matrix_names(accession: str, client: GeoClient) -> list[str]:
    """File names of a series' matrices, one for each platform; empty without any."""
    names = client.listing(client.geo(f"{series_folder(accession)}/matrix"))
    return [name for name in names if name.endswith(_MATRIX_END)]


def matrix_url(accession: str, name: str, client: GeoClient) -> str:
    """URL of the series matrix with this file name."""
    return client.geo(f"{series_folder(accession)}/matrix/{name}")


def family_url(accession: str, client: GeoClient) -> str:
    """URL of a series' family SOFT file, if it has one."""
    return client.geo(f"{series_folder(accession)}/soft/{accession}_family.soft.gz")


def _visit_series(name: str, spec: Dataset, client: GeoClient, get: Get) -> Sequence[str]:
    """Visit the files of a series; the organisms of its samples."""
    accession, platform = check_series(accession_of(name)), platform_of(name, spec)
    url = _find_matrix(accession, platform, client)
    if url is not None:
        wanted = Wanted("matrix", [url], verify_series_matrix, is_unrevised=_by_dates(accession, client))
        start = needed(name, wanted, get).look(matrix_start)
        if start.has_rows:
            chosen = choose_platform(name, platform, start.header.platforms)
            _visit_platform(chosen, spec, None, client, get, accession, start.header.organisms)
            return start.header.organisms
        if start.header.is_sequencing:  # an empty table is normal there (GSE118828)
            _visit_counts(name, accession, url, start.header.organisms, client, get)
            return start.header.organisms
    family = get(
        Wanted("soft", [family_url(accession, client)], verify_family, is_unrevised=_by_dates(accession, client))
    )
    if family is None and url is None:
        raise SourceError(f"{accession}: neither a series matrix nor {family_url(accession, client)}")
    if family is None:
        raise DataError(f"{name}: its series matrix is empty, and there is no {family_url(accession, client)}")
    chosen = choose_platform(name, platform, family.look(family_platforms))
    _visit_platform(chosen, spec, family, client, get)
    return family.look(partial(family_organisms, platform=chosen))


def _visit_platform(
    platform: str,
    spec: Dataset,
    family: Held | None,
    client: GeoClient,
    get: Get,
    series: str | None = None,
    organisms: Sequence[str] = (),
) -> None:
    """Visit the platform's table, unless a family SOFT file contains it, and NCBI's gene ids if it needs them.

    With a table of the study's author nothing else is needed, with a column named by the author no gene ids but where
    it holds them.
    """
    if isinstance(spec.annotation, str):
        return

    def verify(path: Path) -> None:
        verify_platform_table(path, platform)

    def is_unrevised(path: Path) -> bool:
        return is_platform_unrevised(path, platform, client)

    take = partial(platform_part, accession=platform)
    wanted = Wanted("platform", _platform_urls(platform, series, client), verify, f"{platform}.txt", is_unrevised, take)
    table = needed(platform, wanted, get) if family is None else get(wanted) or family
    if _names_ids(spec) or (spec.annotation is None and table.look(partial(needs_entrez, accession=platform))):
        assembly = next((ASSEMBLIES[organism] for organism in organisms if organism in ASSEMBLIES), _HUMAN)
        needed(platform, _gene_ids(client, assembly, platform), get)


def _names_ids(spec: Dataset) -> bool:
    """Whether the study names a column of Entrez gene ids for the genes."""
    named = spec.annotation
    return isinstance(named, Annotation) and named.pattern is None and is_entrez_column(named.column)


def _visit_counts(name: str, accession: str, url: str, organisms: Sequence[str], client: GeoClient, get: Get) -> None:
    """Visit NCBI's counts and their gene symbols, for a series whose matrix at the URL is empty."""
    empty = f"{name}: no expression table: {url.rsplit('/', 1)[-1]} is empty"
    way_on = "use `source: file` with a matrix from its supplementary files"
    counted = [ASSEMBLIES[organism] for organism in organisms if organism in ASSEMBLIES]
    if len(counted) != 1:
        found = ", ".join(organisms) or "an unknown organism"
        raise DataError(f"{empty}, and NCBI counts reads of {', '.join(ASSEMBLIES)}, not of {found}; {way_on}")
    file = f"{accession}_raw_counts_{counted[0].name}_NCBI.tsv.gz"
    wanted = Wanted("counts", [_counts_url(client, file, accession)], verify_counts, file)
    problem = f"{wanted.urls[0]}: not there"
    try:
        counts = get(wanted)
    except ChallengeError as error:
        raise SourceError(f"{empty}, and whether NCBI has counts of it cannot be asked: {error}; or {way_on}") from None
    except SourceError as error:
        if error.check != CHECK:
            raise
        counts, problem = None, str(error)  # an HTML page in place of a file also means that there is none
    if counts is None:
        raise DataError(f"{empty} and NCBI has no counts of it ({problem}); {way_on}")
    needed(name, _gene_ids(client, counted[0], accession), get)


def _by_dates(accession: str, client: GeoClient) -> Callable[[Path], bool]:
    return lambda path: is_series_unrevised(path, accession, client)


def _find_matrix(accession: str, platform: str | None, client: GeoClient) -> str | None:
    """URL of a series' matrix; None when the series has none.

    Raises:
        SourceError: no such series, or no matrix of this platform.
        RequestError: several platforms and none chosen.
    """
    names = matrix_names(accession, client)
    folder = client.geo(series_folder(accession))
    if not names:
        if not client.listing(folder):
            raise SourceError(f"{accession}: no such series at {folder}/")
        return None
    for name in (matrix_name(accession, platform), matrix_name(accession)):
        if name in names:
            return matrix_url(accession, name, client)
    platforms = sorted(name.removeprefix(f"{accession}-").removesuffix(_MATRIX_END) for name in names)
    if platform:
        raise SourceError(
            f"{accession}: no matrix of {platform} at {folder}/matrix/ (there are {', '.join(platforms)})"
        )
    if len(names) == 1 and PLATFORM.fullmatch(platforms[0]):
        return matrix_url(accession, names[0], client)
    choices = " or ".join(f"{accession}-{each}" for each in platforms)
    raise RequestError(f"{accession} is on several platforms: name the dataset {choices}")


def _platform_urls(platform: str, series: str | None, client: GeoClient) -> list[str]:
    """Where a platform's table may be: NCBI's annotation, the submitter's SOFT, acc.cgi, the series' family file.

    The last is behind no challenge, and has its platforms before its samples. The platform's own family file is not
    among them: it holds every sample ever made on the platform (GPL570: gigabytes).
    """
    folder = platform_folder(platform)
    urls = [client.geo(f"{folder}/annot/{platform}.annot.gz"), client.geo(f"{folder}/soft/{platform}.soft.gz")]
    if not client.is_offline:
        urls.append(f"{client.acc_url}?acc={platform}&targ=self&form=text&view=full")
    if series is not None:
        urls.append(f"{family_url(series, client)}#{platform}")
    return urls


def _gene_ids(client: GeoClient, assembly: Assembly, accession: str) -> Wanted:
    """The genes of NCBI's counts: Entrez id and symbol."""
    return Wanted(
        "gene_ids", [_counts_url(client, assembly.annotation, accession)], verify_symbols, assembly.annotation
    )


def _counts_url(client: GeoClient, file: str, accession: str) -> str:
    """URL of a file of NCBI's RNA-seq counts; a mirror on disk has them in `rnaseq_counts/`.

    A URL with `acc=` is exempt from NCBI's challenges, also for files that belong to no series.
    """
    if local_path(client.download_url) is not None:
        return f"{client.download_url}/{file}"
    return f"{client.download_url}?type=rnaseq_counts&acc={accession}&format=file&file={file}"


def _visit_beside(
    spec: Dataset,
    client: GeoClient,
    study_folder: Path,
    get: Get,
    role: str,
    name: str,
    verify: Verify,
) -> None:
    """Visit a file that the study file names: on the hub, or on the disk."""
    wanted = Wanted(role, urls_beside(spec, client, study_folder, name), verify)
    if get(wanted) is None:
        near = near_names(name, spec, client, study_folder)
        advice = f", but there may be {' or '.join(near)}" if near else ""
        place = place_beside(spec, client, study_folder, name)
        raise NotServedError(f"no {role} file at {place}: {name} is not there{advice}")
