"""Which tests run in one process under pytest-xdist, because they share what one of them makes."""

import pytest

from dmicc_assets_tests.conftest import group_of

UNIT, WHOLE = "dmicc_assets_tests/unit", "dmicc_assets_tests/integration"


@pytest.mark.parametrize(
    ("nodeid", "group"),
    [
        (f"{WHOLE}/test_run.py::test_a_study_runs_once_and_then_only_what_changed", "first_run"),
        (f"{WHOLE}/test_column_lineage.py::test_the_column_lineage_is_exact[source/datasets]", "first_run"),
        (f"{WHOLE}/test_run.py::test_the_case_needs_no_data", f"{WHOLE}/test_run.py::test_the_case_needs_no_data"),
        (f"{WHOLE}/test_ui.py::test_the_graph_is_drawn", f"{WHOLE}/test_ui.py"),
        (f"{UNIT}/export/test_study_export.py::test_the_database_is_of_tables_can_be_moved", "simulated_study"),
        (f"{UNIT}/stats/test_firth.py::test_limits[a::b]", f"{UNIT}/stats/test_firth.py"),
    ],
)
def test_what_is_shared_is_in_one_group(nodeid: str, group: str) -> None:
    assert group_of(nodeid) == group
