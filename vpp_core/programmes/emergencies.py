"""Days of recorded emergencies of California's grid, 2020–2025: a Stage 2 or 3, an energy emergency alert, or a call
upon demand response because of one. A further day: one line. 2024 and 2025 have none here: none was found.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Emergency:
    """One local day, where it is recorded, and whether nobody could prepare for it."""

    day: str
    source: str
    without_notice: bool = False
    """declared on the evening itself; else taken to be announced the day before (a Flex Alert; assumption)"""


_HEAT_2022 = "assumption: within the heat wave of 31 August to 9 September 2022, with a Flex Alert each day"

EMERGENCIES = {
    one.day: one
    for one in (
        Emergency("2020-08-14", "Stage 3, rotating outages; Flex Alert before; California ISO, CBS Sacramento"),
        Emergency("2020-08-15", "Stage 3 from 18:27, nothing expected at 16:30; KQED", without_notice=True),
        Emergency("2020-08-17", "Stage 2 from about 15:30, Flex Alerts to 19 August; California ISO"),
        Emergency("2020-08-18", "assumption: Stage 2, within the same Flex Alerts"),
        Emergency("2020-09-05", "Stage 2; NBC San Diego"),
        Emergency("2020-09-06", "Stage 2; NBC San Diego, ABC10"),
        Emergency("2021-07-09", "assumption: Stage 2 as a fire took lines from Oregon", without_notice=True),
        Emergency("2022-08-17", "emergency load reduction called upon; Utility Dive"),
        *(Emergency(day, _HEAT_2022) for day in ("2022-08-31", "2022-09-01", "2022-09-02", "2022-09-03", "2022-09-04")),
        Emergency("2022-09-05", "emergency declaration of Monday evening; KESQ"),
        Emergency("2022-09-06", "EEA 2 from 16:00, EEA 3 from 17:17; American Public Power Association"),
        Emergency("2022-09-07", "Flex Alert extended; American Public Power Association"),
        *(Emergency(day, _HEAT_2022) for day in ("2022-09-08", "2022-09-09")),
        Emergency("2023-07-20", "assumption: an alert on the evening itself", without_notice=True),
        Emergency("2023-07-25", "EEA Watch from 19:26; California ISO", without_notice=True),
    )
}
