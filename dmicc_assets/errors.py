"""What can go wrong for a user, as exceptions whose text is the one or two lines the user reads.

No traceback is shown for these (unless asked for); every other exception is a defect of this package.
"""


class DmiccError(Exception):
    """The work failed: the message names the thing, what was expected and what to do."""

    exit_status = 1

    def __init__(self, message: str, check: str | None = None) -> None:
        """A message for the user, and the code of the integrity check that it fails, if it is one's."""
        super().__init__(message)
        self.check = check


class RequestError(DmiccError):
    """The request itself is wrong: an unknown study, a wrong study file, a bad option."""

    exit_status = 2


class SourceError(DmiccError):
    """What a source (GEO, Xena, the disk) serves is missing, unreachable or not what it must be."""


class DataError(DmiccError):
    """The data are sound, but the study cannot be done on them as it asks."""
