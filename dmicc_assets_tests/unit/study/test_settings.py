import os
from hashlib import sha256
from pathlib import Path

import pytest

from dmicc_assets.errors import RequestError
from dmicc_assets.study.settings import EARLIER_DAGSTER_YAML, load_settings


def test_paths_become_absolute_once_and_are_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DMICC_HOME", "here")
    monkeypatch.setenv("DMICC_STUDIES", "a:b")
    settings = load_settings()
    monkeypatch.chdir("/")
    environment = settings.environment()
    assert environment["DMICC_HOME"] == str(tmp_path / "here")
    assert environment["DMICC_STUDIES"] == f"{tmp_path / 'a'}:{tmp_path / 'b'}"
    assert environment["DAGSTER_HOME"] == str(tmp_path / "here" / "dagster")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DMICC_GEO_URL", "ftp.ncbi.nlm.nih.gov/geo", "DMICC_GEO_URL: expected an https://"),
        ("DMICC_XENA_URL", "ftp://somewhere/x", "DMICC_XENA_URL: expected an https://"),
        ("DAGSTER_HOME", "relative/home", "DAGSTER_HOME: expected an absolute path, got 'relative/home'"),
        (
            "DMICC_LAKE_URL",
            "bucket/lake",
            "DMICC_LAKE_URL: expected s3://bucket or s3://bucket/prefix",
        ),
        ("DMICC_LOCKS_URL", "redis://host", "DMICC_LOCKS_URL: expected postgresql://user:password@host/database"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(RequestError) as caught:
        load_settings()
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("home", "said"),
    [
        ("/a/who?", "DMICC_HOME: /a/who?: no DuckDB file can be below a folder with '?' in its path; "),
        ("/a\\b/c", "DMICC_HOME: /a\\b/c: no DuckDB file can be below a folder with '\\\\' in its path; "),
        (
            "/a/%41/b",
            "/a/%41/b/dagster: Dagster's database cannot be below a folder with '%41' in its path; set",
        ),
        (
            "~no_such_user_of_ours/x",
            "DMICC_HOME: ~no_such_user_of_ours/x: the home directory of this user is not known",
        ),
    ],
)
def test_a_home_that_cannot_work_is_refused_by_the_first_command(
    monkeypatch: pytest.MonkeyPatch, home: str, said: str
) -> None:
    """What can work is run in `integration/test_any_path.py`."""
    monkeypatch.setenv("DMICC_HOME", home)
    with pytest.raises(RequestError) as caught:
        load_settings()
    assert str(caught.value).startswith(said)
    assert len(str(caught.value).splitlines()) == 1


def test_a_home_in_another_encoding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DMICC_HOME", os.fsdecode(b"/a/\xff"))
    with pytest.raises(RequestError, match="DMICC_HOME: expected a path in UTF-8"):
        load_settings()


def test_an_escape_in_a_path_is_none_where_dagster_has_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "/elsewhere")
    assert load_settings(home=Path("/a/%41")).home == Path("/a/%41")


def test_without_a_home_directory_the_cache_is_temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Path, "expanduser", _unknown)
    monkeypatch.setattr("dmicc_assets.study.settings.gettempdir", lambda: str(tmp_path))
    assert load_settings(cache_home=None, home=Path("/h")).reader_cache.parent == tmp_path


def _unknown(path: Path) -> Path:
    if str(path).startswith("~"):
        raise RuntimeError("Could not determine home directory.")
    return path


def test_dagster_yaml_of_an_earlier_version_is_replaced_by_todays(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    settings.prepare_home()
    configuration = settings.dagster_home / "dagster.yaml"
    today = configuration.read_text()
    begin, _ = today.replace("    dequeue_interval_seconds: 1\n", "").split("compute_logs:")
    earlier = begin.replace(
        begin.splitlines()[0], "# Written once by dmicc and never edited by it: change what you like."
    )
    assert sha256(earlier.encode()).hexdigest() in EARLIER_DAGSTER_YAML
    configuration.write_text(earlier)
    settings.prepare_home()
    assert configuration.read_text() == today
    configuration.write_text(f"{earlier}# mine\n")
    settings.prepare_home()
    assert configuration.read_text() == f"{earlier}# mine\n"


def test_dagster_yaml_is_written_once_and_never_edited(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path / "home")
    settings.prepare_home()
    configuration = settings.dagster_home / "dagster.yaml"
    assert "enabled: false" in configuration.read_text()
    configuration.write_text("telemetry:\n  enabled: true\n")
    settings.prepare_home()
    assert configuration.read_text() == "telemetry:\n  enabled: true\n"


def test_downloads_of_an_earlier_home_get_their_name_once(tmp_path: Path) -> None:
    (tmp_path / "cache" / "ab").mkdir(parents=True)
    settings = load_settings(home=tmp_path)
    settings.prepare_home()
    assert (settings.downloads, (tmp_path / "downloads" / "ab").is_dir()) == (tmp_path / "downloads", True)
    assert not (tmp_path / "cache").exists()
    (tmp_path / "cache").mkdir()  # somebody's own: there are downloads already
    settings.prepare_home()
    assert (tmp_path / "cache").is_dir()


def test_a_dagster_home_of_the_user_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "own"))
    settings = load_settings(home=tmp_path / "home")
    settings.prepare_home()
    assert settings.environment()["DAGSTER_HOME"] == str(tmp_path / "own")
    assert (tmp_path / "own" / "dagster.yaml").is_file()
    assert not (tmp_path / "home" / "dagster").exists()


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NCBI_API_KEY", "a-secret-key")
    settings = load_settings()
    assert settings.ncbi_api_key is not None
    assert "a-secret-key" not in repr(settings)
    assert "a-secret-key" not in str(settings.environment())


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot be written"):
        load_settings(home=tmp_path / "file" / "home").prepare_home()


@pytest.mark.parametrize("is_of_an_earlier_version", [False, True])
def test_what_names_submitters_is_closed_to_others(tmp_path: Path, is_of_an_earlier_version: bool) -> None:
    """GEO's files have names, addresses and telephone numbers."""
    settings = load_settings(home=tmp_path / "home")
    if is_of_an_earlier_version:
        (tmp_path / "home" / "cache").mkdir(parents=True, mode=0o755)
    settings.prepare_home()
    assert settings.downloads.stat().st_mode & 0o777 == 0o700
