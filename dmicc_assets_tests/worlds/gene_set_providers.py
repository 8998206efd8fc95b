"""Enrichr, the Gene Ontology, MSigDB and Reactome on loopback, with small libraries in each one's own format.

Paths and formats are those of the services in 2026: Enrichr's text, go-basic.obo 1.2, GAF 2.2, GMT, a ZIP of a GMT.
"""

import gzip
import io
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

OBO = """format-version: 1.2
data-version: releases/2026-06-19
ontology: go/go-basic.obo

[Term]
id: GO:0009607
name: response to biotic stimulus
namespace: biological_process

[Term]
id: GO:0009615
name: response to virus
namespace: biological_process
alt_id: GO:0009999
is_a: GO:0009607 ! response to biotic stimulus

[Term]
id: GO:0051607
name: defense response to virus
namespace: biological_process
is_a: GO:0009615 ! response to virus
relationship: part_of GO:0140546 ! defense response to symbiont
relationship: regulates GO:0000001 ! regulated only

[Term]
id: GO:0140546
name: defense response to symbiont
namespace: biological_process

[Term]
id: GO:0000001
name: regulated only
namespace: biological_process

[Term]
id: GO:0003725
name: double-stranded RNA binding
namespace: molecular_function
relationship: part_of GO:0009615 ! response to virus

[Term]
id: GO:0000099
name: obsolete thing
namespace: biological_process
is_obsolete: true

[Typedef]
id: part_of
name: part of
namespace: external
"""


def gaf_row(symbol: str, term: str, aspect: str, evidence: str = "IDA", qualifier: str = "involved_in") -> str:
    """One annotation in GAF 2.2."""
    cells = ["UniProtKB", f"P-{symbol}", symbol, qualifier, term, "PMID:1", evidence, "", aspect, symbol, "", "protein"]
    return "\t".join([*cells, "taxon:9606", "20260601", "UniProt", "", ""])


GAF = "\n".join(
    [
        "!gaf-version: 2.2",
        gaf_row("MX1", "GO:0051607", "P"),
        gaf_row("OAS1", "GO:0009999", "P", evidence="IEA"),
        gaf_row("ISG15", "GO:0009615", "P", qualifier="NOT|involved_in"),
        gaf_row("NOBODY", "GO:0009607", "P", evidence="ND"),
        gaf_row("EIF2AK2", "GO:0003725", "F", qualifier="enables"),
        gaf_row("OLD", "GO:0000099", "P"),
    ]
)
KEGG = "Coronavirus disease\t\tMX1\tOAS1\tISG15\nInfluenza A\t\tMX1,1.0\tRSAD2,1.0\nEmpty set\t\t\n"
HALLMARK = "HALLMARK_INTERFERON_ALPHA_RESPONSE\thttps://www.gsea-msigdb.org/x\tMX1\tISG15\n"
REACTOME = "Interferon Signaling\tR-HSA-913531\tMX1\tOAS1\n"


def _zipped(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, text)
    return packed.getvalue()


@dataclass
class GeneSetProviders:
    """The four services on one port; use as a context manager.

    `served` may be changed by a test: path with its query to content. `etags` is what the services with validators
    send; Enrichr sends none. `down` names services that answer 503.
    """

    served: dict[str, bytes] = field(default_factory=dict[str, bytes])
    etags: dict[str, str] = field(default_factory=dict[str, str])
    down: set[str] = field(default_factory=set[str])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        self.served |= {
            "/go/ontology/go-basic.obo": OBO.encode(),
            "/go/annotations/gaf/HUMAN-uniprot.gaf.gz": gzip.compress(GAF.encode()),
            "/enrichr/Enrichr/geneSetLibrary?mode=text&libraryName=KEGG_2021_Human": KEGG.encode(),
            "/msigdb/gsea-msigdb/msigdb/release/2025.1.Hs/h.all.v2025.1.Hs.symbols.gmt": HALLMARK.encode(),
            "/reactome/download/current/ReactomePathways.gmt.zip": _zipped("ReactomePathways.gmt", REACTOME),
        }
        self.etags |= {path: '"1"' for path in self.served if not path.startswith("/enrichr")}
        handler = type("Handler", (_Handler,), {"world": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> "GeneSetProviders":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def root(self, service: str) -> str:
        """Address of `go`, `enrichr`, `msigdb` or `reactome`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{service}"

    def environment(self) -> dict[str, str]:
        """The variables that lead to these services."""
        return {f"DMICC_{name.upper()}_URL": self.root(name) for name in ("enrichr", "go", "msigdb", "reactome")}

    def asked(self, method: str) -> list[str]:
        """Paths of the requests so far."""
        return [path for each, path in self.requests if each == method]


class _Handler(BaseHTTPRequestHandler):
    world: GeneSetProviders
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is BaseHTTPRequestHandler's
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        world = self.world
        body = world.served.get(self.path)
        world.requests.append((self.command, self.path))
        etag = world.etags.get(self.path)
        status = 200 if self.path in world.served else 404
        if self.path.split("/")[1] in world.down:
            status, body, etag = 503, b"down", None
        elif etag and self.headers.get("If-None-Match") == etag:
            status, body = 304, None
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        if status != 304:
            self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body or b"")
