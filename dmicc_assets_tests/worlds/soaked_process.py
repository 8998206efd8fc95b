"""Forks a process for each round that it is asked for, one after the other or several at once: all is loaded once.

Reads a line of JSON from standard input, a round or a list of rounds, and answers with one. It has no thread, so that
it may fork.
"""

import datetime
import json
import math
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

# A process that computes less than a second in this time hangs: on a busy machine it may take long, but it goes on.
STILL_SECONDS = 600.0


def main() -> None:
    """Serve rounds until standard input ends."""
    sqlite_waits_for_no_disk()
    without_pictures()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_at_once(asked) if isinstance(asked, list) else _at_once([asked])[0]), flush=True)


def _at_once(rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What came of rounds that begin at the same moment, each in a process of its own."""
    begun = time.monotonic()
    children: dict[int, dict[str, Any]] = {}
    for asked in rounds:
        child = os.fork()
        if child == 0:
            _round(asked)
        children[child] = asked
    ended: dict[int, dict[str, Any]] = {}
    moved = dict.fromkeys(children, (begun, 0.0))
    while len(ended) < len(children):
        for child in children.keys() - ended.keys():
            done, status = os.waitpid(child, os.WNOHANG)
            passed = time.monotonic() - begun
            at, computed = moved[child]
            if done:
                ended[child] = _outcome(children[child], status, passed, is_hung=passed + begun - at > STILL_SECONDS)
            elif passed > children[child].get("kill_after", math.inf) or passed + begun - at > STILL_SECONDS:
                os.kill(child, signal.SIGKILL)
            elif (now := _computed(child)) > computed + 1.0:
                moved[child] = time.monotonic(), now
        time.sleep(0.05)
    return [ended[child] for child in children]


def _computed(process: int) -> float:
    """Seconds that a process and its children have computed."""
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:15]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _outcome(asked: dict[str, Any], status: int, passed: float, *, is_hung: bool) -> dict[str, Any]:
    said = Path(asked["answer"])
    answer: dict[str, Any] = {"seconds": round(passed, 1)}
    if os.WIFSIGNALED(status):
        answer |= {"signal": os.WTERMSIG(status), "is_hung": is_hung}
    else:
        answer |= {"status": os.WEXITSTATUS(status)}
    answer["answer"] = json.loads(said.read_text()) if said.exists() else None
    said.unlink(missing_ok=True)
    return answer


def _round(asked: dict[str, Any]) -> None:
    """One round in this process, which then ends."""
    from dmicc_assets_tests.worlds import soaked_home

    status = 1
    try:
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if asked.get("file_limit"):
            soaked_home.limit_files(asked["file_limit"])
        with soaked_home.killed_at(asked.get("kill_at", 0)):
            answer = _done(asked)
        Path(asked["answer"]).write_text(json.dumps(answer))
        status = 0
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _done(asked: dict[str, Any]) -> Any:
    from dmicc_assets.study.settings import load_settings
    from dmicc_assets_tests.worlds import soaked_home

    match asked["do"]:
        case "automation":
            return soaked_home.automation(datetime.datetime.fromisoformat(asked["now"]))
        case "command":
            return soaked_home.command(*asked["arguments"])
        case "job":
            return soaked_home.job(asked["study"])
        case "materialise":
            return soaked_home.materialise(asked["step"], asked["key"])
        case _:
            return soaked_home.differences(load_settings(), Path(asked["fresh"]))


def sqlite_waits_for_no_disk() -> None:
    """A killed process loses nothing that it wrote; what outlives a power failure is not tried."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    os.fsync = lambda _: None  # type: ignore[assignment]


def without_pictures() -> None:
    """Leave out what takes most of the time of a small study, and wait little for servers."""
    import dmicc_assets.geo.http.client as client
    import dmicc_assets.orchestration.pictures as pictures
    import dmicc_assets.report.figures.catalog as catalog
    import dmicc_assets_tests.worlds.soaked_home  # noqa: F401 - loaded before the forks
    from dmicc_assets_tests.worlds.fake_geo import QUICK

    pictures.Pictures.picture = lambda self, manifest: None
    catalog.study_figures = lambda *_: []
    client.Patience = lambda: QUICK  # type: ignore[assignment]


if __name__ == "__main__":
    main()
