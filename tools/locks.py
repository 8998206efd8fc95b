"""`make locks`: command line, jobs of the UI and daemon on the same studies at once, some times, and what is wrong.

Who does what is in `dmicc_assets_tests/worlds/rivals.py`.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from dmicc_assets_tests.worlds.rivals import RIVALS, rivals_in


def main() -> int:
    """Try, and print what was wrong."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--times", type=int, default=20)
    asked = arguments.parse_args()
    n_wrong = 0
    with TemporaryDirectory() as folder, rivals_in(Path(folder)) as rivals:
        for i in range(asked.times):
            wrong = rivals.trial()
            n_wrong += bool(wrong)
            print(f"{i + 1}: {len(RIVALS)} processes, {rivals.seconds:.0f} s, {len(wrong)} problems", flush=True)
            for line in wrong:
                print(f"  {line}", flush=True)
    print(f"{asked.times} trials, {n_wrong} with problems")
    return int(n_wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
