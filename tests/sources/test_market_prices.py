"""Prices: real where they can be had, and every row says what it is."""

from __future__ import annotations

import dataclasses
import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.sources.stand_in import NODE, NOW, REGIONS, lmp_report, oasis_error, price_at, reserve_report
from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.scenario import KNOWN_SCENARIOS, DataTransform, Scenario
from vpp_core.sources import hosted, network, oasis_live, pvwatts
from vpp_core.sources.network import Services
from vpp_core.sources.prices import market_prices
from vpp_core.tables import MARKET_PRICES

MARCH, NOVEMBER, JULY = Month.parse("2023-03"), Month.parse("2023-11"), Month.parse("2020-07")
Drop = Callable[..., Path]


def month_report(month: Month, **options: object) -> pd.DataFrame:
    return lmp_report(month.start, month.end, **options)


def price_report(month: Month, end: str | None = None) -> pd.DataFrame:
    """Prices and one of their parts: for what does not depend on all that stands beside a price."""
    report = lmp_report(month.start, end or month.end)
    return report[report["LMP_TYPE"].isin(["LMP", "MCE"])]


def day_report(month: Month, **options: object) -> pd.DataFrame:
    """Of its first day: for what does not depend on how much of a month is there."""
    return lmp_report(month.start, month.start + pd.Timedelta(days=1), **options)


@pytest.mark.parametrize(("month", "rows"), [("2023-08", 2976), ("2023-03", 2972), ("2023-11", 2884)])
def test_a_month_without_any_source_is_drawn_and_says_so(month: str, rows: int, raw: Path, offline: Services) -> None:
    table = market_prices(Scenario(), Month.parse(month), raw, services=offline)
    MARKET_PRICES.pandera.validate(table)
    assert len(table) == rows
    for series in ("lmp", "lmp_day_ahead", "spin", "nonspin"):
        assert (table[f"{series}_source"] == "synthetic").all()
        assert (table[f"{series}_seed"] == 1).all()
        assert table[f"{series}_retrieved_at"].isna().all()


def test_a_month_before_the_record_is_drawn_like_the_nearest_year_and_says_so(
    raw: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        market_prices(Scenario(source="synthetic", first_days=1), Month.parse("2017-06"), raw)
        market_prices(Scenario(source="synthetic", first_days=1), Month.parse("2023-06"), raw)
    assert [record.message for record in caplog.records] == [
        "2017-06: prices are drawn like those of 2019, the nearest year with a record"
    ]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_prices(raw: Path) -> None:
    drawn = [market_prices(Scenario(source="synthetic", data_seed=s), MARCH, raw) for s in (5, 5, 6)]
    assert MARKET_PRICES.arrow(drawn[0]).equals(MARKET_PRICES.arrow(drawn[1]))
    assert not drawn[0]["lmp_usd_per_mwh"].equals(drawn[2]["lmp_usd_per_mwh"])


def test_the_first_days_of_a_month_are_the_months_own(raw: Path) -> None:
    whole = market_prices(Scenario(source="synthetic"), NOVEMBER, raw)
    short = market_prices(Scenario(source="synthetic", first_days=6), NOVEMBER, raw)
    pd.testing.assert_frame_equal(short, whole.iloc[: len(short)])
    assert len(short) == (6 + 2) * 96 + 4, "two days more, into which plans look ahead"


@pytest.mark.parametrize("month", [pytest.param(JULY, marks=pytest.mark.slow), MARCH, NOVEMBER])
def test_a_dropped_file_is_used_on_every_interval_and_day_ahead_stays_empty(
    month: Month, raw: Path, drop: Drop, offline: Services
) -> None:
    drop(month_report(month, node="STANDFD2_1_N011"), "prices.zip")
    table = market_prices(Scenario(), month, raw, services=offline)
    MARKET_PRICES.pandera.validate(table)
    assert (table["lmp_source"] == "file").all()
    assert (table["node"] == "STANDFD2_1_N011").all()
    np.testing.assert_allclose(table["lmp_usd_per_mwh"], price_at(Period(month).timestamps))
    parts = table[[f"{p}_lmp_usd_per_mwh" for p in ("energy", "congestion", "loss", "ghg")]].sum(axis=1)
    np.testing.assert_allclose(parts, table["lmp_usd_per_mwh"], atol=1e-4)
    assert table["lmp_day_ahead_usd_per_mwh"].isna().all() and table["lmp_day_ahead_source"].isna().all()
    assert (table["spin_source"] == "synthetic").all()
    assert table["lmp_retrieved_at"].notna().all()


def test_reserve_prices_can_be_left_out_instead_of_modelled(raw: Path, drop: Drop, offline: Services) -> None:
    drop(price_report(JULY), "prices.csv")
    table = market_prices(Scenario(model_missing_reserves=False), JULY, raw, services=offline)
    assert table[["spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]].isna().all(axis=None)


def test_modelled_reserves_follow_scarcity_and_are_no_share_of_the_price(
    raw: Path, drop: Drop, offline: Services
) -> None:
    drop(price_report(JULY), "prices.csv")
    table = market_prices(Scenario(), JULY, raw, services=offline)
    share = table["spin_usd_per_mw_h"] / table["lmp_usd_per_mwh"]
    assert share.quantile(0.9) > 4 * share.quantile(0.1)
    assert (table["nonspin_usd_per_mw_h"] <= table["spin_usd_per_mw_h"] + 1e-9).all()


def test_several_overlapping_unsorted_files_are_one_series(raw: Path, drop: Drop, offline: Services) -> None:
    drop(lmp_report(JULY.start, "2020-07-18T07:00Z"), "first.zip")
    drop(lmp_report("2020-07-16T07:00Z", JULY.end), "20200716_20200801_PRC_RTPD_LMP_RTPD.csv")
    table = market_prices(Scenario(source="file"), JULY, raw, services=offline)
    np.testing.assert_allclose(table["lmp_usd_per_mwh"], price_at(Period(JULY).timestamps))


def test_day_ahead_and_reserve_files_are_held_over_the_hour_and_regions_are_summed(
    raw: Path, drop: Drop, offline: Services
) -> None:
    drop(price_report(NOVEMBER), "rt.zip")
    drop(month_report(NOVEMBER, day_ahead=True), "da.zip")
    drop(reserve_report(NOVEMBER.start, NOVEMBER.end, "SR"), "sr.zip")
    drop(reserve_report(NOVEMBER.start, NOVEMBER.end, "NR"), "nr.csv")
    table = market_prices(Scenario(), NOVEMBER, raw, services=offline)
    hours = Period(NOVEMBER).timestamps.floor("h")
    np.testing.assert_allclose(table["lmp_day_ahead_usd_per_mwh"], price_at(hours, True))
    np.testing.assert_allclose(table["spin_usd_per_mw_h"], price_at(hours).clip(0) / 5 + 1, atol=1e-4)
    np.testing.assert_allclose(table["nonspin_usd_per_mw_h"], price_at(hours).clip(0) / 10 + 0.5, atol=1e-4)
    assert (table[["lmp_day_ahead_source", "spin_source", "nonspin_source"]] == "file").all(axis=None)
    north = market_prices(Scenario(reserve_zone="NP26"), NOVEMBER, raw, services=offline)
    np.testing.assert_allclose(north["spin_usd_per_mw_h"] - table["spin_usd_per_mw_h"], 6.0, atol=1e-4)


def test_reserve_files_without_all_nested_regions_are_refused(raw: Path, drop: Drop, offline: Services) -> None:
    drop(reserve_report(JULY.start, JULY.end, "SR", ("AS_SP26", "AS_SP26_EXP")), "sr.zip")
    with pytest.raises(InputError, match=r"lack the region.s. AS_CAISO, AS_CAISO_EXP"):
        market_prices(Scenario(), JULY, raw, services=offline)
    assert len(REGIONS) == 6


def test_a_short_gap_is_filled_along_the_day_ahead_shape_and_marked(raw: Path, drop: Drop, offline: Services) -> None:
    report = price_report(JULY)
    gap = pd.date_range("2020-07-10T18:00Z", periods=4, freq="15min")
    drop(report[~report["INTERVALSTARTTIME_GMT"].isin(gap.strftime("%Y-%m-%dT%H:%M:00-00:00"))], "rt.zip")
    drop(month_report(JULY, day_ahead=True), "da.zip")
    table = market_prices(Scenario(source="file"), JULY, raw, services=offline).set_index("timestamp")
    assert (table.loc[gap, "lmp_source"] == "filled").all()
    assert (table["lmp_source"] == "filled").sum() == 4
    distance = table["lmp_usd_per_mwh"] - table["lmp_day_ahead_usd_per_mwh"]
    around = distance.loc["2020-07-10T17:45Z"], distance.loc["2020-07-10T19:00Z"]
    assert min(around) - 1e-9 <= distance.loc[gap].min() and distance.loc[gap].max() <= max(around) + 1e-9


def test_a_long_gap_is_drawn_and_marked_with_auto_and_an_error_with_file(
    raw: Path, drop: Drop, offline: Services
) -> None:
    drop(price_report(JULY, "2020-07-20T07:00Z"), "rt.zip")
    table = market_prices(Scenario(), JULY, raw, services=offline)
    assert table["lmp_source"].value_counts().to_dict() == {"file": 19 * 96, "synthetic": 12 * 96}
    assert table["lmp_seed"].notna().sum() == 12 * 96
    assert table["lmp_day_ahead_usd_per_mwh"].isna().all()
    with pytest.raises(InputError, match=r"1152 of 2976 intervals missing \(2020-07-20T00:00 to 2020-07-31T23:45\)"):
        market_prices(Scenario(source="file"), JULY, raw, services=offline)


def test_a_scenario_of_the_first_days_needs_files_of_these_days_only(raw: Path, drop: Drop, offline: Services) -> None:
    drop(lmp_report(JULY.start, "2020-07-04T07:00Z"), "rt.zip")
    table = market_prices(Scenario(source="file", first_days=3), JULY, raw, services=offline)
    assert len(table) == 3 * 96 and (table["lmp_source"] == "file").all()


def test_a_named_node_that_the_files_lack_is_an_error_that_names_what_they_hold(
    raw: Path, drop: Drop, offline: Services
) -> None:
    drop(day_report(JULY, node="HERE"), "rt.zip")
    with pytest.raises(InputError, match="node THERE is not in the files of 2020-07 in raw/oasis, which hold HERE"):
        market_prices(Scenario(node="THERE"), JULY, raw, services=offline)


def test_of_several_nodes_the_default_is_used_and_otherwise_one_must_be_named(
    raw: Path, drop: Drop, offline: Services
) -> None:
    drop(day_report(JULY, node="A"), "a.zip")
    drop(day_report(JULY, node="B"), "b.zip")
    with pytest.raises(InputError, match=r"several nodes \(A, B\); name one"):
        market_prices(Scenario(), JULY, raw, services=offline)
    assert (market_prices(Scenario(node="B"), JULY, raw, services=offline)["node"] == "B").all()
    drop(day_report(JULY, node=NODE), "c.zip")
    assert (market_prices(Scenario(), JULY, raw, services=offline)["node"] == NODE).all()


def test_two_different_prices_for_one_interval_are_refused(raw: Path, drop: Drop, offline: Services) -> None:
    report = day_report(JULY)
    drop(report, "a.zip")
    other = report.copy()
    other.loc[other["LMP_TYPE"] == "LMP", "PRC"] += 1
    drop(other.head(200), "b.csv")
    with pytest.raises(InputError, match="two prices for DLAP_SCE-APND LMP at 2020-07"):
        market_prices(Scenario(), JULY, raw, services=offline)


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"PK\x03\x04 broken", "x.zip", "not a readable zip"),
        (b"nonsense", "x.zip", "not a readable zip"),
        (b"<html>Sign in</html>", "x.zip", "is a web page, not prices"),
        (oasis_error(1000, "No data returned"), "x.zip", r"OASIS error 1000 \(No data returned\)"),
        (b"", "x.csv", "not a readable CSV"),
        (b"a,b\n1,2\n", "x.csv", "lacks the column.s. INTERVALSTARTTIME_GMT"),
        (b"INTERVALSTARTTIME_GMT,NODE,LMP_TYPE,PRC\nyesterday,N,LMP,5\n", "x.csv", "unreadable time or price"),
        (
            b"INTERVALSTARTTIME_GMT,NODE,LMP_TYPE,PRC\n2020-07-02T00:00:00-00:00,N,LMP,cheap\n",
            "x.csv",
            "unreadable time",
        ),
        (
            b"INTERVALSTARTTIME_GMT,NODE,LMP_TYPE,PRC,MARKET_RUN_ID\n2020-07-02T00:00:00-00:00,N,LMP,5,HASP\n",
            "x.csv",
            "is of market HASP",
        ),
    ],
)
def test_a_bad_file_is_one_sentence_that_names_it(
    content: bytes, name: str, sentence: str, raw: Path, drop: Drop, offline: Services
) -> None:
    drop(content, name)
    with pytest.raises(InputError, match=sentence) as caught:
        market_prices(Scenario(), JULY, raw, services=offline)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_files_of_other_months_are_not_opened(raw: Path, drop: Drop, offline: Services) -> None:
    drop(b"broken", "20230101_20230201_PRC_RTPD_LMP_RTPD.zip")
    assert len(market_prices(Scenario(), JULY, raw, services=offline)) == 2976


def test_a_month_that_has_not_ended_is_refused_unless_synthetic(raw: Path, offline: Services) -> None:
    coming = Month.parse(f"{NOW:%Y-%m}")
    for source in ("auto", "live", "file"):
        with pytest.raises(InputError, match="has not ended"):
            market_prices(Scenario(source=source), coming, raw, services=offline)
    assert len(market_prices(Scenario(source="synthetic"), coming, raw, services=offline)) > 2800


def test_source_file_without_files_says_where_to_put_them(raw: Path, offline: Services) -> None:
    with pytest.raises(InputError, match=r"no real-time prices of 2020-07 in .*oasis"):
        market_prices(Scenario(source="file"), JULY, raw, services=offline)


def test_without_network_the_live_step_is_short_and_says_so_once(
    raw: Path, offline: Services, caplog: pytest.LogCaptureFixture
) -> None:
    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        for month in ("2026-08", "2026-09"):
            market_prices(Scenario(), Month.parse(month), raw, services=offline)
    assert time.monotonic() - started < 5
    assert sum("cannot be reached" in r.message for r in caplog.records) == 1


def test_a_name_server_that_never_answers_costs_less_than_five_seconds(
    raw: Path, offline: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three services, each with a look-up that hangs, of a patience of a quarter."""
    assert network.OFFLINE_SECONDS < 5
    monkeypatch.setattr(network, "OFFLINE_SECONDS", network.OFFLINE_SECONDS / 4)
    monkeypatch.setattr(network, "_PROBE_SECONDS", network._PROBE_SECONDS / 4)

    def silent(*_: object, **__: object) -> None:
        time.sleep(7)
        raise socket.gaierror("no answer")

    monkeypatch.setattr("socket.getaddrinfo", silent)
    services, month = dataclasses.replace(offline, hosted_key="k", pvwatts_key="k"), Month.parse("2026-08")
    started = time.monotonic()
    oasis_live.fetch(raw, NODE, month, ["lmp"], services)
    hosted.fetch(raw, NODE, month, ["lmp"], services)
    with pytest.raises(InputError, match="cannot be reached"):
        pvwatts.typical_month(raw, month, services)
    assert time.monotonic() - started < 5 / 2


def test_a_transformed_real_price_is_not_called_real(raw: Path, drop: Drop, offline: Services) -> None:
    drop(price_report(JULY), "rt.zip")
    plain = market_prices(Scenario(), JULY, raw, services=offline)
    wild = market_prices(KNOWN_SCENARIOS["high_volatility"], JULY, raw, services=offline)
    assert wild["lmp_usd_per_mwh"].std() == pytest.approx(1.5 * plain["lmp_usd_per_mwh"].std(), rel=0.01)
    assert wild["lmp_usd_per_mwh"].mean() == pytest.approx(plain["lmp_usd_per_mwh"].mean())
    moved = wild["lmp_usd_per_mwh"] != plain["lmp_usd_per_mwh"]
    assert moved.mean() > 0.99
    assert (wild.loc[moved, "lmp_source"] == "synthetic").all()
    assert wild.loc[moved, "energy_lmp_usd_per_mwh"].isna().all()


def test_peak_prices_rise_from_16_to_21_and_nowhere_else(raw: Path) -> None:
    plain = market_prices(Scenario(source="synthetic"), JULY, raw)
    peak = market_prices(KNOWN_SCENARIOS["peak_demand"].model_copy(update={"source": "synthetic"}), JULY, raw)
    ratio = peak["lmp_usd_per_mwh"] / plain["lmp_usd_per_mwh"]
    hour = Period(JULY).local.hour
    inside = (hour >= 16) & (hour < 21) & (plain["lmp_usd_per_mwh"] > 0)
    assert np.allclose(ratio[inside], 1.5) and np.allclose(ratio[~inside], 1.0)


def test_a_price_that_no_market_has_is_refused_and_never_clipped(raw: Path, drop: Drop, offline: Services) -> None:
    report = price_report(JULY)
    report["PRC"] = np.where(report["LMP_TYPE"] == "LMP", report["PRC"] * 60, report["PRC"])
    drop(report, "rt.zip")
    high = market_prices(Scenario(), JULY, raw, services=offline)["lmp_usd_per_mwh"].max()
    assert high == pytest.approx(60 * price_at(Period(JULY).timestamps).max(), rel=1e-4)
    with pytest.raises(InputError, match=r"outside \[-1000, 5000\]"):
        market_prices(Scenario(transform=DataTransform(peak_price_factor=3)), JULY, raw, services=offline)
