"""Negotiations found and read back from what was said in them."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.dashboard.conftest import said
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.results.text import number, usd
from vpp_core.tables import NEGOTIATION_MESSAGES
from vpp_dashboard import spoken
from vpp_dashboard.spoken import Wanted
from vpp_pipeline.lake import Lake


@pytest.fixture(scope="module")
def messages(lake: Lake) -> pd.DataFrame:
    return lake.read(NEGOTIATION_MESSAGES.name, MONTH, TINY.name).table.to_pandas()


def starts(found: pd.DataFrame) -> set[tuple[str, pd.Timestamp]]:
    return set(zip(found["gate"], pd.to_datetime(found["window_start"], utc=True), strict=True))


def test_negotiations_are_found_by_outcome_money_product_price_and_home(lake: Lake, messages: pd.DataFrame) -> None:
    every = spoken.search(lake, MONTH, TINY.name, Wanted())
    assert starts(every) == starts(messages)
    outcome = every["outcome"].iloc[0]
    assert starts(spoken.search(lake, MONTH, TINY.name, Wanted(outcome=outcome))) == starts(
        messages[messages["outcome"] == outcome]
    )
    assert starts(spoken.search(lake, MONTH, TINY.name, Wanted(product="spin"))) == starts(
        messages[messages["product"] == "spin"]
    )
    home = int(messages["home_id"].iloc[0])
    assert starts(spoken.search(lake, MONTH, TINY.name, Wanted(home=home))) == starts(
        messages[messages["home_id"] == home]
    )
    keys = ["gate", "window_start"]
    paid = messages.groupby(keys)["paid_usd"].sum()
    most = float(paid.max())
    dear = spoken.search(lake, MONTH, TINY.name, Wanted(paid_usd=most / 2))
    assert len(dear) == int((paid >= most / 2).sum()) > 0
    price = messages.groupby(keys)["market_usd_per_mwh"].max()
    spike = spoken.search(lake, MONTH, TINY.name, Wanted(price_usd_per_mwh=float(price.quantile(0.9))))
    assert len(spike) == int((price >= price.quantile(0.9)).sum())


def test_the_search_stands_in_the_address(page, lake: Lake) -> None:
    every = spoken.negotiations(lake, MONTH, TINY.name)
    app = page("negotiations", product="spin", paid="0.01")
    found = spoken.search(lake, MONTH, TINY.name, Wanted(product="spin", paid_usd=0.01))
    assert f"{len(found)} of {len(every)} negotiations" in said(app)
    assert len(app.dataframe[0].value) == len(found)
    assert app.number_input(key="paid").value == 0.01
    assert app.dataframe[0].value["local"].is_monotonic_increasing
    by_money = page("negotiations", sort="paid to households").dataframe[0].value["paid_usd"].dropna()
    assert by_money.is_monotonic_decreasing and len(set(by_money)) > 1


def test_a_negotiation_is_played_back_and_tells_what_followed(page, lake: Lake, messages: pd.DataFrame) -> None:
    one = messages[messages["gate"] == "real_time"]
    start = one.groupby("window_start")["paid_usd"].sum().idxmax()
    own = one[one["window_start"] == start]
    at = start.tz_convert("America/Los_Angeles").strftime("%Y-%m-%dT%H:%M")
    app = page("negotiation", at=at, gate="real_time", strategy="negotiated")
    kind = app.selectbox(key="kind").value
    rows = own[own["kind"] == kind]
    words = said(app) + "\n".join(bubble.markdown[0].value for bubble in app.chat_message).replace("\\", "")
    assert f"Energy of {at[:10]}" in words
    assert "Privately it would take" not in words  # what is private stays so until it is asked for
    bid = rows[rows["committed_kw"] > 0]
    assert f"{usd(bid['paid_usd'].sum())} paid." in words
    first = rows[rows["round"] == 1].sort_values("capacity_kw", ascending=False).iloc[0]
    assert f"Home {first['home_id']}" in words and f"asks {number(first['ask_usd_per_mwh'], 1)}" in words
    app.toggle(key="reveal").set_value(True).run()
    revealed = "\n".join(bubble.markdown[0].value for bubble in app.chat_message).replace("\\", "")
    assert f"Privately it would take {number(first['private_reservation_usd_per_mwh'], 1)}" in revealed


def test_a_home_tells_how_it_answered_and_why(lake: Lake, messages: pd.DataFrame) -> None:
    home = int(messages["home_id"].iloc[0])
    answers = spoken.answers_of_home(lake, MONTH, TINY.name, home)
    assert answers is not None
    ended = messages[(messages["home_id"] == home) & messages["committed_kw"].notna()]
    assert answers["times"].sum() == len(ended)
    assert answers["paid_usd"].sum() == pytest.approx(float(ended["paid_usd"].sum()), rel=1e-4)
    assert set(answers["reason"]) == set(ended["reason"])
