"""`scipy.special`, loaded when its first function is asked for: loading it takes as long as an up-to-date run.

Nothing of its own is here.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    from scipy import special  # pyright: ignore[reportMissingTypeStubs] - it has none

    found = globals()[name] = getattr(special, name)
    return found
