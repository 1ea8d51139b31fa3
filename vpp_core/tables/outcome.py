"""The result tables: what each strategy did and earned, per market window and per household and day.

`OUTCOMES` carries both, what each home was awarded and paid by window, and the intervals of a few homes, nested in one
row per strategy and local day, so that a strategy's result is one file that is either there or not. `WINDOW_RESULTS`,
`HOUSEHOLD_DAYS`, `HOUSEHOLD_TOTALS`, `HOUSEHOLD_MONTHS`, `HOME_WINDOWS`, `HOME_INTERVALS` and `PROGRAMME_DAYS` are its
flat forms. What is told of all households comes from totals and months, whose size does not grow with homes times days.
"""

from __future__ import annotations

import pyarrow as pa

from vpp_core.devices import APPLIANCES, DEVICES, DeviceKind, money_by_device
from vpp_core.tables.contract import TIMESTAMP, Column, Contract
from vpp_core.tables.negotiation import ASKED
from vpp_core.tables.negotiation import OUTCOMES as NEGOTIATION_OUTCOMES

WHOLESALE_BY_DEVICE = tuple(
    Column(name, pa.float64(), f"the part of wholesale_usd moved by {device.plural} [$]")
    for name, device in zip(money_by_device("wholesale"), DEVICES, strict=True)
)
SURPLUS_BY_DEVICE = tuple(
    Column(name, pa.float64(), f"the part of surplus_usd from {device.plural}, their bill and wear in it [$]")
    for name, device in zip(money_by_device("surplus"), DEVICES, strict=True)
)

_MONEY = (
    Column("wholesale_usd", pa.float64(), "LMP · (net injection − counterfactual) · Δt, without calls [$]"),
    *WHOLESALE_BY_DEVICE,
    Column("reserve_usd", pa.float64(), "capacity pay for reserves, no-pay deducted [$]"),
    Column("call_usd", pa.float64(), "energy delivered on reserve calls, at LMP [$]"),
    Column("programme_usd", pa.float64(), "pay of programmes, for being there or for what events showed [$]"),
    Column("bill_change_usd", pa.float64(), "increase of retail bills over the counterfactual [$]"),
    Column(
        "wear_change_usd",
        pa.float64(),
        "increase of degradation of batteries, V2G cars' included, over the counterfactual [$]",
    ),
    Column("penalty_usd", pa.float64(), "penalties for undelivered energy and reserve [$]"),
    Column("end_energy_usd", pa.float64(), "value of the change in stored energy relative to the counterfactual [$]"),
    Column("surplus_usd", pa.float64(), "all parts: costs (bill, wear, penalty) taken off [$]"),
    *SURPLUS_BY_DEVICE,
    Column("surplus_reserves_usd", pa.float64(), "the part of surplus_usd from reserve pay, calls and no-pay [$]"),
    Column("payment_usd", pa.float64(), "paid by the VPP to households, negative where they pay [$]", True),
)
"""The books. Null payments: a bound has no contracts."""

VIOLATIONS = ("backup", "power", "daily_energy", "ev_ready", "ev_priority", "compensation", "comfort")
"""Kinds of breached preference. A violation is one (household, window, kind)."""

A_CENT = 0.01
"""The books are kept to a cent: from there down a household counts as worse off, and nothing is a share of less."""

SATISFACTION_COMPONENTS = ("backup", "discharge", "ev_ready", "compensation", "autonomy", "bill")

WINDOW_RESULTS = Contract(
    "window_results",
    "A row per strategy and market window: what was bid, cleared, delivered and earned.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("window_start", TIMESTAMP, "start of the market window, UTC"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("lmp_mean_usd_per_mwh", pa.float64(), "mean realised LMP of the window [$/MWh]"),
        Column("forecast_p10_usd_per_mwh", pa.float64(), "10 % quantile of the forecast at gate closure [$/MWh]"),
        Column("forecast_p50_usd_per_mwh", pa.float64(), "median forecast at gate closure [$/MWh]"),
        Column("forecast_p90_usd_per_mwh", pa.float64(), "90 % quantile of the forecast at gate closure [$/MWh]"),
        Column(
            "spin_usd_per_mw_h",
            pa.float64(),
            "price of the first product of reserve; null: not sold [$/MW per h]",
            True,
        ),
        Column("nonspin_usd_per_mw_h", pa.float64(), "price of the second product, likewise [$/MW per h]", True),
        Column("bid_sell_kw", pa.float64(), "deviation for sale at the curve's highest price [kW]"),
        Column("bid_sell_usd_per_mwh", pa.float64(), "the curve's quantity-weighted price [$/MWh]", True),
        Column("bid_buy_kw", pa.float64(), "deviation to buy at the curve's lowest price [kW]"),
        Column("bid_buy_usd_per_mwh", pa.float64(), "the curve's quantity-weighted price [$/MWh]", True),
        Column(
            "committed_spin_kw", pa.float64(), "first product of reserve committed day ahead, mean of the window [kW]"
        ),
        Column(
            "committed_nonspin_kw",
            pa.float64(),
            "second product of reserve committed day ahead, mean of the window [kW]",
        ),
        Column("feasible_kw", pa.float64(), "most the stores could have deviated by, both directions added [kW]"),
        Column("below_minimum", pa.bool_(), "there was energy to offer, and it stayed below the minimum bid"),
        Column(
            "expected_margin_usd",
            pa.float64(),
            "expected surplus of the energy bid over leaving its devices alone from then on [$]; energy that is moved "
            "on hour after hour counts in each window, so sums are above what a period can bring; 0 where nothing "
            "was bid",
        ),
        Column(
            "awarded_sell_kwh",
            pa.float64(),
            "deviation for sale that cleared and stores were given; a car held off for hours counts in each [kWh]",
        ),
        Column("awarded_buy_kwh", pa.float64(), "deviation to buy that cleared and stores were given [kWh]"),
        Column("delivered_sell_kwh", pa.float64(), "of awarded_sell_kwh, what was delivered [kWh]"),
        Column("delivered_buy_kwh", pa.float64(), "of awarded_buy_kwh, what was taken [kWh]"),
        Column("unplaced_kwh", pa.float64(), "deviation that cleared, either way, and no store gave [kWh]"),
        Column(
            "missed_kwh",
            pa.float64(),
            "deviation that stores were asked for, either way, and that did not come: out of reach, opted out [kWh]",
        ),
        Column("moved_out_kwh", pa.float64(), "what stores gave more, or took less, than without a VPP [kWh]"),
        Column("moved_in_kwh", pa.float64(), "what stores took more, or gave less, than without a VPP [kWh]"),
        Column("held_spin_kw_h", pa.float64(), "of the committed first product of reserve, what stores held [kW-h]"),
        Column(
            "held_nonspin_kw_h", pa.float64(), "of the committed second product of reserve, what stores held [kW-h]"
        ),
        Column("undeliverable_kw_h", pa.float64(), "of the held reserve, what could not have been delivered [kW-h]"),
        Column("unheld_kw_h", pa.float64(), "committed reserve that no store held [kW-h]"),
        Column("called_kwh", pa.float64(), "energy of reserve called [kWh]"),
        Column("delivered_call_kwh", pa.float64(), "of that, what was delivered [kWh]"),
        Column("net_injection_kwh", pa.float64(), "fleet net injection, export positive [kWh]"),
        Column("stored_kwh", pa.float64(), "energy in the batteries at the end of the window [kWh]"),
        Column("battery_discharge_kwh", pa.float64(), "energy discharged by batteries [kWh AC]"),
        Column("battery_charge_kwh", pa.float64(), "energy charged into batteries [kWh AC]"),
        Column("ev_charge_kwh", pa.float64(), "energy charged into EVs [kWh AC]"),
        Column("ev_discharge_kwh", pa.float64(), "energy discharged by EVs, which V2G ones alone do [kWh AC]"),
        Column("segments", pa.int64(), "columns (a store and direction) that the bid may call on"),
        Column("households", pa.int64(), "households that the bid may call on: the coalition where it was negotiated"),
        Column("invited", pa.int64(), "households that had something to offer"),
        Column("offers", pa.int64(), "columns that they offered"),
        Column("rounds", pa.int64(), "negotiation rounds, 0 where nothing was negotiated"),
        Column("agreed", pa.int64(), "offered columns on which both sides agreed"),
        Column("mean_concession", pa.float64(), "mean share of the ask that homes conceded", True),
        Column("plan_satisfaction", pa.float64(), "satisfaction that the plan expected of its coalition", True),
        Column("solver", pa.string(), "who solved the window program; null where there was none", True),
        Column("solver_failures", pa.int64(), "aggregations whose window program failed and fell back to no bid"),
        Column("solver_gap_usd", pa.float64(), "what the program's optimum is above its solution at most [$]"),
        Column(
            "negotiation_outcome",
            pa.string(),
            "how the negotiation ended; null where there was none",
            True,
            one_of=tuple(NEGOTIATION_OUTCOMES),
        ),
        *ASKED,
        *_MONEY,
        *(
            Column(f"violations_{kind}", pa.int64(), f"households whose {kind} preference was breached", True)
            for kind in VIOLATIONS
        ),
    ),
    key=("strategy", "window_start"),
)

_OF_HOUSEHOLDS = (
    Column("household_gain_usd", pa.float64(), "payment − bill change − wear change + end energy [$]", True),
    Column(
        "agreed_payment_usd", pa.float64(), "the part of payment_usd at the agreed price, without rebound [$]", True
    ),
    Column(
        "discharged_for_vpp_kwh",
        pa.float64(),
        "energy that batteries and V2G cars delivered beyond the default [kWh AC]",
    ),
    Column("deviation_kwh", pa.float64(), "all energy moved away from the default, either direction [kWh AC]"),
    Column("offered_kwh", pa.float64(), "energy that the home's preferences offer, battery and car [kWh AC]"),
    Column("battery_discharge_kwh", pa.float64(), "energy discharged [kWh AC]"),
    Column("bill_counterfactual_usd", pa.float64(), "retail bill without a VPP [$]"),
)
_BREACHED = tuple(
    Column(f"violations_{kind}", pa.int64(), f"windows in which {kind} was breached", True) for kind in VIOLATIONS
)

HOUSEHOLD_DAYS = Contract(
    "household_days",
    "A row per strategy, local day and household: its books, energy and satisfaction. Of fleets of several "
    "aggregations a few homes only.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("home_id", pa.int64(), "household"),
        *_MONEY,
        *_OF_HOUSEHOLDS,
        *(
            Column(
                f"satisfaction_{name}",
                pa.float64(),
                f"{name} component, 0–1; null where it does not apply",
                True,
                0.0,
                1.0,
            )
            for name in SATISFACTION_COMPONENTS
        ),
        Column("satisfaction", pa.float64(), "weighted mean of the components that apply", True, 0.0, 1.0),
        *_BREACHED,
    ),
    key=("strategy", "local_day", "home_id"),
)

HOUSEHOLD_MONTHS = Contract(
    "household_months",
    "A row per strategy and household, of all homes: its books and energy over the period.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("home_id", pa.int64(), "household"),
        *_MONEY,
        *_OF_HOUSEHOLDS,
        Column("satisfaction", pa.float64(), "mean over days of the household's satisfaction", True, 0.0, 1.0),
        *_BREACHED,
        Column(
            "gain_by_day_usd",
            pa.list_(pa.float64()),
            "household_gain_usd of each local day, in order [$]; none of a bound",
        ),
    ),
    key=("strategy", "home_id"),
)

HOUSEHOLD_TOTALS = Contract(
    "household_totals",
    "A row per strategy, local day and set of satisfaction components that apply: the households of which they do, "
    "added up. Sums, so that those of a fleet are those of its parts.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("components", pa.string(), "the components, with commas; empty where none applies"),
        Column("homes", pa.int64(), "households"),
        Column("worse_off", pa.int64(), "of these, those a cent or more worse off that day; null for a bound", True),
        Column("payment_usd", pa.float64(), "paid by the VPP to them [$]", True),
        Column("household_gain_usd", pa.float64(), "their gains [$]", True),
        *(
            Column(f"satisfaction_{name}", pa.float64(), f"sum of their {name} components; null where not one", True)
            for name in SATISFACTION_COMPONENTS
        ),
        Column("satisfaction", pa.float64(), "sum of their satisfaction", True),
        *_BREACHED,
    ),
    key=("strategy", "local_day", "components"),
)

HOME_WINDOWS = Contract(
    "home_windows",
    "A row per strategy, market window and home to which something was awarded or paid; no row: nothing was. Of fleets "
    "above 2,000 homes a few homes only.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("window_start", TIMESTAMP, "start of the market window, UTC"),
        Column("home_id", pa.int64(), "household"),
        Column("awarded_sell_kwh", pa.float32(), "deviation for sale that its stores were given [kWh]"),
        Column("awarded_buy_kwh", pa.float32(), "deviation to buy that its stores were given [kWh]"),
        Column("delivered_sell_kwh", pa.float32(), "of awarded_sell_kwh, what was delivered [kWh]"),
        Column("delivered_buy_kwh", pa.float32(), "of awarded_buy_kwh, what was taken [kWh]"),
        Column("held_spin_kw_h", pa.float32(), "first product of reserve that it held [kW-h]"),
        Column("held_nonspin_kw_h", pa.float32(), "second product of reserve that it held [kW-h]"),
        Column("delivered_call_kwh", pa.float32(), "energy that it delivered on reserve calls [kWh]"),
        Column("payment_usd", pa.float32(), "paid by the VPP to it, negative where it pays [$]"),
    ),
    key=("strategy", "window_start", "home_id"),
)


def _of_appliance(device: DeviceKind) -> tuple[Column, ...]:
    name, words = device.source, device.words
    return (
        Column(f"{name}_kw", pa.float32(), f"power into its {words} [kW]"),
        Column(f"{name}_award_kw", pa.float32(), f"of what its {words} would take, what cleared as held off [kW]"),
        Column(f"{name}_kwh", pa.float32(), f"what its {words} holds [kWh]; of heat, above the comfort band's bottom"),
    )


HOME_INTERVALS = Contract(
    "home_intervals",
    "A row per strategy, interval and home, of a few homes: what their devices did. Powers are means of the interval.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("home_id", pa.int64(), "household"),
        Column("timestamp", TIMESTAMP, "start of the interval, UTC"),
        Column("own_surplus_kw", pa.float32(), "solar minus load [kW]"),
        Column("injection_kw", pa.float32(), "net injection at the meter, export positive [kW]"),
        Column("stored_kwh", pa.float32(), "energy in the battery at the end of the interval [kWh]"),
        Column("backup_kwh", pa.float32(), "energy in the battery that the household keeps for an outage [kWh]"),
        Column("battery_kw", pa.float32(), "battery power, discharge positive [kW]"),
        Column("default_kw", pa.float32(), "what the battery would have done on its own from the same energy [kW]"),
        Column("award_kw", pa.float32(), "deviation from the default that cleared, export positive [kW]"),
        Column("spin_kw", pa.float32(), "held as the first product of reserve [kW]"),
        Column("nonspin_kw", pa.float32(), "held as the second product of reserve [kW]"),
        Column("called_kw", pa.float32(), "of the held reserve, what is called [kW]"),
        Column("car_kw", pa.float32(), "power into the home's cars, below 0 where they give more than they take [kW]"),
        Column("car_default_kw", pa.float32(), "what its cars would have charged on their own [kW]"),
        Column("car_award_kw", pa.float32(), "cleared of its cars: charging moved away, power given, above 0 [kW]"),
        Column("car_kwh", pa.float32(), "energy in its cars at the end of the interval [kWh]"),
        *(column for device in APPLIANCES for column in _of_appliance(device)),
    ),
    key=("strategy", "home_id", "timestamp"),
)

PROGRAMME_DAYS = Contract(
    "programme_days",
    "A row per strategy, programme, local day with an event or money, and baseline: what was paid by the programme's "
    "own, and what each other would have paid. The truth is what homes do without a VPP.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("programme", pa.string(), "name of the programme"),
        Column("baseline", pa.string(), "method that says what homes would have done; none: nothing is taken off"),
        Column("is_paid_by", pa.bool_(), "whether the programme pays by it"),
        Column("event_hours", pa.float64(), "length of the day's event [h]"),
        Column("homes", pa.int64(), "homes that take part"),
        Column("homes_without_baseline", pa.int64(), "of these, those that the method says nothing of: not paid"),
        Column("shown_kwh", pa.float64(), "energy at events beyond what would truly have been [kWh]"),
        Column("bias_kwh", pa.float64(), "what the method credits beyond that, homes added up [kWh]"),
        Column("error_kwh", pa.float64(), "the same, each home's miss without its sign [kWh]"),
        Column("paid_usd", pa.float64(), "paid by this baseline [$]"),
        Column("true_usd", pa.float64(), "paid if the baseline were the truth [$]"),
        Column("household_usd", pa.float64(), "the households' part of paid_usd [$]"),
    ),
    key=("strategy", "local_day", "programme", "baseline"),
)

OUTCOMES = Contract(
    "outcomes",
    "A row per strategy and local day, with the day's windows, households, home windows, intervals and programmes "
    "nested inside, and on the first day the households' months.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("surplus_usd", pa.float64(), "the day's surplus [$]"),
        Column(
            "bound_gap_usd",
            pa.float64(),
            "certified gap of the month's bound, on its first day [$]; null otherwise",
            True,
        ),
        Column("windows", pa.list_(WINDOW_RESULTS.struct), "the day's rows of window_results", rows=WINDOW_RESULTS),
        Column("households", pa.list_(HOUSEHOLD_DAYS.struct), "the day's rows of household_days", rows=HOUSEHOLD_DAYS),
        Column(
            "household_totals",
            pa.list_(HOUSEHOLD_TOTALS.struct),
            "the day's rows of household_totals",
            rows=HOUSEHOLD_TOTALS,
        ),
        Column(
            "household_months",
            pa.list_(HOUSEHOLD_MONTHS.struct),
            "rows of household_months, on the period's first day",
            rows=HOUSEHOLD_MONTHS,
        ),
        Column("home_windows", pa.list_(HOME_WINDOWS.struct), "the day's rows of home_windows", rows=HOME_WINDOWS),
        Column("intervals", pa.list_(HOME_INTERVALS.struct), "the day's rows of home_intervals", rows=HOME_INTERVALS),
        Column("programmes", pa.list_(PROGRAMME_DAYS.struct), "the day's rows of programme_days", rows=PROGRAMME_DAYS),
    ),
    key=("strategy", "local_day"),
)
