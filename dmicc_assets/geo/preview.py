"""A dataset before its download: samples, platform, genes by annotation and bytes, from the headers of its files.

No matrix is transferred: of a matrix the beginning is read, of each file by one request. An annotation is fetched
whole, to where a run looks for it. What a study makes of the samples is said in `checks/before_run.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import polars as pl

from dmicc_assets.errors import DmiccError, SourceError
from dmicc_assets.expression.orthologues import Replaced, replace_symbols
from dmicc_assets.expression.two_channels import of_two_channels
from dmicc_assets.geo.acc_text import served_header
from dmicc_assets.geo.accession import check_series
from dmicc_assets.geo.formats.counts import read_symbols
from dmicc_assets.geo.formats.gzip_stream import decompressed
from dmicc_assets.geo.formats.platform import probe_rows
from dmicc_assets.geo.formats.series_header import SeriesHeader
from dmicc_assets.geo.formats.series_matrix import matrix_start
from dmicc_assets.geo.formats.soft import family_header, up_to_samples
from dmicc_assets.geo.formats.tabular import MatrixNames, names_of, read_sample_sheet, sample_columns, samples_of
from dmicc_assets.geo.http import limits
from dmicc_assets.geo.http.cache import SourceFile, sha256_of
from dmicc_assets.geo.http.challenge import ChallengeError
from dmicc_assets.geo.http.client import GeoClient, local_path
from dmicc_assets.geo.http.kept_answers import kept_answer
from dmicc_assets.geo.http.policy import Arriving, NoAnswerError, NotServedError, TransientError
from dmicc_assets.geo.orthologue_files import read_orthologues
from dmicc_assets.geo.sources import read_genes, visit_files
from dmicc_assets.geo.wanted import Wanted
from dmicc_assets.study.schema import Dataset, accession_of, platform_of

# Roles of files that are fetched, since all of them is needed.
_WHOLE = ("platform", "annotation", "gene_ids", "samples", "clinical", "orthologues", "gene_info", "human_gene_info")
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class FileAhead:
    """A file that a run reads.

    Attributes:
        role: as in `Wanted`.
        url: where it is served.
        n_bytes: its size; None where the server does not say.
        is_held: whether this version is on this machine already.
    """

    role: str
    url: str
    n_bytes: int | None
    is_held: bool


@dataclass(frozen=True, slots=True)
class DatasetPreview:
    """A dataset before its download.

    Attributes:
        name: in its study.
        samples: one row for each sample that a run would read, `series_header.SAMPLE_SCHEMA`; None if unknown.
        organisms: of the samples, as the series says.
        platform: accession; None for a matrix by gene.
        symbol_column: the annotation's column that names the genes; None without an annotation.
        genes: genes of the annotation, or of a matrix by gene that is on this machine; None if unknown.
        orthologues: what became of the symbols where human ones replace them; None where they stay.
        clinical: each clinical file by its name, as `read_sample_sheet` reads it.
        files: the files that a run reads.
        problem: why a run would stop, or why no more is known; None without one.
        is_unanswered: whether the problem is that a server did not answer.
    """

    name: str
    samples: pl.DataFrame | None = None
    organisms: tuple[str, ...] = ()
    platform: str | None = None
    symbol_column: str | None = None
    genes: frozenset[str] | None = None
    orthologues: Replaced | None = None
    clinical: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict[str, Any])
    files: tuple[FileAhead, ...] = ()
    problem: str | None = None
    is_unanswered: bool = False


Fetched = dict[str, SourceFile | NotServedError | ChallengeError]


def preview_dataset(
    name: str, spec: Dataset, client: GeoClient, study_folder: Path, fetched: Fetched | None = None
) -> DatasetPreview:
    """Read the headers of the files that `acquire` would download.

    Args:
        name: the dataset's name in its study.
        spec: its section of the study file.
        client: reads from GEO, the Xena hub or the disk.
        study_folder: folder to which the paths of a `file` dataset are relative.
        fetched: what URLs of whole files have answered, shared by the previews of a study: none is asked twice.
    """
    seen = _Seen(client, {} if fetched is None else fetched)
    problem, is_unanswered = None, False
    found: dict[str, object] = {}
    try:
        try:
            visit_files(name, spec, client, study_folder, seen.get)
        finally:
            found["samples"], found["organisms"] = _samples(name, spec, seen)
            found["platform"] = _platform(name, spec, seen)
        found |= _genes(spec, seen)
        found |= _human(name, spec, found, seen)
    except (TransientError, NoAnswerError) as error:
        problem, is_unanswered = str(error), True
    except DmiccError as error:
        problem = str(error)
    found["clinical"] = {file.path.name: read_sample_sheet(file.path) for file in seen.clinical}
    return DatasetPreview(name, **found, files=tuple(seen.files), problem=problem, is_unanswered=is_unanswered)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, slots=True)
class _Beginning:
    """The beginning of a file, as far as it decides which files come next."""

    url: str
    content: tuple[bytes, ...]
    found: dict[object, Any]

    def look(self, read: Callable[[Iterator[bytes], str], _Read]) -> _Read:
        """Result of `read` of the content that was kept; each function reads it once."""
        if read not in self.found:
            self.found[read] = read(iter(self.content), self.url)
        return self.found[read]


@dataclass(slots=True)
class _Seen:
    """What was read of a dataset so far, by role."""

    client: GeoClient
    fetched: Fetched
    files: list[FileAhead] = field(default_factory=list[FileAhead])
    beginnings: dict[str, _Beginning] = field(default_factory=dict[str, _Beginning])
    whole: dict[str, SourceFile] = field(default_factory=dict[str, SourceFile])
    clinical: list[SourceFile] = field(default_factory=list[SourceFile])
    matrices: dict[Path, MatrixNames] = field(default_factory=dict[Path, MatrixNames])

    def get(self, wanted: Wanted) -> SourceFile | _Beginning | None:
        """The whole of a small file, or the beginning of one with values; None when no URL serves it."""
        if wanted.role in _WHOLE:
            found = wanted.first(lambda url: self._fetch(wanted, url))
            if found is not None:
                self.whole[wanted.role] = found
                self.clinical += [found] if wanted.role == "clinical" else []
                self.files.append(FileAhead(wanted.role, found.url, found.n_bytes, is_held=True))
            return found
        begun = wanted.first(lambda url: self._begin(wanted.role, url))
        if begun is not None:
            self.beginnings[wanted.role] = begun
        return begun

    def _fetch(self, wanted: Wanted, url: str) -> SourceFile:
        if url not in self.fetched:
            try:
                self.fetched[url] = wanted.fetch(url, self.client)
            except (NotServedError, ChallengeError) as error:
                self.fetched[url] = error
        answer = self.fetched[url]
        if isinstance(answer, SourceFile):
            return answer
        raise answer

    def _begin(self, role: str, url: str) -> _Beginning:
        content: list[bytes] = []

        def kept(blocks: Iterator[bytes]) -> Iterator[bytes]:
            for block in blocks:
                content.append(block)
                yield block

        needed = _needed(role, url)
        limit = None if role == "soft" else limits.HEADER  # before a family's samples are tables of platforms
        with self.client.beginning(url, role, limit) as found:
            pieces = _refuse_longer(found, url)
            found_there = needed(kept(decompressed(pieces, url)), url)
            is_held = found.is_known or local_path(url) is not None
            self.files.append(FileAhead(role, url, found.served.length, is_held))
        return _Beginning(url, tuple(content), {needed: found_there})

    def names(self, path: Path) -> MatrixNames:
        """Names of the rows and samples of a matrix on this machine; kept, since the whole file is read for them."""
        if path not in self.matrices:
            folder, of = self.client.cache.folder, [path.name, sha256_of(path)]
            features, samples = kept_answer(folder, "names", of, lambda: _names(path))
            self.matrices[path] = MatrixNames(features, samples)
        return self.matrices[path]


def _names(path: Path) -> tuple[Sequence[str], Sequence[str]]:
    found = names_of(path)
    return found.features, found.samples


def _refuse_longer(found: Arriving, url: str) -> Iterator[bytes]:
    """The pieces; an error after the last one, if the file goes on: the range that was asked for is at its end."""
    n_read = 0
    for piece in found.pieces:
        n_read += len(piece)
        yield piece
    if found.served.length is not None and n_read < found.served.length:
        raise SourceError(f"{url}: expected a header in the first {n_read} bytes, found none")


def _first_line(blocks: Iterator[bytes], name: str) -> bytes:
    """The first line of a file."""
    line = b""
    for block in blocks:
        line += block
        if b"\n" in line:
            break
    return line.partition(b"\n")[0]


def _needed(role: str, url: str) -> Callable[[Iterator[bytes], str], object]:
    """Reads what is needed of a file: of a series matrix its header and first row, else the names of the samples."""
    if role == "soft":
        return up_to_samples
    return matrix_start if role == "matrix" and url.endswith("_series_matrix.txt.gz") else _first_line


def _samples(name: str, spec: Dataset, seen: _Seen) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    """The samples that a run would read, and their organisms; nothing where the files so far do not tell them."""
    if spec.source != "geo":
        return _plain_samples(name, seen), ()
    header = _header(name, seen)
    if header is None:
        return None, ()
    samples, platform = header.samples, _platform(name, spec, seen)
    if platform is not None:
        samples = samples.filter((pl.col("platform") == platform) | pl.col("platform").is_null())
        if samples.is_empty():
            return None, header.organisms
    made = header.values_made(samples)
    if made.n_channels == 2:
        of_two_channels(name, samples, made.text, spec)
    if "counts" in seen.beginnings:
        counts = seen.beginnings["counts"]
        samples = samples.filter(pl.col("sample").is_in(sample_columns(counts.look(_first_line), counts.url)))
    return samples, header.organisms


def _header(name: str, seen: _Seen) -> SeriesHeader | None:
    if "soft" in seen.beginnings:
        family = seen.beginnings["soft"]
        if local_path(family.url) is not None:
            with seen.client.blocks(family.url) as pieces:
                return family_header(decompressed(pieces, family.url), family.url)
        try:
            return served_header(check_series(accession_of(name)), seen.client)
        except (NotServedError, ChallengeError):
            return None
    return seen.beginnings["matrix"].look(matrix_start).header if "matrix" in seen.beginnings else None


def _plain_samples(name: str, seen: _Seen) -> pl.DataFrame | None:
    if "matrix" not in seen.beginnings:
        return None
    matrix = seen.beginnings["matrix"]
    sheet = read_sample_sheet(seen.whole["samples"].path) if "samples" in seen.whole else {}
    path = local_path(matrix.url)
    columns = seen.names(path).samples if path else sample_columns(matrix.look(_first_line), matrix.url)
    return samples_of(columns, sheet, name)


def _platform(name: str, spec: Dataset, seen: _Seen) -> str | None:
    if (named := platform_of(name, spec)) or spec.source != "geo":
        return named
    header = seen.beginnings["matrix"].look(matrix_start).header if "matrix" in seen.beginnings else None
    return header.platforms[0] if header is not None and len(header.platforms) == 1 else None


def _genes(spec: Dataset, seen: _Seen) -> dict[str, object]:
    """The genes that the files name, and by which column of an annotation."""
    entrez = read_symbols(seen.whole["gene_ids"].path) if "gene_ids" in seen.whole else None
    if "counts" in seen.beginnings and entrez is not None:
        return {"symbol_column": "Symbol", "genes": frozenset(entrez.values())}
    if "platform" in seen.whole or "annotation" in seen.whole:
        annotation = "" if spec.annotation is None else str(spec.annotation)
        files = [f"{role} {file.path.name} {file.sha256}" for role, file in sorted(seen.whole.items())]
        folder = seen.client.cache.folder
        column, genes = kept_answer(
            folder, "genes", [spec.platform or "", annotation, *files], lambda: _annotated(spec, seen)
        )
        return {"symbol_column": column, "genes": frozenset(genes)}
    matrix = seen.beginnings.get("matrix")
    if spec.source != "geo" and matrix is not None:
        recorded = seen.client.cache.recorded(matrix.url, "matrix")
        path = local_path(matrix.url) or (recorded and recorded.path)
        return {"genes": frozenset(seen.names(path).features)} if path else {}
    return {}


def _annotated(spec: Dataset, seen: _Seen) -> tuple[str, list[str]]:
    """The column of an annotation that names the genes, and the genes that a probe is of alone."""
    annotation = read_genes(spec, spec.platform, seen.whole)
    named = annotation.probe_genes.filter(pl.col("n_symbols") == 1)["gene"]
    return annotation.symbol_column, sorted(named.drop_nulls().unique())


def _human(name: str, spec: Dataset, found: Mapping[str, object], seen: _Seen) -> dict[str, object]:
    """The genes by their human symbols, where the study asks for them."""
    genes = found.get("genes")
    known = read_orthologues(spec, seen.whole) if isinstance(genes, frozenset) else None
    if known is None:
        return {}
    named = sorted(cast(frozenset[str], genes))
    renamed, replaced = replace_symbols(name, probe_rows(named, [(gene, 1) for gene in named]), known)
    return {"genes": frozenset(renamed["gene"].drop_nulls()), "orthologues": replaced}
