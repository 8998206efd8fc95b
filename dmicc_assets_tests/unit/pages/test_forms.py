"""Forms as browsers send them."""

from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from dmicc_assets.errors import RequestError
from dmicc_assets.pages import forms
from dmicc_assets.pages.forms import Form, read_form


def read(body: bytes, kind: str) -> Form:
    scope: dict[str, Any] = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    blocks = [body[i : i + 7] for i in range(0, len(body), 7)]

    async def receive() -> dict[str, Any]:
        block = blocks.pop(0) if blocks else b""
        return {"type": "http.request", "body": block, "more_body": bool(blocks)}

    return anyio.run(read_form, Request(scope, receive))


def multipart(content: bytes, name: str = "new.tsv") -> bytes:
    return (
        b'--XX\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc\r\n'
        b'--XX\r\nContent-Disposition: form-data; name="matrix"; filename="' + name.encode() + b'"\r\n'
        b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n--XX--\r\n"
    )


def test_an_urlencoded_form_keeps_its_order_and_repeated_names() -> None:
    form = read(b"a=1&b=%C3%A4+x&a=2&c=", "application/x-www-form-urlencoded; charset=utf-8")
    assert form.fields == (("a", "1"), ("b", "ä x"), ("a", "2"), ("c", ""))
    assert (form.text("a"), form.texts("a"), form.text("none", "else")) == ("1", ["1", "2"], "else")
    assert Form((("cohort.2.name", ""), ("cohort.0.name", ""), ("cohort.x.name", ""))).numbered("cohort") == [2, 0]


@given(st.binary(max_size=300))
def test_a_file_arrives_byte_by_byte(content: bytes) -> None:
    if b"\r\n--XX" in b"\r\n" + content:
        return
    form = read(multipart(content), 'multipart/form-data; boundary="XX"')
    assert form.fields == (("token", "abc"),)
    assert form.files == {"matrix": ("new.tsv", content)}


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"{}", "application/json", "expected a form, got application/json"),
        (multipart(b"x")[:-10], "multipart/form-data; boundary=XX", "its end is missing"),
        (b"--XX\r\n\r\nx\r\n--XX--", "multipart/form-data; boundary=XX", "a part without a name"),
        (b"x", "multipart/form-data", "expected a form"),
        ("a=ü".encode(), "application/x-www-form-urlencoded", "cannot be read"),
        (b"a&" * (forms.MOST_FIELDS + 1), "application/x-www-form-urlencoded", "cannot be read"),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, kind: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read(body, kind)


def test_too_much_is_refused_before_it_is_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "MOST_BYTES", 20)
    with pytest.raises(RequestError, match=r"`dmicc score` reads larger files"):
        read(b"a=" + b"x" * 30, "application/x-www-form-urlencoded")
