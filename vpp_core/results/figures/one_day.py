"""A day as small multiples: a plot per strategy, each with price, stored energy, power and reserve one above the other.

Axes have the same range in all plots of a group, so that strategies compare at a glance.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.devices import APPLIANCES
from vpp_core.iso import Iso
from vpp_core.results.figures.base import (
    AWARD,
    BATTERY,
    CALLED,
    CAR,
    MOVED_IN,
    MOVED_OUT,
    NEUTRAL,
    NONSPIN,
    PRICE,
    RESERVE,
    SOLAR,
    Figure,
    values,
)
from vpp_core.results.one_day import OneDay


@dataclass(frozen=True)
class Line:
    """One series of a panel: its values from midnight on, and how it is drawn."""

    name: str
    unit: str
    tint: str
    points: pd.Series
    hours: float
    """between points"""
    first_hour: float = 0.0
    look: str = "step"
    """step, line, dotted, area (stacked), bar"""


@dataclass(frozen=True)
class Panel:
    """One of the plots that stand one above the other, and the share of the height that it takes."""

    title: str
    height: float
    lines: tuple[Line, ...]
    at_least: tuple[float, ...] = (0.0,)
    """values that its range holds in any case"""


_GAP = 0.085
_HEIGHT = 420

Legend = tuple[tuple[str, str], ...]


def _price_legend(iso: Iso) -> Legend:
    return ((PRICE, "real-time price"), (RESERVE, f"{iso.products[0].short}: held, and its price"))


def home_legend(one: OneDay) -> Legend:
    """The legend of a home's day; colours that are nowhere drawn are left out."""
    rows = one.intervals
    return (
        *_price_legend(one.iso),
        (BATTERY, "battery: stored, and its power (discharge above 0)"),
        (NEUTRAL, "backup; the battery on its own"),
        (AWARD, "award of the battery"),
        (SOLAR, "solar minus load"),
        *_drawn(rows, ("car_kw", "car_default_kw", "car_kwh"), CAR, "cars, charging below 0"),
        *(
            entry
            for device in APPLIANCES
            for entry in _drawn(rows, (f"{device.source}_kw",), device.colour, f"the {device.words}")
        ),
        *_drawn(rows, ("nonspin_kw",), NONSPIN, f"{one.iso.products[1].short} held"),
        *_drawn(rows, ("called_kw",), CALLED, "called"),
    )


def fleet_legend(one: OneDay) -> Legend:
    """What the colours of the fleet's day mean; those that are nowhere drawn are left out."""
    rows = one.windows
    return (
        *_price_legend(one.iso),
        (BATTERY, "stored"),
        (NEUTRAL, "net injection"),
        (MOVED_OUT, "moved out"),
        (MOVED_IN, "moved in, below 0"),
        (AWARD, "cleared deviation, mean of the window"),
        *_drawn(rows, ("held_nonspin_kw_h",), NONSPIN, f"{one.iso.products[1].short} held"),
        *_drawn(rows, ("called_kwh",), CALLED, "called"),
    )


def _drawn(rows: pd.DataFrame, names: Sequence[str], tint: str, words: str) -> Legend:
    """An entry for what is not zero throughout."""
    return ((tint, words),) if rows[list(names)].fillna(0.0).to_numpy().any() else ()


def home_day_figures(one: OneDay) -> dict[str, Figure]:
    """The home's day under each strategy."""
    return _multiples(one, lambda key: _home_panels(one, key))


def fleet_day_figures(one: OneDay) -> dict[str, Figure]:
    """The fleet's day under each strategy, by market window."""
    return _multiples(one, lambda key: _fleet_panels(one, key))


def _price_panel(one: OneDay) -> Panel:
    price, spin = one.prices["lmp_usd_per_mwh"], one.prices["spin_usd_per_mw_h"].astype(float)
    lines = [Line("real-time", "$/MWh", PRICE, price, INTERVAL_HOURS)]
    if spin.notna().any():
        lines.append(Line(one.iso.products[0].short, "$/MW-h", RESERVE, spin, INTERVAL_HOURS))
    return Panel("price [$/MWh, reserve $/MW-h]", 0.2, tuple(lines))


def _home_panels(one: OneDay, key: str) -> list[Panel]:
    first, second = one.iso.products
    rows = one.intervals[one.intervals["strategy"] == key]
    step = INTERVAL_HOURS

    def line(name: str, column: str, tint: str, look: str = "step", sign: int = 1) -> Line:
        return Line(name, "kW", tint, pd.Series(sign * rows[column].to_numpy()), step, look=look)

    stored = Line("stored", "kWh", BATTERY, rows["stored_kwh"], step, first_hour=step, look="line")
    backup = Line("backup", "kWh", NEUTRAL, rows["backup_kwh"], step, look="dotted")
    power = [
        line("solar minus load", "own_surplus_kw", SOLAR, "dotted"),
        line("award", "award_kw", AWARD, "area"),
        line("battery on its own", "default_kw", NEUTRAL),
        line("battery", "battery_kw", BATTERY),
    ]
    if one.intervals[["car_kw", "car_default_kw", "car_kwh"]].to_numpy().any():
        # what clears of a car held off is its whole charging power for hours on end: the table has it, not the plot
        power.append(line("cars", "car_kw", CAR, sign=-1))
    for device in APPLIANCES:
        if one.intervals[f"{device.source}_kw"].to_numpy().any():
            power.append(line(device.words, f"{device.source}_kw", device.colour, "dotted", sign=-1))
    reserve = [
        line(f"{first.short} held", "spin_kw", RESERVE, "area"),
        line(f"{second.short} held", "nonspin_kw", NONSPIN, "area"),
        line("called", "called_kw", CALLED, "bar"),
    ]
    return [
        Panel("battery [kWh]", 0.22, (backup, stored), (0.0, one.capacity_kwh)),
        Panel("power [kW]", 0.38, tuple(power)),
        Panel("reserve held [kW]", 0.2, tuple(reserve), (0.0, 1.0)),
    ]


def _fleet_panels(one: OneDay, key: str) -> list[Panel]:
    first, second = one.iso.products
    rows = one.windows[one.windows["strategy"] == key].sort_values("window_start")
    hours = _window_hours(rows)

    def line(name: str, column: str, tint: str, look: str = "step", sign: int = 1) -> Line:
        return Line(name, "kW", tint, pd.Series(sign * rows[column].to_numpy() / hours), hours, look=look)

    return [
        Panel(
            "batteries [kWh]",
            0.22,
            (Line("stored", "kWh", BATTERY, rows["stored_kwh"], hours, first_hour=hours, look="line"),),
        ),
        Panel(
            "power [kW]",
            0.38,
            (
                line("moved out", "moved_out_kwh", MOVED_OUT, "bar"),
                line("moved in", "moved_in_kwh", MOVED_IN, "bar", sign=-1),
                line("cleared for sale", "awarded_sell_kwh", AWARD, "dotted"),
                line("cleared to buy", "awarded_buy_kwh", AWARD, "dotted", sign=-1),
                line("net injection", "net_injection_kwh", NEUTRAL),
            ),
        ),
        Panel(
            "reserve held [kW]",
            0.2,
            (
                line(f"{first.short} held", "held_spin_kw_h", RESERVE, "area"),
                line(f"{second.short} held", "held_nonspin_kw_h", NONSPIN, "area"),
                line("called", "called_kwh", CALLED, "bar"),
            ),
            (0.0, 1.0),
        ),
    ]


def _window_hours(rows: pd.DataFrame) -> float:
    gaps = rows["window_start"].diff().dropna()
    return float(gaps.min() / pd.Timedelta(hours=1)) if len(gaps) else 1.0


def _multiples(one: OneDay, panels_of: Callable[[str], list[Panel]]) -> dict[str, Figure]:
    """A figure per strategy; each panel's range holds the values of all of them."""
    price = _price_panel(one)  # of all strategies the same
    panels = {key: [price, *panels_of(key)] for key in one.strategies}
    ranges = [_range(same) for same in zip(*panels.values(), strict=True)]
    last = max(24.0, _hours_of_day(one))
    return {key: _stacked(own, ranges, last) for key, own in panels.items()}


def _hours_of_day(one: OneDay) -> float:
    """23 and 25 on the days on which clocks change."""
    return len(one.prices) * INTERVAL_HOURS


def _range(panels: Sequence[Panel]) -> list[float]:
    """From the least to the largest value, areas stacked, with a twentieth of room."""
    ends = [*panels[0].at_least]
    for panel in panels:
        drawn = [line.points.to_numpy(dtype=float) for line in panel.lines]
        stacked = [points for line, points in zip(panel.lines, drawn, strict=True) if line.look == "area"]
        for points in (*drawn, np.sum(stacked, axis=0) if stacked else np.zeros(0)):
            finite = points[np.isfinite(points)]
            ends += [float(finite.min()), float(finite.max())] if len(finite) else []
    low, high = min(ends), max(ends)
    room = 0.05 * max(high - low, 1e-3)
    return [round(low - room if low < 0 else low, 3), round(high + room, 3)]


def _stacked(panels: Sequence[Panel], ranges: Sequence[list[float]], last_hour: float) -> Figure:
    """Panels one above the other on one axis of hours."""
    layout: Figure = {"height": _HEIGHT, "showlegend": False, "barmode": "overlay", "bargap": 0, "annotations": []}
    data = []
    whole, top = sum(panel.height for panel in panels), 1.0
    usable = 1 - _GAP * (len(panels) - 1)
    for number, (panel, span) in enumerate(zip(panels, ranges, strict=True), start=1):
        axis = "" if number == 1 else str(number)
        bottom = max(top - usable * panel.height / whole, 0.0)
        layout[f"yaxis{axis}"] = {"domain": [round(bottom, 4), round(top, 4)], "range": span, "nticks": 4}
        layout["annotations"].append(
            {
                "text": panel.title,
                "x": 0,
                "y": round(top, 4),
                "xref": "paper",
                "yref": "paper",
                "xanchor": "left",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": 11},
            }
        )
        data += [_trace(line, f"y{axis}") for line in panel.lines]
        top = bottom - _GAP
    layout["xaxis"] = {"range": [0, last_hour], "dtick": 6, "anchor": f"y{len(panels)}"}
    return {"data": data, "layout": layout}


def _trace(line: Line, axis: str) -> Figure:
    """A step's last value is drawn to the end of its interval, which takes a point more."""
    points = values(line.points)
    if line.look not in ("bar", "line"):
        points += points[-1:]
    drawn: Figure = {
        "name": line.name,
        "x0": line.first_hour,
        "dx": line.hours,
        "y": points,
        "yaxis": axis,
        "hovertemplate": f"%{{x:.2f}} h: {line.name} %{{y:.2f}} {line.unit}<extra></extra>",
    }
    if line.look == "bar":
        return drawn | {"type": "bar", "width": line.hours, "offset": 0, "marker": {"color": line.tint}}
    drawn |= {"type": "scatter", "mode": "lines"}
    if line.look == "area":
        stroke = {"color": line.tint, "width": 0.5, "shape": "hv"}
        return drawn | {"line": stroke, "stackgroup": axis}
    if line.look == "dotted":
        return drawn | {"line": {"color": line.tint, "width": 1, "dash": "dot", "shape": "hv"}}
    return drawn | {"line": {"color": line.tint, "width": 1.5, "shape": "hv" if line.look == "step" else "linear"}}
