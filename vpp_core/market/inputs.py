"""The inputs of a period's run, as arrays: prices, forecasts, homes, and what their sun and load will be.

Made once from the tables and shared by all strategies, which cannot change it (arrays are read-only). What a strategy
may see of it, and when, is decided in `simulation` alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL, INTERVAL_MINUTES, Month, Period, Windows
from vpp_core.errors import InputError
from vpp_core.fleet.draws import choose, uniform
from vpp_core.fleet.fleet import Bools, Fleet, Floats, Ints
from vpp_core.fleet.kinds import stores_of
from vpp_core.fleet.reliability import reached
from vpp_core.fleet.stores import Stores
from vpp_core.market.contingencies import called_intervals
from vpp_core.market.forecast import DAY_AHEAD
from vpp_core.market.loads import Loads
from vpp_core.market.segments import ENERGY, NONSPIN, PRODUCTS, SPIN, Layout
from vpp_core.programmes.events import Events, events_of
from vpp_core.scenario import MarketRules, Scenario

SLOTS = 96
"""Quarter hours of a day."""
Record = TypeVar("Record")


@dataclass(frozen=True)
class Inputs:
    """T intervals, W windows, N homes, S stores; forecasts reach H windows ahead, the bid window first."""

    scenario: Scenario
    period: Period
    windows: Windows
    fleet: Fleet
    layout: Layout
    stores: Stores
    price: Floats
    """realised price by product, shape (3, T): energy in $/MWh; spin and non-spin in $/MW-h, NaN where there is none or
    reserves are not sold; known to a strategy only through the forecast, and at settlement"""
    forecast: Floats
    """p10, p50, p90 by product at each gate closure, shape (3, W, H, 3); NaN where a product has no price"""
    called: Bools
    """whether reserves are called, shape (T,); nobody knows before"""
    load_kw: Floats
    """shape (T, N)"""
    pv_kw: Floats
    """shape (T, N)"""
    net_generation_kw: Floats
    """PV minus load, shape (T, N)"""
    tariff_of_home: Ints
    """position in the scenario's tariffs, shape (N,)"""
    import_usd_per_kwh: Floats
    """retail price of each tariff and interval, shape (tariffs, T + lookahead)"""
    export_usd_per_kwh: Floats
    events: tuple[Events, ...]
    """of the scenario's programmes; known to a strategy from when they are announced"""
    slot: Ints
    """quarter hour of the local day of each interval, shape (T + lookahead,)"""
    whole: Inputs | None = field(default=None, repr=False)
    """of a part of a period (`one_day`), the inputs of all of it"""
    first: int = 0
    """position of its first interval in those"""
    longer: Inputs | None = field(default=None, repr=False)
    """the inputs of days more, where the tables hold these: plans look ahead into them, and results have none"""

    @property
    def entire(self) -> Inputs:
        """The inputs of the whole period."""
        return self if self.whole is None else self.whole

    @property
    def intervals(self) -> slice:
        """Which intervals of the whole period these are."""
        return slice(self.first, self.first + len(self.period))

    def one_day(self, day: int) -> Inputs:
        """A local day of the period alone, as settlement needs it.

        Parameters
        ----------
        day : int
            Position of the day in `period.days`.

        Returns
        -------
        Inputs
            Views of the same arrays, without what is beyond the day; `whole` is these inputs.
        """
        now = self.period.intervals_of(day)
        one = self._part(now, self.period.one_day(day))
        return replace(one, whole=self.entire, first=self.first + now.start)

    def _part(self, now: slice, period: Period) -> Inputs:
        """What there is of these intervals of the period, which make a period."""
        length = self.windows.length
        return replace(
            self,
            period=period,
            windows=Windows(period, length),
            stores=self.stores.during(now),
            price=self.price[:, now],
            forecast=self.forecast[:, now.start // length : now.stop // length],
            called=self.called[now],
            load_kw=self.load_kw[now],
            pv_kw=self.pv_kw[now],
            net_generation_kw=self.net_generation_kw[now],
            import_usd_per_kwh=self.import_usd_per_kwh[:, now],
            export_usd_per_kwh=self.export_usd_per_kwh[:, now],
            slot=self.slot[now],
        )

    def __repr__(self) -> str:
        return (
            f"<Inputs of {self.scenario.name} {self.period.month}: {len(self.period):,} intervals, "
            f"{len(self.windows):,} windows, {len(self.fleet):,} homes, {len(self.stores):,} stores, "
            f"mean LMP {self.lmp_usd_per_mwh.mean():,.2f} $/MWh>"
        )

    @property
    def lmp_usd_per_mwh(self) -> Floats:
        """Realised real-time price, shape (T,)."""
        return self.price[ENERGY]

    @property
    def forecast_usd_per_mwh(self) -> Floats:
        """p10, p50, p90 of energy at each gate closure, shape (W, H, 3), the bid window first."""
        return self.forecast[ENERGY]

    @property
    def sells_reserves(self) -> bool:
        """Whether any interval has a reserve price that can be sold at."""
        return bool(np.isfinite(self.price[SPIN:]).any())

    def home_prices(self, t: int | slice) -> tuple[Floats, Floats]:
        """Retail prices of every home.

        Parameters
        ----------
        t : int or slice
            One interval, or several.

        Returns
        -------
        import_usd_per_kwh, export_usd_per_kwh : array of float
            Prices [$/kWh], shape (N,) or (intervals, N).
        """
        tariff = self.tariff_of_home
        return self.import_usd_per_kwh.T[t][..., tariff], self.export_usd_per_kwh.T[t][..., tariff]

    def cheapest_import_usd_per_kwh(self) -> Floats:
        """Import price in the cheapest hour of the period: what replacing energy costs a home at least.

        Returns
        -------
        array of float
            Prices [$/kWh], shape (N,).
        """
        cheapest: Floats = self.import_usd_per_kwh[:, : len(self.period)].min(axis=1)[self.tariff_of_home]
        return cheapest

    def fixed_charge_usd(self) -> Floats:
        """Each home's fixed charge, spread over the intervals of each local day.

        Returns
        -------
        array of float
            Charges [$], shape (T, N).
        """
        per_day = np.array([tariff.fixed_usd_per_day for tariff in self.scenario.tariffs])[self.tariff_of_home]
        day = self.period.day_of_interval
        return per_day / np.bincount(day)[day][:, None]

    @classmethod
    def build(
        cls,
        scenario: Scenario,
        month: Month,
        market_prices: pd.DataFrame,
        price_forecast: pd.DataFrame,
        solar_generation: pd.DataFrame,
        load_profiles: pd.DataFrame | Loads,
        fleet: Fleet,
    ) -> Inputs:
        """Make arrays from the tables, under the rules of the month.

        Parameters
        ----------
        scenario : Scenario
            Rules, tariffs, seeds, and how much of the month is simulated.
        month : Month
            The month that the tables are of.
        market_prices, price_forecast, solar_generation, load_profiles : pandas.DataFrame
            Tables of these names (`tables/`), covering the period interval by interval. Where all cover the days
            that it looks ahead into too (`Scenario.known_period`), these are in `longer`.
        fleet : Fleet
            N homes.

        Returns
        -------
        Inputs
            Read-only.

        Raises
        ------
        InputError
            Where a table does not cover the period, or lacks a price or profile.
        """
        scenario = scenario.in_month(month)
        loads = load_profiles if isinstance(load_profiles, Loads) else Loads.of(load_profiles, scenario, month)
        period = scenario.period(month)
        forecast_intervals = _forecast_windows(price_forecast) * (scenario.market.window_minutes // INTERVAL_MINUTES)
        solar_intervals = solar_generation["timestamp"].nunique()
        held = min(len(market_prices), solar_intervals, loads.load_kw.shape[1], forecast_intervals)
        known = scenario.known_period(month, held)
        longer = cls._over(scenario, known, market_prices, price_forecast, solar_generation, loads, fleet)
        if len(known) == len(period):
            return longer
        inputs = longer._part(slice(0, len(period)), period)
        events = _events(scenario, period, _on_index(market_prices, period, "market_prices"))
        return _frozen(replace(inputs, events=events, longer=longer))

    @classmethod
    def _over(
        cls,
        scenario: Scenario,
        period: Period,
        market_prices: pd.DataFrame,
        price_forecast: pd.DataFrame,
        solar_generation: pd.DataFrame,
        loads: Loads,
        fleet: Fleet,
    ) -> Inputs:
        month, windows = period.month, period.windows(scenario.market.window_minutes)
        prices = _on_index(market_prices, period, "market_prices")
        forecast = forecast_quantiles(price_forecast, windows, scenario.market)
        load_kw, usual_load_kw = loads.of_homes(fleet, len(period))
        solar = _wide(solar_generation, period, "orientation_id", "generation_kw_per_kw_installed", "solar_generation")
        pv_kw = _solar_kw(solar, fleet)
        lookahead = forecast.shape[2] * windows.length
        extended = pd.date_range(period.timestamps[0], periods=len(period) + lookahead, freq=INTERVAL)
        local = extended.tz_convert(period.timezone)
        hour = local.hour.to_numpy()
        stores = stores_of(fleet, period, usual_load_kw)
        stores = replace(stores, reachable=reached(fleet, stores, period, windows, scenario.reliability))
        inputs = cls(
            scenario=scenario,
            period=period,
            windows=windows,
            fleet=fleet,
            layout=Layout.of(stores, fleet),
            stores=stores,
            price=_realised(prices, scenario.market),
            forecast=forecast,
            called=called_intervals(period, scenario.data_seed, scenario.market),
            load_kw=load_kw,
            pv_kw=pv_kw,
            net_generation_kw=pv_kw - load_kw,
            tariff_of_home=_tariff_of_home(scenario, fleet),
            import_usd_per_kwh=np.stack([tariff.prices("import", local) for tariff in scenario.tariffs]),
            export_usd_per_kwh=np.stack([tariff.prices("export", local) for tariff in scenario.tariffs]),
            events=_events(scenario, period, prices),
            slot=(hour * 4 + local.minute.to_numpy() // 15).astype(np.int64),
        )
        if np.isnan(inputs.lmp_usd_per_mwh).any():
            count = int(np.isnan(inputs.lmp_usd_per_mwh).sum())
            raise InputError(f"market_prices lacks {count} real-time prices of {month}; choose a source that has them")
        return _frozen(inputs)


def _events(scenario: Scenario, period: Period, prices: pd.DataFrame) -> tuple[Events, ...]:
    day_ahead = prices[DAY_AHEAD].to_numpy(dtype=np.float64)
    return tuple(events_of(programme, period, day_ahead, scenario.data_seed) for programme in scenario.programmes)


def _tariff_of_home(scenario: Scenario, fleet: Fleet) -> Ints:
    """Each home's tariff, drawn by the fleet's seed in the scenario's shares."""
    shares = [tariff.share for tariff in scenario.tariffs]
    return choose(uniform(fleet.seed, "tariff", fleet.home_id), shares).astype(np.int64)


def _on_index(frame: pd.DataFrame, period: Period, name: str) -> pd.DataFrame:
    frame = period.rows_of(frame.sort_values("timestamp"))
    stamps = pd.DatetimeIndex(frame["timestamp"])
    if len(stamps) != len(period) or not (stamps == period.timestamps).all():
        raise InputError(
            f"{name} does not cover {period.month} interval by interval ({len(stamps)} rows for {len(period)}); "
            f"materialize {name} again"
        )
    return frame


def _wide(frame: pd.DataFrame, period: Period, column: str, value: str, name: str) -> pd.DataFrame:
    wide = period.rows_of(frame).pivot(index="timestamp", columns=column, values=value)  # noqa: PD010
    if len(wide) != len(period) or not (wide.index == period.timestamps).all() or wide.isna().to_numpy().any():
        raise InputError(f"{name} does not cover {period.month} interval by interval; materialize {name} again")
    return wide


def _solar_kw(solar: pd.DataFrame, fleet: Fleet) -> Floats:
    from vpp_core.sources.orientations import ORIENTATIONS

    ids = [orientation.id for orientation in ORIENTATIONS]
    missing = [name for name in ids if name not in solar.columns]
    if missing:
        raise InputError(f"solar_generation lacks orientation {missing[0]}; materialize solar_generation again")
    profile = solar[ids].to_numpy(dtype=np.float64)[:, fleet.pv_orientation]
    kw: Floats = profile * (fleet.pv_capacity_kw * fleet.pv_system_efficiency).astype(np.float64)
    return kw


def _realised(prices: pd.DataFrame, rules: MarketRules) -> Floats:
    columns = ["lmp_usd_per_mwh", "spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]
    realised: Floats = prices[columns].to_numpy(dtype=np.float64).T.copy()
    if not rules.reserves:
        realised[SPIN:] = np.nan
    return realised


def forecast_quantiles(frame: pd.DataFrame, windows: Windows, rules: MarketRules) -> Floats:
    """Quantiles by product, every gate closure with the same number of windows ahead.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table `price_forecast`.
    windows : Windows
        W windows of the period.
    rules : MarketRules
        Whether reserves are sold.

    Returns
    -------
    array of float
        p10, p50 and p90, shape (3, W, H, 3): energy in $/MWh; spin and non-spin in $/MW-h, NaN where there is none.
    """
    energy = _quantiles(frame, "energy", windows)
    quantiles = np.full((len(PRODUCTS), *energy.shape), np.nan)
    quantiles[ENERGY] = energy
    for product in (SPIN, NONSPIN):
        if rules.reserves and (frame["product"] == PRODUCTS[product]).any():
            quantiles[product] = _quantiles(frame, PRODUCTS[product], windows)
    return quantiles


def _forecast_windows(frame: pd.DataFrame) -> int:
    """For how many windows the table has a forecast made at their gate closure."""
    energy = frame["product"] == PRODUCTS[ENERGY]
    return int(frame.loc[energy, "issued_at"].nunique())


def _quantiles(frame: pd.DataFrame, product: str, windows: Windows) -> Floats:
    """One product's quantiles as (W, H, 3)."""
    own = frame[frame["product"] == product].sort_values(["issued_at", "timestamp"])
    rows = int((own["issued_at"] == own["issued_at"].iloc[0]).sum()) if len(own) else 0
    own = own.iloc[: rows * len(windows)]
    starts = pd.DatetimeIndex(own["timestamp"].iloc[::rows]) if rows else pd.DatetimeIndex([])
    if not rows or len(own) < rows * len(windows) or not (starts == windows.starts).all():
        raise InputError("price_forecast does not match the month's windows; materialize price_forecast again")
    return own[["p10", "p50", "p90"]].to_numpy(dtype=np.float64).reshape(len(windows), rows, 3)


def _frozen(record: Record) -> Record:
    """The record with every array read-only: no strategy can touch what another one sees."""
    for column in fields(record):  # type: ignore[arg-type]
        value = getattr(record, column.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        elif is_dataclass(value):
            _frozen(value)
    return record
