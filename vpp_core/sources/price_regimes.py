"""What the years 2019–2026 were like: the small table behind synthetic prices, each figure with its source or assumed.

A year has its gas price, its surplus of sun and its batteries, and no two are alike: 2020 had the scarce August, 2022
the dear December, 2024 negative springs, 2025 neither scarcity nor spikes. A month of the model takes its level from
the day-ahead price that was published for it, its shape from the day-ahead prices of 2020, and how far that shape has
changed since from a few figures a year. Spikes and surplus are a year's and a season's, not a month's own: whether one
July had its share of them is the draw's, as it was the weather's.

Sources, by the letter in the comments:

- H: hub prices of CAISO by OASIS, load-weighted over NP15, ZP26 and SP15, monthly means and yearly percentiles
  2022 to June 2026 (collected in github.com/jessicacohen554-cyber/market-simulator, data/raw/_validation-source).
- D: hourly day-ahead prices of 2020 behaving as SP15 (github.com/epri-dev/dervet, BSD-3-Clause).
- E: EIA, Today in Energy, 8 January 2021: CAISO's day-ahead price of 2020 was 5 % below that of 2019, that of the first
  half 34 %.
- M: CAISO's monthly and fortnightly market performance reports.
- N: negative day-ahead hours at DLAP_SCE: 1,131 in 2024, 877 in 2025, 890 until 22 September 2026 (OASIS, counted in a
  public notebook).
- R: day-ahead reserve prices by OASIS, Los Angeles (AS_CAISO, AS_CAISO_EXP, AS_SP26 and AS_SP26_EXP together): all
  hours of 2023–2025, and July and August 2020.
- X: spin of 90 days of 2022, AS_CAISO_EXP alone (github.com/uhyogo-epa/HROpt, MIT).

What these were chosen on, and what they are held against instead, `price_record` says figure by figure.
"""

from __future__ import annotations

from dataclasses import dataclass

from vpp_core.calendar import Month

FIRST_YEAR, LAST_YEAR = 2019, 2026

DAY_AHEAD_MEAN = {
    2019: (42, 68, 43, 24, 19, 25, 33, 35, 37, 36, 44, 42),  # halves of the year by E; its months: assumption
    2020: (33.0, 26.6, 25.7, 19.2, 18.4, 23.1, 29.1, 80.0, 46.6, 45.1, 38.3, 40.6),  # D
    2021: (35, 60, 32, 31, 31, 46, 62, 54, 61, 60, 56, 62),  # assumption, from gas and the neighbouring years
    2022: (51.4, 44.9, 43.6, 59.0, 61.9, 70.2, 74.1, 100.1, 116.3, 66.0, 85.9, 257.9),  # H
    2023: (138.4, 71.2, 69.7, 52.2, 18.5, 27.3, 62.7, 71.2, 39.3, 57.4, 56.6, 48.8),  # H
    2024: (70.8, 36.3, 22.1, 16.5, 13.4, 24.1, 47.6, 38.4, 36.4, 42.1, 38.5, 42.6),  # H
    2025: (44.1, 35.7, 27.3, 19.6, 23.9, 29.2, 36.3, 39.6, 41.7, 35.7, 44.1, 38.2),  # H
    2026: (34.5, 26.5, 19.0, 11.2, 12.2, 18.2, 26, 28, 30, 25, 31, 27),  # H to June; then 0.7 of 2025: assumption
}
"""Mean day-ahead price by year and month [$/MWh]: a month's level."""

SCARCE_EVENINGS = {
    2019: (0, 0, 0, 0, 0, 0.2, 1, 1, 1, 0.3, 0, 0),  # assumption
    2020: (0, 0, 0, 0, 0, 0.2, 1.5, 13, 5, 3.5, 0.5, 0),  # D: days above $150, less those that a usual spread makes
    2021: (0, 0, 0, 0, 0, 1.5, 3, 1.5, 1.5, 0.5, 0, 0),  # assumption
    2022: (0, 0, 0, 0, 0, 0.5, 1.5, 4, 9, 0.5, 0, 0),  # assumption; 31 August to 9 September was the heat wave (X)
    2023: (0, 0, 0, 0, 0, 0.3, 4, 5, 0.5, 0.5, 0, 0),  # assumption; emergency notices in July, 14–16 August
    2024: (0, 0, 0, 0, 0, 0.3, 3, 0.5, 1.5, 0.3, 0, 0),  # assumption
    2025: (0,) * 12,  # H: the dearest hour of the year was 110
    2026: (0,) * 12,  # H to June: 103
}
"""Evenings that the day-ahead market expects to be scarce, by year and month; expected number."""


GAS_VARIES = {(2019, 2): 0.3, (2021, 2): 0.4, (2022, 12): 0.35, (2023, 1): 0.35, (2024, 1): 0.45}
"""Months in which gas was short for days (February 2021: storm over the plains; December 2022 and January 2023:
pipeline and stores; January 2024: storm over the holiday, M): standard deviation of its logarithm between days,
assumption."""
GAS_VARIES_ELSE = 0.17
"""In all others: the daily means of D vary by 14–25 % within a month, surplus included."""


@dataclass(frozen=True)
class Year:
    """What is a year's own."""

    surplus: float
    """how much more of midday is surplus than in 2020, on the scale of log odds"""
    floor_usd_per_mwh: float
    """below zero by how much the price settles at where there is nothing but surplus"""
    evening: float
    """height of the usual evening peak relative to 2020's: batteries shave it"""
    premium: float
    """how much of the day-ahead price real-time stays below, spikes apart"""
    spike_share: float
    """of real-time intervals above $250, in a July"""
    spin_offer_usd_per_mw_h: float
    """median offer of spin at night"""
    together: float
    """share of hours in which non-spin clears at spin's offer although neither is scarce"""


YEARS = {
    # surplus: N for 2024–2026, else between; floor: lowest percentiles by D and H; evening, premium: D, H; spikes: M;
    # offers: R for 2020, 2023 and 2025, X for 2022, else between them: assumption.
    2019: Year(0.0, 6, 1.00, 0.04, 0.004, 2.3, 0.05),
    2020: Year(0.0, 6, 1.00, 0.04, 0.005, 2.3, 0.05),
    2021: Year(0.3, 6, 0.88, 0.04, 0.009, 1.8, 0.10),
    2022: Year(0.75, 6, 0.88, 0.07, 0.009, 1.4, 0.20),
    2023: Year(1.0, 9, 0.78, 0.10, 0.010, 1.25, 0.50),
    2024: Year(2.2, 16, 0.36, 0.07, 0.010, 0.90, 0.90),
    2025: Year(2.1, 10, 0.33, 0.04, 0.0005, 0.34, 0.97),
    2026: Year(1.9, 9, 0.35, 0.03, 0.0005, 0.34, 0.97),
}


@dataclass(frozen=True)
class Season:
    """What is a month's own in every year: the usual day. Heights are relative to the night's price."""

    morning: float
    evening: float
    evening_hour: float
    """clock hour of the evening's peak [h]"""
    rise_hours: float
    """how long the evening takes to rise [h]"""
    afternoon: float
    """height of the afternoon's cooling"""
    surplus: float
    """share of a usual midday that is surplus"""
    surplus_hour: float
    surplus_width_hours: float
    growth: float
    """how much of the year's surplus comes in this month, relative to its mean"""
    spikes: float
    """spikes relative to a July's"""
    heat: float
    """how much of evenings and spikes depends on heat"""
    offers: float
    """spin's offers relative to a summer's"""


SEASONS = (
    # The usual day: least squares on the hourly medians of D, rounded. Growth: February to June by N, else assumption.
    # Offers of winter: X. Spikes relative to July, and heat: assumption.
    Season(0.28, 0.55, 17.6, 1.1, 0.00, 0.27, 12.4, 3.3, 1.0, 0.15, 0.0, 1.7),
    Season(0.42, 0.72, 17.9, 1.4, 0.00, 0.38, 12.7, 4.2, 1.6, 0.15, 0.0, 1.5),
    Season(0.32, 0.68, 19.0, 1.1, 0.00, 0.36, 12.7, 4.0, 1.8, 0.30, 0.0, 1.2),
    Season(0.50, 0.90, 19.2, 1.2, 0.00, 0.62, 12.2, 4.8, 1.4, 0.35, 0.0, 1.0),
    Season(0.55, 1.10, 19.5, 1.2, 0.00, 0.64, 11.3, 4.6, 1.1, 0.30, 0.1, 1.0),
    Season(0.40, 1.05, 19.4, 1.2, 0.10, 0.40, 10.2, 3.8, 1.1, 0.25, 0.5, 1.0),
    Season(0.15, 1.20, 19.0, 1.3, 0.25, 0.30, 9.5, 3.0, 0.6, 1.00, 0.9, 1.0),
    Season(0.15, 1.20, 18.7, 1.3, 0.30, 0.25, 9.6, 2.8, 0.5, 0.80, 1.0, 1.0),
    Season(0.15, 1.05, 18.3, 1.2, 0.20, 0.23, 10.0, 2.8, 0.7, 0.60, 1.0, 1.0),
    Season(0.20, 1.00, 17.8, 1.0, 0.10, 0.20, 10.5, 3.0, 0.9, 0.60, 0.4, 1.0),
    Season(0.42, 0.82, 17.2, 0.9, 0.00, 0.27, 10.9, 3.8, 0.5, 0.25, 0.0, 1.3),
    Season(0.33, 0.68, 17.3, 0.9, 0.00, 0.27, 11.8, 3.5, 0.2, 0.15, 0.0, 1.6),
)


@dataclass(frozen=True)
class Regime:
    """What prices of one month are like."""

    day_ahead_usd_per_mwh: float
    scarce_evenings: float
    gas_varies: float
    year: Year
    season: Season

    @property
    def spike_share(self) -> float:
        """Expected share of real-time intervals above $250."""
        return self.year.spike_share * self.season.spikes


def recorded_year(month: Month) -> int:
    """The year whose figures stand for a month: its own, else the nearest that has some."""
    return min(max(month.year, FIRST_YEAR), LAST_YEAR)


def regime_of(month: Month) -> Regime:
    """The regime of a month; of a year outside the table, the nearest year's."""
    year, position = recorded_year(month), month.month - 1
    return Regime(
        DAY_AHEAD_MEAN[year][position],
        SCARCE_EVENINGS[year][position],
        GAS_VARIES.get((year, month.month), GAS_VARIES_ELSE),
        YEARS[year],
        SEASONS[position],
    )
