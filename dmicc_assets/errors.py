"""What can go wrong for a user, as exceptions whose text is the one or two lines the user reads.

No traceback is shown for these (unless asked for); every other exception is a defect of this package.
"""


class DmiccError(Exception):
    """The work failed: the message names the thing, what was expected and what to do."""

    exit_status = 1


class RequestError(DmiccError):
    """The request itself is wrong: an unknown study, a wrong study file, a bad option."""

    exit_status = 2


class SourceError(DmiccError):
    """What a source (GEO, Xena, the disk) serves is missing, unreachable or not what it must be."""


class DataError(DmiccError):
    """The data are sound, but the study cannot be done on them as it asks."""
