"""`dmicc find` against E-utilities on loopback: what is asked, what is read, and errors that come with status 200."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from dmicc_assets.errors import RequestError, SourceError
from dmicc_assets.geo.find import find_series
from dmicc_assets.geo.http.client import GeoClient
from dmicc_assets.study.addresses import GEO_ACC_URL
from dmicc_assets_tests.worlds.fake_geo import CHALLENGE_PAGE, QUICK

SUMMARY = {
    "uids": ["200046239", "200001551"],
    "200001551": {
        "accession": "GSE1551", "title": "DM muscle", "gpl": "96", "n_samples": 23, "taxon": "Homo sapiens",
        "gdstype": "Expression profiling by array", "pdat": "2004/07/09",
    },
    "200046239": {
        "accession": "GSE46239", "title": "DM skin", "gpl": "570;8432", "n_samples": 52, "taxon": "Homo sapiens",
        "gdstype": "Expression profiling by array", "pdat": "2013/04/18",
    },
}  # fmt: skip


class Eutils:
    """Answers by the last part of the path; every form that came."""

    def __init__(self) -> None:
        self.answers = {
            "esearch.fcgi": json.dumps({"esearchresult": {"count": "2", "idlist": ["200001551", "200046239"]}}),
            "esummary.fcgi": json.dumps({"header": {}, "result": SUMMARY}),
        }
        self.forms: list[dict[str, str]] = []
        self.paths: list[str] = []


@pytest.fixture
def eutils() -> Iterator[tuple[Eutils, str]]:
    world = Eutils()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            world.forms.append({key: values[0] for key, values in form.items()})
            world.paths.append(self.path)
            body = world.answers[self.path.rsplit("/", 1)[-1]].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the handler's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield world, f"http://127.0.0.1:{server.server_address[1]}/entrez/eutils"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(tmp_path: Path) -> GeoClient:
    return GeoClient("file:///no", GEO_ACC_URL, "file:///no", tmp_path, tmp_path / "l", rate=500.0, patience=QUICK)


def test_series_are_found_the_largest_first(eutils: tuple[Eutils, str], client: GeoClient) -> None:
    world, url = eutils
    found = find_series("dermatomyositis", client, url, organism="human", kind="array", most=20)
    assert found["accession"].to_list() == ["GSE46239", "GSE1551"]
    assert found.row(0) == ("GSE46239", 52, "GPL570, GPL8432", "array", "Homo sapiens", "2013-04-18", "DM skin")
    assert world.forms[0]["term"] == (
        '(dermatomyositis) AND gse[Entry Type] AND "Homo sapiens"[Organism] AND '
        '"expression profiling by array"[DataSet Type]'
    )
    assert (world.forms[0]["retmax"], world.forms[1]["id"]) == ("20", "200001551,200046239")
    assert all(form["db"] == "gds" for form in world.forms)


def test_the_key_is_sent_in_the_body_alone(eutils: tuple[Eutils, str], client: GeoClient) -> None:
    world, url = eutils
    find_series("x", client, url, organism="Danio rerio", kind="any", most=5, api_key="SECRET123")
    assert all(form["api_key"] == "SECRET123" for form in world.forms)
    assert not any("SECRET123" in path for path in world.paths)
    world.answers["esearch.fcgi"] = json.dumps({"error": "API key invalid"})
    with pytest.raises(SourceError) as problem:
        find_series("x", client, url, organism="human", kind="any", most=5, api_key="SECRET123")
    assert "SECRET123" not in str(problem.value)


def test_nothing_found_is_an_empty_table(eutils: tuple[Eutils, str], client: GeoClient) -> None:
    world, url = eutils
    world.answers["esearch.fcgi"] = json.dumps({"esearchresult": {"count": "0", "idlist": []}})
    assert find_series("nobody has it", client, url, organism="human", kind="any", most=5).is_empty()
    assert len(world.forms) == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (json.dumps({"esearchresult": {"ERROR": "Invalid db name"}}), "NCBI says Invalid db name"),
        ("<html>Service unavailable</html>", "expected NCBI's answer in JSON"),
        (CHALLENGE_PAGE.decode(), "challenge page"),
    ],
)
def test_an_error_with_status_200_is_an_error(
    eutils: tuple[Eutils, str], client: GeoClient, answer: str, said: str
) -> None:
    world, url = eutils
    world.answers["esearch.fcgi"] = answer
    with pytest.raises(SourceError, match=said):
        find_series("x", client, url, organism="human", kind="any", most=5)


def test_without_a_network_one_line_says_so(client: GeoClient) -> None:
    with pytest.raises(SourceError, match=r"cannot reach 127\.0\.0\.1") as problem:
        find_series("x", client, "http://127.0.0.1:9/eutils", organism="human", kind="any", most=5)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("words", ["", "  "])
def test_no_words_are_refused(client: GeoClient, words: str) -> None:
    with pytest.raises(RequestError, match="expected words"):
        find_series(words, client, "http://x", organism="human", kind="any", most=5)
