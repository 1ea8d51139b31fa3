"""Local days of moments, held to writing out each of them."""

from __future__ import annotations

import pandas as pd
import pytest

from vpp_core.calendar import local_days


@pytest.mark.parametrize("start", ["2023-03-11", "2023-11-04", "2024-02-28"])
@pytest.mark.parametrize("timezone", ["America/Los_Angeles", "Europe/Berlin", "UTC"])
def test_a_moment_s_local_day_is_the_date_on_the_clock_there(start: str, timezone: str) -> None:
    moments = pd.Series(pd.date_range(start, periods=300, freq="15min", tz="UTC"), name="timestamp")[::-1]
    pd.testing.assert_series_equal(
        local_days(moments, timezone), moments.dt.tz_convert(timezone).dt.strftime("%Y-%m-%d"), check_dtype=False
    )
