"""Time of two workers over one: small studies of nothing but local files, on processes of this machine.

Needs redis-server, postgresql and what `make test-cluster` installs: `.venv-cluster/bin/python -m benchmarks.cluster`.
"""

import argparse
import os
import tempfile
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from dmicc_assets_tests.cluster.machines import Cluster
from dmicc_assets_tests.cluster.services import Services, services, wait_for
from dmicc_assets_tests.worlds.local_study import local_study, values_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=4)
    n_studies = parser.parse_args().studies
    with services() as network, tempfile.TemporaryDirectory() as made:
        os.environ.update(network.environment())
        folder = Path(made)
        (studies,) = local_study(folder, {"A": values_of("A", 8, 8, 0)}).study_folders
        text = (studies / "local.yaml").read_text()
        (studies / "local.yaml").unlink()
        names = [f"study_{number}" for number in range(n_studies)]
        for name in names:
            (studies / f"{name}.yaml").write_text(text.replace("study: local", f"study: {name}"))
        seconds = {n: _seconds(folder, studies, network, names, n) for n in (1, 2)}
    one, two = seconds[1], seconds[2]
    print(f"{n_studies} studies: {one:.0f} s by one worker, {two:.0f} s by two: {two / one:.2f}")


def _seconds(folder: Path, studies: Path, network: Services, names: list[str], n_workers: int) -> float:
    """From the first run in the queue until the report of every study is published; workers are warm."""
    home = folder / f"with_{n_workers}"
    home.mkdir()
    cluster = Cluster(home, studies, replace(network, lake=f"s3://lake/with_{n_workers}"))
    with cluster.daemon(), cluster.worker("one"), cluster.worker("two") if n_workers == 2 else nullcontext():
        for log in [home / f"{name}.log" for name in cluster.workers]:
            wait_for(lambda log=log: "ready." in log.read_text(), 300)
        cluster.submit(names)
        begun = time.monotonic()
        wait_for(lambda: _n_reports(cluster) == len(names), 3600)
        return time.monotonic() - begun


def _n_reports(cluster: Cluster) -> int:
    return len(cluster.reader().lake.partitions("report/study"))


if __name__ == "__main__":
    main()
