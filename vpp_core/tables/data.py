"""The input tables: market prices, solar generation, household load, price forecast."""

from __future__ import annotations

import pyarrow as pa

from vpp_core.iso import column_bounds
from vpp_core.tables.contract import TIMESTAMP, Column, Contract

SOURCES = ("live", "cache", "file", "tmy", "filled", "synthetic")
REAL = SOURCES[:3]
"""As published. A filled or typical-year value is neither real nor made up."""
"""Where a value came from. `tmy` is a typical year's weather; `filled` is between measured values."""

_TIMESTAMP = Column("timestamp", TIMESTAMP, "start of the interval, UTC")


_BOUNDS = column_bounds()
"""What is possible in some market; what is in the table's own, sources and checks hold it to."""


def _price(name: str, description: str, nullable: bool = True) -> Column:
    bounds = _BOUNDS[name]
    return Column(name, pa.float64(), description, nullable, bounds.low, bounds.high)


def _provenance(series: str) -> tuple[Column, ...]:
    return (
        Column(
            f"{series}_source",
            pa.string(),
            f"where {series} came from; empty where it is missing",
            True,
            one_of=SOURCES,
        ),
        Column(f"{series}_retrieved_at", TIMESTAMP, f"when {series} was fetched or its file last changed", True),
        Column(f"{series}_seed", pa.int64(), f"the seed where {series} is synthetic", True),
    )


MARKET_PRICES = Contract(
    "market_prices",
    "A market's prices at one node, one row per 15-minute interval. Never clipped; a missing price is null, not 0.",
    (
        _TIMESTAMP,
        Column("node", pa.string(), "pricing node"),
        _price("lmp_usd_per_mwh", "real-time (15-minute) locational marginal price [$/MWh]", nullable=False),
        _price("energy_lmp_usd_per_mwh", "its energy part [$/MWh], where known"),
        _price("congestion_lmp_usd_per_mwh", "its congestion part [$/MWh], where known"),
        _price("loss_lmp_usd_per_mwh", "its loss part [$/MWh], where known"),
        _price("ghg_lmp_usd_per_mwh", "its greenhouse-gas part [$/MWh], where known"),
        _price("lmp_day_ahead_usd_per_mwh", "day-ahead price of the hour [$/MWh], where known"),
        _price(
            "spin_usd_per_mw_h",
            "price of the first reserve product (CAISO: spin) of the hour [$/MW per h], where known",
        ),
        _price("nonspin_usd_per_mw_h", "price of the second (CAISO: non-spin) of the hour [$/MW per h], where known"),
        *_provenance("lmp"),
        *_provenance("lmp_day_ahead"),
        *_provenance("spin"),
        *_provenance("nonspin"),
    ),
    key=("timestamp",),
)

SOLAR_GENERATION = Contract(
    "solar_generation",
    "AC output of one kW (DC) of rooftop solar, per orientation and interval.",
    (
        _TIMESTAMP,
        Column("orientation_id", pa.string(), "tilt and azimuth class, such as south_18"),
        Column(
            "generation_kw_per_kw_installed", pa.float64(), "mean AC power per kW DC installed [kW/kW]", False, 0.0, 1.3
        ),
        Column("source", pa.string(), "where the value came from", one_of=SOURCES),
        Column("retrieved_at", TIMESTAMP, "when it was fetched or its file last changed", True),
        Column("seed", pa.int64(), "the seed where it is synthetic", True),
    ),
    key=("timestamp", "orientation_id"),
)

LOAD_PROFILES = Contract(
    "load_profiles",
    "Electric load of a home without battery, solar and car, per profile and interval.",
    (
        _TIMESTAMP,
        Column("profile_id", pa.int64(), "profile; home i uses profile i, and of a large fleet shares it"),
        Column("load_kw", pa.float64(), "mean load [kW]", False, 0.0, 100.0),
        Column(
            "usual_load_kw",
            pa.float64(),
            "the home's mean load as known before the month, by which it sizes its reserve for an outage [kW]",
            False,
            0.0,
            100.0,
        ),
        Column("source", pa.string(), "where the value came from", one_of=SOURCES),
        Column("retrieved_at", TIMESTAMP, "when it was fetched or its file last changed", True),
        Column("seed", pa.int64(), "the seed where it is synthetic", True),
    ),
    key=("timestamp", "profile_id"),
)

PRICE_FORECAST = Contract(
    "price_forecast",
    "What was known of prices at each gate closure: quantiles of the 15-minute price in each coming window.",
    (
        Column("issued_at", TIMESTAMP, "gate closure at which this was known, UTC"),
        Column("timestamp", TIMESTAMP, "start of the window that is forecast, UTC"),
        Column("product", pa.string(), "energy, spin or nonspin", one_of=("energy", "spin", "nonspin")),
        Column("p10", pa.float64(), "10 % quantile [$/MWh, or $/MW per h for reserves]"),
        Column("p50", pa.float64(), "median [same unit]"),
        Column("p90", pa.float64(), "90 % quantile [same unit]"),
    ),
    key=("issued_at", "timestamp", "product"),
)
