"""Pictures of the input data: market, solar, load, and all three together, as plotly pages and small PNG thumbnails.

Each page says in its subtitle how much of the data is real. The same tables give the same bytes: element ids are fixed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS, local_index
from vpp_core.results.figures.base import BLUE, GREEN, GREY, ORANGE, PURPLE, see_through
from vpp_core.results.text import count
from vpp_core.tables.checks import source_shares

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

_PANELS = {"south": ORANGE, "west": PURPLE, "east": GREEN, "north": GREY}
THUMBNAIL_BYTES = 20_000
_HOURS = np.arange(24)


class Picture(NamedTuple):
    """A figure, its title, and a line of figures below that."""

    figure: go.Figure
    title: str
    subtitle: str


def market_page(prices: pd.DataFrame, plotly_js: bool | str = True) -> str:
    """Prices over the month, their usual day, and their duration curves, as an HTML page.

    `plotly_js` is plotly's `include_plotlyjs`: True for a page that stands alone (4.9 MB), or the address of plotly's
    script as seen from the page.
    """
    return _page(*market_picture(prices), plotly_js)


def market_picture(prices: pd.DataFrame) -> Picture:
    """Prices over the month, their usual day, and their duration curves."""
    local, real_time = _local(prices), _column(prices, "lmp_usd_per_mwh")
    figure = _canvas(("Price over the month", "The usual day", "Duration curve"))
    day_ahead = _column(prices, "lmp_day_ahead_usd_per_mwh")
    _line(figure, (1, 1), (local, real_time), "real-time (15 min)", BLUE, 1.0)
    if np.isfinite(day_ahead).any():
        _line(figure, (1, 1), (local, day_ahead), "day-ahead", ORANGE, 1.2)
    _band(figure, 2, 1, local.hour, real_time, "real-time", BLUE)
    reserve = _column(prices, "spin_usd_per_mw_h")
    if np.isfinite(reserve).any():
        _line(figure, (2, 1), (_HOURS, _by_hour(local.hour, reserve, 0.5)), "reserve, median", GREEN, 1.5, dash="dot")
    share = np.linspace(0, 100, len(real_time))
    for values, name, colour in (
        (real_time, "real-time", BLUE),
        (day_ahead, "day-ahead", ORANGE),
        (reserve, "reserve", GREEN),
    ):
        if np.isfinite(values).any():
            _line(figure, (2, 2), (share, np.sort(values)[::-1]), name, colour, 1.5, legend=False)
    _axes(figure, "$/MWh", "$/MWh (reserve: $/MW per h)", "$/MWh", "local hour", "% of intervals")
    known = real_time[np.isfinite(real_time)]
    spread = np.percentile(known, [0.5, 99.5])
    figure.update_yaxes(range=[min(spread[0] * 1.3, -5), max(spread[1] * 1.6, 100)], row=2, col=2)
    negative = (known < 0).mean()
    figures = f"mean {known.mean():.2f}, min {known.min():.2f}, max {known.max():.2f} $/MWh, {negative:.1%} negative"
    return Picture(figure, f"Market prices at {prices['node'].iloc[0]}", f"{figures} · {_sources(prices)}")


def solar_page(solar: pd.DataFrame, plotly_js: bool | str = True) -> str:
    """Generation per kW installed over the month, its mean day, and its daily yield, as an HTML page."""
    return _page(*solar_picture(solar), plotly_js)


def solar_picture(solar: pd.DataFrame) -> Picture:
    """Generation per kW installed over the month, its mean day, and its daily yield."""
    figure = _canvas(("Output over the month, facing south at 18°", "The mean day by orientation", "Yield per day"))
    yields = []
    for orientation, rows in solar.groupby("orientation_id", sort=False):
        local, power = _local(rows), _column(rows, "generation_kw_per_kw_installed")
        name, colour = str(orientation), _PANELS[str(orientation).split("_")[0]]
        if name == "south_18":
            _line(figure, (1, 1), (local, power), name, colour, 1.0, legend=False)
            daily = pd.Series(power * INTERVAL_HOURS).groupby(local.strftime("%Y-%m-%d")).sum()
            figure.add_bar(x=list(daily.index), y=_plain(daily), marker_color=colour, showlegend=False, row=2, col=2)
        quarter = pd.Series(power).groupby(local.hour + local.minute / 60).mean()
        dash = "solid" if name.endswith("18") else "dot"
        _line(
            figure, (2, 1), (quarter.index.to_numpy(), np.asarray(quarter, dtype=float)), name, colour, 1.5, dash=dash
        )
        yields.append(f"{name.replace('_', ' ')}° {power.sum() * INTERVAL_HOURS:.0f}")
    _axes(figure, "kW/kW", "kW/kW", "kWh/kW", "local hour", "day")
    return Picture(figure, "Rooftop solar", f"kWh per kW: {', '.join(yields)} · {_sources(solar)}")


def load_page(load: pd.DataFrame, plotly_js: bool | str = True) -> str:
    """Mean load per home over the month, its usual day, and homes by daily use, as an HTML page."""
    return _page(*load_picture(load), plotly_js)


def load_picture(load: pd.DataFrame) -> Picture:
    """Mean load per home over the month, its usual day, and homes by daily use."""
    local, mean, daily = _fleet_load(load)
    figure = _canvas(("Mean load per home over the month", "The usual day, 10–90 % of days", "Homes by daily use"))
    _line(figure, (1, 1), (local, mean), "mean of all homes", BLUE, 1.0)
    weekend = np.asarray(local.dayofweek >= 5)
    for days, name, colour in ((~weekend, "weekday", BLUE), (weekend, "weekend", ORANGE)):
        if days.any():
            _band(figure, 2, 1, local.hour[days], mean[days], name, colour)
    figure.add_histogram(x=_plain(daily), marker_color=BLUE, showlegend=False, nbinsx=40, row=2, col=2)
    _axes(figure, "kW", "kW", "homes", "local hour", "kWh a day")
    low, high = np.percentile(daily, [5, 95])
    figures = f"{count(len(daily), 'home')}, {daily.mean():.1f} kWh a day on average, 5–95 %: {low:.1f}–{high:.1f}"
    return Picture(figure, "Household load", f"{figures} · {_sources(load)}")


def overview_page(
    prices: pd.DataFrame,
    solar: pd.DataFrame,
    load: pd.DataFrame,
    pv_kw_per_home: float = 3.2,
    plotly_js: bool | str = True,
) -> str:
    """Price against net load: all three tables in one page.

    `pv_kw_per_home` is the mean over all homes, those without panels included (55 % of homes at a median of 5.8 kW).
    """
    local, price = _local(prices), _column(prices, "lmp_usd_per_mwh")
    mean_load = _fleet_load(load)[1]
    south = solar[solar["orientation_id"] == "south_18"]
    net = mean_load - pv_kw_per_home * _column(south, "generation_kw_per_kw_installed")
    titles = ("Price and net load over the month", "The usual day", "Price against net load, by local hour")
    figure = _canvas(titles, second_axis=True)
    _line(figure, (1, 1), (local, price), "price", BLUE, 1.0)
    _line(figure, (1, 1), (local, net), "net load per home", ORANGE, 1.0, secondary=True)
    _line(figure, (2, 1), (_HOURS, _by_hour(local.hour, price, 0.5)), "price, median", BLUE, 2.0)
    _line(figure, (2, 1), (_HOURS, _by_hour(local.hour, net, 0.5)), "net load, median", ORANGE, 2.0, secondary=True)
    figure.add_scatter(
        x=_plain(net),
        y=_plain(price),
        mode="markers",
        showlegend=False,
        marker={
            "size": 4,
            "opacity": 0.6,
            "color": [int(h) for h in local.hour],
            "colorscale": "Twilight",
            "cmin": 0,
            "cmax": 24,
            "colorbar": {"title": "hour", "len": 0.42, "y": 0.19, "thickness": 12},
        },
        row=2,
        col=2,
    )
    _axes(figure, "$/MWh", "$/MWh", "$/MWh", "local hour", "kW per home")
    for row in (1, 2):
        figure.update_yaxes(title_text="kW per home", secondary_y=True, row=row, col=1, showgrid=False)
    low, high = np.nanpercentile(price, [0.5, 99.5])
    figure.update_yaxes(range=[min(low * 1.3, -5), max(high * 1.5, 80)], row=2, col=2)
    together = float(np.corrcoef(price[np.isfinite(price)], net[np.isfinite(price)])[0, 1])
    figures = f"{pv_kw_per_home:g} kW of solar per home · correlation of price and net load {together:.2f}"
    subtitle = f"{figures} · {_sources(prices)}"
    return _page(figure, "Price against net load", subtitle, plotly_js)


def market_thumbnail(prices: pd.DataFrame) -> bytes:
    """A PNG under 20 kB: the month's prices and their usual day."""
    local, price = _local(prices), _column(prices, "lmp_usd_per_mwh")

    def draw(left: Axes, right: Axes) -> None:
        left.plot(_days(local), price, color=BLUE, linewidth=0.6)
        right.fill_between(
            _HOURS, _by_hour(local.hour, price, 0.1), _by_hour(local.hour, price, 0.9), color=BLUE, alpha=0.2
        )
        right.plot(_HOURS, _by_hour(local.hour, price, 0.5), color=BLUE)

    return _thumbnail(draw, "LMP $/MWh", "usual day, 10–90 %")


def solar_thumbnail(solar: pd.DataFrame) -> bytes:
    """A PNG under 20 kB: south-facing output over the month, and the mean day of every orientation."""

    def draw(left: Axes, right: Axes) -> None:
        for orientation, rows in solar.groupby("orientation_id", sort=False):
            local, power = _local(rows), _column(rows, "generation_kw_per_kw_installed")
            colour = _PANELS[str(orientation).split("_")[0]]
            if orientation == "south_18":
                left.plot(_days(local), power, color=colour, linewidth=0.6)
            right.plot(_HOURS, pd.Series(power).groupby(local.hour).mean().reindex(_HOURS), color=colour, linewidth=1)

    return _thumbnail(draw, "solar kW/kW", "mean day by orientation")


def load_thumbnail(load: pd.DataFrame) -> bytes:
    """A PNG under 20 kB: mean load over the month, and its usual day."""
    local, mean, _ = _fleet_load(load)

    def draw(left: Axes, right: Axes) -> None:
        left.plot(_days(local), mean, color=ORANGE, linewidth=0.6)
        right.fill_between(
            _HOURS, _by_hour(local.hour, mean, 0.1), _by_hour(local.hour, mean, 0.9), color=ORANGE, alpha=0.2
        )
        right.plot(_HOURS, _by_hour(local.hour, mean, 0.5), color=ORANGE)

    return _thumbnail(draw, "load kW per home", "usual day, 10–90 %")


def _thumbnail(draw: Any, left_title: str, right_title: str) -> bytes:
    """Two small panels on fixed metadata, so that the same data give the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 1.9), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    draw(left, right)
    left.set_title(left_title, fontsize=8, loc="left")
    right.set_title(right_title, fontsize=8, loc="left")
    right.set_xticks([0, 6, 12, 18, 24])
    for axes in (left, right):
        axes.tick_params(labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.01)
    left.set_xlabel("day of the month", fontsize=7)
    right.set_xlabel("local hour", fontsize=7)
    png = io.BytesIO()
    canvas.print_png(png, metadata={"Software": None})
    return fewer_colours(png.getvalue())


def fewer_colours(png: bytes) -> bytes:
    """A palette of 32 colours: a third of the bytes, and no difference to the eye at this size."""
    from PIL import Image

    small = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").quantize(32).save(small, "PNG", optimize=True)
    return small.getvalue()


def _canvas(titles: tuple[str, str, str], second_axis: bool = False) -> go.Figure:
    from plotly.subplots import make_subplots

    kind = {"secondary_y": second_axis}
    return make_subplots(
        rows=2,
        cols=2,
        specs=[[{"colspan": 2, **kind}, None], [kind, {}]],
        subplot_titles=titles,
        vertical_spacing=0.16,
        horizontal_spacing=0.1,
    )


def _line(
    figure: go.Figure,
    place: tuple[int, int],
    points: tuple[Any, Floats],
    name: str,
    colour: str,
    width: float,
    *,
    dash: str = "solid",
    legend: bool = True,
    secondary: bool = False,
) -> None:
    """A line through points (x, y) at a place (row, column); times are shown as local wall-clock times."""
    (row, col), (x, y) = place, points
    stamps = x.tz_localize(None).strftime("%Y-%m-%d %H:%M").tolist() if isinstance(x, pd.DatetimeIndex) else _plain(x)
    figure.add_scatter(
        x=stamps,
        y=_plain(y),
        name=name,
        mode="lines",
        line={"color": colour, "width": width, "dash": dash},
        legendgroup=name,
        showlegend=legend,
        row=row,
        col=col,
        **({"secondary_y": True} if secondary else {}),
    )


def _band(figure: go.Figure, row: int, col: int, hour: Any, values: Floats, name: str, colour: str) -> None:
    """Median by hour over a band from the 10 % to the 90 % quantile."""
    low, high = _by_hour(hour, values, 0.1), _by_hour(hour, values, 0.9)
    figure.add_scatter(
        x=_plain(np.concatenate([_HOURS, _HOURS[::-1]])),
        y=_plain(np.concatenate([high, low[::-1]])),
        fill="toself",
        fillcolor=see_through(colour, 0.16),
        line={"width": 0},
        hoverinfo="skip",
        name=f"{name}, 10–90 % of days",
        row=row,
        col=col,
    )
    _line(figure, (row, col), (_HOURS, _by_hour(hour, values, 0.5)), f"{name}, median", colour, 2.0)


def _axes(figure: go.Figure, top: str, left: str, right: str, left_x: str, right_x: str) -> None:
    figure.update_yaxes(title_text=top, row=1, col=1, secondary_y=False)
    figure.update_yaxes(title_text=left, row=2, col=1, secondary_y=False)
    figure.update_yaxes(title_text=right, row=2, col=2)
    figure.update_xaxes(title_text=left_x, row=2, col=1)
    figure.update_xaxes(title_text=right_x, row=2, col=2)


def _page(figure: go.Figure, title: str, subtitle: str, plotly_js: bool | str) -> str:
    figure.update_layout(
        title={"text": f"<b>{title}</b><br><span style='font-size:13px;color:#667'>{subtitle}</span>", "x": 0.02},
        template="plotly_white",
        height=800,
        margin={"l": 70, "r": 60, "t": 120, "b": 100},
        legend={"orientation": "h", "x": 0.5, "xanchor": "center", "y": -0.11, "yanchor": "top"},
        font={"family": "system-ui, sans-serif", "size": 13},
    )
    name = "".join(c if c.isalnum() else "-" for c in title.lower())
    return str(figure.to_html(include_plotlyjs=plotly_js, div_id=f"plot-{name}", config={"displaylogo": False}))


_SERIES = {"spin": "first reserve", "nonspin": "second reserve"}
"""Series of the price table that are other products in other markets."""


def _sources(table: pd.DataFrame) -> str:
    """How much of each series is of which source, in words."""
    parts = []
    for series, shares in source_shares(table).items():
        said = ", ".join(f"{source} {share:.0%}" for source, share in sorted(shares.items(), key=lambda s: -s[1]))
        parts.append(said if series == "source" else f"{_SERIES.get(series, series.replace('_', ' '))} {said}")
    return "source: " + "; ".join(parts)


def _local(table: pd.DataFrame) -> pd.DatetimeIndex:
    return local_index(table["timestamp"])


def _column(table: pd.DataFrame, name: str) -> Floats:
    return table[name].to_numpy(dtype=float)


def _fleet_load(load: pd.DataFrame) -> tuple[pd.DatetimeIndex, Floats, Floats]:
    """Local times, mean load of all homes (T,), and each home's mean use [kWh a day], (N,)."""
    mean = load.groupby("timestamp", sort=True)["load_kw"].mean()
    daily = load.groupby("profile_id", sort=True)["load_kw"].mean() * 24
    return (
        local_index(mean.index),
        mean.to_numpy(dtype=float),
        daily.to_numpy(dtype=float),
    )


def _by_hour(hour: Any, values: Floats, quantile: float) -> Floats:
    return np.asarray(pd.Series(values).groupby(np.asarray(hour)).quantile(quantile).reindex(_HOURS), dtype=float)


def _days(local: pd.DatetimeIndex) -> Floats:
    """Day of the month with its fraction."""
    return np.asarray(local.day + (local.hour + local.minute / 60) / 24, dtype=float)


def _plain(values: Any) -> list[float | None]:
    """Numbers rounded to what a picture shows; plotly's own encoding of arrays depends on its version."""
    return [None if not np.isfinite(v) else round(float(v), 4) for v in np.asarray(values, dtype=float)]


PAGES: Mapping[str, Any] = {"market": market_page, "solar": solar_page, "load": load_page, "overview": overview_page}
"""By the name of the file in the lake."""
