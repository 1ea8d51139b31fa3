"""The story of one negotiation for people: who offered what and why, counter-offers, who joined, who left and why.

Whole groups in numbers, and the largest offers home by home. Words of a model are told as quotations.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vpp_core.calendar import LOCAL_TIMEZONE
from vpp_core.dispatch.opportunity_cost import USD_PER_KWH
from vpp_core.fleet.fleet import CATEGORIES, Bools, Floats
from vpp_core.llm import quoted
from vpp_core.market.segments import PRODUCTS
from vpp_core.negotiation.public import kinds
from vpp_core.negotiation.rounds import RoundRecord
from vpp_core.negotiation.transcript import Transcript
from vpp_core.tables.negotiation import OUTCOMES

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
    gate = transcript.gate_closure.tz_convert(LOCAL_TIMEZONE)
    local = view.start.tz_convert(LOCAL_TIMEZONE)
    yield f"Window {local:%Y-%m-%d %H:%M} in Los Angeles, {view.hours:g} h; gate closed {gate:%H:%M}."
    for product, (p10, p50, p90) in zip(PRODUCTS, view.forecast, strict=True):
        if np.isfinite(p50):
            unit = _UNITS[product != "energy"]
            yield f"Forecast of {product} at gate closure: {p50:.1f} {unit} (10 to 90 %: {p10:.1f} to {p90:.1f})."
    rules = view.scenario.negotiation
    if rules.decider == "llm":
        yield f"For the aggregator decides {rules.llm.model}, {rules.llm.depth.replace('_', ' ')}; else rules."
    offering = bargain.offering
    if not offering.any():
        return
    homes = len(np.unique(view.layout.home[offering]))
    yield f"{homes} homes make {int(offering.sum())} sealed bids, a kW in each product it could serve:"
    asks = view.layout.direction * bargain.opening_usd_per_mwh
    for kind, of_kind in kinds(view.layout):
        for position, category in enumerate(CATEGORIES):
            chosen = of_kind & offering & (view.fleet.category[view.layout.home] == position)
            if chosen.any():
                yield (
                    f"  {kind:22s} {category:13s} {int(chosen.sum()):4d} bids {bargain.quantity_kw[chosen].sum():7.0f} "
                    f"kW, first ask {_spread(asks[chosen])} {_unit(transcript, chosen)}"
                )
    shown = _largest(transcript, offering, names)
    for k in shown:
        limits = "; ".join(transcript.constraints(k))
        price = f"{asks[k]:.1f} {_unit(transcript, k)}"
        yield f"  {_who(transcript, k)} {bargain.quantity_kw[k]:.1f} kW, asks {price} ({limits})"
    yield from _and_more(int(offering.sum()) - len(shown), "bids")


def _round(transcript: Transcript, number: int, record: RoundRecord, shown: list[int]) -> Iterator[str]:
    direction, reserve = transcript.view.layout.direction, transcript.view.layout.is_reserve
    before = transcript.open_before(number)
    asks, counters = direction * record.ask_usd_per_mwh, direction * record.counter_usd_per_mwh
    told = []
    for name, part in (("energy", before & ~reserve), ("reserve", before & reserve)):
        offered = part & np.isfinite(counters)
        answered = f"counter-offers {_spread(counters[offered])}" if offered.any() else "no counter-offer"
        if part.any():
            told.append(f"{name} asks {_spread(asks[part])}, {answered} {_unit(transcript, part)}")
    yield f"Round {number}: {'; '.join(told)}; {int((record.agreed & before).sum())} of {int(before.sum())} agree."
    terms = record.terms
    yield (
        f"  Counter-offers go from the forecast's {terms.opening_quantile:.0%} to its {terms.limit_quantile:.0%} "
        f"quantile, {terms.conceded:.0%} of the way"
        + (f"; none for scores below {terms.minimum_score:.2f}" if terms.minimum_score else "")
        + ("." if not record.terms_by_model else f". The model says {quoted(record.reason, LONGEST_REASON)}")
    )
    if record.reason and not record.terms_by_model:
        yield f"  By rule, since the model was of no use: {record.reason}."
    answers = {(answer.prosumer_id, k): answer for k, answer in transcript.responses_by_segment(number)}
    for k in shown:
        answer = answers.get((transcript.home_id(k), k))
        if answer is None:
            continue
        offer = f"is offered {counters[k]:.1f}" if np.isfinite(counters[k]) else "gets no counter-offer"
        verb = "accepts" if answer.decision == "accept" else "declines"
        yield f"  {_who(transcript, k)} asks {asks[k]:.1f}, {offer}: {verb} ({answer.reason})"


def _coalition(transcript: Transcript, names: int) -> Iterator[str]:
    bargain = transcript.bargain
    key = transcript.state["decision"].outcome or ""
    yield f"Outcome: {key.replace('_', ' ')}. {OUTCOMES.get(key, '').capitalize()}."
    standing = int(bargain.open.sum())
    if standing:
        yield f"{standing} last asks stay above the counter-offer and stand for a rare price."
    held = transcript.submission.segments.quantity_kw > 0
    if held.any():
        yield f"{len(np.unique(transcript.view.layout.home[held]))} homes join:"
        shown = _largest(transcript, held, names)
        segments, satisfaction = transcript.submission.segments, transcript.state["coalition"].satisfaction
        for k in shown:
            kw, agreed, price = (
                float(values[k])
                for values in (segments.quantity_kw, segments.agreed_usd_per_mwh, segments.price_usd_per_mwh)
            )
            yield (
                f"  {_who(transcript, k)} {kw:.1f} kW, agreed {agreed:.1f} {_unit(transcript, k)}, bid at {price:.1f}; "
                f"satisfaction {satisfaction[k]:.2f}"
            )
        yield from _and_more(int(held.sum()) - len(shown), "segments")
    yield from _left(transcript, bargain.offering & ~held, names)
    if transcript.submission.below_minimum:
        minimum = transcript.view.scenario.market.minimum_bid_mw
        yield (
            f"A direction or reserve sums to less than the minimum bid of {minimum:g} MW: it cannot bid and its "
            "devices follow their default. To study this fleet without the minimum, set minimum_bid_mw to 0 "
            "(--minimum-bid-mw 0)."
        )
    if held.any():
        bid = transcript.vpp_bid()
        yield (
            f"VPP bid: {bid.total_capacity_mw:.3f} MW in {len(bid.segments)} segments "
            f"from {bid.coalition_size} homes, expected surplus ${bid.expected_profit_usd:.2f}."
        )
    usage = transcript.state["usage"]
    if transcript.view.scenario.negotiation.decider == "llm":
        fell = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in usage.fallbacks.items()) or "none"
        yield (
            f"The model: {usage.calls} calls, {usage.input_tokens} tokens in, {usage.output_tokens} out; "
            f"{usage.answers} answers used, {usage.corrections} corrected by the guard; decided by rule: {fell}."
        )


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
    if formed.solution.quantity_kw[k] > 0:
        return "their direction sums to less than the minimum bid"
    if _below_minimum(transcript, k):
        return "their direction or reserve sums to less than the minimum bid"
    if formed.solution.failed:
        return "the solver found no coalition"
    surplus = float(formed.expected.surplus_usd_per_kw[k])
    if wanted.target_margin_usd_per_mwh * USD_PER_KWH * transcript.view.hours > max(surplus, 0.0):
        return "they are expected to bring less than the target margin"
    if formed.expected.clearing_probability[k] < wanted.minimum_reliability:
        return "they would clear too rarely"
    if surplus <= 0:
        return "they are not expected to bring anything"
    regret = formed.expected.clearing_probability[k] * (1.0 - formed.satisfaction[k])
    if wanted.satisfaction_weight_usd * regret >= surplus * transcript.bargain.quantity_kw[k]:
        return "they cost more satisfaction than they bring"
    if _sold_otherwise(transcript, k):
        return "their power is sold as another product that is expected to bring more"
    return "the bid is as large as the market takes"


def _below_minimum(transcript: Transcript, k: int) -> bool:
    """Whether all offers to the segment's sum together stay below the minimum."""
    layout, view = transcript.view.layout, transcript.view
    total = transcript.bargain.quantity_kw[layout.book == layout.book[k]].sum()
    return bool(total < view.scenario.market.minimum_bid_mw * 1000)


def _sold_otherwise(transcript: Transcript, k: int) -> bool:
    """Whether the battery's power is in the bid as a sale or reserve other than this one."""
    layout = transcript.view.layout
    shares = (layout.home == layout.home[k]) & layout.is_battery & (layout.direction > 0)
    shares[k] = False
    return bool(shares.any() and (transcript.state["coalition"].solution.quantity_kw[shares] > 0).any())


def _largest(transcript: Transcript, segments: Bools, names: int) -> list[int]:
    """The largest of these segments, ties in the order of the fleet."""
    chosen = np.flatnonzero(segments)
    order = np.argsort(-transcript.bargain.quantity_kw[chosen], kind="stable")
    return [int(k) for k in chosen[order][:names]]


def _who(transcript: Transcript, k: int) -> str:
    layout = transcript.view.layout
    kind = next(name for name, of_kind in kinds(layout) if of_kind[k])
    category = CATEGORIES[transcript.view.fleet.category[layout.home[k]]]
    return f"home {transcript.home_id(k)} ({category}), {kind},"


_UNITS = ("$/MWh", "$/MW-h")


def _unit(transcript: Transcript, segments: int | Bools) -> str:
    """Of a segment's price, or of segments of one sort."""
    return _UNITS[int(np.all(transcript.view.layout.is_reserve[segments]))]


def _and_more(count: int, what: str) -> Iterator[str]:
    if count > 0:
        yield f"  and {count} more {what}"


def _spread(values: Floats) -> str:
    low, high = float(values.min()), float(values.max())
    return f"{low:.1f}" if high - low < 0.05 else f"{low:.1f} to {high:.1f}"
