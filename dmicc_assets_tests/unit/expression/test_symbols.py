"""Look-up of symbols under current and earlier names."""

from dmicc_assets.expression.symbols import current_symbols, find_symbols


def test_symbol_itself_comes_first() -> None:
    match = find_symbols(["CYR61", "SPP1"], {"CYR61", "CCN1", "SPP1"})
    assert match.found == {"CYR61": "CYR61", "SPP1": "SPP1"}
    assert match.by_previous == {}
    assert match.missing == []


def test_gpl96_symbols_are_found_under_todays_names() -> None:
    match = find_symbols(["CYR61", "IGJ", "PPAP2B", "MT1M"], ["CCN1", "JCHAIN", "PLPP3", "MT1M"])
    assert match.found == {"CYR61": "CCN1", "IGJ": "JCHAIN", "PPAP2B": "PLPP3", "MT1M": "MT1M"}
    assert match.by_previous == {"CYR61": "CCN1", "IGJ": "JCHAIN", "PPAP2B": "PLPP3"}


def test_todays_symbol_is_found_under_an_earlier_name() -> None:
    assert find_symbols(["CCN1"], ["CYR61"]).by_previous == {"CCN1": "CYR61"}


def test_one_earlier_name_is_found_under_another() -> None:
    assert find_symbols(["IGFBP10"], ["CYR61"]).found == {"IGFBP10": "CYR61"}


def test_several_earlier_names_are_ambiguous() -> None:
    match = find_symbols(["CCN1"], ["CYR61", "IGFBP10"])
    assert match.found == {}
    assert match.missing == ["CCN1"]


def test_what_is_not_there_is_missing_in_order_and_once() -> None:
    match = find_symbols(["NOSUCH2", "SPP1", "NOSUCH1", "NOSUCH2"], ["SPP1"])
    assert match.missing == ["NOSUCH2", "NOSUCH1"]
    assert list(match.found) == ["SPP1"]


def test_nothing_wanted_or_nothing_there() -> None:
    assert find_symbols([], ["SPP1"]).found == {}
    assert find_symbols(["SPP1"], []).missing == ["SPP1"]


def test_case_matters() -> None:
    assert find_symbols(["spp1"], ["SPP1"]).missing == ["spp1"]


def test_current_symbols() -> None:
    assert current_symbols(["CYR61", "CCN1", "MT1M", "NOSUCH"]) == {
        "CYR61": "CCN1",
        "CCN1": "CCN1",
        "MT1M": "MT1M",
        "NOSUCH": "NOSUCH",
    }
