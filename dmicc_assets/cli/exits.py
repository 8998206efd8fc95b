"""How a command ends: exit status and last line of errors and interruptions, whoever was at work when they came.

What the line says of a fault of the machine is in `faults.py`.
"""

import os
import signal
import sys
from collections.abc import Callable
from threading import current_thread, main_thread
from types import FrameType
from typing import Self

from rich.console import Console

from dmicc_assets.errors import DmiccError

INTERRUPTED = 130
_UNHEARD = 128 + signal.SIGPIPE  # as of a command that the signal of a closed pipe ended
_INTERRUPTED = "dmicc: interrupted; finished results are kept and nothing is incomplete, run again to continue"


class Stream(Console):
    """Standard output or error; when its reader has left, as `head` does, the command works on and says nothing more.

    Attributes:
        is_unheard: whether the reader has left.
    """

    is_unheard = False

    def on_broken_pipe(self) -> None:
        """Let what is left to say go nowhere, and not end a run in the middle of its work."""
        self.is_unheard = self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


class Interrupts:
    """A context that notes Ctrl-C (SIGINT), and lets it interrupt as ever.

    Libraries turn it into errors of their own, and processes that compute for a step die of it, so that only the
    signal tells an interrupted command from one that failed.

    Attributes:
        came: whether one came.
    """

    def __init__(self) -> None:
        self.came = False
        self._notes = (
            current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )

    def __enter__(self) -> Self:
        if self._notes:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        if self._notes:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _note(self, signum: int, frame: FrameType | None) -> None:
        self.came = True
        signal.default_int_handler(signum, frame)


def run_command(command: Callable[[], object], err: Console, out: Console | None = None) -> None:
    """Run a command line; a user's mistake is one or two lines on standard error, without a traceback unless asked for.

    Args:
        command: the command line.
        err: standard error.
        out: standard output; a command whose reader left has the status of one that was ended by this.

    Raises:
        SystemExit: with the status of the command.
    """
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    with Interrupts() as interrupts:
        try:
            command()
        except Exception as error:
            if debug:
                raise
            if interrupts.came:
                err.print(_INTERRUPTED)
                sys.exit(INTERRUPTED)
            sys.exit(_told(error, err))
        except KeyboardInterrupt:  # before typer is at work
            err.print(_INTERRUPTED)
            sys.exit(INTERRUPTED)
        except SystemExit as left:  # typer makes one of Ctrl-C
            if left.code == INTERRUPTED or (interrupts.came and left.code):
                err.print(_INTERRUPTED)
                sys.exit(INTERRUPTED)
            if isinstance(left.__context__, BrokenPipeError) or (not left.code and _is_unheard(out, err)):
                sys.exit(_UNHEARD)
            raise


def _is_unheard(*streams: Console | None) -> bool:
    """Whether the reader of one of them has left, once all is written that waits for it."""
    ours = [each for each in streams if isinstance(each, Stream)]
    for each in ours:
        try:
            each.file.flush()
        except BrokenPipeError:
            each.on_broken_pipe()
    return any(each.is_unheard for each in ours)


def _told(error: Exception, err: Console) -> int:
    """Say an error in a line; the exit status.

    Raises:
        Exception: the error itself, if it is a defect.
    """
    if isinstance(error, DmiccError):
        err.print(f"dmicc: {error}")
        return error.exit_status
    from dmicc_assets.cli.faults import told

    if (line := told(error, sys.argv[1:])) is None:
        raise error
    err.print(f"dmicc: {line}")
    return 1
