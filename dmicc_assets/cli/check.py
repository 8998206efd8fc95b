"""`dmicc check`: what a study file says, and what its sources have for it now, as tables for people.

What is read of the sources is in `geo/preview.py`, what follows from it in `checks/before_run.py`.
"""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console

from dmicc_assets.checks.before_run import CohortAhead, StudyAhead, study_ahead
from dmicc_assets.cli.summary import stale_lines
from dmicc_assets.enrichment.bundled.library import is_bundled
from dmicc_assets.enrichment.coverage import coverage
from dmicc_assets.enrichment.gene_sets import library_path
from dmicc_assets.enrichment.libraries import held_library
from dmicc_assets.enrichment.providers.catalogue import PROVIDERS, source_of
from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.expression.clinical import n_aligned
from dmicc_assets.expression.gene_ids import TITLES, namespace_of
from dmicc_assets.geo.http.policy import Patience
from dmicc_assets.geo.preview import DatasetPreview, Fetched, preview_dataset
from dmicc_assets.lake.steps import open_client, used_datasets
from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.judged_study import judge_study
from dmicc_assets.study.schema import Study, accession_of, platform_of
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.query import show_rows

# A person waits for the answer: less patience than a run has.
PATIENCE = Patience(attempts=2, backoff=0.5, longest_backoff=5.0, connect_timeout=5.0, read_timeout=15.0)


@dataclass(frozen=True)
class _Look:
    """What the sources have now.

    Attributes:
        previews: of each dataset whose source answered.
        silent: what a source that did not answer said, with the datasets that are there.
        rate: bytes a second, as measured; None when too few came.
    """

    previews: dict[str, DatasetPreview]
    silent: dict[str, list[str]]
    rate: float | None


def check_and_show(out: Console, err: Console, workspace: Workspace, name: str, *, looks: bool = True) -> None:
    """Show a study file, and unless it is not to look, what a run would find.

    Raises:
        RequestError: the study, or a gene-set library in it, is not there or wrong.
        DataError: a run would stop; everything else is shown before.
    """
    study = workspace.study(name)
    settings = workspace.settings.simulated() if study.is_simulated else workspace.settings
    out.print(f"{study.title} ({workspace.files[name]})")
    _show_file(out, study)
    is_there = not study.is_simulated or settings.simulated_mirror.is_dir()
    if is_there:  # otherwise `dmicc demo` makes the libraries
        _show_libraries(out, study, settings)
    stops = _show_look(out, err, study, settings, workspace.files[name].parent) if looks and is_there else []
    validity = "the file is valid" if not stops else "the file is valid, but does not fit its sources"
    out.print(f"risk model in {study.model_cohort}; {validity}")
    if workspace.lake.has(name):
        for line in stale_lines(judge_study(workspace, name)) or ["every table is up to date"]:
            out.print(line)
    if stops:
        more = f" (and {len(stops) - 1} more, above)" if len(stops) > 1 else ""
        first = stops[0].splitlines()[0].removesuffix("; the samples are")
        raise DataError(f"{name}: a run would stop: {first}{more}")


def _show_file(out: Console, study: Study) -> None:
    """What the study file alone says."""
    rows = [
        {
            "dataset": dataset,
            "files to download": _fetched(study, dataset),
            "values": f"{spec.values}, {spec.normalise}",
            "labels (expected samples)": ", ".join(
                f"{r.label} ({'?' if r.expect is None else r.expect})" for r in spec.labels
            ),
        }
        for dataset, spec in study.datasets.items()
    ]
    show_rows(out, pl.DataFrame(rows))
    for cohort, spec in study.cohorts.items():
        datasets = " + ".join(spec.datasets)
        what = f"cohort {cohort}: {spec.case} against {spec.control} in {datasets}, batch: {spec.batch}"
        out.print(f"{what}, block: {study.block_of(cohort)}")
    for entry in study.validation:
        out.print(f"validation: {entry.case} against {entry.control} in {entry.dataset}")
        for cohort in study.cohorts_of(entry.dataset):
            out.print(f"  {entry.dataset} trains the cohort {cohort}: finding I6 stops this validation in the run")


def _fetched(study: Study, dataset: str) -> str:
    spec = study.datasets[dataset]
    if spec.source == "geo":
        return f"series matrix of {accession_of(dataset)}, annotation of {platform_of(dataset, spec) or 'its platform'}"
    return f"{spec.source} matrix {spec.matrix}"


def _show_libraries(out: Console, study: Study, settings: Settings) -> None:
    """The origin of each gene-set library; an own folder without one of them is an error."""
    sections = {"enrichment": study.enrichment, "scores": study.scored_sets}
    for key, name in ((key, name) for key, section in sections.items() for name in section.libraries):
        try:
            if settings.gene_sets is not None:
                library_path(settings.gene_sets, name)
                continue
            source = source_of(name, sections[key])
        except RequestError as error:
            raise RequestError(f"{key}.libraries: {error}") from None
        provider = PROVIDERS[source.provider]
        what = "gene sets" if key == "enrichment" else "scores of"
        out.print(f"{what} {name}: {source.name} of {provider.title}, {provider.licence}")


def _show_look(out: Console, err: Console, study: Study, settings: Settings, folder: Path) -> list[str]:
    """What the sources have now; the texts of what there would stop a run."""
    settings.prepare_home()  # annotations are kept where a run looks for them
    look = _look(err, study, settings, folder)
    for problem, names in look.silent.items():
        out.print(f"not looked at: {', '.join(names)} ({problem})")
    ahead = study_ahead(study, look.previews)
    if look.previews:
        out.print("\nat the sources now (headers and annotations; no matrix was read):")
        show_rows(out, pl.DataFrame([_dataset_row(seen, ahead) for seen in look.previews.values()]))
    for line in (line for seen in look.previews.values() for line in _clinical_lines(seen)):
        out.print(line)
    if ahead.cohorts:
        show_rows(out, pl.DataFrame([_cohort_row(cohort) for cohort in ahead.cohorts]))
    _show_coverage(out, study, settings, ahead)
    _show_download(out, look)
    for remark in ahead.remarks:
        out.print(f"{'a run stops here' if remark.stops else 'note'}: {remark.text}")
    return [remark.text for remark in ahead.remarks if remark.stops]


def _look(err: Console, study: Study, settings: Settings, folder: Path) -> _Look:
    client = open_client(settings, lambda _: None, PATIENCE)
    previews: dict[str, DatasetPreview] = {}
    fetched: Fetched = {}
    silent: dict[str, tuple[str, list[str]]] = {}
    for name in used_datasets(study):
        spec = study.datasets[name]
        if spec.source in silent:  # it is not waited for again
            silent[spec.source][1].append(name)
            continue
        with err.status(f"reading the headers of {name}") if err.is_terminal else nullcontext():
            seen = preview_dataset(name, spec, client, folder, fetched)
        if seen.is_unanswered:
            silent[spec.source] = (seen.problem or "no answer", [name])
        if seen.samples is not None or not seen.is_unanswered:
            previews[name] = seen
    return _Look(previews, dict(silent.values()), client.bytes_per_second)


def _dataset_row(seen: DatasetPreview, ahead: StudyAhead) -> dict[str, str]:
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
        "organism": ", ".join(seen.organisms) or "not said",
        "genes": "?" if seen.genes is None else f"{len(seen.genes):,}",
        "to download": _waiting(seen),
    }


def _waiting(seen: DatasetPreview) -> str:
    sizes = [file.n_bytes for file in seen.files if not file.is_held]
    if not sizes:
        return "nothing more" if seen.problem is None else "?"
    return "size not said" if None in sizes else _size(sum(filter(None, sizes)))


def _clinical_lines(seen: DatasetPreview) -> Iterator[str]:
    samples = [] if seen.samples is None else seen.samples["sample"].to_list()
    for file, sheet in seen.clinical.items():
        n, fields = n_aligned(samples, sheet), {key for row in sheet.values() for key in row}
        yield f"clinical of {seen.name}: {n} of {len(samples)} samples are in {file}, {len(fields)} fields"


def _cohort_row(cohort: CohortAhead) -> dict[str, str]:
    found = cohort.blocking
    patients = "not said" if found is None or not cohort.names_patients else str(found.repeats.n_patients)
    return {
        "cohort": cohort.name,
        "cases": str(cohort.n_case),
        "controls": str(cohort.n_control),
        "patients": patients,
        "samples of one patient": "?" if found is None else f"block {found.block}: {found.reason}",
        "genes in common": "known after the download" if cohort.genes is None else f"{len(cohort.genes):,}",
    }


def _show_coverage(out: Console, study: Study, settings: Settings, ahead: StudyAhead) -> None:
    """How much of the genes the libraries know that are on this machine."""
    known = {cohort.name: cohort.genes for cohort in ahead.cohorts if cohort.genes}
    if not known:
        return
    union = frozenset[str]().union(*known.values())
    if len(known) > 1:
        common = frozenset.intersection(*known.values())
        out.print(f"genes in common of the cohorts {', '.join(known)}: {len(common):,}")
    for name in study.enrichment.libraries:
        try:
            library = held_library(name, study.enrichment, settings)
        except (RequestError, SourceError) as error:
            out.print(f"gene sets {name}: {error}")
            continue
        if library is None:
            text = f"gene sets {name}: not on this machine yet; a run fetches them"
            falls_back = is_bundled(source_of(name, study.enrichment))
            out.print(f"{text}, or takes the older GO that comes with dmicc" if falls_back else text)
            continue
        found = coverage(library, union, study.enrichment)
        out.print(
            f"gene sets {name}: {found.n_covered:,} of {found.n_genes:,} genes are in a set, "
            f"{found.n_testable:,} of {found.n_sets:,} sets can be tested"
        )
        namespace = namespace_of({gene for each in library.sets.values() for gene in each.genes})
        if namespace is not None:
            out.print(
                f"  by {TITLES[namespace]} identifiers, which a run reads by symbol where the annotation has them"
            )
        elif found.is_low:
            out.print(f"warning: gene sets {name}: another organism or other identifiers? ({found.sides()})")


def _show_download(out: Console, look: _Look) -> None:
    files = {file.url: file for seen in look.previews.values() for file in seen.files if not file.is_held}
    if not look.previews:
        return
    n_bytes = sum(file.n_bytes or 0 for file in files.values())
    unknown = sum(file.n_bytes is None for file in files.values())
    text = f"to download: {_size(n_bytes)} in {len(files)} files" if files else "to download: nothing"
    if unknown:
        text += f" ({unknown} of unknown size not counted)"
    if look.rate and n_bytes:
        text += f", {_duration(n_bytes / look.rate)} at the measured {_size(look.rate)}/s"
    out.print(text)


def _size(n_bytes: float) -> str:
    """Bytes in the unit that a person would choose."""
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e5 else f"{n_bytes / 1e3:,.1f} kB"


def _duration(seconds: float) -> str:
    return f"about {seconds / 60:.0f} min" if seconds >= 120 else f"about {max(1, round(seconds))} s"
