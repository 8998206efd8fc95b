"""Which errors of the system are the environment's, told in a line, and which are a defect of this package."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from dmicc_assets.cli.faults import fault_line, places_of
from dmicc_assets.study.settings import load_settings

Said = Callable[[BaseException], str | None]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("dmicc_assets.cli.faults.gettempdir", lambda: "/tmp-of-nobody")
    settings = load_settings(
        home=tmp_path / "home", studies=str(tmp_path / "studies"), geo_url=(tmp_path / "a mirror").as_uri()
    )
    places = places_of(settings, ["export", "study", "--to", "out/table.tsv", f"--other={tmp_path / 'other'}"])

    def line(error: BaseException) -> str | None:
        try:
            raise error
        except BaseException as raised:
            return fault_line(raised, settings.dagster_home, places)

    return line


@pytest.mark.parametrize(
    "path", ["home/lake/x.parquet", "studies/x.yaml", "a mirror/geo/x.gz", "out/table.tsv", "out/.table.tsv.1.part"]
)
@pytest.mark.parametrize("kind", [FileNotFoundError, PermissionError, IsADirectoryError])
def test_a_file_of_home_source_or_command_is_the_environments(
    says: Said, tmp_path: Path, path: str, kind: type[OSError]
) -> None:
    number = {FileNotFoundError: errno.ENOENT, PermissionError: errno.EACCES, IsADirectoryError: errno.EISDIR}[kind]
    line = says(kind(number, "Not so", str(tmp_path / path)))
    assert line is not None
    assert line.startswith(f"{tmp_path / path}: Not so")


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory", "/usr/lib/dmicc/template.html"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "table.html"),
        PermissionError(errno.EACCES, "Permission denied", "/elsewhere/x"),
        OSError(errno.EBADF, "Bad file descriptor"),
        OSError(errno.EINVAL, "Invalid argument", 7),
        OSError("a library's own words"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        KeyError("x"),
        RuntimeError("FileNotFoundError: [Errno 2] No such file or directory: '/usr/lib/dmicc/template.html'"),
    ],
)
def test_any_other_error_is_a_defect(says: Said, error: BaseException) -> None:
    assert says(error) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/anywhere"), "no space is left"),
        (OSError(errno.EFBIG, "File too large"), "no space is left"),
        (OSError(errno.EIO, "Input/output error", "/anywhere"), "/anywhere: Input/output error"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused"),
        (OSError(errno.EMFILE, "Too many open files", "/anywhere"), "/anywhere: Too many open files"),
    ],
)
def test_disk_network_and_machine_are_the_environment_wherever_they_fail(says: Said, error: OSError, said: str) -> None:
    assert said in (says(error) or "")


def test_the_text_of_an_error_in_a_run_of_dagster_is_told_alike(says: Said, tmp_path: Path) -> None:
    kept = "PermissionError: [Errno 13] Permission denied: '{}'\n\nStack Trace:\n"
    assert says(RuntimeError("dagster\n" + kept.format(tmp_path / "home" / "x"))) is not None
    assert says(RuntimeError("dagster\n" + kept.format("/elsewhere/x"))) is None
