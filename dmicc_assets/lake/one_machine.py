"""What a lake does for other machines: nothing, if it is a folder of one machine. `published.py` shares one.

No file is read or written here.
"""

from collections.abc import Sequence
from pathlib import Path

from dmicc_assets.lake.manifest import Manifest


class OneMachine:
    """The part of a lake that other machines need; `published.PublishedLake` has all of it.

    Attributes:
        is_published: whether other machines share the lake.
    """

    is_published = False

    def _publish(self, manifest: Manifest, files: Sequence[Path]) -> Manifest:
        """Give a partition that was just written to other machines; returns the manifest that holds for all."""
        return manifest

    def refresh(self, study: str | None = None) -> None:
        """Take over what other machines published: of one study, or of all."""

    def bring(self, table: str, partition: str, path: Path) -> bool:
        """Whether a file that the step of a table wrote outside the lake exists; copied here if it is elsewhere."""
        return path.exists()

    def has_file(self, table: str, partition: str, path: Path) -> bool:
        """Whether a file that the step of a table wrote outside the lake exists, here or on another machine."""
        return path.exists()

    def share(self, path: Path) -> None:
        """Give a small file of the lake's folder to other machines, or tell them that it was deleted."""

    def bring_tables(self) -> list[tuple[str, str, str]]:
        """Copy here what queries read: every table that is no matrix, and the history.

        Returns:
            table, partition and reason of what cannot be copied.
        """
        return []

    def versions(self) -> list[str]:
        """Versions of all that is published, as of the last `refresh`."""
        return []

    def sweep(self) -> int:
        """Delete objects that killed processes left in the store; returns their number."""
        return 0
