"""`dagster dev` on this project as a child of `dmicc ui`, which it does not outlive even if that is killed.

`python -m dmicc_assets.cli.dagster_dev PARENT HOST PORT`; `ui.py` starts it.
"""

import os
import signal
import sys
import threading
import time

from dmicc_assets.errors import DmiccError
from dmicc_assets.study.settings import load_settings

_SECONDS = 1.0


def end_with(parent: int) -> None:
    """Interrupt this process, which ends Dagster's services, when its parent is gone."""
    while os.getppid() == parent:
        time.sleep(_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)


def main() -> None:
    """Start the watch and Dagster."""
    from dagster._cli import main as dagster

    from dmicc_assets.orchestration.instance import open_instance
    from dmicc_assets.orchestration.run_server import run_server

    settings = load_settings()
    try:  # before its services begin, each of which would make Dagster's databases
        open_instance(settings).dispose()
    except DmiccError as error:
        sys.exit(f"dmicc: {error}")
    parent, host, port = sys.argv[1:]
    threading.Thread(target=end_with, args=(int(parent),), daemon=True).start()
    sys.argv = ["dagster", "dev", "-m", "dmicc_assets.definitions", "--host", host, "--port", port]
    with run_server(settings.dagster_home):
        dagster()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # while it starts; later Dagster ends its services itself
        sys.exit(130)
