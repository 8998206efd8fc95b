"""Who gets an answer: this machine's own browser, on the pages' own forms."""

import socket

import pytest
from rich.console import Console
from starlette.datastructures import Headers

from dmicc_assets.cli.ui import name_in_url, names_of, serve_ui
from dmicc_assets.errors import RequestError
from dmicc_assets.pages.loopback import NAMES, Token, refusal
from dmicc_assets.study.settings import load_settings
from dmicc_assets_tests.worlds.real_ui import free_ports


def headers(host: str, **more: str) -> Headers:
    return Headers({"host": host, **more})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:3001", "localhost:8001", "LOCALHOST", "[::1]:3001"])
def test_loopback_names_are_answered_on_any_port(host: str) -> None:
    assert refusal("GET", headers(host)) is None
    assert refusal("POST", headers(host, origin=f"http://{host}")) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:3001",
        "127.0.0.1@evil.example",
        "evil.example/127.0.0.1",
        "0.0.0.0:3001",
        "127.0.0.2",
        "",
        "[::1",
    ],
)
def test_another_name_is_refused_whatever_it_resolves_to(host: str) -> None:
    assert refusal("GET", headers(host)) == "these pages answer at 127.0.0.1 and localhost only"


def test_two_hosts_or_none_are_refused() -> None:
    assert refusal("GET", Headers(raw=[])) is not None
    assert refusal("GET", Headers(raw=[(b"host", b"localhost"), (b"host", b"evil.example")])) is not None


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://localhost:3001", "https://127.0.0.1:3001", ""]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_form_of_another_origin_is_refused(method: str, origin: str | None) -> None:
    more = {} if origin is None else {"origin": origin}
    assert refusal(method, headers("127.0.0.1:3001", **more)) == "a form of another page was refused"


def test_a_token_is_of_one_server() -> None:
    token = Token()
    token.check(token.text)
    for wrong in ("", token.text[:-1], Token().text, "ü"):
        with pytest.raises(RequestError, match="an earlier start of dmicc ui"):
            token.check(wrong)


def test_pages_at_another_address_answer_to_it_and_to_nothing_else() -> None:
    names = names_of("192.0.2.7")
    assert refusal("GET", headers("192.0.2.7:3001"), names) is None
    assert refusal("POST", headers("192.0.2.7:3001", origin="http://192.0.2.7:3001"), names) is None
    assert refusal("GET", headers("evil.example:3001"), names) == (
        "these pages answer at 127.0.0.1, 192.0.2.7 and localhost only"
    )
    assert socket.gethostname().lower() in names_of("0.0.0.0")
    assert [names_of(name) for name in NAMES] == [NAMES] * len(NAMES)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "server.example"])
def test_an_address_that_others_reach_needs_an_explicit_option_and_says_how_to_ask_for_a_login(host: str) -> None:
    with pytest.raises(RequestError) as refused:
        serve_ui(Console(), load_settings(), 3000, 3001, host)
    said = str(refused.value)
    assert said.startswith(f"--host {host}: whoever reaches it could run studies and read all results")
    for each in ("auth_basic_user_file", "proxy_pass http://127.0.0.1:3001", "127.0.0.1:3000", "--without-login"):
        assert each in said


def test_every_address_needs_the_option_also_where_the_machine_is_called_localhost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def listen(*_: object) -> socket.socket:
        raise AssertionError("it would listen")

    for name in ("gethostname", "getfqdn"):
        monkeypatch.setattr(socket, name, lambda: "localhost")
    monkeypatch.setattr("dmicc_assets.cli.ui._free", listen)
    with pytest.raises(RequestError, match=r"--host 0\.0\.0\.0: whoever reaches it"):
        serve_ui(Console(), load_settings(), 3000, 3001, "0.0.0.0")
    assert name_in_url("0.0.0.0") == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("2001:db8::7", "[2001:db8::7]"),
        ("Server.example", "server.example"),
    ],
)
def test_the_address_that_is_shown_is_one_at_which_it_listens(host: str, shown: str) -> None:
    assert name_in_url(host) == shown


def test_what_is_no_address_of_this_machine_is_refused() -> None:
    with pytest.raises(RequestError, match=r"--host 192\.0\.2\.7: expected an address of this machine"):
        serve_ui(Console(quiet=True), load_settings(), *free_ports(), "192.0.2.7", has_no_login=True)


def test_an_empty_host_is_not_every_address() -> None:
    with pytest.raises(RequestError, match="--host: expected an address of this machine"):
        serve_ui(Console(quiet=True), load_settings(), *free_ports(), "", has_no_login=True)
