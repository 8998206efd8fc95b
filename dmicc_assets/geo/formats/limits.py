"""How much of a file is held in memory: limits that no real file meets, and what is said beyond them.

`geo/http/limits.py` has the limits of answers of servers. DMICC_SIZE_LIMITS multiplies both.
"""

from collections.abc import Iterable

from dmicc_assets.errors import SourceError

# Bytes. The header of a series of 11,000 samples has lines of 2 MB, a row of 100,000 samples has 2 MB.
LONGEST_LINE = 1 << 26
# TCGA as a whole has 11,000 samples.
MOST_SAMPLES = 100_000
# Of eight bytes each. TCGA as a whole, 60,000 genes by 11,000 samples, would be a little more.
MOST_VALUES = 1 << 29
# Bytes of a text that is read whole, decompressed: the largest annotation has some 500 MB.
MOST_TEXT = 1 << 30
# Lines of a gene-set library: the largest of Enrichr's has 50,000.
MOST_SETS = 1_000_000

_factor = [1.0]


def multiply_limits(factor: float) -> None:
    """Multiply all limits, for a machine and data of other sizes."""
    _factor[:] = [factor]


def limited(limit: int) -> int:
    """A limit as this process has it."""
    return int(limit * _factor[0])


def refuse_beyond(size: int, limit: int, what: str, name: str = "") -> None:
    """Refuse what is larger than any of its kind.

    Args:
        size: how much there is, or was read so far.
        limit: the most of it.
        what: is counted, in the plural.
        name: of the file.

    Raises:
        SourceError: it is larger; the message says the limit, and how to change it.
    """
    if size > limited(limit):
        of = f"{name}: " if name else ""
        raise SourceError(
            f"{of}expected at most {limited(limit):,} {what}, found more; DMICC_SIZE_LIMITS=2 doubles all limits",
            check="I1",
        )


def refuse_long_line(n_bytes: int) -> None:
    """Refuse a line of which so many bytes were read without its end.

    Raises:
        SourceError: no table has such a line.
    """
    refuse_beyond(n_bytes, LONGEST_LINE, "bytes in a line, and a table with line ends")


def refuse_large_matrix(n_rows: int, n_columns: int, name: str) -> None:
    """Refuse a matrix that is larger than any real one.

    Raises:
        SourceError: it has too many columns or values.
    """
    refuse_beyond(n_columns, MOST_SAMPLES, "samples", name)
    refuse_beyond(n_rows * n_columns, MOST_VALUES, "values", name)


def joined(blocks: Iterable[bytes], name: str) -> bytes:
    """The whole text of a file that is read in blocks.

    Raises:
        SourceError: it is larger than any of its kind, as what a small archive can decompress to.
    """
    pieces: list[bytes] = []
    n_bytes = 0
    for block in blocks:
        pieces.append(block)
        n_bytes += len(block)
        refuse_beyond(n_bytes, MOST_TEXT, "bytes, decompressed", name)
    return b"".join(pieces)
