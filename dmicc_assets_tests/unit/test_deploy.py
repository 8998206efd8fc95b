"""The files of deploy/ can be read, name settings that exist, and install what the project's lock pins."""

import re

import yaml

from dmicc_assets.study.settings import Settings
from dmicc_assets_tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
OF_COMPOSE = {"DMICC_CONCURRENT_RUNS"}  # read by deploy/dagster.yaml


def test_every_variable_is_a_setting() -> None:
    settings = {f"DMICC_{name.upper()}" for name in Settings.model_fields}
    for path in DEPLOY.iterdir():
        named = set(re.findall(r"\bDMICC_[A-Z_]+", path.read_text(encoding="utf-8")))
        assert named <= settings | OF_COMPOSE, path.name


def test_the_composition_has_every_part_and_no_password() -> None:
    compose = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text(encoding="utf-8"))
    services = compose["services"]
    assert {"webserver", "daemon", "code", "worker", "postgres", "redis", "minio"} <= set(services)
    for name, service in services.items():
        for key, value in service.get("environment", {}).items():
            if "PASSWORD" in key or "SECRET" in key:
                assert re.fullmatch(r"\$\{\w+:\?\}", value), f"{name}: {key}"
            else:  # an address would need the password's characters escaped
                assert "PASSWORD" not in value, f"{name}: {key}"
        assert service["image"].partition(":")[2] or service["image"] == "dmicc_assets", f"{name}: a version"
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:3000:3000"], "only the UI is published, to this machine"


def test_the_image_runs_as_nobody_special_with_a_health_check_and_the_lock() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", last, re.MULTILINE)
    assert "\nHEALTHCHECK " in last
    assert "--no-deps --require-hashes -r /build/requirements-cluster.lock" in text
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.+) \S+$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for names in copied for name in names.split())


def test_the_chart_s_values_run_pods_without_root() -> None:
    values = yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))
    (code,) = values["dagster-user-deployments"]["deployments"]
    assert code["podSecurityContext"]["runAsNonRoot"] is True
    assert values["runLauncher"]["type"] == "K8sRunLauncher"


def test_both_locks_pin_the_same_versions() -> None:
    main, cluster = (
        set(PINNED.findall((ROOT / name).read_text(encoding="utf-8")))
        for name in ("requirements.lock", "requirements-cluster.lock")
    )
    in_both = {name for name, _ in main} & {name for name, _ in cluster}
    assert {"dagster", "polars", "duckdb", "numpy"} <= in_both
    assert {each for each in cluster if each[0] in in_both} <= main
