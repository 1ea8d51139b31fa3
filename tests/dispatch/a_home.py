"""A home by hand, as the compiled loops are given it: a battery and cars behind one meter, and coming quarter hours.

Arrays are laid out, and may be written to or not, exactly as in a run: of each such choice that differs numba compiles
every loop that is given it anew, for half a minute.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_core.dispatch.columns import Homes, Stages, StoreColumns

Array = np.ndarray


def stores(**columns: Any) -> StoreColumns:
    """A battery unless said otherwise; each value a number, or one a store."""
    usual: dict[str, Any] = {
        "follows": True, "floor": 1.0, "ceiling": 11.0, "charge": 4.0, "give": 4.0, "into": 0.9, "out_of": 0.9,
        "wear": 0.03, "deviation": 2.0, "backup": 1.0, "movable": True, "trip": 0.0, "usual_need": 1.0, "early": 0,
    }  # fmt: skip
    count = max(np.size(value) for value in (usual | columns).values())
    kinds = {"follows": np.bool_, "movable": np.bool_, "early": np.int64}
    return StoreColumns(**{
        name: np.array(np.broadcast_to(np.asarray(value, dtype=kinds.get(name, np.float64)), count), order="C")
        for name, value in (usual | columns).items()
    })  # fmt: skip


def one_home(s: StoreColumns) -> Homes:
    order = np.argsort(s.follows, kind="stable").astype(np.int64)
    return Homes(np.array([0, len(order)], dtype=np.int64), order)


def stages(
    price: Any, count: int, stores_count: int = 1, net: Any = 0.0, imported: Any = 0.3, exported: Any = 0.05,
    available: Any = True, need: Any = 1.0, draw: Any = 0.0, reserve: Any = 0.0, paid: Any = 0.0,
) -> Stages:  # fmt: skip
    """Stages of one home; `price` (K,), (K, 3) or a number [$/kWh]."""
    prices = np.asarray(price, dtype=float)
    prices = prices[:, None] if prices.ndim == 1 else prices
    rows = np.arange(count, dtype=np.int64)

    def each(value: Any, shape: tuple[int, ...], kind: Any = np.float64) -> Array:
        given = np.asarray(value, dtype=kind)
        given = given[:, None] if given.ndim == 1 and len(shape) == 2 else given
        return np.array(np.broadcast_to(given, shape), order="C")

    def unwritable(values: Array) -> Array:
        values.flags.writeable = False
        return values

    return Stages(
        weight=np.array([0.3, 0.4, 0.3]),
        price=each(prices, (count, 3)),
        reserve=each(reserve, (count,)),
        tariff=unwritable(np.zeros(1, dtype=np.int64)),
        imported=each(imported, (count,))[None, :],
        exported=each(exported, (count,))[None, :],
        net_generation=each(net, (count, 1)),
        net_row=rows,
        available=each(available, (count, stores_count), np.bool_),
        available_row=rows,
        draw=unwritable(each(draw, (count, stores_count))),
        draw_row=rows,
        need=each(need, (stores_count,)),
        paid=each(paid, (2, count)),
    )
