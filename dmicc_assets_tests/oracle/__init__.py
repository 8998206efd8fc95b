"""R's outputs, each folder with the script and the package versions that made it."""

from pathlib import Path

ORACLE = Path(__file__).parent
