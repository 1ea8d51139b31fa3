"""Invented prices in the forms of ERCOT's public reports: hours by their local end, the repeated one flagged."""

from __future__ import annotations

import io

import numpy as np
import openpyxl
import pandas as pd

from tests.sources.stand_in import price_at
from vpp_core.calendar import Month, Period
from vpp_core.iso import ERCOT

ZONE = "LZ_HOUSTON"


def month_of(text: str) -> Month:
    return Month.parse(text).of(ERCOT.key)


def _stamps(month: Month, freq: str) -> pd.DatetimeIndex:
    return pd.date_range(month.start, month.end, freq=freq, inclusive="left")


def _columns(stamps: pd.DatetimeIndex) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Local clock times, and the flag of the second of two that look alike."""
    local = stamps.tz_convert(ERCOT.timezone)
    plain = local.tz_localize(None)
    return plain, np.where(plain.duplicated(), "Y", "N")


def real_time(month: Month, zone: str = ZONE) -> pd.DataFrame:
    """NP6-905, the intervals of a month in one table: the zone twice, once weighted by energy, and a resource node."""
    stamps = _stamps(month, "15min")
    plain, flag = _columns(stamps)
    table = pd.DataFrame(
        {
            "DeliveryDate": plain.strftime("%m/%d/%Y"),
            "DeliveryHour": plain.hour + 1,
            "DeliveryInterval": plain.minute // 15 + 1,
            "SettlementPointName": zone,
            "SettlementPointType": "LZ",
            "SettlementPointPrice": price_at(stamps),
            "DSTFlag": flag,
        }
    )
    weighted = table.assign(SettlementPointType="LZEW", SettlementPointPrice=1.0)
    node = table.assign(SettlementPointName="ACACIA_UNIT_1", SettlementPointType="RN", SettlementPointPrice=2.0)
    return pd.concat([table, weighted, node]).sample(frac=1, random_state=1)


def day_ahead(month: Month, zone: str = ZONE) -> pd.DataFrame:
    """NP4-190."""
    stamps = _stamps(month, "1h")
    plain, flag = _columns(stamps)
    return pd.DataFrame(
        {
            "DeliveryDate": plain.strftime("%m/%d/%Y"),
            "HourEnding": [f"{hour + 1:02d}:00" for hour in plain.hour],
            "SettlementPoint": zone,
            "SettlementPointPrice": price_at(stamps, day_ahead=True),
            "DSTFlag": flag,
        }
    )


def reserves(month: Month) -> pd.DataFrame:
    """NP4-188: a row per hour and service; of RRS a fifth of the price, of ECRS a tenth."""
    stamps = _stamps(month, "1h")
    plain, flag = _columns(stamps)
    tables = [
        pd.DataFrame(
            {
                "DeliveryDate": plain.strftime("%m/%d/%Y"),
                "HourEnding": [f"{hour + 1:02d}:00" for hour in plain.hour],
                "AncillaryType": service,
                "MCPC": np.round(price_at(stamps).clip(0) * share, 2),
                "DSTFlag": flag,
            }
        )
        for service, share in {"REGDN": 0.5, "RRS": 0.2, "NSPIN": 0.05, "ECRS": 0.1}.items()
    ]
    return pd.concat(tables)


def workbook(month: Month) -> bytes:
    """NP6-785, a year in a workbook: the month's own sheet, and one of another month, some rows of wrong prices."""
    table = real_time(month).rename(
        columns={
            "DeliveryDate": "Delivery Date",
            "DeliveryHour": "Delivery Hour",
            "DeliveryInterval": "Delivery Interval",
            "DSTFlag": "Repeated Hour Flag",
            "SettlementPointName": "Settlement Point Name",
            "SettlementPointType": "Settlement Point Type",
            "SettlementPointPrice": "Settlement Point Price",
        }
    )
    book = openpyxl.Workbook(write_only=True)
    wrong = table.head(300).assign(**{"Settlement Point Price": 7.0})
    for name, rows in {"Nov": table, "Dec": wrong}.items():
        sheet = book.create_sheet(name)
        sheet.append(list(rows.columns))
        for row in rows.itertuples(index=False):
            sheet.append([cell.item() if isinstance(cell, np.generic) else cell for cell in row])
    whole = io.BytesIO()
    book.save(whole)
    return whole.getvalue()


def as_gridstatus_saves(month: Month, zone: str = ZONE) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Real-time prices and reserves, as its methods for ERCOT return them."""
    stamps, hours = _stamps(month, "15min"), _stamps(month, "1h")
    local, hour = stamps.tz_convert(ERCOT.timezone), hours.tz_convert(ERCOT.timezone)
    energy = pd.DataFrame(
        {
            "Interval Start": local,
            "Interval End": local + pd.Timedelta("15min"),
            "Location": zone,
            "Location Type": "Load Zone",
            "Market": "REAL_TIME_15_MIN",
            "SPP": price_at(stamps),
        }
    )
    price = price_at(hours).clip(0)
    services = pd.DataFrame(
        {
            "Interval Start": hour,
            "Market": "DAM",
            "Non-Spinning Reserves": price * 0.05,
            "Responsive Reserves": np.round(price * 0.2, 2),
            "ERCOT Contingency Reserve Service": np.round(price * 0.1, 2),
        }
    )
    return energy, services


def expected(month: Month) -> np.ndarray:
    """What the real-time price of the month is."""
    return price_at(Period(month).timestamps)
