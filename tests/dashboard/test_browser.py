"""The first stories in a browser: pages are drawn, clicks and links do what they say, nothing leaves the machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.dashboard.chromium import CHROMIUM, Browser, browser, free_port
from tests.dashboard.conftest import BEFORE, OTHER
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.results.text import usd
from vpp_dashboard import queries, spoken
from vpp_pipeline.lake import Lake

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
OF_TINY = f"month={MONTH}&scenario={TINY.name}"
MIN_BYTES = 20_000
"""of a screenshot that shows something; an empty page takes 5,000"""


@pytest.fixture(scope="module")
def server(lake: Lake) -> Iterator[str]:
    """The dashboard as `vpp dashboard` serves it."""
    port = free_port()
    command = [sys.executable, "-m", "vpp_pipeline.cli", "dashboard", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            ends = time.monotonic() + 60
            while True:
                try:
                    urlopen(f"http://127.0.0.1:{port}/").close()
                    break
                except OSError:
                    assert process.poll() is None and time.monotonic() < ends, "the dashboard did not come up"
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def tab(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as own:
        yield own
        others = {url for url in own.asked if url.startswith(("http", "ws")) and "//127.0.0.1:" not in url}
        assert not others, f"the page asked other machines: {others}"


def drawn(tab: Browser, path: Path) -> None:
    """The page as a picture that shows something."""
    tab.picture(path, whole=False)
    assert path.stat().st_size > MIN_BYTES


def test_the_answer_is_drawn(tab: Browser, server: str, lake: Lake, tmp_path: Path) -> None:
    tab.open(f"{server}/?{OF_TINY}")
    found = queries.headline(lake, MONTH, TINY.name, "centralized_aware")
    assert found is not None
    tab.wait_for_words("What does negotiating give up?", usd(found.apart.estimate), "Surplus of every strategy")
    drawn(tab, tmp_path / "answer.png")
    tab.open(tab.run("document.querySelector('a[href$=\"simulation_report.html\"]').href"))
    tab.wait_for("document.querySelectorAll('.main-svg').length > 0")  # the page's script draws, sandboxed as it is
    assert queries.told(lake, MONTH, TINY.name)[0].rstrip(".") in tab.words()


def test_a_click_on_a_mark_opens_its_month(tab: Browser, server: str, tmp_path: Path) -> None:
    tab.open(f"{server}/runs")
    tab.wait_for_words("Months and scenarios", f"{OTHER.name} failed")
    drawn(tab, tmp_path / "runs.png")
    tab.click(*tab.middle_of(".js-plotly-plot .scatterlayer .point"))  # the one month of real prices is drawn first
    tab.wait_for_words(f"What does negotiating give up? {BEFORE}", "100 %")  # of its prices are real
    assert f"month={BEFORE}" in tab.run("location.search")


@pytest.mark.slow
def test_two_runs_stand_side_by_side(tab: Browser, server: str, tmp_path: Path) -> None:
    tab.open(f"{server}/compare?one={OTHER.name}+{MONTH}&other={TINY.name}+{MONTH}")
    tab.wait_for_words("Two runs side by side", "What makes them differ")
    drawn(tab, tmp_path / "compare.png")


def test_a_click_on_a_step_takes_it_apart_and_the_address_says_so(tab: Browser, server: str, tmp_path: Path) -> None:
    tab.open(f"{server}/gap?{OF_TINY}&step=price_of_negotiating")
    tab.wait_for_words("They add up", "Price of negotiating")
    tab.click(*tab.middle_of(".js-plotly-plot .bars .point", 1))  # the first bar is the bound itself
    tab.wait_for_words("Price of preferences", "They add up")
    assert "step=price_of_preferences" in tab.run("location.search")
    drawn(tab, tmp_path / "gap.png")


def test_a_negotiation_is_found_and_read_and_private_prices_are_shown_when_asked_for(
    tab: Browser, server: str, lake: Lake, tmp_path: Path
) -> None:
    tab.open(f"{server}/negotiations?{OF_TINY}&product=energy")
    every = spoken.negotiations(lake, MONTH, TINY.name)
    found = spoken.search(lake, MONTH, TINY.name, spoken.Wanted(product="energy"))
    tab.wait_for_words(f"{len(found)} of {len(every)} negotiations")
    drawn(tab, tmp_path / "negotiations.png")
    first = found.iloc[0]
    tab.open(f"{server}/negotiation?{OF_TINY}&at={first['local']:%Y-%m-%dT%H:%M}&gate={first['gate']}")
    tab.wait_for_words("One negotiation", "Round 1", "What followed")
    assert "Privately it would take" not in tab.words()
    tab.click(*tab.middle_of('[data-testid="stCheckbox"] label'))
    tab.wait_for_words("Privately it would take", "What followed")
    drawn(tab, tmp_path / "negotiation.png")
