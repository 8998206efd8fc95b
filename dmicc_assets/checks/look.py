"""What the sources of a study have now, as rows and lines for people: datasets, cohorts, gene sets, bytes to download.

What is read of the sources is in `geo/preview.py`, what follows from it in `before_run.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from dmicc_assets.checks.before_run import CohortAhead, StudyAhead
from dmicc_assets.enrichment.bundled.library import is_bundled
from dmicc_assets.enrichment.coverage import coverage
from dmicc_assets.enrichment.gene_sets import library_path, read_gmt
from dmicc_assets.enrichment.libraries import held_file
from dmicc_assets.enrichment.providers.catalogue import PROVIDERS, source_of
from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.expression.clinical import n_aligned
from dmicc_assets.expression.gene_ids import TITLES, namespace_of
from dmicc_assets.geo.http.cache import sha256_of
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.geo.http.kept_answers import kept_answer
from dmicc_assets.geo.http.policy import Patience
from dmicc_assets.geo.preview import DatasetPreview, Fetched, preview_dataset
from dmicc_assets.lake.steps import open_client, used_datasets
from dmicc_assets.study.schema import Dataset, Enrichment, Study
from dmicc_assets.study.settings import Settings

Preview = Callable[[str, Dataset, GeoClient, Path, Fetched], DatasetPreview]

# A person waits for the answer: less patience than a run has.
PATIENCE = Patience(attempts=2, backoff=0.5, longest_backoff=5.0, connect_timeout=5.0, read_timeout=15.0)


@dataclass(frozen=True)
class Look:
    """What the sources have now.

    Attributes:
        previews: of each dataset whose source answered.
        silent: what a source that did not answer said, with the datasets that are there.
        rate: bytes a second, as measured; None when too few came.
        asked: URLs that were asked for, also in vain.
        copies: what was copied from disk to the downloads.
    """

    previews: dict[str, DatasetPreview]
    silent: dict[str, list[str]]
    rate: float | None
    asked: frozenset[str]
    copies: frozenset[Path]

    @property
    def unseen(self) -> list[str]:
        """The datasets whose source did not answer."""
        return [dataset for datasets in self.silent.values() for dataset in datasets]


def look_at_sources(
    study: Study,
    settings: Settings,
    folder: Path,
    watched: Callable[[str], AbstractContextManager[object]] = lambda _: nullcontext(),
    preview: Preview = preview_dataset,
) -> Look:
    """Read the headers of every dataset in use; of a source that does not answer no second dataset is asked.

    Args:
        study: the study.
        settings: of its sources.
        folder: of the study file.
        watched: called with each dataset, for a context in which it is read.
        preview: reads a dataset's headers, or remembers them.
    """
    client = open_client(settings, lambda _: None, PATIENCE)
    previews: dict[str, DatasetPreview] = {}
    fetched: Fetched = {}
    silent: dict[str, tuple[str, list[str]]] = {}
    for name in used_datasets(study):
        spec = study.datasets[name]
        if spec.source in silent:  # it is not waited for again
            silent[spec.source][1].append(name)
            continue
        with watched(name):
            seen = preview(name, spec, client, folder, fetched)
        if seen.is_unanswered:
            silent[spec.source] = (seen.problem or "no answer", [name])
        if seen.samples is not None or not seen.is_unanswered:
            previews[name] = seen
    rate, asked, copies = client.bytes_per_second, frozenset(client.asked), frozenset(client.copies)
    return Look(previews, dict(silent.values()), rate, asked, copies)


def dataset_row(seen: DatasetPreview, ahead: StudyAhead) -> dict[str, str]:
    """A dataset as a row of the answer of `check`."""
    counts = ahead.labels.get(seen.name, [])
    labels = [
        f"{each.label} {each.found}" + ("" if each.expected is None else f" (expected {each.expected})")
        for each in counts
    ]
    column = f", genes by {seen.symbol_column}" if seen.symbol_column else ""
    return {
        "dataset": seen.name,
        "samples": "?" if seen.samples is None else str(len(seen.samples)),
        "labels": ", ".join(labels) or "?",
        "platform": f"{seen.platform or 'by gene'}{column}",
        "organism": ", ".join(seen.organisms) or "not given",
        "genes": "?" if seen.genes is None else f"{len(seen.genes):,}",
        "to download": _waiting(seen),
    }


def _waiting(seen: DatasetPreview) -> str:
    sizes = [file.n_bytes for file in seen.files if not file.is_held]
    if not sizes:
        return "nothing more" if seen.problem is None else "?"
    return "size not given" if None in sizes else _size(sum(filter(None, sizes)))


def dataset_lines(seen: DatasetPreview) -> Iterator[str]:
    """What became of a dataset's symbols, and how many samples each clinical file of it knows."""
    if seen.orthologues is not None:
        yield f"human symbols of {seen.name}: {seen.orthologues.text()}"
    samples = [] if seen.samples is None else seen.samples["sample"].to_list()
    for file, sheet in seen.clinical.items():
        n, fields = n_aligned(samples, sheet), {key for row in sheet.values() for key in row}
        yield f"clinical of {seen.name}: {n} of {len(samples)} samples are in {file}, {len(fields)} fields"


def cohort_row(cohort: CohortAhead) -> dict[str, str]:
    """A cohort as a row of the answer of `check`."""
    found = cohort.blocking
    are_named = found is not None and cohort.names_patients
    patients = str(found.repeats.n_patients) if found is not None and are_named else "not given"
    assumed = "" if are_named else "no patient is given, so each sample counts as one; "
    return {
        "cohort": cohort.name,
        "cases": str(cohort.n_case),
        "controls": str(cohort.n_control),
        "patients": patients,
        "samples of one patient": "?"
        if found is None
        else f"{assumed}block {found.block}" + (f": {found.reason}" if are_named else ""),
        "genes in common": "known after the download" if cohort.genes is None else f"{len(cohort.genes):,}",
    }


def library_lines(study: Study, settings: Settings) -> tuple[list[str], list[str]]:
    """The origin of each gene-set library, and what is wrong with those that an own folder or any provider lacks."""
    sections = {"enrichment": study.enrichment, "scores": study.scored_sets}
    lines, problems = list[str](), list[str]()
    for key, section in sections.items():
        for name in section.libraries:
            try:
                if settings.gene_sets is not None:
                    library_path(settings.gene_sets, name)
                    continue
                source = source_of(name, section)
            except RequestError as error:
                problems.append(f"{key}.libraries: {error}")
                continue
            provider = PROVIDERS[source.provider]
            what = "gene sets" if key == "enrichment" else "scores of"
            lines.append(f"{what} {name}: {source.name} of {provider.title}, {provider.licence}")
    return lines, problems


def coverage_lines(study: Study, settings: Settings, ahead: StudyAhead) -> Iterator[str]:
    """How much of the genes the libraries know that are on this machine."""
    known = {cohort.name: cohort.genes for cohort in ahead.cohorts if cohort.genes}
    if not known:
        return
    union = frozenset[str]().union(*known.values())
    if len(known) > 1:
        common = union.intersection(*known.values())
        yield f"genes in common of the cohorts {', '.join(known)}: {len(common):,}"
    genes = sorted(union)
    for name in study.enrichment.libraries:
        try:
            yield from _library_coverage(name, genes, study.enrichment, settings)
        except (RequestError, SourceError) as error:
            yield f"gene sets {name}: {error}"


def _library_coverage(name: str, genes: Sequence[str], enrichment: Enrichment, settings: Settings) -> Iterable[str]:
    """How much of the genes a library knows; kept, since a library takes half a second to read."""
    path = held_file(name, enrichment, settings)
    if path is None:
        text = f"gene sets {name}: not on this machine yet; a run fetches them"
        falls_back = is_bundled(source_of(name, enrichment))
        return [f"{text}, or takes the older GO that comes with dmicc" if falls_back else text]
    of = [name, sha256_of(path), sha256("\n".join(genes).encode()).hexdigest(), enrichment.model_dump_json()]
    return kept_answer(settings.downloads, "coverage", of, lambda: list(_found_coverage(name, path, genes, enrichment)))


def _found_coverage(name: str, path: Path, genes: Sequence[str], enrichment: Enrichment) -> Iterator[str]:
    library = read_gmt(path, name)
    found = coverage(library, genes, enrichment)
    yield (
        f"gene sets {name}: {found.n_covered:,} of {found.n_genes:,} genes are in a set, "
        f"{found.n_testable:,} of {found.n_sets:,} sets can be tested"
    )
    namespace = namespace_of(library.genes)
    if namespace is not None:
        yield f"  by {TITLES[namespace]} identifiers, which a run reads by symbol where the annotation has them"
    elif found.is_low:
        yield f"warning: gene sets {name}: another organism or other identifiers? ({found.sides()})"


def download_line(look: Look) -> str:
    """How much a run would download, and how long that takes at the rate that was measured."""
    files = {file.url: file for seen in look.previews.values() for file in seen.files if not file.is_held}
    n_bytes = sum(file.n_bytes or 0 for file in files.values())
    unknown = sum(file.n_bytes is None for file in files.values())
    with_problem = [name for name, seen in look.previews.items() if seen.problem is not None]
    text = f"{_size(n_bytes)} in {len(files)} files" if files else "nothing, every file of the datasets is at hand"
    if with_problem:
        text = f"not known for {', '.join(with_problem)}" + (f"; for the others {text}" if files else "")
    text = f"to download: {text}"
    if unknown:
        text += f" ({unknown} of unknown size not counted)"
    if look.rate and n_bytes:
        text += f", {_duration(n_bytes / look.rate)} at the measured {_size(look.rate)}/s"
    return text


def _size(n_bytes: float) -> str:
    """Bytes in the unit that a person would choose."""
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"


def _duration(seconds: float) -> str:
    return f"about {seconds / 60:.0f} min" if seconds >= 120 else f"about {max(1, round(seconds))} s"
