"""Pictures of the data: they say what is real, are the same for the same data, and thumbnails stay small."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from vpp_core.calendar import Month
from vpp_core.results.plots_data import (
    THUMBNAIL_BYTES,
    load_page,
    load_thumbnail,
    market_page,
    market_thumbnail,
    overview_page,
    solar_page,
    solar_thumbnail,
)
from vpp_core.scenario import Scenario
from vpp_core.sources.load import load_profiles
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar import solar_generation


@cache
def tables() -> dict[str, pd.DataFrame]:
    scenario, month, raw = Scenario(source="synthetic", homes=20), Month.parse("2023-08"), Path()
    return {
        "market": market_prices(scenario, month, raw),
        "solar": solar_generation(scenario, month, raw),
        "load": load_profiles(scenario, month, raw),
    }


def page(name: str) -> str:
    data = tables()
    if name == "overview":
        return overview_page(data["market"], data["solar"], data["load"], plotly_js=False)
    pages = {"market": market_page, "solar": solar_page, "load": load_page}
    return pages[name](data[name], plotly_js=False)


@pytest.mark.parametrize("name", ["market", "solar", "load", "overview"])
def test_a_page_says_what_is_drawn_and_is_the_same_every_time(name: str) -> None:
    html = page(name)
    assert "synthetic 100%" in html
    assert 'id="plot-' in html
    assert page(name) == html


def test_the_market_page_copes_with_a_month_without_day_ahead_and_reserve_prices() -> None:
    prices = tables()["market"].copy()
    prices[["lmp_day_ahead_usd_per_mwh", "spin_usd_per_mw_h"]] = float("nan")
    html = market_page(prices, plotly_js=False)
    assert "real-time" in html and "day-ahead" not in html and "spin, median" not in html


@pytest.mark.parametrize(
    ("draw", "name"), [(market_thumbnail, "market"), (solar_thumbnail, "solar"), (load_thumbnail, "load")]
)
def test_a_thumbnail_is_a_small_png_and_the_same_every_time(draw: object, name: str) -> None:
    png = draw(tables()[name])  # type: ignore[operator]
    assert png.startswith(b"\x89PNG") and 1500 < len(png) < THUMBNAIL_BYTES
    assert draw(tables()[name]) == png  # type: ignore[operator]
