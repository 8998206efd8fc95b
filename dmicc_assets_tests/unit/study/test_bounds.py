"""Study files that would take for ever, or all memory: patterns, aliases and numbers have limits."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from dmicc_assets.errors import DataError, RequestError
from dmicc_assets.expression.labels import assign_labels, assign_patients
from dmicc_assets.study import loading, patterns
from dmicc_assets.study.dataset_parts import LabelRule, Patient
from dmicc_assets.study.loading import load_study, read_study

PATH = Path("s.yaml")
EVIL = r"^(\w+\s?)+$"
STUDY = """
study: s
title: S
datasets:
  A: {source: file, matrix: a.tsv, labels: [{label: x, where: {any: PATTERN}, expect: 5}, {label: y, where: {any: y}}]}
cohorts:
  a: {title: A, datasets: [A], case: x, control: y}
"""


def samples(text: str) -> pl.DataFrame:
    return pl.DataFrame({"sample": ["S"], "title": [text], "source_name": [""], "characteristics": [[]]})


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dmicc_assets.expression.labels.bounded", lambda what: patterns.bounded(what, 0.2))


def test_a_pattern_that_takes_exponential_time_is_stopped_and_named() -> None:
    begun = time.process_time()
    with pytest.raises(DataError, match=r"A: labels: the pattern '.*' takes more than 0\.2 s; write"):
        assign_labels("A", samples("a" * 60 + "!"), [LabelRule(label="x", where={"any": EVIL})])
    with pytest.raises(DataError, match="A: patient: the pattern"):
        assign_patients("A", samples("a" * 60 + "!"), Patient(field="title", pattern=EVIL))
    assert time.process_time() - begun < 5
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_patterns_in_time_are_not_disturbed() -> None:
    rules = [LabelRule(label="x", where={"any": EVIL}), LabelRule(label="y", where={"any": "!"})]
    assert assign_labels("A", samples("some words"), rules) == ["x"]
    with patterns.bounded("outer", 5), patterns.bounded("inner", 0.001):
        assert patterns.search("a+$", "a" * 1000)


def test_a_thread_has_the_same_limit() -> None:
    """No signal reaches a thread: each search is made first in a process that has the limit."""
    rules = [LabelRule(label="x", where={"any": "^a+(?P<sign>!)$"}), LabelRule(label="y", where={"any": "\ud7ff'\""})]
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(assign_labels, "A", samples("aaaa!"), rules).result() == ["x"]
        slow = [LabelRule(label="x", where={"any": EVIL})]
        with pytest.raises(DataError, match=r"A: labels: the pattern '.*' takes more than 1 s; write"):
            thread.submit(assign_labels, "A", samples("a" * 60 + "!"), slow).result()
        assert thread.submit(list_all, "a", "banana").result() == ["a", "a", "a"]
        with pytest.raises(DataError, match="of a thread: the pattern"):
            thread.submit(list_all, EVIL, "a" * 60 + "!").result()
    assert assign_labels("A", samples("aaaa!"), rules) == ["x"]


def list_all(pattern: str, text: str) -> list[str]:
    with patterns.bounded("of a thread", 1.0):
        return [match.group() for match in patterns.find_all(pattern, text)]


@pytest.mark.parametrize("pattern", ["a{99999999999999999999}", "(" * 5000 + ")" * 5000, "[", "x" * 200_000, "(?P<a>"])
def test_what_is_no_pattern_is_refused_in_a_line(pattern: str) -> None:
    with pytest.raises(RequestError, match=r"line 5: datasets\.A\.labels.0.\.where\.any: expected a reg"):
        read_study(STUDY.replace("PATTERN", f"'{pattern}'"), PATH)


LAUGHS = "\n".join(
    [f"a0: &a0 [{', '.join('x' * 9)}]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30))]
)
MERGES = "\n".join(
    ["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}" for i in range(1, 30))]
)


@pytest.mark.parametrize("text", [LAUGHS, MERGES, LAUGHS + "\nscale: *a29", STUDY + LAUGHS])
def test_aliases_of_aliases_are_counted_not_written_out(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(RequestError, match=r"its aliases .* stand for more than 200000 values"):
        read_study(text, PATH)
    assert time.process_time() - begun < 2


def test_an_alias_in_itself_and_a_deep_file_are_one_line() -> None:
    for text in (
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: " + "[" * 5000,
        "[" * 100_000,
        "a: " + "{b: " * 3000 + "1" + "}" * 3000,
    ):
        with pytest.raises(RequestError) as refused:
            read_study(text, PATH)
        assert len(str(refused.value).splitlines()) == 1


def test_aliases_that_people_write_are_read() -> None:
    text = STUDY.replace("PATTERN", "&p x").replace("where: {any: y}", "where: {title: *p}")
    assert read_study(text, PATH).datasets["A"].labels[1].where == {"title": "x"}


@pytest.mark.parametrize(
    "line",
    [
        "ranking: {folds: 1000000000}",
        "ranking: {top: 1000000000}",
        "ranking: {trees: 1000000000}",
        "model: {bootstrap: 100000000000}",
        "rigor: {repeats: 1000000}",
        "rigor: {permutations: 1000000000}",
        "enrichment: {min_size: 100000000000000000000}",
        "enrichment: {max_size: 100000000000000000000}",
        "published: {n_deg: {a: 100000000000000000000}}",
        "published: {auc: {a: {G: 1.5}}}",
        "differential: {log_fc: 1.0e+300}",
        "ranking: {seed: 100000000000000000000}",
    ],
)
def test_a_number_beyond_all_sense_is_named_with_its_bound(line: str) -> None:
    with pytest.raises(RequestError, match=r"should be less than or equal to [\d.]+, got"):
        read_study(STUDY.replace("PATTERN", "x") + line, PATH)


def test_a_large_file_a_folder_and_a_device_are_no_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "MOST_BYTES", 1 << 10)
    path = tmp_path / "s.yaml"
    path.write_text("# " + "x" * 2000)
    with pytest.raises(RequestError, match="expected at most 0 MiB, found 2002 bytes"):
        load_study(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(RequestError, match="expected a file, found a folder"):
        load_study(path)
    with pytest.raises(RequestError, match="expected a file"):
        load_study(Path("/dev/zero"))
