"""The story of one negotiation for people: who offered what and why, counter-offers, who joined, who left and why.

Prices are what homes are paid, for charging as for giving; of the bid they are the market's. Whole groups in numbers,
and the largest offers of each kind home by home. Words of a model are told as quotations.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS, LOCAL_TIMEZONE
from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.fleet.fleet import CATEGORIES, Bools, Floats
from vpp_core.llm import quoted
from vpp_core.market.segments import ENERGY, PRODUCTS
from vpp_core.negotiation.public import kinds
from vpp_core.negotiation.rounds import RoundRecord
from vpp_core.negotiation.transcript import Transcript
from vpp_core.tables.negotiation import FALLBACKS, OUTCOMES

LONGEST_REASON = 300


def story(transcript: Transcript, names: int = 0) -> Iterator[str]:
    """Lines; at most `names` homes are told one by one in each part."""
    yield from _opening(transcript, names)
    if not transcript.bargain.offering.any():
        yield f"Outcome: {OUTCOMES['nobody_available']}."
        return
    shown = _largest(transcript, transcript.bargain.offering, names)
    for number, record in enumerate(transcript.state["history"], start=1):
        yield from _round(transcript, number, record, shown)
    yield from _coalition(transcript, names)


def _opening(transcript: Transcript, names: int) -> Iterator[str]:
    view, bargain = transcript.view, transcript.bargain
    yield from _subject(transcript)
    for product in view.products:
        p10, p50, p90 = view.forecast[product]
        mean = "" if product == ENERGY else ", mean of the day's hours"
        yield (
            f"Forecast of {PRODUCTS[product]} at gate closure: {p50:.1f} {_UNITS[product != ENERGY]} "
            f"(10 to 90 %: {p10:.1f} to {p90:.1f}{mean})."
        )
    rules = view.scenario.negotiation
    if rules.decider == "llm":
        yield f"The aggregator asks {rules.llm.model}, {rules.llm.depth.replace('_', ' ')}; else it goes by rules."
    offering = bargain.offering
    if not offering.any():
        return
    homes = len(np.unique(view.layout.home[offering]))
    most = "any quarter hour" if view.gate == "real_time" else "any hour of the day"
    yield f"{homes} homes make {int(offering.sum())} sealed bids, each the most that it may be asked for in {most}:"
    asks = bargain.opening_usd_per_mwh
    for kind, of_kind in kinds(view.layout):
        for position, category in enumerate(CATEGORIES):
            chosen = of_kind & offering & (view.fleet.category[view.layout.home] == position)
            count = int(chosen.sum())
            if count:
                yield (
                    f"  {kind:22s} {category:13s} {count:4d} {'bid ' if count == 1 else 'bids'} "
                    f"{bargain.quantity_kw[chosen].sum():7.0f} kW, first price {_spread(asks[chosen])} "
                    f"{_unit(transcript, chosen)}"
                )
    shown = _largest(transcript, offering, names)
    for k in shown:
        limits = "; ".join(transcript.constraints(k))
        price = f"{_price(asks[k])} {_unit(transcript, k)}"
        yield f"  {_who(transcript, k)} {bargain.quantity_kw[k]:.1f} kW, asks {price} ({limits})"
    yield from _and_more(int(offering.sum()) - len(shown), "bids")


def _subject(transcript: Transcript) -> Iterator[str]:
    """What is negotiated, and where the rest is."""
    view = transcript.view
    gate, local = (t.tz_convert(LOCAL_TIMEZONE) for t in (transcript.gate_closure, view.start))
    if view.gate == "day_ahead":
        yield f"Reserves of {local:%Y-%m-%d} in Los Angeles, all hours of the day; gate closed {gate:%Y-%m-%d %H:%M}."
        return
    yield f"Energy of the window {local:%Y-%m-%d %H:%M} in Los Angeles, {view.hours:g} h; gate closed {gate:%H:%M}."
    if view.scenario.market.reserves:
        yield "Reserves were negotiated the day before, for all hours of the day (--reserves shows that)."


def _round(transcript: Transcript, number: int, record: RoundRecord, shown: list[int]) -> Iterator[str]:
    direction, reserve = transcript.view.layout.direction, transcript.view.layout.is_reserve
    before = transcript.open_before(number)
    asks, counters = record.ask_usd_per_mwh, record.counter_usd_per_mwh
    told = []
    for name, part in (
        ("sales ask", before & ~reserve & (direction > 0)),
        ("purchases ask", before & (direction < 0)),
        ("reserve asks", before & reserve),
    ):
        offered = part & np.isfinite(counters)
        answered = f"counter-offers {_spread(counters[offered])}" if offered.any() else "no counter-offer"
        if part.any():
            told.append(f"{name} {_spread(asks[part])}, {answered} {_unit(transcript, part)}")
    yield f"Round {number}: {'; '.join(told)}; {int((record.agreed & before).sum())} of {int(before.sum())} agree."
    terms = record.terms
    purchases = f"{1 - terms.opening_quantile:.0%} to {1 - terms.limit_quantile:.0%} for purchases, "
    energy = f" ({purchases}less what the energy costs later)"
    yield (
        f"  Counter-offers go from the forecast's {terms.opening_quantile:.0%} to its {terms.limit_quantile:.0%} "
        f"quantile{energy if transcript.bid is not None else ''}, {terms.conceded:.0%} of the way"
        + (f"; none for scores below {terms.minimum_score:.2f}" if terms.minimum_score else "")
        + ("." if not record.terms_by_model else f". The model says {quoted(record.reason, LONGEST_REASON)}")
    )
    if record.reason and not record.terms_by_model:
        yield f"  By rule, since the model was of no use: {FALLBACKS.get(record.reason, record.reason)}."
    answers = {(answer.prosumer_id, k): answer for k, answer in transcript.responses_by_segment(number)}
    for k in shown:
        answer = answers.get((transcript.home_id(k), k))
        if answer is None:
            continue
        offer = f"is offered {_price(counters[k])}" if np.isfinite(counters[k]) else "gets no counter-offer"
        verb = "accepts" if answer.decision == "accept" else "declines"
        yield (
            f"  {_who(transcript, k)} score {record.score[k]:.2f}, asks {_price(asks[k])}, {offer}: {verb} "
            f"({answer.reason})"
        )


def _coalition(transcript: Transcript, names: int) -> Iterator[str]:
    bargain = transcript.bargain
    bids_energy = transcript.view.gate == "real_time"
    key = transcript.state["decision"].outcome or ""
    yield f"Outcome: {key.replace('_', ' ')}. {OUTCOMES.get(key, '').capitalize()}."
    held = transcript.segments.quantity_kw > 0
    unmet = int(bargain.open.sum())
    if unmet:
        yield f"{unmet} last prices are not met, and nothing is asked at them."
    if held.any():
        besides = "the energy is expected to cost or save" if bids_energy else "a call is expected to cost"
        yield (
            f"{len(np.unique(transcript.view.layout.home[held]))} homes join (asking one for all of it pays where the "
            f"market covers its price and what {besides} the plant later on):"
        )
        shown = _largest(transcript, held, names)
        segments, satisfaction = transcript.segments, transcript.state["coalition"].satisfaction
        for k in shown:
            kw, price = float(segments.quantity_kw[k]), float(segments.price_usd_per_mwh[k])
            covered = "from" if transcript.view.layout.direction[k] > 0 else "up to"
            yield (
                f"  {_who(transcript, k)} up to {kw:.1f} kW, agreed {_price(bargain.ask_usd_per_mwh[k])} "
                f"{_unit(transcript, k)}, pays {covered} {_price(price)}; satisfaction {satisfaction[k]:.2f}"
            )
        yield from _and_more(int(held.sum()) - len(shown), "segments")
    yield from _left(transcript, bargain.offering & ~held, names)
    yield from _below_the_minimum(transcript)
    if held.any():
        yield from _bid(transcript)
    usage = transcript.state["usage"]
    if transcript.view.scenario.negotiation.decider == "llm":
        fell = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in usage.fallbacks.items()) or "none"
        yield (
            f"The model: {usage.calls} calls, {usage.input_tokens} tokens in, {usage.output_tokens} out; "
            f"{usage.answers} answers used, {usage.corrections} corrected by the guard; decided by rule: {fell}."
        )


def _below_the_minimum(transcript: Transcript) -> Iterator[str]:
    rules, decision = transcript.view.scenario.market, transcript.state["decision"]
    below = decision.below_minimum if transcript.bid is None else transcript.bid.below_minimum
    if not below:
        return
    part = "" if rules.fleet_share == 1 else f", of which this fleet is to make {transcript.view.minimum_bid_kw:g} kW"
    yield (
        f"A direction or reserve sums to less than the minimum bid of {rules.minimum_bid_mw:g} MW{part}: it cannot bid "
        "and its devices follow their default. To study this fleet without the minimum, set minimum_bid_mw to 0 "
        "(--minimum-bid-mw 0)."
    )


def _bid(transcript: Transcript) -> Iterator[str]:
    """The bid: the curve's steps, or a day's reserve and what cleared of it."""
    bid = transcript.vpp_bid()
    if not bid.segments:
        return
    sums = {
        name: sum(step.capacity_mw for step in bid.segments if (step.product, step.direction) == of)
        for name, of in _SUMS.items()
    }
    told = ", ".join(f"up to {mw:.3f} MW {name}" for name, mw in sums.items() if mw > 0)
    yield (
        f"VPP bid: {told} in {len(bid.segments)} steps from {bid.coalition_size} homes, expected surplus of all that "
        f"they may be asked for ${bid.expected_surplus_usd:.2f}, of which ${bid.expected_household_gain_usd:.2f} go to "
        "the homes."
    )
    if transcript.bid is not None:
        curve = transcript.bid.curve
        for name, price, kw in (
            ("sells at or above", curve.sell_usd_per_mwh, curve.sell_kw),
            ("buys at or below", curve.buy_usd_per_mwh, curve.buy_kw),
        ):
            yield from _steps(name, price, kw.sum(axis=0))
    elif transcript.committed_kw is not None:
        mw = transcript.committed_kw / 1000
        for product, of_product in zip(PRODUCTS[1:], mw, strict=True):
            cleared = of_product > 0
            if cleared.any():
                hours = cleared.sum() * INTERVAL_HOURS
                yield (
                    f"Cleared at day-ahead prices: {product} in {hours:g} of {transcript.view.hours:g} hours, "
                    f"{of_product[cleared].mean():.3f} MW on average, held by whichever of these homes can."
                )
        if not mw.any():
            yield "Nothing cleared at day-ahead prices."


def _steps(name: str, price_usd_per_mwh: Floats, kw: Floats) -> Iterator[str]:
    """A side of the curve, price by price where the quantity changes."""
    if not kw.any():
        return
    told = np.round(kw, 1)
    rises = kw[-1] >= kw[0]
    changes = told != np.concatenate([[0.0], told[:-1]] if rises else [told[1:], [0.0]])
    steps = zip(price_usd_per_mwh[changes], told[changes], strict=True)
    yield f"  {name} " + ", ".join(f"{_price(price)} $/MWh {quantity:.1f} kW" for price, quantity in steps)


def _left(transcript: Transcript, left: Bools, names: int) -> Iterator[str]:
    """Who is not in the bid, grouped by why."""
    reasons: dict[str, list[int]] = {}
    for k in np.flatnonzero(left).tolist():
        reasons.setdefault(why_left(transcript, k), []).append(k)
    for reason, segments in reasons.items():
        homes = sorted({transcript.home_id(k) for k in segments})
        told = ", ".join(map(str, homes[:names])) + (f" and {len(homes) - names} more" if len(homes) > names else "")
        yield f"{len(segments)} segments are left out: {reason} ({'homes' if len(homes) > 1 else 'home'} {told})."


def why_left(transcript: Transcript, k: int) -> str:
    """Why a segment that was offered is not in the bid."""
    formed, wanted = transcript.state["coalition"], transcript.state["formulation"].value
    if _below_minimum(transcript, k):
        return "their direction or reserve sums to less than the minimum bid"
    if not transcript.bargain.agreed[k]:
        return "no price was agreed"
    if formed.solution.failures:
        return "the solver found no coalition"
    worth = float(formed.worth_usd_per_kw[k])
    if wanted.target_margin_usd_per_mwh * USD_PER_KWH * transcript.view.hours > max(worth, 0.0):
        return "they are expected to bring less than the target margin"
    if formed.expected.clearing_probability[k] < wanted.minimum_reliability:
        return "they would clear too rarely"
    if worth <= 0:
        return "they are not expected to bring anything"
    regret = formed.expected.clearing_probability[k] * (1.0 - formed.satisfaction[k])
    if wanted.satisfaction_weight_usd * regret >= worth * transcript.bargain.quantity_kw[k]:
        return "they cost more satisfaction than they bring"
    if transcript.view.layout.is_reserve[k] and wanted.reserve_share == 0:
        return "no reserve is to be sold"
    return "what is worth asking for sums to less than the minimum bid"


def _below_minimum(transcript: Transcript, k: int) -> bool:
    """Whether all offers to the segment's sum together stay below the minimum."""
    layout, view = transcript.view.layout, transcript.view
    total = transcript.bargain.quantity_kw[layout.book == layout.book[k]].sum()
    return bool(total < view.minimum_bid_kw)


def _largest(transcript: Transcript, segments: Bools, names: int) -> list[int]:
    """The largest of these segments, of each kind in turn, kind by kind; ties in the order of the fleet."""
    ranked = []
    for position, (_, of_kind) in enumerate(kinds(transcript.view.layout)):
        chosen = np.flatnonzero(segments & of_kind)
        order = np.argsort(-transcript.bargain.quantity_kw[chosen], kind="stable")
        ranked += [(rank, position, k) for rank, k in enumerate(chosen[order].tolist())]
    shown = sorted(ranked)[:names]
    return [k for _, _, k in sorted(shown, key=lambda one: (one[1], one[0]))]


def _who(transcript: Transcript, k: int) -> str:
    layout = transcript.view.layout
    kind, same = next((name, of_kind) for name, of_kind in kinds(layout) if of_kind[k])
    category = CATEGORIES[transcript.view.fleet.category[layout.home[k]]]
    devices = transcript.view.devices
    device = devices[layout.store[k]]
    there = np.flatnonzero(same & (layout.home == layout.home[k])).tolist()
    of_home = [j for j in there if devices[layout.store[j]] == device]
    which = f" of {device} {of_home.index(k) + 1}" if len(of_home) > 1 else ""
    return f"home {transcript.home_id(k)} ({category}), {kind}{which},"


_SUMS = {
    "sold": ("energy", "sell"),
    "bought": ("energy", "buy"),
    "spin": ("spin", "sell"),
    "nonspin": ("nonspin", "sell"),
}
"""What a bid sums to: name → product and direction."""
_UNITS = ("$/MWh", "$/MW-h")


def _unit(transcript: Transcript, segments: int | Bools) -> str:
    """Of a segment's price, or of segments of one sort."""
    return _UNITS[int(np.all(transcript.view.layout.is_reserve[segments]))]


def _and_more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"  and {count} more {what}"


def _spread(values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    return _price(low) if high - low < 0.05 else f"{_price(low)} to {_price(high)}"


def _price(value: float) -> str:
    return f"{round(float(value), 1) + 0.0:.1f}"  # never −0.0
