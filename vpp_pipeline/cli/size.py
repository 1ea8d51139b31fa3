"""What a large fleet takes, said before it is run, and refused where the machine's memory cannot hold it.

The constants were measured and are per home and interval of 15 minutes, which memory, disk and time grow with. They
are for one run, by the rules; what a language model takes is said apart. A fleet of several aggregations is held one
aggregation a worker, and by its households' months where all comes together.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vpp_core.errors import InputError
from vpp_core.scenario import MAX_LOAD_PROFILES, Scenario

LARGE_HOME_INTERVALS = 1_000 * 31 * 96
"""from a thousand homes over a month on, it is told"""
BASE_MEMORY_BYTES = 0.8e9
"""libraries and what the compiler holds: 796 MB at most with 50 homes over two days"""
SHARD_BYTES = 200.0
"""per home and interval of an aggregation, in a worker, which holds inputs and a day of one strategy: 1.22 GB with
2,000 homes left alone over a month, so 124 beside what libraries take; a bound's schedules are 60 more"""
MERGED_BYTES, MERGED_DAY_BYTES = 10_000.0, 260.0
"""per home, and per home and day, where all aggregations come together: 8 strategies of 300 bytes and a gain a day of 8
in a table, some four times at once while figures are made of it (assumption)"""
MEMORY_BYTES = 500.0
"""per home and interval of a fleet of one aggregation: as a worker, and the households' days of all strategies, 350
bytes each, some eight times at once while figures are made of them (assumption)"""
LOAD_BYTES = 312.0
"""per load profile and interval, while the loads are made: 1.9 GB for 2,048 profiles over a month"""
BASE_DISK_BYTES = 10e6
DISK_BYTES = 15.0
"""per home and interval: 8.8 MB with 200 homes over a month, beside prices, forecast and report"""
BASE_SECONDS = 50.0
SECONDS = 1.0e-4
"""per home and interval: 112 s with 200 homes over a month on a core of its own, 50 of them compiling and starting"""
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True)
class Size:
    """What a run takes, about."""

    homes: int
    days: int
    memory_bytes: float
    disk_bytes: float
    seconds: float

    @classmethod
    def of(cls, scenario: Scenario, month: str, place: str | None = None) -> Size:
        """Of a month, a large fleet's aggregations being run at `place` (`shards.pools`), else where VPP_ON says."""
        intervals = len(scenario.period(month))
        home_intervals, home_days = scenario.homes * intervals, scenario.homes * len(scenario.period(month).days)
        making_loads = LOAD_BYTES * min(scenario.homes, MAX_LOAD_PROFILES) * intervals
        memory = BASE_MEMORY_BYTES + max(MEMORY_BYTES * home_intervals, making_loads)
        together = scenario.market.homes_per_aggregation
        if scenario.homes > together:
            aggregations = -(-scenario.homes // together)
            each = BASE_MEMORY_BYTES + SHARD_BYTES * together * intervals
            memory = BASE_MEMORY_BYTES + max(MERGED_BYTES * scenario.homes + MERGED_DAY_BYTES * home_days, making_loads)
            memory += workers_here(place or os.environ.get("VPP_ON") or "processes", aggregations) * each
        return cls(
            homes=scenario.homes,
            days=len(scenario.period(month).days),
            memory_bytes=memory,
            disk_bytes=BASE_DISK_BYTES + DISK_BYTES * home_intervals,
            seconds=BASE_SECONDS + SECONDS * home_intervals,
        )

    def __str__(self) -> str:
        minutes = self.seconds / 60
        time = f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
        return (
            f"{self.homes:,} homes over {self.days} days take about {gigabytes(self.memory_bytes)} of memory, "
            f"{gigabytes(self.disk_bytes)} of disk and very roughly {time} of one core"
        )


def workers_here(place: str, aggregations: int) -> int:
    """How many aggregations this machine holds at once, beside the process where all comes together."""
    if place.startswith("ray://"):
        return 0
    if place == "here":
        return 1
    wanted = place.partition(":")[2]
    return min(int(wanted) if wanted.isdigit() else os.cpu_count() or 1, aggregations)


def gigabytes(number: float) -> str:
    """An amount of bytes for people."""
    return f"{number / 1e9:,.0f} GB" if number >= 10e9 else f"{number / 1e9:.1f} GB"


def size_to_tell(scenario: Scenario, month: str, jobs: int = 1, place: str | None = None) -> str | None:
    """What the run takes, if that is much; an `InputError` where `jobs` of its kind at once need more memory than
    there is.
    """
    size = Size.of(scenario, month, place)
    memory = memory_bytes()
    if memory is not None and size.memory_bytes * jobs > memory:
        at_once = f"; {jobs} at once do not fit" if jobs > 1 else ", more than there is"
        raise InputError(
            f"{size}{at_once}: this machine has {gigabytes(memory)} of memory; take fewer --homes, --first-days"
            + (" or --jobs" if jobs > 1 else ", or a larger machine")
        )
    large = scenario.homes * len(scenario.period(month)) >= LARGE_HOME_INTERVALS
    return f"{size}, estimated from runs of 50 to 1,500 homes" if large else None


def memory_bytes() -> float | None:
    """The memory of the machine, or of the container if that is held to less; None where neither is known."""
    known: list[float] = []
    with suppress(OSError, ValueError, AttributeError):  # no such question on Windows
        known.append(float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")))
    for limit in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # "max" where there is no limit
            known.append(float(limit.read_text()))
    return min(known, default=None)
