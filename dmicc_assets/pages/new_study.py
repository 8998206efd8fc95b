"""The page on which a study is made: accessions, a label for each sample, cohorts, thresholds, the file as it grows.

Every button submits the whole form, and the page comes back with it: nothing of a draft is kept here.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from dmicc_assets.errors import DmiccError, RequestError
from dmicc_assets.expression.labels import field_name
from dmicc_assets.geo.accession import pasted_accessions
from dmicc_assets.geo.chosen_labels import ACCESSION, labels_by_rule
from dmicc_assets.geo.describe import DatasetDescription, SeriesDescription
from dmicc_assets.geo.find import ORGANISMS
from dmicc_assets.geo.propose_study import check_name
from dmicc_assets.geo.study_draft import DraftCohort, DraftValidation
from dmicc_assets.pages.check_answer import Answer, answer_of
from dmicc_assets.pages.forms import Form
from dmicc_assets.pages.site import Site
from dmicc_assets.pages.study_form import VALUES, StudyForm, datasets_of, remarks_on, submitted, text_of, with_series
from dmicc_assets.report.report_file import write_page
from dmicc_assets.study.dataset_parts import NAME
from dmicc_assets.study.loading import read_study

EXCLUDED = "excluded"
_MOST_SERIES = 20


@dataclass(frozen=True, slots=True)
class _Said:
    """What an action has to say: an error beside the accessions or a dataset, or about saving."""

    error: str = ""
    where: str = ""
    replaces: str = ""


def empty(site: Site, form: Form) -> Response:
    """The page before anything was typed; `?accessions=` fills the first field."""
    return _page(site, StudyForm(), (), None, _Said(), typed=form.text("accessions"))


def act(site: Site, form: Form) -> Response:
    """Do what the pressed button says, and show the form again."""
    do, _, rest = form.text("do", "read").partition(":")
    typed = form.text("accessions")
    try:
        before = _described(site, form.text("read_accessions"))
    except DmiccError as error:  # the server was started again, and the source does not answer
        kept = StudyForm(name=form.text("name"), title=form.text("title"))
        return _page(site, kept, (), None, _Said(str(error), "accessions"), typed=typed)
    study = submitted(form, before)
    if do == "read":
        try:
            wanted = _described(site, typed, anew=True)
            study, before = with_series(study, pasted_accessions([typed]), wanted), wanted
        except DmiccError as error:
            return _page(site, study, before, None, _Said(str(error), "accessions"), typed=typed)
    said = _Said()
    try:
        study = _changed(study, before, form, do, rest)
        if do in ("save", "replace", "run"):
            return _saved(site, study, before, runs=do == "run" or rest == "run", replaces=do == "replace")
    except _TakenError as taken:
        said = _Said(str(taken), "save", replaces=rest or do)
    except DmiccError as error:
        said = _Said(str(error), "save" if do in ("save", "replace", "run") else rest)
    answer = None
    if before and do in ("check", "preview"):
        text, path = text_of(study, before), _path(site, study)
        answer = answer_of(site, text, path, with_gene_sets=do == "check")
    return _page(site, study, before, answer, said, typed=typed)


class _TakenError(RequestError):
    """There is a file of this name, which a person may want to replace."""


def _described(site: Site, text: str, *, anew: bool = False) -> tuple[SeriesDescription, ...]:
    """The series of accessions as they were pasted; at least one where they are read anew."""
    accessions = pasted_accessions([text])
    if anew and not accessions:
        raise RequestError("type the accession of one series or more, as in GSE55235, GSE55457")
    if len(accessions) > _MOST_SERIES:
        raise RequestError(f"{len(accessions)} accessions; a page takes {_MOST_SERIES} at most, `dmicc init` more")
    return tuple(site.describe(each, anew=anew) for each in accessions)


def _changed(study: StudyForm, series: Sequence[SeriesDescription], form: Form, do: str, rest: str) -> StudyForm:
    """The form after a button that changes it.

    Raises:
        RequestError: a label or a pattern is not valid, or no sample was selected.
    """
    match do:
        case "case" | "control" | "exclude" | "label" | "clear":
            return _relabelled(study, form, rest, _label(study, form, do, rest), series)
        case "rule":
            return _by_rule(study, form, rest, series)
        case "add_cohort" | "remove_cohort":
            return replace(study, cohorts=_cohorts(study, do, rest))
        case "add_validation" | "remove_validation":
            return replace(study, validation=_validation(study, do, rest))
        case _:
            return study


def _cohorts(study: StudyForm, do: str, rest: str) -> tuple[DraftCohort, ...]:
    if do == "remove_cohort":
        return tuple(each for i, each in enumerate(study.cohorts) if str(i) != rest)
    names = {each.name for each in study.cohorts}
    name = next(name for n in range(1, len(names) + 2) if (name := f"cohort_{n}") not in names)
    return (*study.cohorts, DraftCohort(name, "", (), "", ""))


def _validation(study: StudyForm, do: str, rest: str) -> tuple[DraftValidation, ...]:
    if do == "remove_validation":
        return tuple(each for i, each in enumerate(study.validation) if str(i) != rest)
    used = {name for cohort in study.cohorts for name in cohort.datasets}
    first = next((name for name in study.datasets if name not in used), next(iter(study.datasets), ""))
    own = next((each for each in study.cohorts if each.case), DraftCohort("", "", (), "", ""))
    return (*study.validation, DraftValidation(first, own.case, own.control))


def _label(study: StudyForm, form: Form, do: str, dataset: str) -> str:
    """The label that a button gives: of the cohort that the dataset is in, or as it was typed."""
    own = next((each for each in study.cohorts if dataset in each.datasets), None)
    match do:
        case "case":
            return (own.case if own else "") or "case"
        case "control":
            return (own.control if own else "") or "control"
        case "exclude":
            return EXCLUDED
        case "clear":
            return ""
        case _:
            return _valid_label(form.text(f"to.{dataset}"))


def _valid_label(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise RequestError(f"{text!r} is not a label: lower-case letters, digits and _, as in rheumatoid_arthritis")
    return text


def _relabelled(
    study: StudyForm, form: Form, dataset: str, label: str, series: Sequence[SeriesDescription]
) -> StudyForm:
    picked = set(form.texts(f"pick.{dataset}"))
    if not picked or dataset not in study.datasets:
        raise RequestError("select samples first: tick their boxes, or click their rows")
    samples = datasets_of(series)[dataset][1].samples
    own = study.datasets[dataset]
    labels = [label if sample in picked else old for sample, old in zip(samples, own.labels, strict=True)]
    return _with_labels(study, dataset, labels)


def _by_rule(study: StudyForm, form: Form, dataset: str, series: Sequence[SeriesDescription]) -> StudyForm:
    field, pattern = form.text(f"rule_field.{dataset}"), form.text(f"rule_pattern.{dataset}")
    label = _valid_label(form.text(f"rule_label.{dataset}"))
    if dataset not in study.datasets or not pattern:
        raise RequestError("a rule needs a text to look for")
    own = study.datasets[dataset]
    try:
        labels = labels_by_rule(datasets_of(series)[dataset][1], own.labels, field, pattern, label)
    except ValueError as error:
        raise RequestError(str(error)[:300]) from None
    if tuple(labels) == own.labels:
        raise RequestError(f"{pattern!r} is found in {field} of no sample that is not {label} already")
    return _with_labels(study, dataset, labels)


def _with_labels(study: StudyForm, dataset: str, labels: Sequence[str]) -> StudyForm:
    changed = replace(study.datasets[dataset], labels=tuple(labels))
    return replace(study, datasets={**study.datasets, dataset: changed})


def _path(site: Site, study: StudyForm) -> Path:
    """The file of the study; a name that is not valid leads nowhere, because nothing is written under it."""
    return site.folder / f"{study.name if re.fullmatch(NAME, study.name) else 'new_study'}.yaml"


def _saved(
    site: Site, study: StudyForm, series: Sequence[SeriesDescription], *, runs: bool, replaces: bool
) -> Response:
    """Save the file, start a run if asked, and go to the page of the study.

    Raises:
        RequestError: the name or the file is not valid, or the file is there and is not to be replaced.
    """
    name = check_name(study.name)
    path = _path(site, study)
    text = text_of(study, series)
    read_study(text, path)
    taken = site.workspace().files.get(name)
    if taken is not None and taken != path:
        raise RequestError(f"{name}: a study of this name exists ({taken}); choose another name")
    if path.exists() and not replaces:
        if path.read_text(encoding="utf-8", errors="replace") != text:
            raise _TakenError(f"{path} exists; nothing was saved")
    else:
        try:
            write_page(path, text)
        except OSError as error:
            raise RequestError(f"{path}: cannot be written ({error.strerror})") from None
        site.saved()
    if runs:
        with suppress(RequestError):  # one is going on: its page shows it
            site.runs.start(name)
    return RedirectResponse(f"/studies/{quote(name)}?saved=yes{'#run' if runs else ''}", 303)


def _page(
    site: Site,
    study: StudyForm,
    series: Sequence[SeriesDescription],
    answer: Answer | None,
    said: _Said,
    *,
    typed: str,
) -> Response:
    described = datasets_of(series)
    return site.page(
        "new.html",
        study=study,
        series=series,
        described={name: dataset for name, (_, dataset) in described.items()},
        labels={name: list(dict.fromkeys(filter(None, own.labels))) for name, own in study.datasets.items()},
        fields={name: _rule_fields(dataset.fields) for name, (_, dataset) in described.items()},
        shown={name: _shown_fields(dataset) for name, (_, dataset) in described.items()},
        organisms=list(ORGANISMS),
        values=VALUES,
        remarks=remarks_on(series),
        text=text_of(study, series) if series else "",
        path=_path(site, study),
        answer=answer,
        said=said,
        typed=typed or ", ".join(study.accessions),
    )


def _rule_fields(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The fields that a rule may look at."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return ["any", *(key for key in keys if key != ACCESSION and not key.endswith(" (characteristic)"))]


def _shown_fields(dataset: DatasetDescription) -> list[str]:
    """The columns of the table: the field that names the groups, the title, and every field that differs."""
    texts: dict[str, set[str]] = {}
    for row in dataset.fields:
        for key, text in row.items():
            texts.setdefault(key, set()).add(text)
    named = [field_name(dataset.field)] if dataset.field and field_name(dataset.field) in texts else []
    several = [key for key, own in texts.items() if key != ACCESSION and len(own) > 1]
    return list(dict.fromkeys([*named, "title", *several]))
