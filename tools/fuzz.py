"""Feeds mutated text to every parser of foreign text, and counts inputs by parser: `make fuzz`, for as long as asked.

A parser may answer, with what `fuzz_parsers.py` says must hold, or raise a `DmiccError`. Anything else is a fault, and
so is more than 20 s of computing: its input is written to `fuzz_faults/`, with the traceback. The shrunk inputs of
faults that were found are tests in `dmicc_assets_tests/properties/`.
"""

import argparse
import json
import logging
import random
import resource
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from traceback import extract_tb, format_exc
from types import FrameType

from dmicc_assets.errors import DmiccError
from tools.fuzz_parsers import PARSERS, Parser, written

MOST_SECONDS = 20.0  # of computing, for texts of a thousand signs
MOST_MEMORY = 6 << 30
SAID_EVERY = 60.0
PIECES = (
    *("", '"', '""', "'", "\t", "\n", "\r", "\r\n", "\0", "!", "#", "^", ",", ";", "|", "x", " ", "\u00a0", "\u2028"),
    *(
        "NA",
        "nan",
        "inf",
        "1e400",
        "-1",
        "1e-400",
        "0x1F",
        "1_000",
        "\u0661",
        "9" * 400,
        "\ufeff",
        "\u0130",
        "a" * 5000,
    ),
    *("!Sample_title", "!series_matrix_table_end", "!series_matrix_table_begin", "^SAMPLE = ", "!sample_table_end"),
    *(
        "&a ",
        "*a",
        "<<: ",
        "{",
        "[",
        "]",
        "}",
        ": ",
        "- ",
        "? ",
        "!!python/none ",
        "null",
        "[[[[[[",
        "(a+)+$",
        "|",
        ">",
    ),
    *("%41", "%ff", "<a ", "<a href='../x'>", "GO:0000001", "is_a: GO:0009607", "\nid: ", "\n\n[Term]\n", "NOT|"),
)
BYTES = (b"\xff", b"\xfe\xff", b"\xff\xfe", b"\xed\xa0\x80", b"\x80", b"\xc3", b"\x1f\x8b\x08", b"PK\x03\x04")


@dataclass
class Found:
    """What came of it.

    Attributes:
        counts: inputs by parser.
        answered: of these, those that were read, not refused.
        faults: files with the input of the first fault at each place.
        n_faults: all of them, by place.
    """

    counts: Counter[str] = field(default_factory=Counter[str])
    answered: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])
    n_faults: Counter[str] = field(default_factory=Counter[str])


def mutated(text: bytes, draw: random.Random) -> bytes:
    """The text with one to four changes: pieces put in, lost or replaced, lines or cells lost, doubled or moved."""
    for _ in range(draw.randint(1, 4)):
        at, kind = draw.randint(0, len(text)), draw.randrange(7)
        if kind == 0:
            text = text[:at] + draw.choice(PIECES).encode() + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + draw.randint(1, 30) :]
        elif kind == 2:
            put = draw.choice(BYTES) if draw.random() < 0.5 else bytes(draw.randrange(256) for _ in range(3))
            text = text[:at] + put + text[at + 1 :]
        elif kind in (3, 4):
            text = b"\n".join(_moved(text.split(b"\n"), draw))
        else:
            lines = text.split(b"\n")
            i = draw.randrange(len(lines))
            cells = lines[i].split(b"\t")
            if kind == 5:
                cells[draw.randrange(len(cells))] = draw.choice(PIECES).encode()
            lines[i] = b"\t".join(cells if kind == 5 else _moved(cells, draw))
            text = b"\n".join(lines)
    return text


def _moved(parts: Sequence[bytes], draw: random.Random) -> list[bytes]:
    """Some parts lost, doubled or at another place."""
    i, j = sorted(draw.randint(0, len(parts)) for _ in range(2))
    some, kind = parts[i:j], draw.randrange(3)
    rest = [*parts[:i], *parts[j:]]
    if kind == 0:
        return [*rest] or [b""]
    at = draw.randint(0, len(rest))
    return [*parts[:i], *some, *some, *parts[j:]] if kind == 1 and len(parts) < 200 else [*rest[:at], *some, *rest[at:]]


def fuzz(seconds: float, n_inputs: int, seed: int, faults: Path, log: Path | None = None) -> Found:
    """Feed every parser in turn, until the time is over or all inputs were fed.

    Args:
        seconds: at most.
        n_inputs: in all, at most.
        seed: of the mutations.
        faults: folder of the inputs that made faults.
        log: gets a line of JSON a minute.
    """
    draw, found = random.Random(seed), Found()
    end, said = time.monotonic() + seconds, time.monotonic()
    shared = Path("/dev/shm")  # no disk, where there is one in memory
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        while time.monotonic() < end and found.counts.total() < n_inputs:
            for name, parser in PARSERS.items():
                text = mutated(draw.choice(parser.seeds).encode(), draw)
                found.counts[name] += 1
                _feed(name, parser, text, Path(folder), found, faults)
            if log is not None and time.monotonic() > said + SAID_EVERY:
                said = time.monotonic()
                with log.open("a") as file:
                    file.write(json.dumps(_said(found, seed)) + "\n")
    if log is not None:
        with log.open("a") as file:
            file.write(json.dumps(_said(found, seed)) + "\n")
    return found


def _feed(name: str, parser: Parser, text: bytes, folder: Path, found: Found, faults: Path) -> None:
    path = folder / f"{name.replace(' ', '_')}{'.gz' if parser.zips else ''}"
    written(parser, path, text)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        answer = parser.parse(path, text)
        parser.check(answer)
        found.answered[name] += 1
    except KeyboardInterrupt:
        raise
    except DmiccError:
        pass
    except BaseException as error:  # also a panic of a library in Rust
        where = extract_tb(error.__traceback__)[-1]
        place = f"{name}: {type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
        found.n_faults[place] += 1
        if found.n_faults[place] == 1:
            faults.mkdir(exist_ok=True)
            file = faults / f"{name.replace(' ', '_')}.{found.counts[name]}"
            file.write_bytes(text)
            file.with_name(f"{file.name}.txt").write_text(format_exc())
            found.faults.append(f"{file}: {place}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _said(found: Found, seed: int) -> dict[str, object]:
    return {
        "seed": seed,
        "total": found.counts.total(),
        "inputs": dict(found.counts),
        "answered": dict(found.answered),
        "faults": dict(found.n_faults),
    }


def _too_slow(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {MOST_SECONDS:g} s of computing")


def main() -> None:
    """Feed, and print the counts."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--inputs", type=int, default=10**9)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--log", type=Path)
    asked = arguments.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    signal.signal(signal.SIGPROF, _too_slow)
    logging.disable()  # a library warns of every ontology without a name
    found = fuzz(asked.seconds, asked.inputs, asked.seed, Path("fuzz_faults"), asked.log)
    for name, n in found.counts.items():
        print(f"{name}: {n} inputs, {found.answered[name]} read, the others refused")
    print(f"{found.counts.total()} inputs, {found.n_faults.total()} faults at {len(found.n_faults)} places, ", end="")
    print(f"seed {asked.seed}")
    for one in found.faults:
        print(one)


if __name__ == "__main__":
    main()
