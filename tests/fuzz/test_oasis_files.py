"""Made OASIS downloads: valid ones wrapped in every way, and spoilt ones, whose truth the generator knows."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from typing import Any

import numpy as np
import pandas as pd

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from tests.fuzz.spoil import spoilt
from vpp_core.calendar import Month
from vpp_core.sources.oasis_files import read_bytes
from vpp_core.sources.price_rows import PriceRows

MONTH = Month.parse("2023-08")
NOW = pd.Timestamp("2026-01-01", tz="UTC")
ENERGY = {"LMP": "LMP_PRC", "MCE": "LMP_ENE_PRC", "MCC": "LMP_CONG_PRC", "MCL": "LMP_LOSS_PRC", "MGHG": "LMP_GHG_PRC"}
RESERVE = {"SR": "SP_CLR_PRC", "NR": "NS_CLR_PRC"}
NOT_SOLD = {"RU": "RU_CLR_PRC", "RD": "RD_CLR_PRC"}
KINDS = {
    "real-time LMP": ("15min", "RTPD", "PRC", "NODE", "LMP_TYPE", ENERGY),
    "day-ahead LMP": ("1h", "DAM", "MW", "NODE", "LMP_TYPE", ENERGY),
    "reserve prices": ("1h", "DAM", "MW", "ANC_REGION", "ANC_TYPE", RESERVE | NOT_SOLD),
}
Truth = dict[tuple[str, str, str, int], float]


def report(rng: random.Random) -> tuple[pd.DataFrame, Truth]:
    """A report of some hours and what it says: (report, name, item, start) → price."""
    kind = rng.choice(list(KINDS))
    step, market, price_column, name_column, kind_column, items = KINDS[kind]
    start = MONTH.start + pd.Timedelta(hours=rng.randrange(-3, 700))
    stamps = pd.date_range(start, periods=rng.randint(1, 12), freq=step)
    rows: list[dict[str, Any]] = []
    truth: Truth = {}
    for name in rng.sample(["DLAP_SCE-APND", "AS_CAISO", "NODE_1_N001"], rng.randint(1, 2)):
        for item in rng.sample(sorted(items), rng.randint(1, len(items))):
            for stamp in stamps:
                price = round(rng.uniform(0, 900) if kind.startswith("reserve") else rng.uniform(-900, 2000), 5)
                rows.append(
                    {
                        "INTERVALSTARTTIME_GMT": stamp.strftime("%Y-%m-%dT%H:%M:00-00:00"),
                        "INTERVALENDTIME_GMT": (stamp + pd.Timedelta(step)).strftime("%Y-%m-%dT%H:%M:00-00:00"),
                        "OPR_HR": 1,
                        name_column: name,
                        "MARKET_RUN_ID": market,
                        kind_column: item,
                        "XML_DATA_ITEM": items[item],
                        price_column: price,
                    }
                )
                if MONTH.start <= stamp < MONTH.end and item not in NOT_SOLD:
                    truth[(kind, name, item, stamp.value)] = price
    rng.shuffle(rows)
    return pd.DataFrame(rows), truth


def says(found: list[PriceRows]) -> Truth:
    return {
        (one.report, row.name_, row.item, row.timestamp.value): row.price
        for one in found
        for row in one.rows.rename(columns={"name": "name_"}).itertuples()
    }


def wrapped(text: bytes, rng: random.Random) -> bytes:
    """As a person may have it: plain, zipped, zipped on a Mac, zipped twice, gzipped."""
    way = rng.randrange(5)
    if way == 0:
        return text
    if way == 1:
        return gzip.compress(text)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", text)
        if way == 2:
            archive.writestr("__MACOSX/._a.csv", b"\0\5\26\7")
        if way == 3:
            archive.writestr("read me.txt", "hello")
    if way < 4:
        return whole.getvalue()
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("inner.zip", whole.getvalue())
    return outer.getvalue()


def saved(table: pd.DataFrame, rng: random.Random) -> bytes:
    """As programs save it: columns in any order, other delimiters, quotes, encodings, line ends."""
    table = table[rng.sample(list(table.columns), len(table.columns))]
    if rng.random() < 0.2:
        table = table.rename(columns=str.lower)
    if rng.random() < 0.2:
        table = pd.concat([table, table.head(3)])
    text = table.to_csv(
        index=False,
        sep=rng.choice([",", ",", ";", "\t"]),
        quoting=rng.choice([0, 0, 1]),
        lineterminator=rng.choice(["\n", "\r\n"]),
    )
    return text.encode(rng.choice(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))


def valid_oasis(rng: random.Random) -> Trial:
    table, truth = report(rng)
    if not truth and not table.iloc[:, -2].isin([*ENERGY.values(), *RESERVE.values()]).any():
        return valid_oasis(rng)
    content = wrapped(saved(table, rng), rng)
    return Trial(
        f"{table.head(3).to_csv(index=False)} in {len(content)} bytes, {content[:40]!r}",
        lambda: says(read_bytes(content, "it", MONTH, NOW)),
        lambda answer: None if answer == truth else f"{len(answer)} prices for {len(truth)}",
        must_read=True,
    )


def spoilt_oasis(rng: random.Random) -> Trial:
    """Spoilt in ways that may also change a number into another: whatever happens, it ends in rows or a sentence."""
    table, _ = report(rng)
    content = wrapped(spoilt(table.to_csv(index=False).encode(), rng), rng)
    if rng.random() < 0.3:
        content = spoilt(content, rng)
    return Trial(repr(content[:1500]), lambda: says(read_bytes(content, "it.zip"[: rng.choice([2, 6])], MONTH, NOW)))


def other_report(rng: random.Random) -> Trial:
    """A report of something else, in the columns of prices: nothing of it may come out as a price."""
    table, _ = report(rng)
    change = rng.choice(["item", "market", "step", "price"])
    if change == "item":
        table["XML_DATA_ITEM"] = rng.choice(["SP_REQ_MIN_MW", "NS_REQ_MAX_MW", "SYS_FCST_DA_MW", "SP_SELF_MW", "X"])
    elif change == "market":
        table["MARKET_RUN_ID"] = rng.choice(["RTM", "HASP", "RUC", "2DA", "ACTUAL"])
    elif change == "step":
        table["INTERVALENDTIME_GMT"] = table["INTERVALSTARTTIME_GMT"].str.replace(":00:00-", ":05:00-")
    else:
        column = "PRC" if "PRC" in table else "MW"
        table[column] = table[column].astype(object)
        table.loc[rng.randrange(len(table)), column] = rng.choice(
            ["1e9", "inf", "NaN", "-inf", "25000000", "1,0", "0x10"]
        )
        if table["XML_DATA_ITEM"].isin(NOT_SOLD.values()).any():
            return other_report(rng)
    content = wrapped(table.to_csv(index=False).encode(), rng)
    return Trial(
        f"{change}: {table.head(3).to_csv(index=False)}",
        lambda: says(read_bytes(content, "it", MONTH, NOW)),
        lambda answer: f"{len(answer)} prices of what has none" if answer else None,
    )


def test_valid_downloads_are_read_to_the_last_price(fuzz: Fuzz) -> None:
    fuzz(valid_oasis, quick=8)


def test_spoilt_downloads_never_end_in_a_traceback(fuzz: Fuzz) -> None:
    fuzz(spoilt_oasis, quick=8)


def test_other_reports_never_give_prices(fuzz: Fuzz) -> None:
    fuzz(other_report, quick=8)


def test_the_generator_makes_prices_at_all() -> None:
    assert np.mean([bool(report(random.Random(seed))[1]) for seed in range(50)]) > 0.8
