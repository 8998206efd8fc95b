import sys

import pytest

from dmicc_assets.errors import RequestError
from dmicc_assets.orchestration import build


def test_an_executor_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build._executor("in_process").name == "in_process"
    for name, module in (("celery", "dagster_celery"), ("k8s", "dagster_k8s")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(RequestError, match=rf"DMICC_EXECUTOR: {name} needs the extra: .*\[cluster\]"):
            build._executor(name)
