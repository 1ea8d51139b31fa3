"""The price table: real where it can be had, and every row says what it is.

With `source=auto` each series is taken from the files a person dropped into the market's folder, then from what was
fetched before, then from the live services; short gaps are filled and marked; what is still missing of the real-time
price is drawn, where the market has a model of its prices, and refused where it has none. Series are never made to look
related: where the real-time price is real and the day-ahead price is not known, it stays empty, and missing reserve
prices are modelled on the real ones and marked synthetic (or stay empty, without a model).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError, UnavailableError
from vpp_core.iso import Iso, column_bounds
from vpp_core.scenario import Scenario
from vpp_core.scenario.transform import DataTransform
from vpp_core.sources.dropped_files import read_folder
from vpp_core.sources.folders import MARKET_FILES
from vpp_core.sources.network import Services, UnreachableError
from vpp_core.sources.price_readers import price_source
from vpp_core.sources.price_regimes import recorded_year
from vpp_core.sources.price_rows import DAY_AHEAD, LMP, REAL_TIME, RESERVES, PriceRows, without_duplicates
from vpp_core.sources.raw_files import strays
from vpp_core.sources.series import (
    COMPONENTS,
    SourcedSeries,
    fill_short_gaps,
    from_rows,
    missing_stretches,
    reserve_from_rows,
)
from vpp_core.sources.synthetic_prices import synthetic_prices
from vpp_core.sources.synthetic_reserves import modelled_reserves
from vpp_core.sources.unread import Unread

log = logging.getLogger(__name__)

RESERVE_SERIES = ("spin", "nonspin")
"""The market's two reserve products, in the order of its record."""
SERIES = ("lmp", "lmp_day_ahead", *RESERVE_SERIES)
_PEAK_HOURS = (16, 21)


@dataclass
class _Prices:
    """The four series of a whole month and the parts of the real-time price."""

    lmp: SourcedSeries
    lmp_day_ahead: SourcedSeries
    spin: SourcedSeries
    nonspin: SourcedSeries
    parts: dict[str, SourcedSeries]

    @classmethod
    def empty(cls, count: int) -> _Prices:
        lmp, day_ahead, spin, nonspin = (SourcedSeries.empty(count) for _ in SERIES)
        return cls(lmp, day_ahead, spin, nonspin, {name: SourcedSeries.empty(count) for name in COMPONENTS.values()})

    def add(self, reports: list[PriceRows], node: str, zone: str, period: Period, source: str) -> None:
        """Take from `reports` what is missing so far."""
        if not reports:
            return
        folder = period.iso.folder
        rows = {report: without_duplicates(reports, report, folder) for report in (REAL_TIME, DAY_AHEAD, RESERVES)}
        for name, product in zip(RESERVE_SERIES, period.iso.products, strict=True):
            getattr(self, name).complete_from(reserve_from_rows(rows[RESERVES], zone, product.item, period, source))
        self.lmp_day_ahead.complete_from(from_rows(rows[DAY_AHEAD], node, LMP, period, source, hourly=True))
        self.lmp.complete_from(from_rows(rows[REAL_TIME], node, LMP, period, source, hourly=False))
        for item, name in COMPONENTS.items():
            part = from_rows(rows[REAL_TIME], node, item, period, source, hourly=False)
            self.parts[name].complete_from(part)

    def missing_series(self, longest_gap_minutes: int) -> list[str]:
        """Series that lack more than short gaps."""
        return [name for name in SERIES if self._filled(getattr(self, name), longest_gap_minutes).missing.any()]

    def _filled(self, series: SourcedSeries, longest_gap_minutes: int) -> SourcedSeries:
        trial = series.copy()
        fill_short_gaps(trial, self.lmp_day_ahead.value, longest_gap_minutes)
        return trial


def market_prices(
    scenario: Scenario,
    month: Month,
    raw: Path,
    *,
    refresh: bool = False,
    services: Services | None = None,
    unread: list[Unread] | None = None,
) -> pd.DataFrame:
    """Make the table `market_prices`: real where it can be had, and every row says what it is.

    Parameters
    ----------
    scenario : Scenario
        Market, node, reserve zone, where prices come from, and seed of the data.
    month : Month
        Which month.
    raw : pathlib.Path
        The lake's raw folder.
    refresh : bool, default False
        Whether live services are asked again instead of taking what was fetched before.
    services : Services, optional
        Addresses and keys; by default the environment's.
    unread : list of Unread, optional
        Files that were not read are added to it.

    Returns
    -------
    pandas.DataFrame
        A row per interval of the period, and of days that it looks ahead into (`Scenario.known_period`): prices in
        $/MWh, of reserves in $/MW-h.

    Raises
    ------
    InputError
        Says in a sentence what is wrong with a file, a node or a month; nothing is written then.
    """
    services = services or Services.from_environment()
    month = scenario.month(month)
    whole = Period(month)
    if scenario.source != "synthetic":
        _refuse_future(month, services)
    told = [] if unread is None else unread
    prices, node = _gather(scenario, month, raw, whole, refresh, services, told)
    known = scenario.known_period(month)
    drawn = scenario.source in ("auto", "synthetic") and scenario.operator.draws_prices
    if not drawn and prices.lmp.missing[: len(known)].any():
        known = scenario.period(month)  # real prices have to be there of the days that are simulated, no more
    _model_the_rest(prices, scenario, month)
    _apply(scenario.transform, prices, whole)
    return _table(prices, node, known)


def _refuse_future(month: Month, services: Services) -> None:
    if month.end > services.now():
        raise InputError(
            f"month {month} has not ended, so its prices are not known; choose an earlier month or --source synthetic"
        )


def _gather(
    scenario: Scenario,
    month: Month,
    raw: Path,
    period: Period,
    refresh: bool,
    services: Services,
    unread: list[Unread],
) -> tuple[_Prices, str]:
    """What is real, short gaps filled, and the node it is of."""
    prices = _Prices.empty(len(period))
    source, zone = scenario.source, scenario.reserve_zone
    if source == "synthetic":
        return prices, scenario.node or scenario.operator.default_node
    if source == "live" and not price_source(scenario.operator).services:
        iso = scenario.operator
        raise UnavailableError(
            f"no live source of {iso.name}'s prices is known; put its reports into raw/{iso.folder}, and choose "
            f"--source auto: {iso.reports}"
        )
    files: list[PriceRows] = []
    if source in ("auto", "file"):
        dropped = read_folder(raw / MARKET_FILES[scenario.iso], month, price_source(scenario.operator).reader)
        files = dropped.reports
        unread += strays(raw)
    node = _node(scenario, files, month)
    _refuse_partial_regions(files, scenario.operator, zone)
    prices.add(files, node, zone, period, "file")
    if source in ("auto", "file"):
        lacking = prices.lmp.missing.any()
        unread += [entry for entry in dropped.unread if lacking or not entry.of_another_time]
    gap = scenario.longest_filled_gap_minutes
    if source in ("auto", "live"):
        faults = _add_fetched(prices, raw, node, zone, period, gap, refresh, services)
        if source == "live" and faults and prices.missing_series(gap):
            raise faults[0]
    fill_short_gaps(prices.lmp, prices.lmp_day_ahead.value, gap)
    for name in SERIES[1:]:
        fill_short_gaps(getattr(prices, name), np.full(len(period), np.nan), gap)
    if source in ("file", "live"):
        _refuse_gaps(prices, scenario, month, raw)
    return prices, node


def _add_fetched(
    prices: _Prices, raw: Path, node: str, zone: str, period: Period, gap: int, refresh: bool, services: Services
) -> list[UnavailableError]:
    """Add what was fetched before, then what the live services have, and say what could not be had."""
    faults: list[UnavailableError] = []
    services_of = price_source(period.iso).services
    for service in services_of:
        if prices.missing_series(gap) and not refresh:
            prices.add(service.read_kept(raw, node, period.month), node, zone, period, "cache")
    for service in services_of:
        wanted = prices.missing_series(gap)
        if wanted:
            reports, more = service.fetch(raw, node, period.month, wanted, services)
            prices.add(reports, node, zone, period, "live")
            faults += more
    for fault in faults:
        if not isinstance(fault, UnreachableError):
            log.warning("%s", fault)
    return faults


def _node(scenario: Scenario, files: list[PriceRows], month: Month) -> str:
    """The node named, or the only one in the month's files, or the default."""
    nodes: list[str] = []
    default, folder = scenario.operator.default_node, scenario.operator.folder
    for report in (REAL_TIME, DAY_AHEAD):
        nodes = nodes or sorted({str(n) for r in files if r.report == report for n in r.rows["name"].unique()})
    if not nodes:
        return scenario.node or scenario.operator.default_node
    some = ", ".join(nodes[:5]) + (f" and {len(nodes) - 5} more" if len(nodes) > 5 else "")
    if scenario.node:
        if scenario.node not in nodes:
            raise InputError(
                f"node {scenario.node} is not in the files of {month} in raw/{folder}, which hold {some}; "
                "name one of these or download that node"
            )
        return scenario.node
    if len(nodes) == 1:
        if nodes[0] != default:
            log.info("node %s is used: the only one in the files of %s", nodes[0], month)
        return nodes[0]
    if default in nodes:
        return default
    raise InputError(f"the files of {month} in raw/{folder} hold several nodes ({some}); name one with --node")


def _refuse_partial_regions(files: list[PriceRows], iso: Iso, zone: str) -> None:
    """A sum of some of the nested regions would be a wrong price that looks right."""
    present = {str(n) for r in files if r.report == RESERVES for n in r.rows["name"].unique()}
    absent = [region for region in iso.reserve_zones[zone] if region not in present]
    if present and absent:
        raise InputError(
            f"the reserve prices in raw/{iso.folder} lack the region(s) {', '.join(absent)}, which add to the price of "
            f"{zone}; download them with all regions"
        )


def _refuse_gaps(prices: _Prices, scenario: Scenario, month: Month, raw: Path) -> None:
    """A forced source is not completed by another, within the days that the scenario simulates."""
    period = scenario.period(month)
    for name in ("lmp",) if scenario.source == "file" else SERIES:
        series: SourcedSeries = getattr(prices, name)
        missing = series.missing[: len(period)]
        if missing.all() and scenario.source == "file":
            raise UnavailableError(
                f"there are no real-time prices of {month} in {raw / scenario.operator.folder}; put downloads there "
                f"({scenario.operator.reports}) or choose another --source"
            )
        if missing.any():
            raise UnavailableError(
                f"{name} of {month} is incomplete in source {scenario.source}: {missing_stretches(missing, period)}; "
                "add files or choose --source auto, which marks what it draws"
            )


def _model_the_rest(prices: _Prices, scenario: Scenario, month: Month) -> None:
    """Draw what no source had. Only a month without any real price gets a day-ahead price drawn."""
    seed = scenario.data_seed
    if not scenario.operator.draws_prices:
        _refuse_undrawn(prices, scenario, month)
        return
    incomplete = prices.lmp.missing.any() or prices.spin.missing.any() or prices.nonspin.missing.any()
    if incomplete and recorded_year(month) != month.year:
        log.warning(
            "%s: prices are drawn like those of %s, the nearest year with a record", month, recorded_year(month)
        )
    all_drawn = bool(prices.lmp.missing.all())
    if prices.lmp.missing.any():
        drawn = synthetic_prices(month, seed)
        if not all_drawn:
            log.warning("%s: %s, drawn instead", month, missing_stretches(prices.lmp.missing, Period(month)))
        prices.lmp.complete_from(SourcedSeries.drawn(drawn.real_time, seed))
        if all_drawn and prices.lmp_day_ahead.missing.all():
            prices.lmp_day_ahead = SourcedSeries.drawn(drawn.day_ahead, seed)
        if all_drawn:
            for name in ("spin", "nonspin"):
                getattr(prices, name).complete_from(SourcedSeries.drawn(getattr(drawn, name), seed))
    if scenario.model_missing_reserves and (prices.spin.missing.any() or prices.nonspin.missing.any()):
        spin, nonspin = modelled_reserves(month, prices.lmp.value, prices.lmp_day_ahead.value, seed)
        prices.spin.complete_from(SourcedSeries.drawn(spin, seed))
        prices.nonspin.complete_from(SourcedSeries.drawn(nonspin, seed))


def _refuse_undrawn(prices: _Prices, scenario: Scenario, month: Month) -> None:
    """A market without a model of its prices needs real ones of all that is simulated; reserves may be missing."""
    iso, period = scenario.operator, scenario.period(month)
    missing = prices.lmp.missing[: len(period)]
    if not missing.any():
        return
    which = f"only part of {iso.name}'s" if not missing.all() else f"none of {iso.name}'s"
    gaps = "" if missing.all() else f" ({missing_stretches(missing, period)})"
    raise UnavailableError(
        f"there are {which} real-time prices of {month}{gaps}, and they are not modelled; put its reports into "
        f"raw/{iso.folder}: {iso.reports}"
    )


def _apply(transform: DataTransform, prices: _Prices, period: Period) -> None:
    """Transform the prices; a changed price counts as synthetic, and its parts are no longer known."""
    if not transform.changes_prices:
        return
    hour = np.asarray(period.local.hour)
    peak = (hour >= _PEAK_HOURS[0]) & (hour < _PEAK_HOURS[1])
    day, days = period.day_of_interval, len(period.days)
    for name in SERIES:
        series: SourcedSeries = getattr(prices, name)
        known = ~series.missing
        count = np.maximum(np.bincount(day[known], minlength=days), 1)
        mean = (np.bincount(day[known], series.value[known], minlength=days) / count)[day]
        if name in ("spin", "nonspin"):
            value = series.value * transform.price_volatility_factor
        else:
            value = mean + (series.value - mean) * transform.price_volatility_factor
        value = np.where(peak & (value > 0), value * transform.peak_price_factor, value)
        changed = known & (value != series.value)
        if name == "lmp":
            for part in prices.parts.values():
                part.value[changed] = np.nan
        series.value = np.where(changed, value, series.value)
        series.source[changed] = "synthetic"


def _table(prices: _Prices, node: str, period: Period) -> pd.DataFrame:
    count = len(period)
    columns: dict[str, object] = {
        "timestamp": period.timestamps,
        "node": np.full(count, node, dtype=object),
        "lmp_usd_per_mwh": prices.lmp.value[:count],
        **{f"{name}_lmp_usd_per_mwh": prices.parts[name].value[:count] for name in COMPONENTS.values()},
        "lmp_day_ahead_usd_per_mwh": prices.lmp_day_ahead.value[:count],
        "spin_usd_per_mw_h": prices.spin.value[:count],
        "nonspin_usd_per_mw_h": prices.nonspin.value[:count],
    }
    for name in SERIES:
        series: SourcedSeries = getattr(prices, name)
        columns[f"{name}_source"] = series.source[:count]
        columns[f"{name}_retrieved_at"] = pd.DatetimeIndex(series.retrieved_at[:count]).tz_localize("UTC")
        columns[f"{name}_seed"] = pd.Series(series.seed[:count]).astype("Int64")
    table = pd.DataFrame(columns)
    _refuse_impossible(table, period)
    return table


def _refuse_impossible(table: pd.DataFrame, period: Period) -> None:
    """What no file or service may give, sums of regions and a scenario's factors may not make either."""
    for column, bounds in column_bounds(period.iso).items():
        price = table[column].to_numpy(dtype=float)
        beyond = np.flatnonzero(~np.isnan(price) & ~((price >= bounds.low) & (price <= bounds.high)))
        if len(beyond):
            when = table["timestamp"][beyond[0]].tz_convert(period.timezone)
            raise InputError(
                f"{column} at {when:%Y-%m-%dT%H:%M} is {price[beyond[0]]:g} {bounds.unit}, outside {bounds}: no "
                f"{period.iso.name} price; check the file or the scenario's price factors"
            )
