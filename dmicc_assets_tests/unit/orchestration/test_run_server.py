"""The run server where it cannot serve; runs that it forks are in the integration tests."""

import os
import signal
import sys
from pathlib import Path

import pytest

from dmicc_assets.orchestration import run_server


def test_it_says_in_a_line_why_it_cannot_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs.sock").mkdir()
    monkeypatch.setattr(run_server, "PRELOADED", ())
    monkeypatch.setattr(sys, "argv", ["run_server", str(os.getppid()), str(tmp_path)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit, match=r"without its server: .*Is a directory"):
        run_server.main()
