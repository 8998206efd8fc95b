"""Who gets an answer: this machine's own browser, on the pages' own forms."""

import pytest
from starlette.datastructures import Headers

from dmicc_assets.errors import RequestError
from dmicc_assets.pages.loopback import Token, refusal


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
