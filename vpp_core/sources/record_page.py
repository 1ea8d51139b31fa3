"""`make record`: docs/prices.md and docs/prices.png, synthetic prices beside the published record, in two minutes.

Run as `python -m vpp_core.sources.record_page docs`. The page is what forty draws give and nothing is written by hand.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Month, Period
from vpp_core.sources.price_record import BAND, SEEDS, beside_record
from vpp_core.sources.price_regimes import FIRST_YEAR, LAST_YEAR
from vpp_core.sources.synthetic_prices import synthetic_prices

Floats = npt.NDArray[np.float64]

_PERCENT = "percent"
_GROUPS = (
    ("Fortnights, CAISO's market highlights (M)", "M", False),
    ("Shares of 15-minute intervals, CAISO's monthly reports (M)", "M", True),
    ("Real months at a node of PG&E's (F)", "F", None),
    ("Day-ahead prices of 2020 (D) and negative hours at DLAP_SCE (N)", "DN", None),
    ("Years of the hubs (H)", "H", None),
    ("Reserves (R: Los Angeles; X: AS_CAISO_EXP alone)", "RX", None),
)
"""Title, sources, and whether only shares in percent, only others, or all."""
_PUBLISHED_QUANTILES = {
    2023: {1: -16.79, 5: 0.47, 10: 12.26, 25: 28.12, 50: 45.98, 75: 66.51, 90: 96.99, 95: 130.46, 99: 177.06},
    2025: {1: -28.24, 5: -4.82, 10: 6.59, 25: 23.91, 50: 36.81, 75: 45.16, 90: 53.98, 95: 60.81, 99: 76.84},
}
"""Of hourly real-time prices, hubs (H) [$/MWh]."""
_SPIN_BY_HOUR_JULY_2020 = (
    2.61, 2.16, 1.79, 1.68, 1.75, 2.62, 3.62, 1.77, 1.41, 1.25, 0.98, 1.51,
    1.77, 2.78, 3.52, 4.47, 6.21, 8.66, 24.47, 47.80, 15.77, 5.54, 3.38, 2.90,
)  # fmt: skip
"""Mean by local hour at Los Angeles (R) [$/MW per h]."""
_SPIN_BY_YEAR = {2023: 4.18, 2024: 2.00, 2025: 0.76}
_DRAWS_OF_PICTURE = range(20)


def page(table: pd.DataFrame) -> str:
    """The page in Markdown, from `beside_record`."""
    met, count = int(table["met"].sum()), len(table)
    held = table[~table["chosen"]]
    above = (table["record"] > table["middle"]).mean()
    parts = [
        "# Synthetic prices beside the published record",
        f"Written by `make record` from {len(SEEDS)} draws of every month named. A published figure is met where it "
        f"lies between the {BAND[0]:.0f}th and the {BAND[1]:.0f}th percentile of the draws: **{met} of {count}** are "
        f"({met / count:.0%}), and **{int(held['met'].sum())} of {len(held)}** ({held['met'].mean():.0%}) of those "
        "that no figure of the model was chosen on. A model that knew its own uncertainty exactly would meet 90 %. "
        f"{above:.0%} of the published figures lie above the middle of the draws.",
        "![Duration curves, spin by hour, spin by year](prices.png)",
        "Sources by letter and what the figures leave open: `vpp_core/sources/price_regimes.py` and `price_record.py`; "
        "the figures themselves: `price_record.csv`. *Chosen* says that the model's figures were chosen on it.",
        "## Not met",
        _table(table[~table["met"]]),
        _why(table[~table["met"]]),
    ]
    shares = table["figure"].str.contains(_PERCENT)
    for title, sources, only in _GROUPS:
        of_sources = table["source"].isin(list(sources))
        part = table[of_sources if only is None else of_sources & (shares == only)]
        parts += [f"## {title}: {int(part['met'].sum())} of {len(part)}", _table(part)]
    return "\n\n".join(part for part in parts if part) + "\n"


_WHY = {
    "2024-05-22": "The fortnight of 22 May 2024 was cheaper than both months it lies in; levels here are a month's.",
    "2023-05-10": "In May 2023 the north was dearer than the south; the report pools them, the model has one node.",
    "reserve_max": "The highest reserve price of a report is of whichever product was dearest, often regulation.",
    "rt_max": "The highest price of a report is that of four load points, congestion included; here it is one's.",
    "H": "Hubs pool the north, where midday is dearer, and real time of five minutes, which stays below 15 minutes'.",
    "hour_of_day_percent": "Day-ahead hours of 2020 differed more from day to day than they do here.",
}
"""What is known of figures that are not met: by first day, figure or source."""


def _why(missed: pd.DataFrame) -> str:
    fields = [
        {str(row.first_day), str(row.figure), str(row.figure).split("_", 1)[1], str(row.source)}
        for row in missed.itertuples()
    ]
    told = [words for key, words in _WHY.items() if any(key in names for names in fields)]
    return "\n".join(f"- {words}" for words in told)


def _table(rows: pd.DataFrame) -> str:
    head = (
        "| figure | days | record | draws, 5–95 % | middle | met | chosen | source |\n|---|---|---|---|---|---|---|---|"
    )
    lines = [
        f"| {row.figure} | {row.first_day} – {row.last_day} | {row.record:g} | {row.low:.2f} – {row.high:.2f} | "
        f"{row.middle:.2f} | {'yes' if row.met else '**no**'} | {'yes' if row.chosen else ''} | {row.source} |"
        for row in rows.itertuples()
    ]
    return "\n".join([head, *lines])


def picture(path: Path) -> None:
    """Duration curves of three years, spin by hour of July 2020, spin by year: as drawn and as published."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 3.8), layout="constrained")
    curves, hours, years = figure.subplots(1, 3)
    share = np.linspace(0, 100, 201)
    for year, colour in ((2020, "#8b929c"), (2023, "#ee9040"), (2025, "#2f7cb8")):
        drawn = [np.percentile(_year(year, seed, "real_time"), 100 - share) for seed in range(5)]
        curves.plot(share, np.mean(drawn, axis=0), color=colour, label=f"{year}, drawn")
        published = _PUBLISHED_QUANTILES.get(year, {})
        if published:
            curves.plot(
                [100 - q for q in published], list(published.values()), "o", color=colour, label=f"{year}, hubs"
            )
    curves.set(title="Real-time price duration", xlabel="% of hours", ylabel="$/MWh", ylim=(-50, 220))
    curves.legend(fontsize=8)

    july, clock = Month(2020, 7), np.asarray(Period(Month(2020, 7)).local.hour)
    by_hour = np.array(
        [[synthetic_prices(july, s).spin[clock == h].mean() for h in range(24)] for s in _DRAWS_OF_PICTURE]
    )
    hours.fill_between(
        range(24), *np.percentile(by_hour, BAND, axis=0), color="#0aa873", alpha=0.25, label="drawn, 5–95 %"
    )
    hours.plot(range(24), np.median(by_hour, axis=0), color="#0aa873", label="drawn, median")
    hours.plot(range(24), _SPIN_BY_HOUR_JULY_2020, "o", color="#000048", label="Los Angeles")
    hours.set(title="Spin by hour, July 2020", xlabel="local hour", ylabel="$/MW per h", ylim=(0, 110))
    hours.legend(fontsize=8)

    known = range(FIRST_YEAR, LAST_YEAR + 1)
    means = [[_year(year, seed, "spin").mean() for seed in range(5)] for year in known]
    years.bar(list(known), [np.median(of) for of in means], color="#0aa873", alpha=0.6, label="drawn, median of five")
    years.plot(list(_SPIN_BY_YEAR), list(_SPIN_BY_YEAR.values()), "o", color="#000048", label="Los Angeles")
    years.set(title="Spin by year", xlabel="year", ylabel="mean, $/MW per h")
    years.legend(fontsize=8)
    figure.savefig(path, dpi=100, metadata={"Software": None})


def _year(year: int, seed: int, series: str) -> Floats:
    """Hourly means of a year's draw."""
    months = [getattr(synthetic_prices(Month(year, m), seed), series) for m in range(1, 13)]
    return np.asarray(np.concatenate(months).reshape(-1, 4).mean(axis=1))


def main(folder: Path) -> None:
    """Write the page and its picture into `folder`."""
    picture(folder / "prices.png")
    (folder / "prices.md").write_text(page(beside_record()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
