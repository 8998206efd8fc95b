"""Results of simulated studies in a file of JSON lines, so that a run that ends early is continued and not repeated.

What is simulated, and what its results mean, is in the `claims*.py` modules.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


class KeptResults:
    """Results by key; computed once, and appended to the file as soon as they are there.

    A key names all that a result depends on but the code: use another file after a change of the method.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        if path is not None and path.exists():
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            self._values = {line["key"]: line["value"] for line in lines}

    def get(self, key: str, compute: Callable[[], Any]) -> Any:
        """The value of the key, from the file or computed; anything that JSON holds."""
        if key not in self._values:
            self._values[key] = compute()
            if self._path is not None:
                with self._path.open("a") as file:
                    file.write(json.dumps({"key": key, "value": self._values[key]}) + "\n")
        return self._values[key]
