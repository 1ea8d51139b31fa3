"""The story of one negotiation for people: who offered what and why, counter-offers, who joined, who left and why, and
what followed.

Prices are what homes are paid, for charging as for giving; of the bid they are the market's. Whole groups in numbers,
and the largest offers of each kind home by home. Words of a model are told as quotations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.fleet.fleet import CATEGORIES
from vpp_core.llm.quoting import quoted
from vpp_core.negotiation.conversation import Conversation, records
from vpp_core.negotiation.messages import VppBid
from vpp_core.negotiation.verifier import OFFER, negotiations_judged, offers_judged
from vpp_core.negotiation.words import words_of
from vpp_core.scenario import Scenario
from vpp_core.tables.messages import KINDS, OUTSIDE
from vpp_core.tables.negotiation import FALLBACKS, OUTCOMES

LONGEST_REASON = 300
Words = Mapping[str, str]


def story(rows: pa.Table, scenario: Scenario, names: int = 0) -> Iterator[str]:
    """Lines about the rows of one negotiation; at most `names` homes are told one by one in each part."""
    words = words_of(scenario.operator)
    said = rows.to_pandas()
    told = Conversation(said.assign(asked_for=said["kind"].map(words), sold=said["product"].map(words)))
    if not len(told.said):
        yield f"Outcome: {OUTCOMES['nobody_available']}."
        return
    yield from _opening(told, scenario, names, words)
    shown = _largest(told.of_round(1), names)[OFFER]
    for number in range(1, told.rounds + 1):
        yield from _round(told, number, shown)
    yield from _coalition(told, scenario, names, words)
    yield from _followed(told, names)
    yield from _verdict(rows)


def _opening(told: Conversation, scenario: Scenario, names: int, words: Words) -> Iterator[str]:
    yield from _subject(told, scenario)
    for one in told.opportunities():
        mean = "" if one.product == "energy" else ", mean of the day's hours"
        yield (
            f"Forecast of {words[one.product]} at gate closure: {one.forecast_p50_usd_per_mwh:.1f} "
            f"{_unit(one.product)} (10 to 90 %: {one.forecast_p10_usd_per_mwh:.1f} to "
            f"{one.forecast_p90_usd_per_mwh:.1f}{mean})."
        )
    rules = scenario.negotiation
    if rules.decider == "llm":
        yield f"The aggregator asks {rules.llm.model}, {rules.llm.depth.replace('_', ' ')}; else it goes by rules."
    first = told.of_round(1)
    most = "any quarter hour" if first["gate"].iloc[0] == "real_time" else "any hour of the day"
    homes = first["home_id"].nunique()
    yield (
        f"{homes} homes make {len(first)} sealed bids, each the most that it may be asked for in {most}, at its first "
        "price:"
    )
    for kind in KINDS:
        for category in CATEGORIES:
            chosen = first[(first["kind"] == kind) & (first["category"] == category)]
            if len(chosen):
                yield (
                    f"  {words[kind]:20s} {category:12s} {len(chosen):4d} {'bid ' if len(chosen) == 1 else 'bids'} "
                    f"{chosen['capacity_kw'].sum():5.0f} kW at {_spread(chosen['first_ask_usd_per_mwh'])} "
                    f"{_unit(chosen['product'].iloc[0])}"
                )
    shown = _largest(first, names)
    for row, bid in zip(records(shown), told.bids(shown), strict=True):
        price = f"{_price(bid.minimum_price_usd_per_mwh)} {_unit(bid.product)}"
        yield f"  {_who(told, row)} {bid.available_capacity_kw:.1f} kW, asks {price} ({bid.constraints})"
    yield from _and_more(len(first) - len(shown), "bids")


def _subject(told: Conversation, scenario: Scenario) -> Iterator[str]:
    """What is negotiated, and where the rest is."""
    first = told.said.iloc[0]
    city = scenario.operator.city
    gate, local = (first[name].tz_convert(scenario.operator.timezone) for name in ("gate_closure", "window_start"))
    if first["gate"] == "day_ahead":
        yield f"Reserves of {local:%Y-%m-%d} in {city}, all hours of the day; gate closed {gate:%Y-%m-%d %H:%M}."
        return
    hours = float(first["hours"])
    yield f"Energy of the window {local:%Y-%m-%d %H:%M} in {city}, {hours:g} h; gate closed {gate:%H:%M}."
    if scenario.market.reserves:
        yield "Reserves were negotiated the day before, for all hours of the day (--reserves shows that)."


def _round(told: Conversation, number: int, shown: pd.DataFrame) -> Iterator[str]:
    said = told.of_round(number)
    reserve = said["product"] != "energy"
    parts = []
    for name, part in (
        ("sales ask", said[~reserve & (said["direction"] == "sell")]),
        ("purchases ask", said[said["direction"] == "buy"]),
        ("reserve asks", said[reserve]),
    ):
        offered = part["counter_usd_per_mwh"].dropna()
        answered = f"counter-offers {_spread(offered)}" if len(offered) else "no counter-offer"
        if len(part):
            parts.append(f"{name} {_spread(part['ask_usd_per_mwh'])}, {answered} {_unit(part['product'].iloc[0])}")
    yield f"Round {number}: {'; '.join(parts)}; {int(said['agreed'].sum())} of {len(said)} agree."
    yield from _terms(said.iloc[0])
    of_shown = said[pd.MultiIndex.from_frame(said[OFFER]).isin(pd.MultiIndex.from_frame(shown))]
    for row, answer in zip(records(of_shown), told.responses(of_shown), strict=True):
        counter = row["counter_usd_per_mwh"]
        offer = "gets no counter-offer" if pd.isna(counter) else f"is offered {_price(counter)}"
        verb = "accepts" if answer.decision == "accept" else "declines"
        yield (
            f"  {_who(told, row)} score {row['score']:.2f}, asks {_price(row['ask_usd_per_mwh'])}, {offer}: {verb} "
            f"({answer.reason})"
        )


def _terms(row: pd.Series) -> Iterator[str]:
    """From where to where counter-offers went, and why."""
    opening, limit = float(row["terms_opening_quantile"]), float(row["terms_limit_quantile"])
    purchases = f"{1 - opening:.0%} to {1 - limit:.0%} for purchases, "
    energy = f" ({purchases}less what the energy costs later)" if row["gate"] == "real_time" else ""
    score, reason = float(row["terms_minimum_score"]), row["terms_reason"]
    if reason == OUTSIDE:
        yield "  Each counter-offer is that of a negotiator from outside."
        return
    yield (
        f"  Counter-offers go from the forecast's {opening:.0%} to its {limit:.0%} quantile{energy}, "
        f"{float(row['terms_conceded']):.0%} of the way"
        + (f"; none for scores below {score:.2f}" if score else "")
        + ("." if not row["terms_by_model"] else f". The model says {quoted(reason or '', LONGEST_REASON)}")
    )
    if reason and not row["terms_by_model"]:
        yield f"  By rule, since the model was of no use: {FALLBACKS.get(reason, reason)}."


def _coalition(told: Conversation, scenario: Scenario, names: int, words: Words) -> Iterator[str]:
    offers, members = told.offers, told.members
    bids_energy = offers["gate"].iloc[0] == "real_time"
    key = offers["outcome"].iloc[0]
    yield f"Outcome: {key.replace('_', ' ')}. {OUTCOMES[key].capitalize()}."
    unmet = int((~offers["agreed"]).sum())
    if unmet:
        yield f"{unmet} last prices are not met, and nothing is asked at them."
    if len(members):
        besides = "the energy is expected to cost or save" if bids_energy else "a call is expected to cost"
        yield (
            f"{members['home_id'].nunique()} homes join (asking one for all of it pays where the market covers its "
            f"price and what {besides} the plant later on):"
        )
        shown = _largest(members, names)
        for row in records(shown):
            covered = "from" if row["direction"] == "sell" else "up to"
            yield (
                f"  {_who(told, row)} up to {row['committed_kw']:.1f} kW, agreed {_price(row['response_usd_per_mwh'])} "
                f"{_unit(row['product'])}, pays {covered} {_price(row['bid_price_usd_per_mwh'])}; satisfaction "
                f"{row['satisfaction']:.2f}"
            )
        yield from _and_more(len(members) - len(shown), "segments")
    for reason, left in offers[offers["left_out"].notna()].groupby("left_out", sort=False):
        homes = sorted(set(left["home_id"]))
        listed = ", ".join(map(str, homes[:names])) + (f" and {len(homes) - names} more" if len(homes) > names else "")
        yield f"{len(left)} segments are left out: {reason} ({'homes' if len(homes) > 1 else 'home'} {listed})."
    yield from _below_the_minimum(told, scenario)
    if len(members):
        yield from _bid(told.vpp_bid(), told, words)
    if scenario.negotiation.decider == "llm":
        by_model = int(told.said.drop_duplicates("round")["terms_by_model"].sum())
        yield (
            f"The model set the terms in {by_model} of {told.rounds} rounds, and answered for homes "
            f"{int(told.said['by_model'].sum())} times."
        )


def _below_the_minimum(told: Conversation, scenario: Scenario) -> Iterator[str]:
    if told.offers["reaches_minimum"].all():
        return
    rules, least = scenario.market, float(told.offers["minimum_bid_kw"].iloc[0])
    part = "" if rules.fleet_share == 1 else f", of which this fleet is to make {least:g} kW"
    yield (
        f"A direction or reserve sums to less than the minimum bid of {rules.minimum_bid_mw:g} MW{part}: it cannot bid "
        "and its devices follow their default. To study this fleet without the minimum, set minimum_bid_mw to 0 "
        "(--minimum-bid-mw 0)."
    )


def _bid(bid: VppBid, told: Conversation, words: Words) -> Iterator[str]:
    """The bid: the curve's steps, or a day's reserve."""
    if not bid.segments:
        return
    sums = {
        words.get(name, name): sum(s.capacity_mw for s in bid.segments if (s.product, s.direction) == of)
        for name, of in _SUMS.items()
    }
    parts = ", ".join(f"up to {mw:.3f} MW {name}" for name, mw in sums.items() if mw > 0)
    yield (
        f"VPP bid: {parts} in {len(bid.segments)} steps from {bid.coalition_size} homes, expected surplus of all that "
        f"they may be asked for ${bid.expected_surplus_usd:.2f}, of which ${bid.expected_household_gain_usd:.2f} go to "
        "the homes."
    )
    if told.said["gate"].iloc[0] == "real_time":
        sold = [(s.price_usd_per_mwh, s.capacity_mw) for s in bid.segments if s.direction == "sell"]
        bought = [(s.price_usd_per_mwh, s.capacity_mw) for s in bid.segments if s.direction == "buy"]
        yield from _steps("sells at or above", np.array(sold).reshape(-1, 2))
        yield from _steps("buys at or below", np.array(bought).reshape(-1, 2)[::-1])


def _steps(name: str, steps: np.ndarray) -> Iterator[str]:
    """A side of the curve, price by price where the quantity changes; steps from the first that clears."""
    kw = np.round(1000 * steps[:, 1].cumsum(), 1)
    changes = kw != np.concatenate([[0.0], kw[:-1]])
    if changes.any():
        parts = [
            f"{_price(price)} $/MWh {total:.1f} kW" for price, total in zip(steps[changes, 0], kw[changes], strict=True)
        ]
        yield f"  {name} " + ", ".join(parts)


def _followed(told: Conversation, names: int) -> Iterator[str]:
    """What the market then paid, what was asked for, delivered and paid."""
    members = told.members
    known = members[members["asked_kwh"].notna()]
    if not len(known):
        return
    reserve = known["product"].iloc[0] != "energy"
    unit, asked = ("kW-h", "held") if reserve else ("kWh", "asked for")
    prices = ", ".join(
        f"{of['sold'].iloc[0]} {_price(of['market_usd_per_mwh'].iloc[0])} {_unit(product)}"
        for product, of in _by_product(known)
    )
    paid = int((known["cleared_share"] > 0).sum())
    yield (
        f"What followed: the market paid {prices} on average, the bid price of {paid} of {len(known)} members at some "
        f"time. {known['asked_kwh'].sum():.1f} {unit} were {asked}, {known['delivered_kwh'].sum():.1f} delivered, "
        f"${known['paid_usd'].sum():.2f} paid to homes."
    )
    for row in records(_largest(known[known["asked_kwh"] > 0], names)):
        yield (
            f"  {_who(told, row)} {row['asked_kwh']:.2f} {unit} {asked}, {row['delivered_kwh']:.2f} delivered, paid "
            f"${row['paid_usd']:.2f}; the market paid its price {row['cleared_share']:.0%} of the time"
        )


def _by_product(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for product, of_product in rows.groupby("product"):
        yield str(product), of_product


def _verdict(rows: pa.Table) -> Iterator[str]:
    """What the verifier, who knows both sides, says."""
    judged = negotiations_judged(offers_judged(rows)).iloc[0]
    could = judged["achievable_usd"]
    if pd.isna(judged["joint_percent"]):
        yield "The verifier, who knows both sides: there was nothing to gain."
        return
    yield (
        f"The verifier, who knows both sides: ${could:.2f} could be expected together, {judged['joint_percent']:.1f} % "
        f"of it is (the plant {100 * judged['aggregator_usd'] / could:.1f} %, homes over their own price "
        f"{100 * judged['household_usd'] / could:.1f} %); {judged['missed']} agreements missed, "
        f"{judged['irrational_asks'] + judged['irrational_counters']} irrational offers, "
        f"{judged['promises_broken']} of {judged['promises']} promises broken."
    )


def _largest(rows: pd.DataFrame, names: int) -> pd.DataFrame:
    """The largest of these offers, of each kind in turn, kind by kind; ties in the order in which they were made."""
    position = rows["kind"].map(KINDS.index)
    ordered = rows.assign(kind_position=position).sort_values(
        ["kind_position", "capacity_kw"], ascending=[True, False], kind="stable"
    )
    rank = ordered.groupby("kind_position").cumcount()
    chosen = ordered.assign(rank=rank).sort_values(["rank", "kind_position"], kind="stable").head(names)
    return chosen.sort_values(["kind_position", "rank"], kind="stable").drop(columns=["kind_position", "rank"])


def _who(told: Conversation, row: dict[str, Any]) -> str:
    first = told.of_round(1)
    same = first[
        (first["home_id"] == row["home_id"]) & (first["kind"] == row["kind"]) & (first["device"] == row["device"])
    ]
    which = f" of {row['device']} {row['device_number']}" if len(same) > 1 else ""
    return f"home {row['home_id']} ({row['category']}), {row['asked_for']}{which},"


_SUMS = {
    "sold": ("energy", "sell"),
    "bought": ("energy", "buy"),
    "spin": ("spin", "sell"),
    "nonspin": ("nonspin", "sell"),
}
"""What a bid sums to: name → product and direction."""


def _unit(product: str) -> str:
    return "$/MWh" if product == "energy" else "$/MW-h"


def _and_more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"  and {count} more {what}"


def _spread(values: pd.Series) -> str:
    low, high = float(values.min()), float(values.max())
    return _price(low) if high - low < 0.05 else f"{_price(low)} to {_price(high)}"


def _price(value: float) -> str:
    return f"{round(float(value), 1) + 0.0:.1f}"  # never −0.0
