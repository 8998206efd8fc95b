"""Feeds mutated text to every parser of foreign text, and counts inputs by parser: `make fuzz`, for as long as asked.

A parser may answer or raise a `DmiccError`. Anything else is a fault: its input is written to `fuzz_faults/`, with the
traceback. The shrunk inputs of faults that were found are tests in `dmicc_assets_tests/properties/`.
"""

import argparse
import gzip
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import format_exc
from typing import Any

from dmicc_assets.enrichment.gene_sets import read_gmt
from dmicc_assets.enrichment.providers.gene_ontology import verify_ontology
from dmicc_assets.errors import DmiccError
from dmicc_assets.geo.formats.platform import read_platform, read_probe_table
from dmicc_assets.geo.formats.series_matrix import read_header, read_series_matrix
from dmicc_assets.geo.formats.soft import family_header, read_family
from dmicc_assets.geo.formats.tabular import names_of, read_matrix, read_sample_sheet
from dmicc_assets.geo.http.listing import parse_listing
from dmicc_assets.study.loading import read_study
from dmicc_assets_tests.worlds.small_mirror import annot_text, family_text, matrix_text, small_values

PROBES = {f"{i}_at": f"GENE{i}" for i in range(4)}
MATRIX = matrix_text("GSE1", "GPL7", small_values(7, 3))
FAMILY = family_text("GSE2", {"GPL7": {f"GSM{i}": dict.fromkeys(PROBES, "1.5") for i in range(3)}}, {"GPL7": PROBES})
TABLE = "gene\tS1\tS2\nTP53\t1.5\tNA\nEGFR\t3\t-4.25\n"
SHEET = 'sample,title,"group, of"\nS1,one,sick\nS2,"two ""2""",well\n'
GMT = "SET A\thttp://x\tTP53\tEGFR,1.0\nSET B (GO:0000001)\tna\tTP53\n"
OBO = "format-version: 1.2\n\n[Term]\nid: GO:0000001\nname: a\nnamespace: biological_process\nis_a: GO:0000002 ! b\n"
LISTING = '<html><pre><a href="?C=N">Name</a> <a href="GSE1_series_matrix.txt.gz">GSE1</a> <a href="suppl/">s</a></pre>'
STUDY = (Path(__file__).parent.parent / "dmicc_assets" / "studies" / "demo.yaml").read_text(encoding="utf-8")
PIECES = (
    *(
        "",
        '"',
        '""',
        "'",
        "\t",
        "\n",
        "\r",
        "\0",
        "!",
        "#",
        "^",
        ",",
        ";",
        "NA",
        "1e400",
        "-1",
        "\ufeff",
        "\ud7ff",
        "x",
    ),
    *(
        "!Sample_title",
        "!series_matrix_table_end",
        "^SAMPLE = ",
        "&a ",
        "*a",
        "<<: ",
        "{",
        "[",
        "]",
        ": ",
        "- ",
        "%41",
        "<a ",
    ),
)
Parser = Callable[[Path, bytes], Any]
PARSERS: dict[str, tuple[str, Parser]] = {
    "series matrix": (MATRIX, lambda path, text: read_series_matrix(zipped(path, text))),
    "header of a series matrix": (MATRIX, lambda path, text: read_header(zipped(path, text))),
    "SOFT": (FAMILY, lambda path, text: read_family(zipped(path, text))),
    "acc.cgi's text": (FAMILY, lambda path, text: family_header(iter([text]), path.name)),
    "annotation": (annot_text("GPL7", PROBES), lambda path, _: read_platform(path)),
    "table of probes": ("probe\tsymbol\n1_at\tTP53\n2_at\tEGFR\n", lambda path, _: read_probe_table(path)),
    "matrix": (TABLE, lambda path, _: read_matrix(path)),
    "names of a matrix": (TABLE, lambda path, _: names_of(path)),
    "sample sheet": (SHEET, lambda path, _: read_sample_sheet(path)),
    "GMT": (GMT, lambda path, _: read_gmt(path)),
    "OBO": (OBO, lambda path, _: verify_ontology(path)),
    "listing": (LISTING, lambda _, text: parse_listing(text.decode("utf-8", errors="replace"))),
    "study file": (STUDY, lambda _, text: read_study(text.decode("utf-8", errors="replace"), Path("demo.yaml"))),
}


def zipped(path: Path, text: bytes) -> Path:
    """The file, with the text compressed, as GEO serves it."""
    path.write_bytes(gzip.compress(text, 1))
    return path


def mutated(text: bytes, draw: random.Random) -> bytes:
    """The text with one to four changes: pieces put in, taken out or replaced, lines lost, doubled or moved."""
    for _ in range(draw.randint(1, 4)):
        at, kind = draw.randint(0, len(text)), draw.randrange(5)
        if kind == 0:
            text = text[:at] + draw.choice(PIECES).encode() + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + draw.randint(1, 30) :]
        elif kind == 2:
            text = text[:at] + bytes(draw.randrange(256) for _ in range(draw.randint(1, 3))) + text[at + 1 :]
        else:
            lines = text.split(b"\n")
            i, j = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[i : i + kind - 3] = [lines[j]]
            text = b"\n".join(lines)
    return text


def fuzz(seconds: float, seed: int, faults: Path) -> tuple[Counter[str], list[str]]:
    """Feed every parser in turn for a time.

    Returns:
        the number of inputs by parser, and the names of the files with what made a fault.
    """
    draw, counts, found = random.Random(seed), Counter[str](), list[str]()
    end = time.monotonic() + seconds
    with TemporaryDirectory() as folder:
        while time.monotonic() < end:
            for name, (text, parse) in PARSERS.items():
                changed, path = mutated(text.encode(), draw), Path(folder) / "input.gmt"
                path.write_bytes(changed)
                counts[name] += 1
                try:
                    parse(path, changed)
                except (DmiccError, KeyboardInterrupt) as error:
                    if isinstance(error, KeyboardInterrupt):
                        raise
                except BaseException:  # also a panic of a library in Rust
                    faults.mkdir(exist_ok=True)
                    file = faults / f"{name.replace(' ', '_')}.{counts[name]}"
                    file.write_bytes(changed)
                    file.with_name(f"{file.name}.txt").write_text(format_exc())
                    found.append(str(file))
    return counts, found


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    asked = arguments.parse_args()
    counted, faulty = fuzz(asked.seconds, asked.seed, Path("fuzz_faults"))
    for parser, n in counted.items():
        print(f"{parser}: {n} inputs")
    print(f"{counted.total()} inputs, {len(faulty)} faults, seed {asked.seed}")
    for one in faulty:
        print(one)
