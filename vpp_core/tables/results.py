"""The benchmark's tables: KPIs per month and day, the split of the gap, claims put to the test."""

from __future__ import annotations

import pyarrow as pa

from vpp_core.tables.contract import Column, Contract
from vpp_core.tables.data import SOURCES
from vpp_core.tables.negotiation import ASKED
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS, SURPLUS_BY_DEVICE, VIOLATIONS, WHOLESALE_BY_DEVICE

_RUN = (
    Column("month", pa.string(), "month of trade days, YYYY-MM"),
    Column("scenario", pa.string(), "name of the scenario: fleet, data seeds, market rules, tariff"),
)
_STRATEGY = Column("strategy", pa.string(), "strategy key")

_BOOKS = (
    Column("surplus_usd", pa.float64(), "money that VPP and households have together more than without a VPP [$]"),
    Column("wholesale_usd", pa.float64(), "LMP · (net injection − counterfactual) · Δt, without calls [$]"),
    Column("reserve_usd", pa.float64(), "capacity pay for reserves, no-pay deducted [$]"),
    Column("call_usd", pa.float64(), "energy delivered on reserve calls, at LMP [$]"),
    Column("programme_usd", pa.float64(), "pay of programmes, for being there or for what events showed [$]"),
    Column("bill_change_usd", pa.float64(), "increase of retail bills over the counterfactual; lowers the surplus [$]"),
    Column(
        "wear_change_usd",
        pa.float64(),
        "increase of wear of batteries and V2G cars; lowers the surplus [$]",
    ),
    Column("penalty_usd", pa.float64(), "penalties; lower the surplus [$]"),
    Column("end_energy_usd", pa.float64(), "value of the change in stored energy against the counterfactual [$]"),
    *WHOLESALE_BY_DEVICE,
    Column("reserves_usd", pa.float64(), "reserve_usd + call_usd [$]"),
    *SURPLUS_BY_DEVICE,
    Column("surplus_reserves_usd", pa.float64(), "by source: surplus of reserves: pay, call energy, no-pay [$]"),
    Column("payment_usd", pa.float64(), "paid by the VPP to households; null for a bound [$]", True),
    Column(
        "vpp_profit_usd",
        pa.float64(),
        "wholesale + reserve + call + programmes − penalties − payments; null for a bound; of homes without a VPP "
        "(smart_home) the wholesale value of what they shift, which their supplier has or bears [$]",
        True,
    ),
    Column(
        "household_gain_usd",
        pa.float64(),
        "payments − bill change − wear + end energy, all households; null for a bound [$]",
        True,
    ),
)

_ENERGY = (
    Column(
        "moved_out_mwh",
        pa.float64(),
        "energy that stores gave more, or took less, than without a VPP: moved, out [MWh]",
    ),
    Column(
        "moved_in_mwh", pa.float64(), "energy that stores took more, or gave less, than without a VPP: moved, in [MWh]"
    ),
    Column("offered_sell_mwh", pa.float64(), "deviation from the default offered for sale [MWh]"),
    Column("offered_buy_mwh", pa.float64(), "deviation from the default bid to buy [MWh]"),
    Column(
        "cleared_sell_mwh",
        pa.float64(),
        "deviation for sale that cleared and stores were given, window by window: a car held off for hours counts in "
        "each, so this is not energy moved [MWh]",
    ),
    Column("cleared_buy_mwh", pa.float64(), "deviation to buy that cleared and stores were given [MWh]"),
    Column("unplaced_mwh", pa.float64(), "deviation that cleared, either way, and no store gave [MWh]"),
    Column(
        "missed_mwh",
        pa.float64(),
        "deviation that stores were asked for, either way, and that did not come: out of reach, opted out [MWh]",
    ),
    Column("delivered_sell_mwh", pa.float64(), "of cleared_sell_mwh, what was delivered [MWh]"),
    Column("delivered_buy_mwh", pa.float64(), "of cleared_buy_mwh, what was taken [MWh]"),
    Column("committed_spin_mw_h", pa.float64(), "first reserve product that cleared day ahead: committed [MW-h]"),
    Column("committed_nonspin_mw_h", pa.float64(), "second reserve product that cleared day ahead: committed [MW-h]"),
    Column("held_spin_mw_h", pa.float64(), "of the committed first reserve product, what stores held [MW-h]"),
    Column("held_nonspin_mw_h", pa.float64(), "of the committed second reserve product, what stores held [MW-h]"),
    Column("unheld_mw_h", pa.float64(), "committed reserve that no store held [MW-h]"),
    Column("undeliverable_mw_h", pa.float64(), "of the held reserve, what could not have been delivered [MW-h]"),
    Column("called_mwh", pa.float64(), "energy of reserve called [MWh]"),
    Column("delivered_call_mwh", pa.float64(), "of that, what was delivered [MWh]"),
    Column(
        "bids_submitted",
        pa.int64(),
        "energy bids: one per window and direction, with the aggregation above the minimum",
    ),
    Column("bids_cleared", pa.int64(), "energy bids of which some part cleared"),
    Column("reserve_bids", pa.int64(), "windows and reserve products with a day-ahead commitment"),
    Column("bids_below_minimum", pa.int64(), "windows in which an energy offer stayed below the minimum bid"),
)

_VIOLATION_COUNTS = (
    *(
        Column(f"violations_{kind}", pa.int64(), f"(household, window) pairs in which {kind} was breached", True)
        for kind in VIOLATIONS
    ),
    Column("violations", pa.int64(), "breached preferences of all kinds; null for a bound", True),
)

KPI_MONTHLY = Contract(
    "kpi_monthly",
    "A row per month, scenario and strategy: every key figure, the unit in the name. Null: does not apply.",
    (
        *_RUN,
        _STRATEGY,
        Column("is_bound", pa.bool_(), "a relaxation that no one can operate: no payments, no satisfaction"),
        Column("homes", pa.int64(), "homes in the fleet"),
        Column("days", pa.int64(), "local days simulated"),
        *_BOOKS,
        Column("books_residual_usd", pa.float64(), "surplus − VPP profit − household gain: 0 to a cent [$]", True),
        Column("surplus_per_home_usd", pa.float64(), "surplus over the number of homes [$]"),
        Column(
            "surplus_over_smart_home_usd",
            pa.float64(),
            "surplus less that of smart_home: what is more than homes could have by themselves [$]",
            True,
        ),
        Column(
            "percent_of_perfect",
            pa.float64(),
            "surplus over the proven bound of perfect_foresight [%]",
            True,
        ),
        Column("percent_of_perfect_low", pa.float64(), "its 95 % interval over days, lower end [%]", True),
        Column("percent_of_perfect_high", pa.float64(), "its 95 % interval over days, upper end [%]", True),
        Column("bound_gap_usd", pa.float64(), "certified gap of a bound: the optimum lies within it [$]", True),
        Column("gain_per_household_usd", pa.float64(), "mean household gain [$]", True),
        Column("gain_median_usd", pa.float64(), "median household gain [$]", True),
        Column("gain_worst_usd", pa.float64(), "smallest household gain [$]", True),
        Column("households_worse_off", pa.int64(), "households a cent or more worse off than without a VPP", True),
        Column("households_worse_off_percent", pa.float64(), "their share [%]", True),
        Column("gini", pa.float64(), "Gini of household gain per kWh offered; 0 is equal", True),
        Column("jain", pa.float64(), "Jain's index of household gain per kWh offered; 1 is equal", True),
        *_ENERGY,
        Column("bids_cleared_percent", pa.float64(), "energy bids of which some part cleared [%]", True),
        Column("cleared_energy_percent", pa.float64(), "cleared over offered deviation, unplaced in it [%]", True),
        Column("delivered_percent", pa.float64(), "delivered over cleared deviation, unplaced in it [%]", True),
        Column("answered_percent", pa.float64(), "deviation that came over what stores were asked for [%]", True),
        Column("expected_margin_usd", pa.float64(), "surplus of all energy bids expected at real-time gates [$]", True),
        Column("expected_minus_realised_usd", pa.float64(), "expected margin − surplus other than reserves' [$]", True),
        Column("solver_failures", pa.int64(), "window programs that failed and fell back to no bid"),
        Column(
            "solver_gap_usd", pa.float64(), "optima of the window programs over their solutions at most, summed [$]"
        ),
        Column("capacity_utilisation_percent", pa.float64(), "battery charge + discharge over rated power · time [%]"),
        Column("cleared_of_feasible_percent", pa.float64(), "cleared over feasible deviation [%]", True),
        Column("cycles_per_battery", pa.float64(), "energy discharged over capacity, mean of battery homes", True),
        Column("satisfaction_mean", pa.float64(), "mean over households and days, 0–1", True, 0.0, 1.0),
        Column("satisfaction_p10", pa.float64(), "10 % quantile over households of their month's mean", True, 0.0, 1.0),
        *(
            Column(f"satisfaction_{name}", pa.float64(), f"mean of its {name} component where it applies", True, 0, 1)
            for name in SATISFACTION_COMPONENTS
        ),
        *_VIOLATION_COUNTS,
        Column("negotiations", pa.int64(), "windows in which something was negotiated"),
        Column("coalitions", pa.int64(), "of those, windows in which a coalition formed"),
        Column("coalition_size_mean", pa.float64(), "mean households in a bid, where there was one", True),
        Column("coalition_size_median", pa.float64(), "its median", True),
        Column("rounds_mean", pa.float64(), "mean rounds of a negotiation", True),
        Column(
            "agreement_percent",
            pa.float64(),
            "offered columns (a store and direction) on which both sides agreed [%]",
            True,
        ),
        Column(
            "concession_mean", pa.float64(), "mean share of the ask that homes conceded, weighed by agreements", True
        ),
        Column(
            "decider",
            pa.string(),
            "who decided for the aggregator: rules, llm where a language model took at least "
            "90 % of the decisions it was to take, mixed where it took fewer",
            True,
        ),
        Column("llm_share_percent", pa.float64(), "decisions that the model took, of those it was to take [%]", True),
        Column("llm_model", pa.string(), "the language model that was heard", True),
        Column("prompts", pa.string(), "hash of the prompts it was given", True),
        *ASKED,
        Column("llm_fallbacks", pa.int64(), "decisions by rule instead of by the language model, of all kinds"),
        Column("llm_usd", pa.float64(), "cost of its tokens at the scenario's prices [$]"),
    ),
    key=("month", "scenario", "strategy"),
)

KPI_DAILY = Contract(
    "kpi_daily",
    "A row per month, scenario, strategy and local day: the blocks that the intervals are resampled from.",
    (
        *_RUN,
        _STRATEGY,
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("lmp_mean_usd_per_mwh", pa.float64(), "mean real-time price of the day [$/MWh]"),
        Column("lmp_min_usd_per_mwh", pa.float64(), "lowest 15-minute price of the day [$/MWh]"),
        Column("lmp_max_usd_per_mwh", pa.float64(), "highest 15-minute price of the day [$/MWh]"),
        *_BOOKS,
        *_ENERGY,
        Column("households_worse_off", pa.int64(), "households a cent or more worse off that day", True),
        Column("satisfaction_mean", pa.float64(), "mean over households, 0–1", True, 0.0, 1.0),
        *_VIOLATION_COUNTS,
        Column("negotiations", pa.int64(), "windows in which something was negotiated"),
        Column("coalitions", pa.int64(), "of those, windows in which a coalition formed"),
    ),
    key=("month", "scenario", "strategy", "local_day"),
)

GAP_PATHS = ("preferences_first", "preferences_last", "comparison")

GAP_SPLIT = Contract(
    "gap_split",
    "Differences between strategies over the same days, each with a paired day-block bootstrap 95 % interval. "
    "The two paths split the distance from perfect_foresight to negotiated; comparisons stand beside them.",
    (
        *_RUN,
        Column(
            "path",
            pa.string(),
            "preferences_first (over aware foresight), preferences_last (over centralized) or comparison",
            one_of=GAP_PATHS,
        ),
        Column("step", pa.string(), "name of the difference, such as price_of_preferences; `total` sums a path"),
        Column("measure", pa.string(), "the KPI that is compared, unit in the name"),
        Column("upper_strategy", pa.string(), "the strategy that is subtracted from"),
        Column("lower_strategy", pa.string(), "the strategy that is subtracted"),
        Column("difference", pa.float64(), "upper − lower over the period [unit of measure]"),
        Column("low", pa.float64(), "lower end of its 95 % interval; null where there is only one day", True),
        Column("high", pa.float64(), "upper end of its 95 % interval; null where there is only one day", True),
        Column("share_of_total_percent", pa.float64(), "difference over the path's total [%]", True),
        Column("days", pa.int64(), "days that both have: the blocks resampled"),
        Column("days_positive", pa.int64(), "days on which the difference is above 0"),
        Column("largest_day", pa.string(), "the local day on which most of the difference was made", True),
        Column("largest_day_percent", pa.float64(), "that day's share of the difference [%]", True),
        Column(
            "one_day_dominates",
            pa.bool_(),
            "one day of three or more makes more than half of the difference: no finding about the period",
        ),
        Column("day_autocorrelation", pa.float64(), "lag-1 autocorrelation of the daily differences", True),
    ),
    key=("month", "scenario", "path", "step", "measure"),
)

VERDICTS = ("holds", "does not hold", "undecided", "not comparable")

CLAIMS = Contract(
    "claims",
    "Headline claims of a predecessor, and what this benchmark measures in their place.",
    (
        *_RUN,
        Column("claim", pa.string(), "short key of the claim"),
        Column("statement", pa.string(), "what was claimed"),
        Column("claimed", pa.string(), "the claimed value"),
        Column("measured", pa.float64(), "what is measured here; null where this run cannot tell", True),
        Column("low", pa.float64(), "lower end of its 95 % interval", True),
        Column("high", pa.float64(), "upper end of its 95 % interval", True),
        Column("unit", pa.string(), "unit of measured, low and high"),
        Column(
            "verdict",
            pa.string(),
            "holds, does not hold, undecided (the interval holds both), or not comparable",
            one_of=VERDICTS,
        ),
        Column("because", pa.string(), "the reason, made from the measurement or naming a definition we reject"),
    ),
    key=("month", "scenario", "claim"),
)

DATA_SHARES = Contract(
    "data_shares",
    "Where the data of a month came from: a row per month, scenario, series and source.",
    (
        *_RUN,
        Column("series", pa.string(), "real-time price, day-ahead price, reserve prices, solar generation, load"),
        Column(
            "source",
            pa.string(),
            "live, cache and file are as published; filled and tmy are not made up; synthetic, or missing",
            one_of=(*SOURCES, "missing"),
        ),
        Column("percent", pa.float64(), "of the series' rows [%]", False, 0.0, 100.0),
    ),
    key=("month", "scenario", "series", "source"),
)

SCENARIOS = Contract(
    "scenarios",
    "What makes the results of each scenario: a row per parameter, nested ones by dotted name.",
    (
        Column("scenario", pa.string(), "name of the scenario"),
        Column("parameter", pa.string(), "its name in the scenario's file, such as market.minimum_bid_mw"),
        Column("value", pa.string(), "its value as JSON"),
    ),
    key=("scenario", "parameter"),
)

JUDGED = (
    ("achievable_usd", pa.float64(), "the most that both sides could have expected to gain together [$]"),
    ("aggregator_usd", pa.float64(), "what the aggregator is expected to gain [$]"),
    ("joint_usd", pa.float64(), "what both are expected to gain together [$]"),
    ("offers", pa.int64(), "offers of homes"),
    ("agreed", pa.int64(), "of these, agreed on"),
    ("missed", pa.int64(), "of these, not in the bid, though both would have gained a cent or more"),
    ("irrational_offers", pa.int64(), "counter-offers above the ask or any worth"),
    ("promises", pa.int64(), "offers that were asked for"),
    ("promises_broken", pa.int64(), "of these, not delivered in full"),
)
"""What a study keeps of `negotiator_scores`: sums over products of the aggregator's side; null where none is judged."""
STUDY = Contract(
    "study",
    "A row per member of a study and strategy: one scenario that differs from its siblings in one thing.",
    (
        Column("study", pa.string(), "name of the study"),
        Column("varied", pa.string(), "what differs: seed, satisfaction_weight_usd, import_usd_per_kwh, …"),
        Column("value", pa.float64(), "its value in this member"),
        *_RUN,
        Column("seed", pa.int64(), "fleet seed"),
        _STRATEGY,
        Column("is_bound", pa.bool_(), "a relaxation that no one can operate"),
        Column("surplus_usd", pa.float64(), "surplus of the month [$]"),
        Column("surplus_reserves_usd", pa.float64(), "the part of it from reserves [$]"),
        Column("bids_below_minimum", pa.int64(), "windows in which an energy offer missed the minimum bid"),
        Column(
            "percent_of_perfect",
            pa.float64(),
            "surplus over the proven bound of perfect_foresight [%]",
            True,
        ),
        Column("vpp_profit_usd", pa.float64(), "VPP profit [$]; null for a bound", True),
        Column("household_gain_usd", pa.float64(), "gain of all households [$]; null for a bound", True),
        Column("households_worse_off_percent", pa.float64(), "households worse off than without a VPP [%]", True),
        Column("satisfaction_mean", pa.float64(), "mean satisfaction, 0–1; null for a bound", True, 0.0, 1.0),
        Column("violations", pa.int64(), "breached preferences; null for a bound", True),
        Column("surplus_by_day_usd", pa.list_(pa.float64()), "surplus of each local day, in order [$]"),
        Column(
            "household_gain_by_day_usd", pa.list_(pa.float64()), "gain of all households by day [$]; nulls for a bound"
        ),
        Column("satisfaction_by_day", pa.list_(pa.float64()), "mean satisfaction by day, 0–1; nulls for a bound"),
        Column("asked_decider", pa.string(), "who was to decide for the aggregator: rules, or a language model"),
        Column("llm_answers", pa.int64(), "decisions that the model took"),
        Column("llm_fallbacks", pa.int64(), "decisions by rule that it was to take"),
        *(Column(f"judged_{name}", kind, f"by the verifier: {about}", True) for name, kind, about in JUDGED),
    ),
    key=("study", "varied", "value", "month", "scenario", "strategy"),
)
