"""The story of one negotiation for people: who offered what and why, counter-offers, who joined, who left and why.

Whole groups in numbers, and the largest offers of each kind home by home. Words of a model are told as quotations.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vpp_core.calendar import LOCAL_TIMEZONE
from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.fleet.fleet import CATEGORIES, Bools, Floats
from vpp_core.llm import quoted
from vpp_core.market.segments import NONSPIN, PRODUCTS, SPIN
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
    gate = transcript.gate_closure.tz_convert(LOCAL_TIMEZONE)
    local = view.start.tz_convert(LOCAL_TIMEZONE)
    yield f"Window {local:%Y-%m-%d %H:%M} in Los Angeles, {view.hours:g} h; gate closed {gate:%H:%M}."
    for product, (p10, p50, p90) in zip(PRODUCTS, view.forecast, strict=True):
        if np.isfinite(p50):
            unit = _UNITS[product != "energy"]
            yield f"Forecast of {product} at gate closure: {p50:.1f} {unit} (10 to 90 %: {p10:.1f} to {p90:.1f})."
    rules = view.scenario.negotiation
    if rules.decider == "llm":
        yield f"The aggregator asks {rules.llm.model}, {rules.llm.depth.replace('_', ' ')}; else it goes by rules."
    offering = bargain.offering
    if not offering.any():
        return
    homes = len(np.unique(view.layout.home[offering]))
    yield f"{homes} homes make {int(offering.sum())} sealed bids, a kW in each product it could serve:"
    if (offering & (view.layout.direction < 0)).any():
        yield "  (a purchase's price is the most that the home pays to charge; below 0, the least it wants to be paid)"
    asks = view.layout.direction * bargain.opening_usd_per_mwh
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
        price = f"{_asks(transcript, k)} {_price(asks[k])} {_unit(transcript, k)}"
        yield f"  {_who(transcript, k)} {bargain.quantity_kw[k]:.1f} kW, {price} ({limits})"
    yield from _and_more(int(offering.sum()) - len(shown), "bids")


def _round(transcript: Transcript, number: int, record: RoundRecord, shown: list[int]) -> Iterator[str]:
    direction, reserve = transcript.view.layout.direction, transcript.view.layout.is_reserve
    before = transcript.open_before(number)
    asks, counters = direction * record.ask_usd_per_mwh, direction * record.counter_usd_per_mwh
    told = []
    for name, part in (
        ("sales ask", before & ~reserve & (direction > 0)),
        ("purchases pay at most", before & (direction < 0)),
        ("reserve asks", before & reserve),
    ):
        offered = part & np.isfinite(counters)
        answered = f"counter-offers {_spread(counters[offered])}" if offered.any() else "no counter-offer"
        if part.any():
            told.append(f"{name} {_spread(asks[part])}, {answered} {_unit(transcript, part)}")
    yield f"Round {number}: {'; '.join(told)}; {int((record.agreed & before).sum())} of {int(before.sum())} agree."
    terms = record.terms
    yield (
        f"  Counter-offers go from the forecast's {terms.opening_quantile:.0%} to its {terms.limit_quantile:.0%} "
        f"quantile ({1 - terms.opening_quantile:.0%} to {1 - terms.limit_quantile:.0%} for purchases), "
        f"{terms.conceded:.0%} of the way"
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
        offer = f"{'is offered' if direction[k] > 0 else 'is asked'} {_price(counters[k])}"
        if not np.isfinite(counters[k]):
            offer = "gets no counter-offer"
        verb = "accepts" if answer.decision == "accept" else "declines"
        yield (
            f"  {_who(transcript, k)} score {record.score[k]:.2f}, {_asks(transcript, k)} {_price(asks[k])}, {offer}: "
            f"{verb} ({answer.reason})"
        )


def _coalition(transcript: Transcript, names: int) -> Iterator[str]:
    bargain = transcript.bargain
    key = transcript.state["decision"].outcome or ""
    yield f"Outcome: {key.replace('_', ' ')}. {OUTCOMES.get(key, '').capitalize()}."
    held = transcript.submission.segments.quantity_kw > 0
    unmet = int(bargain.open.sum())
    if unmet:
        yield f"{unmet} last prices are not met; {int((bargain.open & held).sum())} of them are bid for a rare price."
    if held.any():
        yield (
            f"{len(np.unique(transcript.view.layout.home[held]))} homes join (a bid is at the home's price and what "
            "the energy, or a call of the reserve, is expected to cost the plant besides):"
        )
        shown = _largest(transcript, held, names)
        segments, satisfaction = transcript.submission.segments, transcript.state["coalition"].satisfaction
        for k in shown:
            kw, agreed, price = (
                float(values[k])
                for values in (segments.quantity_kw, segments.agreed_usd_per_mwh, segments.price_usd_per_mwh)
            )
            at = "agreed" if bargain.agreed[k] else "at its last price"
            yield (
                f"  {_who(transcript, k)} {kw:.1f} kW, {at} {_price(agreed)} {_unit(transcript, k)}, bid at "
                f"{_price(price)}; satisfaction {satisfaction[k]:.2f}"
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
        sums = ", ".join(f"{mw:.3f} MW {name}" for name, mw in _sums_mw(transcript).items())
        yield (
            f"VPP bid: {sums} in {len(bid.segments)} segments from {bid.coalition_size} homes, expected surplus "
            f"${bid.expected_surplus_usd:.2f}, of which ${bid.expected_household_gain_usd:.2f} go to the homes."
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
    of_home = np.flatnonzero(same & (layout.home == layout.home[k]))
    which = f" of car {int(np.searchsorted(of_home, k)) + 1}" if len(of_home) > 1 else ""
    return f"home {transcript.home_id(k)} ({category}), {kind}{which},"


def _asks(transcript: Transcript, k: int) -> str:
    return "asks" if transcript.view.layout.direction[k] > 0 else "pays at most"


def _sums_mw(transcript: Transcript) -> dict[str, float]:
    """What the bid sums to, by what it is [MW]."""
    layout, kw = transcript.view.layout, transcript.submission.segments.quantity_kw
    parts = {
        "sold": (layout.direction > 0) & ~layout.is_reserve,
        "bought": layout.direction < 0,
        "spin": layout.product == SPIN,
        "nonspin": layout.product == NONSPIN,
    }
    return {name: float(kw[part].sum()) / 1000 for name, part in parts.items() if kw[part].any()}


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
