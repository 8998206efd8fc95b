"""`dmicc check`: what a study file says, and what its sources have for it now, as tables for people.

What the sources have is read and put into words in `checks/look.py`; `kept_check.py` keeps the answer. Nothing here
loads a large library as long as the kept answer is that of today.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Console

from dmicc_assets.cli.json_lines import print_json
from dmicc_assets.cli.kept_check import CheckAnswer, KeptCheck
from dmicc_assets.errors import DataError, RequestError, SourceError
from dmicc_assets.study.loading import load_study, no_study, study_as_read, study_files
from dmicc_assets.study.schema import Study, accession_of, platform_of
from dmicc_assets.study.settings import Settings
from dmicc_assets.warehouse.shown_rows import show_dicts
from dmicc_assets.wording import listed, one_or_many


class Checked:
    """A study that is checked.

    Args:
        settings: of the environment.
        name: of the study.

    Raises:
        RequestError: the study is not there, or its file is wrong.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        files = study_files(settings.study_folders)
        if name not in files:
            raise no_study(name, files)
        self.name, self.files, self._settings = name, files, settings
        try:
            self.study: Study = load_study(self.path)
        except RequestError as error:
            if (readable := study_as_read(self.path)) is None:
                raise
            from dmicc_assets.cli.found_check import with_gene_sets

            raise RequestError(with_gene_sets(str(error), readable, settings)) from None

    @property
    def path(self) -> Path:
        """The study file."""
        return self.files[self.name]

    @cached_property
    def settings(self) -> Settings:
        """Settings with the study's sources."""
        return self._settings.simulated() if self.study.is_simulated else self._settings

    def answer(self, err: Console, *, looks: bool) -> CheckAnswer:
        """The kept answer, if nothing changed since; else a new one.

        Raises:
            RequestError: the home cannot be written.
        """
        looks = looks and (not self.study.is_simulated or self.settings.simulated_mirror.is_dir())
        if looks:
            self.settings.prepare_home()  # annotations are kept where a run looks for them
        kept = KeptCheck(self.settings, self.name, self.files) if looks else None
        if kept is not None and (answer := kept.answer()) is not None:
            return answer
        from dmicc_assets.cli.found_check import find_answer

        answer, look = find_answer(err, self._settings, self.settings, self.name, looks=looks)
        if kept is not None and look is not None:
            kept.keep(answer, look.asked, look.copies)
        return answer


def check_and_show(out: Console, err: Console, checked: Checked, *, looks: bool = True) -> None:
    """Show a study file, and unless it is not to look, what a run would find.

    Raises:
        RequestError: a gene-set library of the study is not there or wrong; everything is shown before.
        DataError: a run would stop; everything is shown before, the reasons too.
        SourceError: not every source could be looked at; everything else is shown before.
    """
    name, study = checked.name, checked.study
    out.print(f"{study.title} ({checked.path})")
    _show_file(out, study)
    answer = checked.answer(err, looks=looks)
    for line in (*answer.libraries, *(f"a run stops here: {problem}" for problem in answer.lacking)):
        out.print(line)
    _show_look(out, answer)
    validity = "not every gene-set library is there" if answer.lacking else _validity(answer.stops, answer.unseen)
    out.print(f"risk model in {study.model_cohort}; {validity}")
    if answer.out_of_date is not None:
        for line in answer.stale_lines or ["every table is up to date"]:
            out.print(line)
    if answer.stops:
        places = dict.fromkeys(stop.partition(": ")[0] for stop in answer.stops)
        text = f"{name}: a run would stop at {listed(list(places))}; why, is said above"
        if not answer.lacking:
            raise DataError(text)
        left = len(answer.lacking) - 1
        others = f"\nanother {left} {one_or_many(left, 'is', 'are')} named above" if left else ""
        raise RequestError(text if len(places) > 1 else f"{answer.lacking[0]}{others}")
    _refuse_unseen(name, answer.unseen)


def check_in_json(out: Console, err: Console, checked: Checked, last: dict[str, Any], *, looks: bool = True) -> None:
    """The same for programs: an object for each dataset, each cohort and each remark.

    Args:
        out: for the objects, one a line.
        err: shows in a terminal what is read.
        checked: the study.
        last: gets the fields of the last object.
        looks: whether to look at the sources.

    Raises:
        RequestError: a gene-set library of the study is not there or wrong; everything is shown before.
        DataError: a run would stop; everything else is shown before.
        SourceError: not every source could be looked at; everything else is shown before.
    """
    name, study = checked.name, checked.study
    last |= {"study": name, "title": study.title, "file": str(checked.path), "model_cohort": study.model_cohort}
    answer = checked.answer(err, looks=looks)
    last["gene_sets"] = answer.libraries
    for row in (*answer.datasets, *answer.cohorts):
        print_json(out, **row)
    for text, stops in (*((problem, True) for problem in answer.lacking), *answer.remarks):
        print_json(out, remark=text, stops=stops)
    if answer.has_looked:
        last["datasets"] = answer.dataset_lines
        last |= {"coverage": answer.coverage, "not_looked_at": answer.silent}
    last["out_of_date"] = answer.out_of_date
    if answer.stops:
        more = f" (and {len(answer.stops) - 1} more, above)" if len(answer.stops) > 1 else ""
        first = answer.stops[0].splitlines()[0].removesuffix("; the samples are")
        raise (RequestError if answer.lacking else DataError)(f"{name}: a run would stop: {first}{more}")
    _refuse_unseen(name, answer.unseen)


def _refuse_unseen(name: str, unseen: Sequence[str]) -> None:
    """Raise SourceError if a dataset's source was not looked at: what it has is then not known to fit."""
    if unseen:
        were = one_or_many(len(unseen), "was", "were")
        raise SourceError(
            f"{name}: {listed(unseen)} {were} not looked at, since no source answered: whether a run would stop there "
            "is not known; check again with a network, or the file alone by --offline"
        )


def _validity(stops: Sequence[str], unseen: Sequence[str]) -> str:
    if stops:
        return "the file is valid, but does not fit its sources"
    return f"the file is valid by itself; NOT LOOKED AT: {', '.join(unseen)}" if unseen else "the file is valid"


def _show_file(out: Console, study: Study) -> None:
    """What the study file alone says."""
    rows = [
        {
            "dataset": dataset,
            "source files": _fetched(study, dataset),
            "values": f"{spec.values}, {spec.normalise}",
            "labels (expected samples)": ", ".join(
                f"{r.label} ({'?' if r.expect is None else r.expect})" for r in spec.labels
            ),
        }
        for dataset, spec in study.datasets.items()
    ]
    show_dicts(out, rows)
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


def _show_look(out: Console, answer: CheckAnswer) -> None:
    """What the sources have now."""
    for problem, names in answer.silent.items():
        out.print(f"not looked at: {', '.join(names)} ({problem})")
    if answer.datasets:
        out.print("\nat the sources now (headers and annotations; no matrix was read):")
        show_dicts(out, answer.datasets)
    for line in answer.dataset_lines:
        out.print(line)
    if answer.cohorts:
        show_dicts(out, answer.cohorts)
    for line in answer.coverage:
        out.print(line)
    if answer.download:
        out.print(answer.download)
    for text, stops in answer.remarks:
        out.print(f"{'a run stops here' if stops else 'note'}: {text}")
