"""`make soak SEED=... REVISIONS=200`: revisions under faults, and what differs from a fresh build at the end.

The soak itself is in `dmicc_assets_tests/worlds/soak.py`, which says what is real in it.
"""

import argparse
import math
import time
from pathlib import Path

from dmicc_assets_tests.worlds.soak import soak


def main() -> int:
    """Soak, and print what was wrong."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--revisions", type=int, default=200)
    arguments.add_argument("--minutes", type=float, default=math.inf, help="after which no revision begins")
    arguments.add_argument("--datasets", type=int, default=20)
    arguments.add_argument("--studies", type=int, default=6)
    arguments.add_argument("--folder", type=Path, required=True, help="empty; on a small file system disks get full")
    arguments.add_argument("--logs", type=Path, default=Path("soak_logs"))
    asked = arguments.parse_args()
    begun = time.monotonic()
    with soak(asked.folder.absolute(), asked.logs.absolute(), asked.seed, asked.datasets, asked.studies) as soaked:
        problems = soaked.run(asked.revisions, asked.minutes)
        minutes = (time.monotonic() - begun) / 60
        print(
            f"seed {asked.seed}: {soaked.n_revisions} revisions in {soaked.n_rounds} rounds, {minutes:.1f} minutes, ",
            end="",
        )
        print(f"{len(problems)} problems")
    for problem in problems:
        print(problem)
    return int(bool(problems))


if __name__ == "__main__":
    raise SystemExit(main())
