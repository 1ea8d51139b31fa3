"""Household load: real homes' statistics, every home its own, and a person's own meter data first."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.fleet.population import generate_fleet
from vpp_core.scenario import KNOWN_SCENARIOS, MAX_LOAD_PROFILES, Scenario
from vpp_core.sources import load
from vpp_core.sources.load import load_chunks, load_kw, load_profiles, load_table, profile_count
from vpp_core.sources.load_model import BLOCK, modelled_load
from vpp_core.sources.weather import month_weather
from vpp_core.tables import LOAD_PROFILES
from vpp_pipeline.lake.table_file import encode

AUGUST = Month.parse("2023-08")


@cache
def august(seed: int = 1, homes: int = 600) -> np.ndarray:
    return modelled_load(AUGUST, seed, range(homes))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_daily_use_in_august_is_that_of_californian_homes(seed: int) -> None:
    daily = august(seed).mean(axis=0) * 24
    assert 15 <= daily.mean() <= 25
    assert np.percentile(daily, 5) >= 8 and np.percentile(daily, 95) <= 45


@pytest.mark.parametrize("seed", [1, 2])
def test_the_peak_hour_and_the_load_factors_are_those_of_real_homes(seed: int) -> None:
    load = august(seed)
    hour = Period(AUGUST).local.hour
    by_hour = [load[hour == h].mean() for h in range(24)]
    assert 17 <= int(np.argmax(by_hour)) <= 19
    assert by_hour[7] > by_hour[4] * 1.5, "a morning peak"
    assert 0.13 <= (load.mean(axis=0) / load.max(axis=0)).mean() <= 0.22
    assert load.min() > 0


@pytest.mark.parametrize(("together", "measured"), [(2, 0.77), (5, 0.60), (10, 0.52), (20, 0.46)])
def test_peaks_of_homes_coincide_as_measured_in_fontana(together: int, measured: float) -> None:
    load, rng = august(), np.random.default_rng(0)
    groups = [rng.choice(load.shape[1], together, replace=False) for _ in range(120)]
    factor = np.mean([load[:, g].sum(axis=1).max() / load[:, g].max(axis=0).sum() for g in groups])
    assert factor == pytest.approx(measured, abs=0.06)


def test_another_seed_draws_other_homes_and_other_days() -> None:
    """The size of home i and what it does beside its neighbours' mean, in units of its own, have nothing in common."""
    one, other = august(1), august(2)
    assert abs(np.corrcoef(one.mean(axis=0), other.mean(axis=0))[0, 1]) < 0.2
    own_way = [(load / load.mean(axis=0)).T - (load / load.mean(axis=0)).mean(axis=1) for load in (one, other)]
    together = [np.corrcoef(a, b)[0, 1] for a, b in zip(*own_way, strict=True)]
    assert abs(np.mean(together)) < 0.05


def test_the_table_s_load_is_of_the_scenario_s_data_seed(tmp_path: Path) -> None:
    scenario = Scenario(homes=3, source="synthetic", data_seed=7)
    assert np.array_equal(load_kw(scenario, AUGUST, tmp_path), modelled_load(AUGUST, 7, range(3)))


def test_a_home_remembers_its_last_quarter_hour_and_no_two_homes_are_alike() -> None:
    load = august()
    z = (load - load.mean(axis=0)) / load.std(axis=0)
    assert 0.65 <= (z[1:] * z[:-1]).mean() <= 0.80
    together = np.corrcoef(load.T) - np.eye(load.shape[1])
    assert together.max() < 0.95


def test_heat_season_and_the_week_move_the_load() -> None:
    load, period = august(), Period(AUGUST)
    daily = np.bincount(period.day_of_interval, load.sum(axis=1))
    assert np.corrcoef(daily, month_weather(AUGUST, 1).heat)[0, 1] > 0.8
    january = modelled_load(Month.parse("2023-01"), 1, range(200))
    assert january.mean() < 0.85 * load.mean()
    noon = (period.local.hour == 13) & (period.local.dayofweek < 5)
    weekend_noon = (period.local.hour == 13) & (period.local.dayofweek >= 5)
    assert load[weekend_noon].mean() > 1.05 * load[noon].mean()


def test_a_home_is_the_same_in_any_company_order_and_chunk() -> None:
    whole = modelled_load(AUGUST, 7, range(2 * BLOCK + 3))
    np.testing.assert_array_equal(modelled_load(AUGUST, 7, [2 * BLOCK, 5, BLOCK]), whole[:, [2 * BLOCK, 5, BLOCK]])
    scenario = Scenario(source="synthetic", homes=10, first_days=2)
    pieces = pd.concat(load_chunks(scenario, AUGUST, Path(), 3), ignore_index=True)
    pd.testing.assert_frame_equal(pieces, load_profiles(scenario, AUGUST, Path()))


def test_a_table_made_by_parts_is_the_same_to_the_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario(source="synthetic", homes=10, first_days=2)
    whole = encode(LOAD_PROFILES.arrow(load_profiles(scenario, AUGUST, Path())), LOAD_PROFILES, "r")
    monkeypatch.setattr(load, "CHUNK", 3)
    parts = load_table(scenario, AUGUST, Path())
    assert parts.column(0).num_chunks == 4
    assert encode(parts, LOAD_PROFILES, "r").content == whole.content


def test_homes_of_a_very_large_fleet_share_loads_and_the_first_ones_keep_theirs() -> None:
    fleet = generate_fleet(MAX_LOAD_PROFILES + 3, 42)
    assert list(fleet.load_profile_id[:3]) == list(fleet.load_profile_id[-3:]) == [0, 1, 2]
    assert len(set(fleet.load_profile_id)) == MAX_LOAD_PROFILES == profile_count(Scenario(homes=1_000_000))
    assert profile_count(Scenario(homes=200)) == 200


def test_the_table_keeps_its_contract_and_the_scenario_its_word() -> None:
    plain = Scenario(source="synthetic", homes=5)
    table = load_profiles(plain, AUGUST, Path())
    LOAD_PROFILES.pandera.validate(table)
    assert LOAD_PROFILES.arrow(table).num_rows == 5 * 2976
    peak = KNOWN_SCENARIOS["peak_demand"].model_copy(update={"homes": 5, "source": "synthetic"})
    np.testing.assert_allclose(load_kw(peak, AUGUST, Path()), 1.3 * load_kw(plain, AUGUST, Path()))
    np.testing.assert_array_equal(table["load_kw"].to_numpy().reshape(5, -1).T, load_kw(plain, AUGUST, Path()))


def own(path: Path, start: str, end: str, step: str = "15min", **columns: object) -> pd.DataFrame:
    stamps = pd.date_range(start, end, freq=step, inclusive="left", tz="America/Los_Angeles")
    frame = pd.DataFrame({"timestamp": stamps, **columns})
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False)
    return frame


def test_own_profiles_come_first_by_file_name_and_are_called_file(raw: Path) -> None:
    own(raw / "load" / "a.csv", "2023-08-01", "2023-09-01", load_kw=1.5)
    own(raw / "load" / "b.csv", "2023-08-01", "2023-09-01", "1h", usage_kwh=2.0)
    table = load_profiles(Scenario(homes=3), AUGUST, raw)
    LOAD_PROFILES.pandera.validate(table)
    means = table.groupby("profile_id")["load_kw"].mean()
    assert means[0] == 1.5 and means[1] == 2.0
    assert list(table.groupby("profile_id")["source"].first()) == ["file", "file", "synthetic"]
    assert table.loc[table["profile_id"] < 2, "seed"].isna().all()
    np.testing.assert_array_equal(load_kw(Scenario(homes=3), AUGUST, raw)[:, 2], modelled_load(AUGUST, 1, [2])[:, 0])


def test_a_home_s_usual_load_is_known_before_the_month_and_does_not_depend_on_how_much_of_it_is_simulated() -> None:
    tables = [
        load_profiles(Scenario(homes=200, first_days=days, source="synthetic"), AUGUST, Path()) for days in (1, 9)
    ]
    usual = [table.groupby("profile_id")["usual_load_kw"].first() for table in tables]
    assert usual[0].equals(usual[1])
    assert tables[1].groupby("profile_id")["usual_load_kw"].std().max() < 1e-12
    month = modelled_load(AUGUST, Scenario().data_seed, range(200)).mean(axis=0)
    assert not np.isclose(usual[0], month).any(), "it is another year's"
    assert np.corrcoef(usual[0], month)[0, 1] > 0.95


def test_the_usual_load_of_a_meter_is_that_of_the_year_before_the_month_in_its_file(raw: Path) -> None:
    for name, step, column, scale in (("a.csv", "30min", "load_kw", 1.0), ("b.csv", "1h", "usage_kwh", 1.0)):
        stamps = pd.date_range("2022-07-01", "2023-09-01", freq=step, inclusive="left", tz="America/Los_Angeles")
        year = np.where(stamps >= pd.Timestamp("2022-08-01", tz="America/Los_Angeles"), 0.5, 7.0)
        load = np.where(stamps >= pd.Timestamp("2023-08-01", tz="America/Los_Angeles"), 2.0, year) * scale
        (raw / "load").mkdir(exist_ok=True)
        pd.DataFrame({"timestamp": stamps, column: load}).to_csv(raw / "load" / name, index=False)
    own(raw / "load" / "c.csv", "2023-08-01", "2023-09-01", load_kw=1.5)
    own(raw / "load" / "d.csv", "2023-07-31T12:00", "2023-09-01", load_kw=1.5)
    table = load_profiles(Scenario(homes=5), AUGUST, raw)
    usual = table.groupby("profile_id")["usual_load_kw"].first()
    assert usual[:2].to_list() == [0.5, 0.5]
    assert usual[2:4].to_list() == [0.78, 0.78], "California's mean: the file says nothing of a day before"


def test_a_green_button_file_is_read_by_local_wall_clock(raw: Path) -> None:
    stamps = pd.date_range("2023-08-01", "2023-09-01", freq="15min", inclusive="left")
    lines = ["Name,A PERSON", "Address,HERE", "", "TYPE,DATE,START TIME,END TIME,USAGE,UNITS"]
    lines += [f"Electric usage,{t:%Y-%m-%d},{t:%H:%M},{t:%H:%M},{0.5 if t.hour == 18 else 0.1},kWh" for t in stamps]
    (raw / "load").mkdir()
    (raw / "load" / "meter.csv").write_text("\n".join(lines))
    load = load_kw(Scenario(homes=1), AUGUST, raw)[:, 0]
    assert (load[Period(AUGUST).local.hour == 18] == 2.0).all() and (load == 2.0).sum() == 31 * 4


def test_local_times_of_a_repeated_hour_are_told_apart_by_their_order(raw: Path) -> None:
    november = Month.parse("2023-11")
    stamps = Period(november).local
    (raw / "load").mkdir()
    frame = pd.DataFrame({"timestamp": stamps.tz_localize(None), "load_kw": np.arange(len(stamps)) / 100})
    frame.to_csv(raw / "load" / "m.csv", index=False)
    load = load_kw(Scenario(homes=1), november, raw)[:, 0]
    np.testing.assert_allclose(load, np.arange(len(stamps)) / 100)


def test_profiles_of_another_time_are_left_aside(raw: Path) -> None:
    own(raw / "load" / "old.csv", "2022-08-01", "2022-09-01", load_kw=1.5)
    assert (load_profiles(Scenario(homes=1), AUGUST, raw)["source"] == "synthetic").all()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x00\x01\x02", "not a text file"),
        (b"one\ntwo\n", "not a readable profile"),
        (b"timestamp,comfort\n2023-08-01 00:00,1\n2023-08-01 00:15,1\n", "lacks a column load_kw or usage_kwh"),
        (b"timestamp,load_kw\nnoon,1\nlater,1\n", "no readable time column"),
        (b"timestamp,load_kw\n2023-08-01 00:00,1\n2023-08-01 00:07,1\n", "rows 7 minutes apart"),
        (b"timestamp,load_kw\n2023-08-01 00:00,1\n2023-08-01 00:15,1\n", "lacks 2974 of 2976 intervals"),
        (b"timestamp,load_kw\n2023-08-01T00:00-07:00,1\n2023-08-01T00:00-07:00,2\n", "two values at"),
    ],
)
def test_a_bad_profile_is_one_sentence_that_names_it(content: bytes, sentence: str, raw: Path) -> None:
    (raw / "load").mkdir()
    (raw / "load" / "home.csv").write_bytes(content)
    with pytest.raises(InputError, match=sentence) as caught:
        load_profiles(Scenario(homes=1), AUGUST, raw)
    assert "home.csv" in str(caught.value) and "\n" not in str(caught.value)


def test_a_negative_load_is_refused_because_it_is_a_net_meter(raw: Path) -> None:
    own(raw / "load" / "net.csv", "2023-08-01", "2023-09-01", load_kw=-0.5)
    with pytest.raises(InputError, match=r"load of -0.5 kW; .* without solar"):
        load_profiles(Scenario(homes=1), AUGUST, raw)
