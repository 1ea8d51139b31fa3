"""ERCOT, the grid of most of Texas, seen from a home in Houston.

Real-time is the settlement point price: the mean of five-minute prices over 15 minutes, scarcity adders included, which
is what energy is settled at. Homes settle at their load zone. There is no model of its prices: a month needs files.

Two reserve products can be held for the engine's two: responsive reserve (RRS) in the column `spin_usd_per_mw_h` and
the contingency reserve service (ECRS, sold since 10 June 2023) in `nonspin_usd_per_mw_h`. Both are reached within ten
minutes and, since real-time co-optimisation began on 5 December 2025, asked to last half an hour and an hour
(NPRR1282), so one duration of an hour serves both and is strict for RRS. Non-spin is left aside: it is asked to last
four hours, and one duration holds for all products of a scenario. That homes may sell RRS is an assumption: the pilot
of aggregated distributed resources (ADER, Public Utility Commission project 53911) began with energy and non-spin.

Prices: offers lie between -250 $/MWh and the system-wide cap (9,000 from June 2015, 5,000 since 2022), and the power
balance is penalised at one dollar beyond either, so the system price lies within -251 … 5,001 (9,001 before). At a
point congestion adds to it, whose shadow prices are capped by the thousand: assumed are at most 750 below and 3,000
above. Day-ahead prices of reserve exceeded 20,000 $/MW in February 2021 before they were capped.
"""

from __future__ import annotations

from datetime import date

from vpp_core.iso.record import DatedRules, FlatRetail, Iso, Place, PossiblePrices, PriceBounds, PriceHabits, Product

_ADMITTED = (
    "Minimum: the ADER pilot asks for 100 kW of response an aggregation, in one load zone, from homes of one retailer "
    "(Public Utility Commission of Texas, project 53911; approved by ERCOT's board on 18 October 2022). Homes inject: "
    "export all. Response: RRS and ECRS are what can be reached in 10 minutes. Maximum: assumption, as elsewhere. "
)

ERCOT = Iso(
    key="ercot",
    name="ERCOT",
    region="Texas",
    city="Houston",
    timezone="America/Chicago",
    first_month="2010-12",
    interval_minutes=15,
    prices=PossiblePrices(
        energy=PriceBounds(-1001.0, 12001.0, "$/MWh"),
        energy_part=PriceBounds(-12001.0, 12001.0, "$/MWh"),
        reserve=PriceBounds(0.0, 30000.0, "$/MW per h"),
        usual_energy=PriceBounds(-251.0, 5001.0, "$/MWh"),
    ),
    lowest_bid_usd_per_mwh=-250.0,
    highest_bid_usd_per_mwh=5000.0,
    default_node="LZ_HOUSTON",
    node_pattern=r"(LZ|HB|DC)_[A-Z0-9_]{1,40}",
    node_means="load zones and hubs; the default is Houston's load zone",
    products=(
        Product("responsive reserve", "RRS", "RRS", ("RRS", "RESPONSIVE_RESERVES")),
        Product("contingency reserve", "ECRS", "ECRS", ("ECRS", "ERCOT_CONTINGENCY_RESERVE_SERVICE")),
    ),
    reserve_zones={"ERCOT": ("ERCOT",)},
    day_ahead_gate_minutes=10 * 60,
    day_ahead_published_minutes=13 * 60 + 30,
    gate_closure_minutes=60,
    delivery_penalty_share=0.10,
    no_pay_penalty_share=0.10,
    rulebook=(
        DatedRules(
            effective_from=date(2022, 10, 18),
            minimum_bid_mw=0.1,
            maximum_bid_mw=5.0,
            reserve_response_minutes=10,
            reserve_duration_minutes=120,
            export="all",
            source=_ADMITTED + "Duration: two hours for ECRS until NPRR1282; of RRS less was asked.",
        ),
        DatedRules(
            effective_from=date(2025, 12, 5),
            minimum_bid_mw=0.1,
            maximum_bid_mw=5.0,
            reserve_response_minutes=10,
            reserve_duration_minutes=60,
            export="all",
            source=_ADMITTED + "Duration: an hour for ECRS and half an hour for RRS since NPRR1282.",
        ),
    ),
    habits=PriceHabits(
        median_usd_per_mwh=(
            *(21, 20, 19, 18, 19, 20, 22, 21, 18, 16, 17, 18),
            *(19, 20, 21, 21, 24, 28, 31, 35, 31, 26, 24, 22),
        ),
        below_usd_per_mwh=12.0,
        above_usd_per_mwh=22.0,
        spread_usd_per_mwh=(-13.0, -1.0, 8.0),
        no_reserve_below_usd_per_mwh=16.0,
        source="Real-time and day-ahead settlement point prices of HB_SOUTH, June 2024 to March 2025: medians by hour, "
        "quantiles over all hours. That reserve is worth nothing below 16 $/MWh is an assumption.",
    ),
    place=Place(
        name="Houston",
        latitude=29.76,
        longitude=-95.37,
        altitude_m=15.0,
        standard_offset_hours=-6,
        high_c=(17.7, 19.9, 23.3, 26.7, 30.5, 33.5, 34.7, 34.9, 32.4, 28.2, 22.6, 18.5),
        low_c=(6.5, 8.7, 12.0, 15.4, 19.9, 23.2, 24.3, 24.1, 21.4, 16.1, 10.8, 7.6),
        spread_c=(5.5, 5.3, 4.3, 3.4, 2.5, 2.0, 1.8, 2.0, 2.6, 3.8, 4.8, 5.3),
        sky_share=(
            (0.34, 0.08, 0.26, 0.32),
            (0.33, 0.09, 0.27, 0.31),
            (0.32, 0.11, 0.31, 0.26),
            (0.32, 0.12, 0.34, 0.22),
            (0.30, 0.13, 0.39, 0.18),
            (0.31, 0.10, 0.47, 0.12),
            (0.32, 0.08, 0.50, 0.10),
            (0.33, 0.08, 0.48, 0.11),
            (0.37, 0.09, 0.40, 0.14),
            (0.46, 0.09, 0.30, 0.15),
            (0.42, 0.09, 0.26, 0.23),
            (0.36, 0.08, 0.25, 0.31),
        ),
        load_factor=2.0,
        source="Mean daily maximum and minimum: normals of Houston Intercontinental, 1991–2020 (NOAA). Spread from day "
        "to day and shares of skies (more broken in summer, more overcast in winter) are assumptions. Load: a Texan "
        "home used 1,132 kWh a month in 2020 (EIA, form 861); the shape of its day is the Californian model's.",
    ),
    folder="ercot",
    file_marks=("DELIVERYDATE", "DELIVERYHOUR", "HOURENDING"),
    reports="NP6-905 or NP6-785 for real-time, NP4-190 or NP4-180 for day-ahead, NP4-188 or NP4-181 for reserves, or "
    "what gridstatus saves",
    homes_note="Homes, cars and what people prefer are drawn as in California (assumption); sun and weather are "
    "Houston's, and load is scaled to what a Texan home uses.",
    retail=FlatRetail(
        name="texas_flat",
        import_usd_per_kwh=0.15,
        export_usd_per_kwh=0.03,
        fixed_usd_per_day=0.0,
        source="Import: what Texan homes paid on average, 14.9 cents in 2024 and 15.5 in 2025 (EIA). Export: "
        "assumption, near what energy is worth at wholesale, as plans pay that buy back at the real-time price; others "
        "credit the energy charge, some nothing. Delivery charges and fixed fees are in the average.",
    ),
)
