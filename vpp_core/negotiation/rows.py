"""A negotiation that has ended, as rows of `NEGOTIATION_MESSAGES`: made for all columns of the layout at once.

What followed is not known yet when a gate closes; the `ledger` adds it when the day is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.dispatch.view import GateView
from vpp_core.fleet.fleet import CATEGORIES, Bools, Floats, Ints
from vpp_core.market.curve import Curve
from vpp_core.market.segments import PRODUCTS
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.public import kinds
from vpp_core.negotiation.workflow import NegotiationState
from vpp_core.tables import NEGOTIATION_MESSAGES
from vpp_core.tables.messages import KINDS, LEFT_OUT, REASONS

SMALLEST_STEP_KW = 1e-6
"""Below this a step of the curve is rounding."""
FOLLOWED = ("market_usd_per_mwh", "cleared_share", "asked_kwh", "delivered_kwh", "paid_usd")
"""Columns that are known once the window or day is over."""
Steps = list[dict[str, str | float]]
_STEP = ("product", "direction", "price_usd_per_mwh", "capacity_mw")
MET, NEXT_ASK, OWN_PRICE, LAST_PRICE, MODEL = range(len(REASONS))


@dataclass(frozen=True)
class Ended:
    """A window's negotiation, or that of a day's reserves."""

    view: GateView
    state: NegotiationState
    gate_closure: pd.Timestamp
    strategy: str
    homes: Bools | None = None
    """whose messages are kept, shape (N,); None: everybody's"""

    @property
    def bargain(self) -> Bargain:
        return self.state["bargain"]

    @property
    def rounds(self) -> int:
        return len(self.state["history"])

    @cached_property
    def committed(self) -> Bools:
        """Columns in the bid, shape (K,)."""
        return np.asarray(self.state["decision"].segments.quantity_kw > 0)

    def open_before(self, round_number: int) -> Bools:
        """Columns not agreed on before a round, 1 … rounds."""
        if round_number == 1:
            return self.bargain.offering
        return self.bargain.offering & ~self.state["history"][round_number - 2].agreed

    @cached_property
    def said(self) -> tuple[Ints, Ints]:
        """Round (1 … rounds) and column of every row, in the order of rounds."""
        kept = True if self.homes is None else self.homes[self.bargain.layout.home]
        open_columns = [np.flatnonzero(self.open_before(number) & kept) for number in range(1, self.rounds + 1)]
        rounds = np.repeat(np.arange(1, self.rounds + 1), [len(columns) for columns in open_columns])
        return rounds, np.concatenate(open_columns) if open_columns else np.zeros(0, dtype=np.intp)

    @cached_property
    def is_last(self) -> Bools:
        """Rows after which nothing more was said about their column."""
        rounds, columns = self.said
        last = np.zeros(len(self.bargain.layout), dtype=np.int64)
        np.maximum.at(last, columns, rounds)
        return rounds == last[columns]

    def rows(self) -> pa.Table:
        """Its messages, without what followed and the steps of a window's bid."""
        if not len(self.said[0]):
            return NEGOTIATION_MESSAGES.schema.empty_table()
        parts = {**self._what(), **self._exchange(), **self._result()}
        parts |= dict.fromkeys(FOLLOWED, pa.nulls(len(self.said[0])))
        schema = NEGOTIATION_MESSAGES.schema
        return pa.Table.from_arrays([_as(parts[field.name], field.type) for field in schema], schema=schema)

    def _what(self) -> dict[str, npt.NDArray[np.generic] | pa.Array]:
        """Who is asked for what."""
        view, bargain, (rounds, k) = self.view, self.bargain, self.said
        layout, home, count = view.layout, view.layout.home[k], len(k)
        forecast = view.forecast[layout.product[k]]
        sums = np.bincount(layout.book, weights=bargain.quantity_kw, minlength=layout.books)
        device, number = device_numbers(view)
        return {
            "strategy": _same(self.strategy, count),
            "window_start": _same(view.start, count),
            "local_day": _same(f"{view.local_start:%Y-%m-%d}", count),
            "gate": _same(view.gate, count),
            "gate_closure": _same(self.gate_closure, count),
            "hours": np.full(count, view.hours),
            "product": pa.array(PRODUCTS).take(pa.array(layout.product[k])),
            "direction": pa.array(["buy", "sell"]).take(pa.array((layout.direction[k] > 0).astype(np.int64))),
            "kind": pa.array(KINDS).take(pa.array(kind_of(view)[k])),
            "home_id": view.fleet.home_id[home].astype(np.int64),
            "category": pa.array(CATEGORIES).take(pa.array(view.fleet.category[home].astype(np.int64))),
            "device": pa.array(device).take(pa.array(layout.store[k])),
            "device_number": number[layout.store[k]],
            "constraints": pa.array(self._constraints(np.unique(k))).take(
                pa.array(np.searchsorted(np.unique(k), k))
            ),
            "round": rounds,
            "rounds": np.full(count, self.rounds),
            "capacity_kw": bargain.quantity_kw[k],
            "forecast_p10_usd_per_mwh": forecast[:, 0],
            "forecast_p50_usd_per_mwh": forecast[:, 1],
            "forecast_p90_usd_per_mwh": forecast[:, 2],
            "minimum_bid_kw": np.full(count, view.minimum_bid_kw),
            "reaches_minimum": sums[layout.book[k]] >= view.minimum_bid_kw * (1 - 1e-9),
        }  # fmt: skip

    def _exchange(self) -> dict[str, npt.NDArray[np.generic] | pa.Array]:
        """What was said in each round."""
        bargain, (rounds, k), history = self.bargain, self.said, self.state["history"]
        at = rounds - 1
        asks = np.stack([*(record.ask_usd_per_mwh for record in history), bargain.ask_usd_per_mwh])
        counter = np.stack([record.counter_usd_per_mwh for record in history])[at, k]
        scores = np.stack([record.scores for record in history])[at, :, k]
        agreed = np.stack([record.agreed for record in history])[at, k]
        by_model = np.stack([record.replies_by_model for record in history])[at, k]
        ask = asks[at, k]
        reason = np.where(rounds == self.rounds, LAST_PRICE, OWN_PRICE)
        reason = np.where(agreed, np.where(counter >= ask, MET, NEXT_ASK), reason)
        terms = [record.terms for record in history]
        said = [record.reason or None for record in history]
        return {
            "first_ask_usd_per_mwh": bargain.opening_usd_per_mwh[k],
            "ask_usd_per_mwh": ask,
            "counter_usd_per_mwh": pa.array(counter, mask=~np.isfinite(counter)),
            "response": pa.array(["counter", "accept"]).take(pa.array(agreed.astype(np.int64))),
            "response_usd_per_mwh": asks[rounds, k],
            "reason": pa.array(REASONS).take(pa.array(np.where(by_model, MODEL, reason))),
            "by_model": by_model,
            "score": np.stack([record.score for record in history])[at, k],
            "price_score": scores[:, 0],
            "capacity_score": scores[:, 1],
            "reliability_score": scores[:, 2],
            "terms_opening_quantile": np.array([term.opening_quantile for term in terms])[at],
            "terms_limit_quantile": np.array([term.limit_quantile for term in terms])[at],
            "terms_conceded": np.array([term.conceded for term in terms])[at],
            "terms_minimum_score": np.array([term.minimum_score for term in terms])[at],
            "terms_by_model": np.array([record.terms_by_model for record in history])[at],
            "terms_reason": pa.array(said, type=pa.string()).take(pa.array(at)),
            "agreed": agreed,
        }

    def _result(self) -> dict[str, npt.NDArray[np.generic] | pa.Array]:
        """What the negotiation led to, in the last row about each column."""
        view, (_, k), last = self.view, self.said, self.is_last
        segments, formed = self.state["decision"].segments, self.state["coalition"]
        inside = last & self.committed[k]
        left = np.where(last & ~inside, self.left_out()[k], len(LEFT_OUT))
        return {
            "rebound_usd_per_mwh": view.offers.rebound_usd_per_mwh[k],
            "outcome": _same(self.state["decision"].outcome, len(k)),
            "committed_kw": pa.array(segments.quantity_kw[k], mask=~last),
            "bid_price_usd_per_mwh": pa.array(segments.price_usd_per_mwh[k], mask=~inside),
            "clears_probability": pa.array(formed.expected.clearing_probability[k], mask=~inside),
            "satisfaction": pa.array(formed.satisfaction[k], mask=~inside),
            "left_out": pa.array([*LEFT_OUT, None]).take(pa.array(left)),
            "bid_steps": _steps_column(self._reserve_steps(), len(k)),
            "private_reservation_usd_per_mwh": self.bargain.reservation_usd_per_mwh[k],
            "private_own_cost_usd_per_mwh": view.offers.own_usd_per_mwh[k],
        }  # fmt: skip

    def left_out(self) -> Ints:
        """Why each column would be left out of the bid, as a position in `LEFT_OUT`; shape (K,)."""
        view, layout, formed = self.view, self.view.layout, self.state["coalition"]
        wanted = self.state["formulation"].value
        worth, clears = formed.worth_usd_per_kw, formed.expected.clearing_probability
        sums = np.bincount(layout.book, weights=self.bargain.quantity_kw, minlength=layout.books)
        regret = clears * (1.0 - formed.satisfaction)
        conditions = (
            sums[layout.book] < view.minimum_bid_kw,
            ~self.bargain.agreed,
            np.full(len(layout), formed.solution.failures > 0),
            wanted.target_margin_usd_per_mwh * USD_PER_KWH * view.hours > np.maximum(worth, 0.0),
            clears < wanted.minimum_reliability,
            worth <= 0,
            wanted.satisfaction_weight_usd * regret >= worth * self.bargain.quantity_kw,
            layout.is_reserve & (wanted.reserve_share == 0),
        )
        return np.select(conditions, range(len(conditions)), len(conditions))

    def _constraints(self, columns: Ints) -> list[str]:
        """What homes say they will not exceed with these columns' devices."""
        return [constraints(self.view, k) for k in columns.tolist()]

    def _reserve_steps(self) -> Steps:
        """Of a day's reserves what members hold at most in any hour, by price; nothing of a window, bid as a curve."""
        segments, layout = self.state["decision"].segments, self.view.layout
        steps = []
        for product, columns in (("spin", layout.spin), ("nonspin", layout.nonspin)):
            price, kw = segments.price_usd_per_mwh[columns], segments.quantity_kw[columns]
            order = np.argsort(price, kind="stable")
            steps += _steps(product, "sell", price[order], kw[order])
        return steps


@dataclass(frozen=True)
class Kept:
    """The rows of a negotiation, and what is needed to add what followed."""

    rows: pa.Table
    columns: Ints
    """of the layout, of each row"""
    in_bid: Bools
    """the last row about each column of the bid"""
    bid_price_usd_per_mwh: Floats
    """by column of the layout, (K,)"""
    window: int
    intervals: slice
    """of the window or day"""

    @classmethod
    def of(cls, ended: Ended, first_interval: int) -> Kept:
        columns = ended.said[1]
        return cls(
            ended.rows(), columns, ended.is_last & ended.committed[columns],
            ended.state["decision"].segments.price_usd_per_mwh, ended.view.window,
            slice(first_interval, first_interval + ended.view.stage_count),
        )  # fmt: skip

    def with_curve(self, curve: Curve) -> Kept:
        """With the bid of a window, price by price."""
        if not len(self.columns):
            return self
        steps = [
            *_steps("energy", "sell", curve.sell_usd_per_mwh, np.diff(curve.sell_kw.sum(axis=0), prepend=0.0)),
            *_steps("energy", "buy", curve.buy_usd_per_mwh, -np.diff(curve.buy_kw.sum(axis=0), append=0.0)),
        ]
        return replace(self, rows=_replaced(self.rows, "bid_steps", _steps_column(steps, len(self.columns))))

    def followed_by(self, known: Sequence[Floats]) -> pa.Table:
        """The rows with what is known of `FOLLOWED`, by column of the layout (K,)."""
        rows = self.rows
        for name, values in zip(FOLLOWED, known, strict=True):
            rows = _replaced(rows, name, pa.array(values[self.columns], mask=~self.in_bid))
        return rows


def _steps(product: str, direction: str, prices: Floats, steps_kw: Floats) -> Steps:
    return [
        dict(zip(_STEP, (product, direction, float(price), float(kw) / 1000), strict=True))
        for price, kw in zip(prices, steps_kw, strict=True)
        if kw > SMALLEST_STEP_KW
    ]


def _steps_column(steps: Steps, count: int) -> pa.Array:
    """In the first of so many rows."""
    return pa.array([steps, *[None] * (count - 1)], type=NEGOTIATION_MESSAGES.schema.field("bid_steps").type)


def _replaced(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    field = rows.schema.field(name)
    return rows.set_column(rows.schema.get_field_index(name), field, _as(values, field.type))


def kind_of(view: GateView) -> Ints:
    """What each column of the layout is asked for, as a position in `KINDS`, shape (K,)."""
    kind = np.zeros(len(view.layout), dtype=np.int64)
    for name, of_kind in kinds(view.layout):
        kind[of_kind] = KINDS.index(name)
    return kind


def device_numbers(view: GateView) -> tuple[list[str], Ints]:
    """What each store is, and which of its home's of that kind, 1, 2 …, shape (S,)."""
    home = view.layout.home_of_store
    seen: dict[tuple[int, str], int] = {}
    numbers = []
    for of_home, device in zip(home.tolist(), view.devices, strict=True):
        seen[of_home, device] = seen.get((of_home, device), 0) + 1
        numbers.append(seen[of_home, device])
    return list(view.devices), np.array(numbers, dtype=np.int64)


def constraints(view: GateView, k: int) -> str:
    """What a home says it will not exceed with a column's device."""
    fleet, layout = view.fleet, view.layout
    home, device = layout.home[k], view.devices[layout.store[k]]
    ready = f"backup for {fleet.backup_power_hours[home]:.1f} h" if layout.is_battery[k] else "ready when needed"
    if layout.is_held_off[k]:
        return ready
    power = f"at most {fleet.participation_willingness[home]:.0%} of the {device}'s power"
    return f"{power}; {ready}; at most {fleet.max_discharge_share[home]:.0%} of its capacity a day"


def _same(value: object, count: int) -> pa.Array:
    return pa.array([value]).take(pa.array(np.zeros(count, dtype=np.int64)))


def _as(values: npt.NDArray[np.generic] | pa.Array, kind: pa.DataType) -> pa.Array:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return array if array.type == kind else array.cast(kind)
