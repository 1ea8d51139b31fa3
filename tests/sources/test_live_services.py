"""The live path over a real socket: what services do on good and bad days, and what is kept of it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from upath import UPath

from tests.sources.stand_in import (
    MAINTENANCE,
    NODE,
    NOW,
    THROTTLED,
    FakeServices,
    lmp_report,
    oasis_error,
    price_at,
    typical_year,
)
from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError, UnavailableError
from vpp_core.iso import CAISO
from vpp_core.scenario import Scenario
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.sources.prices import market_prices
from vpp_core.sources.pvwatts import month_of_year, to_quarters
from vpp_core.sources.solar import solar_generation
from vpp_core.tables import MARKET_PRICES, SOLAR_GENERATION

AUGUST, NOVEMBER, MARCH = Month.parse("2026-08"), Month.parse("2025-11"), Month.parse("2026-03")
LIVE = Scenario(source="live")


@pytest.mark.parametrize("month", [pytest.param(AUGUST, marks=pytest.mark.slow), NOVEMBER, MARCH])
def test_a_month_from_oasis_is_four_requests_and_complete_also_at_clock_changes(
    month: Month, raw: Path, server: FakeServices
) -> None:
    table = market_prices(LIVE, month, raw, services=server.services())
    MARKET_PRICES.pandera.validate(table)
    stamps = Period(month).timestamps
    np.testing.assert_allclose(table["lmp_usd_per_mwh"], price_at(stamps))
    np.testing.assert_allclose(table["lmp_day_ahead_usd_per_mwh"], price_at(stamps.floor("h"), True))
    np.testing.assert_allclose(table["spin_usd_per_mw_h"], price_at(stamps.floor("h")).clip(0) / 5 + 1, atol=1e-4)
    for series in ("lmp", "lmp_day_ahead", "spin", "nonspin"):
        assert (table[f"{series}_source"] == "live").all()
        assert (table[f"{series}_retrieved_at"] == NOW).all()
    asked = [r["queryname"] for r in server.requests]
    assert asked == ["PRC_RTPD_LMP", "PRC_LMP", "PRC_AS", "PRC_AS"]
    assert server.requests[0]["node"] == NODE
    assert server.requests[0]["startdatetime"] == month.start.strftime("%Y%m%dT%H:%M-0000")


def test_what_was_fetched_is_kept_raw_with_its_request_and_not_fetched_again(raw: Path, server: FakeServices) -> None:
    live = market_prices(LIVE, AUGUST, raw, services=server.services())
    kept = sorted(p.name for p in (raw / "fetched" / "oasis" / "2026-08").iterdir())
    assert kept == [
        f"lmp_{NODE}.request.json",
        f"lmp_{NODE}.zip",
        f"lmp_day_ahead_{NODE}.request.json",
        f"lmp_day_ahead_{NODE}.zip",
        "nonspin.request.json",
        "nonspin.zip",
        "spin.request.json",
        "spin.zip",
    ]
    note = json.loads((raw / "fetched" / "oasis" / "2026-08" / f"lmp_{NODE}.request.json").read_text())
    assert "queryname=PRC_RTPD_LMP" in note["request"]["url"] and note["retrieved_at"].startswith("2026-11-21")
    server.requests.clear()
    again = market_prices(Scenario(), AUGUST, raw, services=server.services())
    assert not server.requests
    assert (again["lmp_source"] == "cache").all() and (again["spin_source"] == "cache").all()
    pd.testing.assert_series_equal(again["lmp_usd_per_mwh"], live["lmp_usd_per_mwh"])
    refreshed = market_prices(Scenario(), AUGUST, raw, services=server.services(), refresh=True)
    assert len(server.requests) == 4 and (refreshed["lmp_source"] == "live").all()


@pytest.mark.parametrize(
    "fault", [(200, THROTTLED), *(pytest.param(f, marks=pytest.mark.slow) for f in ((429, THROTTLED), (503, b"busy")))]
)
def test_throttled_twice_then_served(fault: tuple[int, bytes], raw: Path, server: FakeServices) -> None:
    server.script = [fault, fault]
    table = market_prices(LIVE, AUGUST, raw, services=server.services())
    assert (table["lmp_source"] == "live").all()
    assert len(server.requests) == 6


def test_throttled_for_good_is_an_error_with_live_and_a_drawn_month_with_auto(
    raw: Path, server: FakeServices, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = [(429, THROTTLED)] * 4
    with pytest.raises(UnavailableError, match=r"OASIS PRC_RTPD_LMP could not be had after 4 attempts \(HTTP 429\)"):
        market_prices(LIVE, AUGUST, raw, services=server.services())
    server.script = [(429, THROTTLED)] * 4
    with caplog.at_level(logging.WARNING):
        table = market_prices(Scenario(), AUGUST, raw, services=server.services())
    assert (table["lmp_source"] == "synthetic").all()
    assert any("could not be had" in r.message for r in caplog.records)
    assert not (raw / "fetched").exists()


def test_a_time_out_is_retried_and_then_served(raw: Path, server: FakeServices) -> None:
    server.script = ["hang"]
    table = market_prices(LIVE, AUGUST, raw, services=server.services(timeout_seconds=1.0))
    assert (table["lmp_source"] == "live").all()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((200, oasis_error(1000, "No data returned")), r"OASIS error 1000 \(No data returned"),
        ((200, MAINTENANCE), "is a web page, not prices"),
        ((200, b"PK\x03\x04 cut off"), "not a readable zip"),
        ((404, b"gone"), "refused with HTTP 404"),
    ],
)
def test_an_answer_without_prices_is_one_sentence_and_nothing_is_kept(
    answer: tuple[int, bytes], sentence: str, raw: Path, server: FakeServices
) -> None:
    server.script = [answer]
    with pytest.raises(InputError, match=sentence) as caught:
        market_prices(LIVE, AUGUST, raw, services=server.services())
    assert "\n" not in str(caught.value)
    assert not (raw / "fetched" / "oasis" / "2026-08" / f"lmp_{NODE}.zip").exists()


def test_a_node_that_oasis_does_not_know_is_an_error_also_with_auto(raw: Path, server: FakeServices) -> None:
    with pytest.raises(InputError, match=r"OASIS knows no prices of node NOWHERE in 2026-08"):
        market_prices(Scenario(node="NOWHERE"), AUGUST, raw, services=server.services())


def test_a_month_that_oasis_no_longer_serves_is_not_asked_for(raw: Path, server: FakeServices) -> None:
    with pytest.raises(InputError, match=r"no longer has 2023-07 .* ways left: the hosted API .* files .* synthetic"):
        market_prices(LIVE, Month.parse("2023-07"), raw, services=server.services())
    assert not server.requests


def test_the_hosted_api_serves_an_old_month_page_by_page(raw: Path, server: FakeServices) -> None:
    month = Month.parse("2020-07")
    services = server.services(hosted_key="right-key")
    table = market_prices(Scenario(), month, raw, services=services)
    np.testing.assert_allclose(table["lmp_usd_per_mwh"], price_at(Period(month).timestamps))
    assert (table[["lmp_source", "lmp_day_ahead_source"]] == "live").all(axis=None)
    assert (table["spin_source"] == "synthetic").all()
    server.requests.clear()
    assert (market_prices(Scenario(), month, raw, services=server.services())["lmp_source"] == "cache").all()
    assert not server.requests


def test_a_refused_key_is_said_without_showing_it(raw: Path, server: FakeServices) -> None:
    services = server.services(hosted_key="secret-but-wrong")
    with pytest.raises(InputError, match="refused GRIDSTATUS_API_KEY") as caught:
        market_prices(Scenario(), Month.parse("2020-07"), raw, services=services)
    assert "secret" not in str(caught.value) and "secret" not in repr(services)


def test_a_typical_year_comes_from_pvwatts_by_header_and_only_once(raw: Path, server: FakeServices) -> None:
    services = server.services(pvwatts_key="sun-key")
    table = solar_generation(Scenario(), AUGUST, raw, services=services)
    SOLAR_GENERATION.pandera.validate(table)
    assert (table["source"] == "tmy").all() and table["seed"].isna().all()
    assert len(server.requests) == len(ORIENTATIONS)
    assert all(r["key"] == "sun-key" and r["timeframe"] == "hourly" for r in server.requests)
    assert not any("sun-key" in p.read_text() for p in (raw / "fetched" / "pvwatts").iterdir())
    again = solar_generation(Scenario(), NOVEMBER, raw, services=server.services())
    assert len(server.requests) == len(ORIENTATIONS) and (again["source"] == "tmy").all()


def test_standard_time_becomes_utc_so_that_the_peak_is_at_one_in_the_summer_afternoon(
    raw: Path, server: FakeServices
) -> None:
    table = solar_generation(Scenario(), AUGUST, raw, services=server.services(pvwatts_key="sun-key"))
    one = table[table["orientation_id"] == "south_18"].set_index("timestamp")["generation_kw_per_kw_installed"]
    peak = one.groupby(one.index.tz_convert(CAISO.timezone).strftime("%H:%M")).mean()
    assert peak.idxmax() in ("12:45", "13:00")
    hourly = one.resample("1h").mean()
    assert hourly.loc["2026-08-10T20:00Z"] == pytest.approx(typical_year()[12 + 24 * (212 + 9)] / 1000)


@pytest.mark.parametrize(("month", "hours"), [("2026-03", 743), ("2025-11", 721), ("2024-02", 696), ("2025-01", 744)])
def test_every_month_is_cut_whole_out_of_the_typical_year(month: str, hours: int) -> None:
    year = np.arange(8760.0)[:, None] + 1
    cut = month_of_year(year, Month.parse(month))
    assert len(cut) == hours * 4
    assert (cut.reshape(hours, 4).mean(axis=1) >= 1 - 1e-9).all()


def test_quarters_of_an_hour_keep_its_energy_and_are_never_negative() -> None:
    hour = np.array([0.0, 0.0, 0.1, 0.9, 0.3, 0.0])
    quarters = to_quarters(hour, np.roll(hour, 1), np.roll(hour, -1))
    np.testing.assert_allclose(quarters.reshape(-1, 4).mean(axis=1), hour)
    assert quarters.min() >= 0 and (quarters[:8] == 0).all() and np.ptp(quarters[8:12]) > 0.05


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((403, b'{"error": {"code": "API_KEY_INVALID", "message": "x"}}'), "refused the key .*API_KEY_INVALID"),
        ((422, b'{"errors": ["lat out of range"]}'), "lat out of range"),
        ((404, b'{"error": {"code": "NOT_FOUND"}}'), "NOT_FOUND"),
        ((200, MAINTENANCE), "not in the expected form"),
        ((200, b'{"errors": [], "outputs": {"ac_monthly": [1]}}'), "not in the expected form"),
        ((200, b'{"errors": [], "outputs": {"ac": [1, 2]}}'), "2 hours instead of 8760"),
    ],
)
def test_a_bad_pvwatts_answer_is_one_sentence_and_not_kept(
    answer: tuple[int, bytes], sentence: str, raw: Path, server: FakeServices
) -> None:
    server.script = [answer]
    with pytest.raises(InputError, match=sentence):
        solar_generation(LIVE, AUGUST, raw, services=server.services(pvwatts_key="sun-key"))
    assert not (raw / "fetched" / "pvwatts").exists()


def test_when_pvwatts_is_overloaded_the_model_steps_in_and_says_so(raw: Path, server: FakeServices) -> None:
    server.script = [(429, b"OVER_RATE_LIMIT")] * 4
    table = solar_generation(Scenario(), AUGUST, raw, services=server.services(pvwatts_key="sun-key"))
    assert (table["source"] == "synthetic").all()


def test_a_damaged_copy_names_the_file_to_remove(raw: Path, server: FakeServices) -> None:
    market_prices(LIVE, AUGUST, raw, services=server.services())
    (raw / "fetched" / "oasis" / "2026-08" / f"lmp_{NODE}.request.json").write_text("{")
    with pytest.raises(InputError, match=r"lmp_DLAP_SCE-APND.request.json .* damaged .* remove both"):
        market_prices(Scenario(), AUGUST, raw, services=server.services())


def test_a_lake_in_an_object_store_serves_files_and_keeps_what_was_fetched(server: FakeServices) -> None:
    lake = UPath("memory://lake-of-test/raw")
    live = market_prices(LIVE, AUGUST, lake, services=server.services())
    server.requests.clear()
    again = market_prices(Scenario(), AUGUST, lake, services=server.services())
    assert not server.requests and (again["lmp_source"] == "cache").all()
    (lake / "oasis").mkdir(parents=True)
    (lake / "oasis" / "rt.csv").write_text(lmp_report(AUGUST.start, AUGUST.end).to_csv(index=False))
    table = market_prices(Scenario(), AUGUST, lake, services=server.services())
    assert (table["lmp_source"] == "file").all()
    pd.testing.assert_series_equal(table["lmp_usd_per_mwh"], live["lmp_usd_per_mwh"])
