"""What a run is told of a worker process that is gone."""

import os
import sys
from pathlib import Path

import pytest

from dmicc_assets.lake.workspace import Workspace
from dmicc_assets.orchestration.crew import Crew
from dmicc_assets.orchestration.task import Task
from dmicc_assets.study.settings import load_settings
from dmicc_assets.types import PartitionKey

# As a process at its end: the connection is closed a moment before the process is gone.
ENDS = """#!{python}
import os, sys, time
os.close(int(sys.argv[4]))
time.sleep(0.2)
{end}
"""


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("os._exit(3)", "ended with status 3; run again"),
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL (is there too little memory?); run again"),
    ],
)
def test_a_worker_that_is_gone_fails_its_work_and_how_it_ended_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, said: str
) -> None:
    worker = tmp_path / "python"
    worker.write_text(ENDS.format(python=sys.executable, end=end))
    worker.chmod(0o755)
    monkeypatch.setattr(sys, "executable", os.fspath(worker))
    task = Task("cohort", PartitionKey("s.c"), "run")
    with Crew(Workspace(load_settings(home=tmp_path / "home"), {}, {}), most=2) as crew:
        crew.begin(task, 0, here=False)
        ((answered, answer),) = crew.answers()
    assert answered == task
    assert said in str(answer.failure)
