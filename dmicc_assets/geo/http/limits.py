"""How many bytes a text may have, and how long it may take: pages, headers, and files that are read whole.

A matrix or a family file has no limit: `Patience.slowest` alone breaks off a transfer that does not come on.
"""

from dataclasses import dataclass
from time import monotonic

from dmicc_assets.errors import SourceError
from dmicc_assets.geo.formats.limits import limited


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that is read of one answer.

    Attributes:
        n_bytes: bytes as transferred.
        seconds: from the answer's first line on.
    """

    n_bytes: int
    seconds: float

    def refuse_beyond(self, url: str, n_bytes: int, begun: float) -> None:
        """Refuse an answer that is larger or takes longer.

        Args:
            url: that answers.
            n_bytes: that came so far.
            begun: when it began, by the monotonic clock.

        Raises:
            SourceError: it does; another try would not help.
        """
        if n_bytes > limited(self.n_bytes):
            raise SourceError(f"{url}: expected at most {_size(limited(self.n_bytes))}, found more")
        if monotonic() - begun > self.seconds:
            raise SourceError(f"{url}: not at its end after {self.seconds:.0f} s and {_size(n_bytes)}")


# A listing or a text of acc.cgi: the longest of GEO's listings has some 100 kB, a platform's table is a download.
PAGE = Limit(1 << 25, 300.0)
# Of a matrix before its table, compressed: the header of 5,000 samples has under 1 MiB.
HEADER = Limit(1 << 22, 300.0)
# go-basic.obo has 35 MB, the largest of Enrichr's libraries some 100 MB, an annotation of NCBI's counts
# 10 MB, gene_orthologs 100 MB.
WHOLE_TEXT = Limit(1 << 29, 3600.0)
# acc.cgi's text of an exon array's platform has some 250 MB.
_PLATFORM = Limit(1 << 30, 7200.0)
# By role; a part of a larger file has the limit of its role too.
LIMITS = {"platform": _PLATFORM} | dict.fromkeys(
    ("gene_sets", "gene_ids", "samples", "clinical", "orthologues", "gene_info", "human_gene_info"), WHOLE_TEXT
)


def _size(n_bytes: int) -> str:
    return f"{n_bytes >> 20} MiB" if n_bytes >= 1 << 20 else f"{n_bytes} bytes"
