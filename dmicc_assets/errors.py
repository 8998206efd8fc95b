"""Errors of use, source and data: exceptions whose text is the one or two lines that the user reads.

They are shown without a traceback (unless asked for); every other exception is a defect of this package.
"""


class DmiccError(Exception):
    """The work failed: the message names the thing, what was expected and what to do."""

    exit_status = 1

    def __init__(self, message: str, check: str | None = None) -> None:
        """Keep the message, and the code of the integrity check that failed, if there is one."""
        super().__init__(message)
        self.check = check


class RequestError(DmiccError):
    """The request itself is wrong: an unknown study, a wrong study file, a bad option."""

    exit_status = 2


class SourceError(DmiccError):
    """A file of a source (GEO, Xena, the disk) is missing, unreachable, damaged or of another format."""


class DataError(DmiccError):
    """The data are intact, but they do not allow the study as its file defines it."""
