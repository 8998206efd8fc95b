"""The same studies on one machine, on one Celery worker, on two, and on two of which one is killed: contents and times.

Run by hand, with redis-server, postgresql and what `make test-cluster` installs, and the variables of a mirror on
disk (DMICC_STUDIES, DMICC_GEO_URL, DMICC_XENA_URL, DMICC_GENE_SETS): `.venv-cluster/bin/python -m benchmarks.cluster
ra_hcc`.
The exit status is 1 if a content differs from the one machine's, a run is missing or has failed, or requests are faster
than the rate. A time is that from the first run's start to the last run's end; services, source server and workers
share this machine, so their CPU seconds are printed beside it. Each part begins with an empty store and empty homes.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from dagster import DagsterInstance, RunsFilter
from dagster._core.storage.dagster_run import RunRecord

from benchmarks.cluster_studies import write_sources, write_studies
from dmicc_assets.lake.workspace import open_workspace
from dmicc_assets.study.settings import load_settings
from dmicc_assets_tests.cluster.machines import Cluster, Contents, contents, kill
from dmicc_assets_tests.cluster.services import services, wait_for
from dmicc_assets_tests.worlds.fake_geo import FakeGeo

DMICC = [sys.executable, "-c", "from dmicc_assets.cli.main import main; main()"]
PARTS = {"one": ("first",), "two": ("first", "second"), "killed": ("first", "second")}
QUEUE = {"DMICC_CONCURRENT_RUNS": "4"}  # so that a worker that is free finds a run in the broker
LONGEST, LONGEST_PAUSE = 3600.0, 60.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Studies:
    """What every part runs.

    Attributes:
        folder: of study files.
        names: of the studies, in the order in which they are asked for.
        sources: variables with the addresses of the source server.
    """

    folder: Path
    names: Sequence[str]
    sources: Mapping[str, str]


@dataclass(frozen=True)
class Done:
    """What a part gave.

    Attributes:
        seconds: from the first run's start to the last run's end.
        contents: of every table and partition.
        cpu: seconds by kind of process.
        n_made: studies with a run that succeeded.
        runs: how many runs of whole studies ended in each status.
    """

    seconds: float
    contents: Contents
    cpu: Mapping[str, float]
    n_made: int
    runs: Mapping[str, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", help="the real study")
    parser.add_argument("--small", type=int, default=20, help="how many small studies are generated")
    parser.add_argument("--parts", nargs="*", choices=list(PARTS), default=["one", "two", "two", "one", "killed"])
    chosen = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as an installation runs
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    settings = load_settings()
    with tempfile.TemporaryDirectory() as made:
        folder, root = Path(made), Path(made) / "sources"
        write_sources(root, settings, chosen.small)
        names = write_studies(folder / "studies", settings, chosen.study, chosen.small)
        with FakeGeo(root) as geo:
            sources = {"DMICC_GEO_URL": geo.geo_url, "DMICC_GEO_ACC_URL": geo.acc_url, "DMICC_XENA_URL": geo.xena_url}
            studies = Studies(folder / "studies", names, sources)
            sys.exit(_all_parts(folder, studies, geo, settings.requests_per_second, chosen.parts))


def _all_parts(folder: Path, studies: Studies, geo: FakeGeo, rate: float, parts: Sequence[str]) -> int:
    """Run and print every part; the exit status."""
    alone = _alone(folder / "alone", studies)
    ok = _told("one machine", alone, alone, geo, rate)
    seconds: dict[str, list[float]] = {}
    for number, part in enumerate(parts):
        geo.requests.clear()
        done = _on_workers(folder / f"part_{number}", studies, part)
        ok = _told(part, done, alone, geo, rate) and ok
        seconds.setdefault(part, []).append(done.seconds)
    if "one" in seconds and "two" in seconds:
        print(f"two workers over one, least times: {min(seconds['two']) / min(seconds['one']):.2f}")
    return 0 if ok else 1


def _told(part: str, done: Done, alone: Done, geo: FakeGeo, rate: float) -> bool:
    """Print what a part gave; whether contents, runs and pace are as they must be."""
    ours, theirs = done.contents, alone.contents
    different = sorted(each for each in {*ours, *theirs} if ours.get(each) != theirs.get(each))
    most = most_within(sorted(request.time for request in geo.requests), 1.0)
    cpu = ", ".join(f"{kind} {seconds:.0f}" for kind, seconds in done.cpu.items())
    print(
        f"{part}: {done.seconds:.0f} s; CPU s: {cpu}; {done.n_made} studies made, runs {dict(done.runs)}; "
        f"{len(ours)} contents, {len(different)} different; {len(geo.requests)} requests, "
        f"at most {most} within a second ({rate:g} allowed)",
        *different[:20],
        sep="\n  ",
        flush=True,
    )
    return not different and most <= rate and done.n_made == alone.n_made


def most_within(times: Sequence[float], seconds: float) -> int:
    """How many of these times, in order, lie at most within one interval of this length."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def _alone(home: Path, studies: Studies) -> Done:
    """`dmicc run` of each study, one after the other, as a user of one machine."""
    variables = {**os.environ, **studies.sources, "DMICC_HOME": str(home), "DMICC_STUDIES": str(studies.folder)}
    home.mkdir()
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (home / "printed.log").open("ab") as log:
        for name in studies.names:
            subprocess.run([*DMICC, "run", name], env=variables, stdout=log, stderr=log, check=True)
    seconds, used = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    settings = load_settings(home=home, studies=str(studies.folder), lake_url=None, locks_url=None)
    return Done(seconds, contents(open_workspace(settings)), {"dmicc": cpu}, len(studies.names), {})


def _on_workers(folder: Path, studies: Studies, part: str) -> Done:
    """All studies put into the queue at once, after the workers have begun, until every run has ended."""
    folder.mkdir()
    with services() as network, ExitStack() as stack:
        os.environ.update(network.environment() | QUEUE)
        lake = replace(network, lake=f"s3://lake/{folder.name}")
        cluster = Cluster(folder, studies.folder, lake, variables={**studies.sources, **QUEUE})
        stack.enter_context(cluster.daemon())
        workers = [stack.enter_context(cluster.worker(name)) for name in PARTS[part]]
        for name in PARTS[part]:
            wait_for(lambda name=name: "ready." in (folder / f"{name}.log").read_text(), 300)
        before = _cpu()
        cluster.submit(studies.names)
        instance = stack.enter_context(DagsterInstance.from_config(str(folder / "web" / "dagster")))
        if part == "killed":
            wait_for(lambda: len(contents(cluster.reader())) > 25 * len(studies.names), LONGEST, every=5)
            kill(workers[0], how=9)
        wait_for(lambda: _have_ended(_runs(instance), len(studies.names)), LONGEST, every=2)
        used = {kind: seconds - before.get(kind, 0) for kind, seconds in _cpu().items()}
        runs = _runs(instance)
        seconds = max(run.end_time or 0 for run in runs) - min(run.start_time or 0 for run in runs)
        found = contents(cluster.reader())
    return Done(seconds, found, used, _n_made(runs), Counter(run.dagster_run.status.value for run in runs))


def _runs(instance: DagsterInstance) -> Sequence[RunRecord]:
    return instance.get_run_records(RunsFilter(job_name="run_study"))


def _have_ended(runs: Sequence[RunRecord], n_studies: int) -> bool:
    """Whether no run is left, and every study has one that succeeded, or none follows the failed ones."""
    if not runs or not all(run.dagster_run.is_finished for run in runs):
        return False
    return _n_made(runs) == n_studies or time.time() - max(run.end_time or 0 for run in runs) > LONGEST_PAUSE


def _n_made(runs: Sequence[RunRecord]) -> int:
    return len({run.dagster_run.tags["dagster/partition"] for run in runs if run.dagster_run.is_success})


def _cpu() -> dict[str, float]:
    """CPU seconds so far of the living processes below this one, by what they are, with their ended children."""
    kinds = {f"--name {name}": name for name in ("first", "second")}
    kinds |= {"dagster": "daemon", "moto": "store", "postgres": "postgres", "redis": "redis"}
    processes: dict[int, tuple[int, str, list[float]]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile
            command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
            stat = (folder / "stat").read_text().rpartition(") ")[2].split()
            processes[int(folder.name)] = int(stat[1]), command, [float(ticks) / TICKS for ticks in stat[11:15]]
    used: defaultdict[str, float] = defaultdict(float)
    for number, (_, command, (user, system, *of_children)) in processes.items():
        if number == os.getpid():
            used["sources"] += user + system
        elif os.getpid() in _ancestors(number, processes):
            kind = next((kind for word, kind in kinds.items() if word in command), "others")
            used[kind] += user + system + sum(of_children)
    return dict(used)


def _ancestors(number: int, processes: Mapping[int, tuple[int, str, list[float]]]) -> Iterator[int]:
    while number in processes:
        number = processes[number][0]
        yield number


if __name__ == "__main__":
    main()
