"""The California ISO, seen from a home of the Los Angeles basin.

Real-time is the 15-minute market. Reserves are spin and non-spin of the day-ahead market: what can be reached in ten
minutes, synchronised or not. Each region's row is a shadow price, and those of the four nested regions add up.

Prices: energy bids are capped at 1,000 $/MWh, since 2021-03-20 at 2,000 where costs are proven (FERC Order 831, tariff
section 39.6.1), with a floor of -150. Where demand or a line cannot be served the market clears at penalty prices of
about the cap each, which add up at a node: real ones seen reach from -296 to 2,427 $/MWh. A reserve that is short is
priced by the scarcity demand curve (tariff 27.1.2.3), at most the bid cap in the system and as much again in a region:
4,000 $/MW for an hour; seen were 1,430 (August 2020).
"""

from __future__ import annotations

from datetime import date

from vpp_core.iso.record import DatedRules, Iso, Place, PossiblePrices, PriceBounds, PriceHabits, Product


def _nested(zone: str) -> tuple[str, ...]:
    return ("AS_CAISO", "AS_CAISO_EXP", f"AS_{zone}", f"AS_{zone}_EXP")


CAISO = Iso(
    key="caiso",
    name="CAISO",
    region="California",
    city="Los Angeles",
    timezone="America/Los_Angeles",
    first_month="2009-04",
    interval_minutes=15,
    prices=PossiblePrices(
        energy=PriceBounds(-1000.0, 5000.0, "$/MWh"),
        energy_part=PriceBounds(-5000.0, 5000.0, "$/MWh"),
        reserve=PriceBounds(0.0, 5000.0, "$/MW per h"),
        usual_energy=PriceBounds(-150.0, 1000.0, "$/MWh"),
    ),
    lowest_bid_usd_per_mwh=-150.0,
    highest_bid_usd_per_mwh=2000.0,
    default_node="DLAP_SCE-APND",
    node_pattern=r"[A-Za-z0-9][A-Za-z0-9_.#&+-]*",
    node_means="pricing nodes; the default is where the load of Southern California Edison settles",
    products=(
        Product("spinning reserve", "spin", "SR", ("SPINNING_RESERVES",)),
        Product("non-spinning reserve", "non-spin", "NR", ("NON_SPINNING_RESERVES",)),
    ),
    reserve_zones={"SP26": _nested("SP26"), "NP26": _nested("NP26")},
    day_ahead_gate_minutes=10 * 60,
    day_ahead_published_minutes=13 * 60,
    gate_closure_minutes=75,
    delivery_penalty_share=0.10,
    no_pay_penalty_share=0.10,
    rulebook=(
        DatedRules(
            effective_from=date(2016, 6, 3),
            minimum_bid_mw=0.5,
            maximum_bid_mw=5.0,
            reserve_response_minutes=10,
            reserve_duration_minutes=60,
            export="all",
            source="Minimum: FERC, 155 FERC 61,229, docket ER16-1085 (2 June 2016), accepts CAISO's aggregations of "
            "0.5 MW or more from 3 June 2016. Response: spin and non-spin are what can be reached in 10 minutes (CAISO "
            "tariff, appendix A). Export: such an aggregation injects; demand response, which is credited for less "
            "load alone, is the rule none. Maximum and duration: assumptions.",
        ),
        DatedRules(
            effective_from=date(2024, 1, 1),
            minimum_bid_mw=0.1,
            maximum_bid_mw=5.0,
            reserve_response_minutes=10,
            reserve_duration_minutes=60,
            export="all",
            source="Minimum: FERC Order 2222 asks for 100 kW; CAISO's compliance filing, docket ER21-2455, lowers it "
            "from 500 kW. The day it applies from is an assumption: the orders on it are of 2022 and 2023. The rest as "
            "before.",
        ),
    ),
    habits=PriceHabits(
        median_usd_per_mwh=(
            *(28, 26, 25, 25, 26, 29, 33, 33, 28, 23, 20, 18),
            *(17, 17, 18, 20, 24, 30, 38, 44, 42, 37, 33, 30),
        ),
        below_usd_per_mwh=14.0,
        above_usd_per_mwh=22.0,
        spread_usd_per_mwh=(-15.0, -3.0, 12.0),
        no_reserve_below_usd_per_mwh=16.0,
        source="Published percentiles of two Californian nodes, 2016–2021 (median 27–28, p5 0 and 11, p95 57 and 63 "
        "$/MWh), laid over the usual shape of a day: a valley at midday, a peak at 19–20 h. Real-time less day-ahead: "
        "mean −4.4, correlation 0.76 (DLAP_SCE 2024). Reserve: near nothing at midday, tens of $/MW on evenings.",
    ),
    place=Place(
        name="the inland Los Angeles basin",
        latitude=34.05,
        longitude=-118.24,
        altitude_m=90.0,
        standard_offset_hours=-8,
        high_c=(20.0, 20.5, 22.0, 24.0, 26.0, 29.5, 33.5, 34.5, 32.5, 27.5, 23.0, 19.5),
        low_c=(7.0, 7.5, 9.0, 10.5, 13.5, 16.0, 18.5, 18.5, 17.5, 14.0, 9.5, 6.5),
        spread_c=(3.6, 3.6, 3.8, 4.2, 3.8, 3.4, 3.0, 3.0, 3.8, 4.0, 3.8, 3.6),
        sky_share=(
            (0.50, 0.10, 0.24, 0.16),
            (0.48, 0.10, 0.25, 0.17),
            (0.46, 0.17, 0.23, 0.14),
            (0.48, 0.24, 0.19, 0.09),
            (0.40, 0.40, 0.14, 0.06),
            (0.42, 0.44, 0.11, 0.03),
            (0.64, 0.24, 0.11, 0.01),
            (0.70, 0.18, 0.11, 0.01),
            (0.64, 0.21, 0.13, 0.02),
            (0.58, 0.20, 0.16, 0.06),
            (0.57, 0.12, 0.20, 0.11),
            (0.52, 0.10, 0.23, 0.15),
        ),
        load_factor=1.0,
        source="Monthly means and day-to-day spread are round figures of what is usual for Riverside and Ontario: "
        "assumptions, not a station's record.",
    ),
    folder="oasis",
    file_marks=("INTERVALSTARTTIMEGMT",),
    reports="PRC_RTPD_LMP for real-time, PRC_LMP for day-ahead, PRC_AS for reserves",
    draws_prices=True,
)
