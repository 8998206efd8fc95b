"""The real UI with its daemon, spoken to as a browser does: over GraphQL."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dmicc_assets.lake import Lake
from dmicc_assets.settings import Settings
from dmicc_assets.warehouse import open_warehouse

Ask = Callable[..., dict[str, Any]]

SELECTOR = {"repositoryLocationName": "dmicc_assets.definitions", "repositoryName": "__repository__"}
LAUNCH = """
mutation($parameters: ExecutionParams!) { launchPipelineExecution(executionParams: $parameters) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
BACKFILL = """
mutation($parameters: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $parameters) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
PROGRESS = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
GRAPH = "{ assetNodes { assetKey { path } groupName description kinds dependencyKeys { path } isObservable } }"
METADATA = """
query($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset { assetMaterializations(limit: 5) {
  partition metadataEntries { label ... on IntMetadataEntry { intValue } } } } } }"""


@pytest.fixture
def ask(home: Settings, tmp_path: Path) -> Iterator[Ask]:
    """`dmicc ui` on a free port; ask it a GraphQL query."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "dmicc"), "ui", "--port", str(port)]
    with (
        (tmp_path / "ui.log").open("wb") as log,
        subprocess.Popen(command, cwd=tmp_path, env=dict(os.environ), stdout=log, stderr=log) as process,
    ):
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

        def ask(query: str, **variables: Any) -> dict[str, Any]:
            answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
            assert "errors" not in answer, answer
            return answer["data"]

        try:
            wait_for(lambda: is_there(client), 180)
            yield ask
        finally:
            process.terminate()
            client.close()


def is_there(client: httpx.Client) -> bool:
    try:
        answer = client.post("/graphql", json={"query": "{ assetNodes { id } }"}).json()
    except (httpx.TransportError, ValueError):
        return False
    return bool(answer.get("data", {}).get("assetNodes"))


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.5)


def launch(ask: Ask, assets: list[list[str]], partition: str) -> str:
    """Materialise one partition as the UI's button does; the status in the end."""
    parameters = {
        "mode": "default",
        "executionMetadata": {"tags": [{"key": "dagster/partition", "value": partition}]},
        "runConfigData": {},
        "selector": SELECTOR
        | {
            "jobName": "__ASSET_JOB",
            "assetSelection": [{"path": path} for path in assets],
            "assetCheckSelection": None,
        },
    }
    launched = ask(LAUNCH, parameters=parameters)["launchPipelineExecution"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run = launched["run"]["runId"]
    status = ""

    def ended() -> bool:
        nonlocal status
        status = ask(RUN, id=run)["runOrError"]["status"]
        return status in ("SUCCESS", "FAILURE", "CANCELED")

    wait_for(ended, 240)
    return status


@pytest.mark.slow
def test_a_partition_and_the_whole_graph_materialise_from_the_ui(ask: Ask, home: Settings) -> None:
    nodes = {"/".join(node["assetKey"]["path"]): node for node in ask(GRAPH)["assetNodes"]}
    assert nodes["source/series"]["isObservable"]
    lineage = ["source/files", "expression/genes", "cohort/expression", "differential/genes", "signature/genes"]
    for upstream, downstream in zip(lineage, [*lineage[1:], "warehouse/catalog"], strict=True):
        assert {"path": upstream.split("/")} in nodes[downstream]["dependencyKeys"]
    for name, node in nodes.items():
        assert node["description"], name
        assert node["groupName"] == name.split("/")[0]
        assert node["kinds"] or node["isObservable"], name

    assert launch(ask, [["source", "files"]], "small.SIM201") == "SUCCESS"
    lake = Lake(home.lake, home.locks)
    assert lake.partitions("source/files") == ["small.SIM201"]
    cohort = [["cohort", "expression"], ["cohort", "samples"]]
    assert launch(ask, cohort, "small.disease_a") == "FAILURE", "its datasets were never materialised"
    assert lake.partitions("cohort/samples") == []

    materialised = [node["assetKey"] for node in nodes.values() if not node["isObservable"]]
    partitions = [f"small.{dataset}" for dataset in ("SIM101", "SIM102-SIMP2", "SIM201", "SIM-EXT")]
    parameters = {"assetSelection": materialised, "partitionNames": partitions, "tags": []}
    launched = ask(BACKFILL, parameters=parameters)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    status = ""

    def ended() -> bool:
        nonlocal status
        status = ask(PROGRESS, id=launched["backfillId"])["partitionBackfillOrError"]["status"]
        return status.startswith("COMPLETED") or status in ("FAILED", "CANCELED")

    wait_for(ended, 540)
    assert status == "COMPLETED_SUCCESS"
    assert lake.partitions("signature/genes") == ["small"], "no other study was touched"
    with open_warehouse(home) as connection:
        assert connection.execute("SELECT count(*) > 3 FROM signature.genes").fetchall() == [(True,)]
    made = ask(METADATA, key={"path": ["differential", "genes"]})["assetOrError"]["assetMaterializations"]
    assert {each["partition"] for each in made} == {"small.disease_a", "small.disease_b"}
    rows = [e["intValue"] for each in made for e in each["metadataEntries"] if e["label"] == "dagster/row_count"]
    assert all(count > 10 for count in rows)
