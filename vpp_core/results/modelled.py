"""How much of each figure was made at prices that nobody published: beside every number that is compared.

A market window's surplus hangs on its energy price, what reserves brought in it on its reserve price. What is neither
published nor filled from neighbours is modelled; a window counts by the share of its intervals that are. So each
figure falls into what was made at modelled energy prices, at modelled reserve prices, and at published ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_core.results.run import Run, once_a_run
from vpp_core.results.rungs import ALONE, BOUND, COMMANDED, NEGOTIATED, SMART, UNHEEDING
from vpp_core.results.shares import data_shares, modelled, shown_share
from vpp_core.results.text import NONE, listed, percent, usd

MIN_SHARE = 1e-9
MIN_USD = 0.005
"""Below half a cent a sum is no difference."""
_WHOLE = 0.9995
"""From this share on, to three digits, all of a figure hangs on a model."""


def modelled_share(run: Run, of: str) -> float:
    """Of the intervals of a price series (`real-time`, `reserve`), the share that is neither real nor filled, 0–1.

    Of several series that the words fit, the one with most. Nothing is sold where a price is missing, so none of these.
    """
    fitting = [share for share in data_shares(run) if of in share.series and "price" in share.series]
    return max(
        1 - share.real - sum(share.by_source.get(name, 0.0) for name in ("filled", "missing")) for share in fitting
    )


@dataclass(frozen=True)
class Hanging:
    """A figure and its parts [$]; `energy` and `reserves` were made at modelled prices, the rest at published ones."""

    whole: float
    energy: float
    reserves: float

    @property
    def share(self) -> float | None:
        """Which part of the figure was made at modelled prices; None where it is nothing, or parts outweigh it."""
        if abs(self.whole) < MIN_USD:
            return None
        share = (self.energy + self.reserves) / self.whole
        return share if -1e-9 <= share <= 1 + 1e-9 else None

    def __sub__(self, other: Hanging) -> Hanging:
        return Hanging(self.whole - other.whole, self.energy - other.energy, self.reserves - other.reserves)


def hanging(run: Run, upper: str, lower: str = ALONE) -> Hanging:
    """What of a difference in surplus was made at modelled prices; over no VPP it is the strategy's own surplus."""
    return _of_strategy(run, upper) - _of_strategy(run, lower)


@once_a_run
def _of_strategy(run: Run, strategy: str) -> Hanging:
    own = run.flat.windows[run.flat.windows["strategy"] == strategy]
    shares = _modelled_by_window(run).reindex(own["window_start"])
    energy, reserve = (shares[of].to_numpy(dtype=float) for of in ("energy", "reserve"))
    held = own["surplus_reserves_usd"].to_numpy(dtype=float)
    rest = own["surplus_usd"].to_numpy(dtype=float) - held
    return Hanging(float(rest.sum() + held.sum()), float(rest @ energy), float(held @ reserve))


@once_a_run
def _modelled_by_window(run: Run) -> pd.DataFrame:
    """Share of each window's intervals whose energy and whose reserve price is modelled, by the window's start."""
    prices = run.market_prices
    flags = pd.DataFrame(
        {
            "energy": modelled(prices["lmp_source"], prices["lmp_usd_per_mwh"]),
            "reserve": modelled(prices["spin_source"], prices["spin_usd_per_mw_h"])
            | modelled(prices["nonspin_source"], prices["nonspin_usd_per_mw_h"]),
        }
    )
    starts = pd.DatetimeIndex(run.flat.windows["window_start"].unique()).sort_values()
    window = starts.searchsorted(pd.DatetimeIndex(prices["timestamp"]), side="right") - 1
    return flags.groupby(window).mean().reindex(range(len(starts))).set_index(starts)


def hanging_words(part: Hanging) -> str:
    """`all of it at modelled prices`, `38 % of it …`; empty where every price was published."""
    made = part.energy + part.reserves
    if abs(part.energy) + abs(part.reserves) < MIN_USD or abs(part.whole) < MIN_USD:
        return ""
    if part.share is None:
        return f"{usd(made)} of it, and {usd(part.whole - made)} the other way, at modelled and at published prices"
    return (
        "all of it at modelled prices"
        if part.share >= _WHOLE
        else f"{shown_share(part.share)} of it at modelled prices"
    )


FIGURES = (
    ("given up against commanding within preferences", COMMANDED, NEGOTIATED),
    ("given up against commanding whatever they prefer", UNHEEDING, NEGOTIATED),
    ("made by negotiating over no VPP", NEGOTIATED, ALONE),
    ("made by negotiating over homes that manage themselves", NEGOTIATED, SMART),
    ("below perfect foresight", BOUND, NEGOTIATED),
)
"""The figures of the answer: words, and the strategies whose difference they are."""


def modelled_table(run: Run) -> pd.DataFrame:
    """Display rows of the answer's figures and of every strategy's surplus: what of each hangs on modelled prices.

    Dollars a home. Empty where no price is modelled.
    """
    if max(modelled_share(run, "real-time"), modelled_share(run, "reserve")) < MIN_SHARE:
        return pd.DataFrame()
    known = set(run.by_strategy.index)
    rows = [(words, upper, lower) for words, upper, lower in FIGURES if {upper, lower} <= known]
    rows += [(f"surplus of {key}", str(key), ALONE) for key in run.by_strategy.index if key not in (ALONE, NEGOTIATED)]
    made = []
    for words, upper, lower in rows:
        part, homes = hanging(run, upper, lower), run.homes
        made.append(
            {
                "figure": words,
                "a home": usd(part.whole / homes),
                "reserves, modelled prices": usd(part.reserves / homes),
                "energy, modelled prices": usd(part.energy / homes),
                "published prices": usd((part.whole - part.energy - part.reserves) / homes),
                "modelled": NONE if part.share is None else percent(100 * part.share, 0),
            }
        )
    return pd.DataFrame(made)


def modelled_sentence(run: Run) -> str:
    """Which prices are modelled, and what of each strategy's surplus reserves at such prices made; empty where none."""
    energy, reserve = modelled_share(run, "real-time"), modelled_share(run, "reserve")
    told = []
    if energy >= MIN_SHARE:
        made = (run.by_strategy["surplus_usd"].abs() >= MIN_USD).any()
        hang = ", so every strategy's surplus hangs on them" if made else ""
        told.append(f"Of the energy prices {shown_share(energy)} are modelled{hang}.")
    parts = [
        f"{usd(own['surplus_reserves_usd'])} of {key}'s {usd(own['surplus_usd'])}"
        for key, own in run.by_strategy.iterrows()
        if abs(float(own["surplus_reserves_usd"])) >= MIN_USD
    ]
    if reserve >= MIN_SHARE and parts:
        told.append(f"Of the reserve prices {shown_share(reserve)} are modelled: on them hang {listed(parts)}.")
    return " ".join(told)
