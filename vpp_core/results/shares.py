"""Where the data came from: for each series the share of rows per source. First thing in every report."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_core.iso import Iso
from vpp_core.results.run import Run, once_a_run
from vpp_core.results.text import listed, number
from vpp_core.scenario import Scenario
from vpp_core.tables import SOURCES
from vpp_core.tables.data import REAL

_WORDS = {
    "live": "fetched",
    "cache": "fetched earlier",
    "file": "read from files",
    "tmy": "typical year",
    "filled": "filled from neighbours",
    "synthetic": "synthetic",
    "missing": "missing",
}


@dataclass(frozen=True)
class Share:
    """A series and its shares by source, `missing` included; they add up to 1."""

    series: str
    rows: int
    by_source: dict[str, float]

    @property
    def real(self) -> float:
        return sum(self.by_source.get(source, 0.0) for source in REAL)

    @property
    def sentence(self) -> str:
        """`real-time price: 100 % real (read from files)`."""
        parts = [f"{shown_share(share)} {_WORDS[source]}" for source, share in self.by_source.items()]
        return f"{self.series}: {shown_share(self.real)} real ({listed(parts)})"


@once_a_run
def data_shares(run: Run) -> list[Share]:
    """A share per series: the four prices, solar generation, household load."""
    return shares_of(run.market_prices, run.solar, run.load, run.scenario.operator)


def shares_table(
    month: str, scenario: Scenario, prices: pd.DataFrame, solar: pd.DataFrame, load: pd.DataFrame
) -> pd.DataFrame:
    """Rows of `DATA_SHARES`."""
    return pd.DataFrame(
        [
            {
                "month": month,
                "scenario": scenario.name,
                "series": share.series,
                "source": source,
                "percent": 100 * part,
            }
            for share in shares_of(prices, solar, load, scenario.operator)
            for source, part in share.by_source.items()
        ]
    )


def shares_of(prices: pd.DataFrame, solar: pd.DataFrame, load: pd.DataFrame, iso: Iso) -> list[Share]:
    """As `data_shares`, from the tables."""
    first, second = (f"{product.name} price" for product in iso.products)
    shares = [
        _share(words, prices[f"{series}_source"], prices[f"{series}_usd_per_{unit}"].isna())
        for series, words, unit in (
            ("lmp", "real-time price", "mwh"),
            ("lmp_day_ahead", "day-ahead price", "mwh"),
            ("spin", first, "mw_h"),
            ("nonspin", second, "mw_h"),
        )
    ]
    for words, frame in (("solar generation", solar), ("household load", load)):
        shares.append(_share(words, frame["source"], pd.Series(False, index=frame.index)))
    return shares


def modelled(source: pd.Series, value: pd.Series) -> pd.Series:
    """Whether each value was neither published nor filled from published neighbours."""
    return ~source.isin([*REAL, "filled"]) | value.isna()


def _share(series: str, source: pd.Series, missing: pd.Series) -> Share:
    known = source.astype(object).where(~missing.to_numpy(dtype=bool) & source.notna().to_numpy(), "missing")
    counts = known.value_counts()
    order = [name for name in (*SOURCES, "missing") if name in counts.index]
    return Share(series, len(source), {name: float(counts[name] / len(source)) for name in order})


def shown_share(share: float) -> str:
    """Whole percents, but never a false 0 or 100."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{number(100 * share, 2)} %"
    return f"{number(100 * share, 0)} %"


NOT_READ = "not_read"
"""Entry of the provenance: file → why it was passed over."""


def not_read_sentence(run: Run, most: int = 8) -> str:
    """Which files of the raw folder the month does not rest on; empty where all were read."""
    passed_over: dict[str, str] = dict(run.provenance.get(NOT_READ, {}))
    named = "; ".join(f"{file} ({why})" for file, why in list(passed_over.items())[:most])
    more = f"; and {len(passed_over) - most} more" if len(passed_over) > most else ""
    return f"Not read of the raw folder, so that nothing here rests on it: {named}{more}." if named else ""
