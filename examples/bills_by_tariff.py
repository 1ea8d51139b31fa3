"""What homes pay under each tariff that ships, left alone and run by a smart controller: a picture from the library.

    python examples/bills_by_tariff.py docs/bills.png [homes]

Two months with synthetic weather, load and prices (August 2025, January 2025), the same homes under every tariff. Bars
are the mean bill of a home by what it has, fixed charge included; the dark line at each is what it pays where every
home minimises its bill by itself, without a market.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.forecast import price_forecast
from vpp_core.scenario import Scenario
from vpp_core.scenario.retail import RETAIL_TARIFFS
from vpp_core.simulation import Inputs, simulate
from vpp_core.sources import load, prices, solar

if TYPE_CHECKING:
    from vpp_core.fleet.fleet import Bools, Fleet

MONTHS = (Month(2025, 8), Month(2025, 1))
RAW = Path("data_lake/raw")


def kinds(fleet: Fleet) -> dict[str, Bools]:
    """Homes by what they have, shape (N,) each."""
    sun, battery = fleet.has_pv, fleet.has_battery
    car = np.isin(np.arange(len(fleet)), fleet.cars.home)
    return {
        "no device": ~sun & ~battery & ~car,
        "car alone": ~sun & ~battery & car,
        "sun alone": sun & ~battery & ~car,
        "sun, battery": sun & battery & ~car,
        "all three": sun & battery & car,
    }


def bills(homes: int, days: int | None = None) -> pd.DataFrame:
    """A row per month, tariff and kind of home: homes, mean bill left alone and smart [$ a month or the days of it]."""
    rows = []
    plain = Scenario(name="bills", homes=homes, first_days=days, source="synthetic")
    fleet = generate_fleet(homes, plain.seed)
    for month in MONTHS:
        lmp = prices.market_prices(plain, month, RAW)
        forecast = price_forecast(lmp, plain.known_period(month), plain.market)
        sun, use = solar.solar_generation(plain, month, RAW), load.load_profiles(plain, month, RAW)
        for name, dated in RETAIL_TARIFFS.items():
            scenario = plain.model_copy(update={"tariffs": (dated.tariff,)})
            (smart,) = simulate(Inputs.build(scenario, month, lmp, forecast, sun, use, fleet), ["smart_home"])
            of_home = smart.households.groupby("home_id")[["bill_counterfactual_usd", "bill_change_usd"]].sum()
            alone = of_home["bill_counterfactual_usd"].to_numpy()
            change = of_home["bill_change_usd"].to_numpy()
            for kind, these in kinds(fleet).items():
                if these.any():
                    rows.append(
                        (str(month), name, kind, these.sum(), alone[these].mean(), (alone + change)[these].mean())
                    )
    return pd.DataFrame(rows, columns=["month", "tariff", "kind", "homes", "alone_usd", "smart_usd"])


def picture(table: pd.DataFrame, path: Path) -> None:
    """Bars by tariff within each kind of home, a panel a month."""
    from matplotlib.figure import Figure

    colours = ("#8b929c", "#ee9040", "#d25f5f", "#2f7cb8", "#0aa873")
    figure = Figure(figsize=(12, 4.2), layout="constrained")
    for axes, (month, rows) in zip(figure.subplots(1, 2, sharey=True), table.groupby("month", sort=False), strict=True):
        names = list(dict.fromkeys(rows["kind"]))
        for i, (tariff, own) in enumerate(rows.groupby("tariff", sort=False)):
            at = np.arange(len(names)) + 0.16 * (i - 2)
            axes.bar(
                at, own["alone_usd"], width=0.15, color=colours[i % len(colours)], label=str(tariff).replace("_", " ")
            )
            axes.hlines(own["smart_usd"], at - 0.075, at + 0.075, color="white", linewidth=3)
            axes.hlines(own["smart_usd"], at - 0.075, at + 0.075, color="#000048", linewidth=1.5)
        axes.axhline(0, color="#333333", linewidth=0.8)
        axes.set_xticks(range(len(names)), names)
        axes.set(title=f"{month}: mean bill of a home; line: its own smart controller", ylabel="$ a month")
    figure.axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def main(path: str, homes: int = 200) -> None:
    """Compute, draw, and print the table."""
    table = bills(homes)
    picture(table, Path(path))
    print(table.to_string(index=False, float_format="%.1f"))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], *(int(count) for count in sys.argv[2:3]))
