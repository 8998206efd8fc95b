"""Reading a submitted form, urlencoded or with files, up to a size. What its fields mean is said by each page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qsl

from starlette.requests import Request

from dmicc_assets.errors import RequestError

MOST_BYTES = 64_000_000  # a matrix of 20,000 genes by 300 samples as text
MOST_FIELDS = 50_000
_NAME = re.compile(r'\bname="([^"]*)"')
_FILE = re.compile(r'\bfilename="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a submitted form, in their order.

    Attributes:
        fields: names and texts; a name may stand several times.
        files: name and content of each uploaded file, by the name of its field.
    """

    fields: tuple[tuple[str, str], ...] = ()
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict[str, tuple[str, bytes]])

    def text(self, name: str, otherwise: str = "") -> str:
        """The first text of a field, without white space around it."""
        return next((text.strip() for key, text in self.fields if key == name), otherwise)

    def texts(self, name: str) -> list[str]:
        """Every text of a field."""
        return [text for key, text in self.fields if key == name]

    def numbered(self, prefix: str) -> list[int]:
        """The numbers n of the fields `<prefix>.<n>.<name>`, in their order, each once."""
        pattern = re.compile(rf"{re.escape(prefix)}\.(\d{{1,4}})\.")
        found = (pattern.match(key) for key, _ in self.fields)
        return list(dict.fromkeys(int(match[1]) for match in found if match))


async def read_form(request: Request) -> Form:
    """The form of a request.

    Raises:
        RequestError: it is too large, or of an unknown kind.
    """
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > MOST_BYTES:
            raise RequestError(f"more than {MOST_BYTES // 1_000_000} MB were sent; `dmicc score` reads larger files")
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/x-www-form-urlencoded"):
        return _urlencoded(bytes(body))
    boundary = _parameter(kind, "boundary")
    if kind.startswith("multipart/form-data") and boundary:
        return _multipart(bytes(body), boundary)
    raise RequestError(f"expected a form, got {kind or 'nothing'}")


def _urlencoded(body: bytes) -> Form:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise RequestError(f"the form cannot be read ({error})") from None
    return Form(tuple(pairs))


def _multipart(body: bytes, boundary: str) -> Form:
    """Form with files (RFC 7578): parts between lines of `--boundary`, each with headers and a content."""
    fields: list[tuple[str, str]] = []
    files: dict[str, tuple[str, bytes]] = {}
    for part in _parts(body, boundary.encode("latin-1", "replace")):
        head, _, content = part.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name, file = _NAME.search(text), _FILE.search(text)
        if name is None:
            raise RequestError("the form cannot be read (a part without a name)")
        if file is not None:
            files[name[1]] = (file[1], content)
        else:
            fields.append((name[1], content.decode("utf-8", "replace")))
        if len(fields) > MOST_FIELDS:
            raise RequestError(f"the form has more than {MOST_FIELDS} fields")
    return Form(tuple(fields), files)


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        if part.startswith(b"--"):
            return
        yield part.removeprefix(b"\r\n")
    raise RequestError("the form cannot be read (its end is missing)")


def _parameter(kind: str, name: str) -> str:
    header = Message()
    header["content-type"] = kind
    found = header.get_param(name)
    return found if isinstance(found, str) else ""
