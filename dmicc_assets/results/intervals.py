"""How an estimate and its interval are written: the one place for report, figures, command line and findings.

Nothing is estimated here.
"""

from dmicc_assets.wording import signed

# Limits closer than this are one value: DeLong's interval of an AUC of 0 or 1 has no width.
_NO_WIDTH = 1e-9
NOT_ESTIMABLE = "not estimable"


def interval_text(low: float | None, high: float | None, digits: int = 3) -> str:
    """An interval, `0.870 to 0.930`; without width "not estimable"; empty where none was made.

    Args:
        low: lower limit.
        high: upper limit.
        digits: digits behind the point.
    """
    if low is None or high is None:
        return ""
    form = f".{digits}f"
    return NOT_ESTIMABLE if high - low <= _NO_WIDTH else f"{signed(low, form)} to {signed(high, form)}"


def estimate_text(value: float | None, low: float | None, high: float | None, digits: int = 3) -> str:
    """An estimate with its interval, `0.900 (95 % interval 0.870 to 0.930)`.

    Args:
        value: the estimate; without it "not estimable".
        low: lower limit; without it the interval is left out.
        high: upper limit.
        digits: digits behind the point.
    """
    if value is None:
        return NOT_ESTIMABLE
    interval = interval_text(low, high, digits)
    return signed(value, f".{digits}f") + (f" (95 % interval {interval})" if interval else "")
