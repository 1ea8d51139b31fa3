"""Programmes that pay a fleet beside the market, and those that ship, with their sources.

A further one that ships: one entry of `PROGRAMMES`. What no source was found for says *assumption*.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from vpp_core.scenario import forms
from vpp_core.scenario.rules import Rules

Rate = Annotated[float, Field(ge=0, le=10_000)]
Baseline = Literal["none", "5_in_10", "5_in_10_adjusted", "10_in_10", "10_in_10_adjusted", "control_group"]
RATES = ("usd_per_kw_month", "usd_per_kwh", "usd_per_home_month")


class Programme(Rules):
    """What has events when, what is measured at them against which baseline, and what is paid to whom.

    Exactly one of the three rates is given: one value for all months, or one for each.
    """

    name: str = Field("own", pattern=forms.OWN_NAME, description="lower-case name that its money is told under")
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = Field((), description="months in which it runs, 1 to 12")
    usd_per_kw_month: tuple[Rate, ...] = Field(
        (), description="pay for the mean power beyond the baseline over all of a month's events [$/kW]"
    )
    usd_per_kwh: tuple[Rate, ...] = Field(
        (), description="pay for energy beyond the baseline; a home's event with less than nothing pays nothing [$/kWh]"
    )
    usd_per_home_month: tuple[Rate, ...] = Field(
        (), description="pay for each home that takes part, as far as its devices were in reach at events [$]"
    )
    hours: tuple[Annotated[int, Field(ge=0, le=23)], Annotated[int, Field(ge=1, le=24)]] = Field(
        (16, 21), description="local hours that events lie within"
    )
    event_hours: int = Field(2, ge=1, le=24, description="length of an event: the hours dearest day ahead [h]")
    day_ahead_above_usd_per_mwh: float | None = Field(
        None, description="an event on days with a day-ahead price in these hours above this [$/MWh]"
    )
    emergencies: bool = Field(False, description="an event on days of a recorded emergency of the grid")
    drawn_events_per_month: int = Field(0, ge=0, le=28, description="events on days drawn by the data seed")
    test_event: bool = Field(
        False, description="a month without an event up to its last week has one on that week's first weekday"
    )
    most_events_per_month: int = Field(31, ge=1, le=31, description="events beyond are not called")
    measured: Literal["battery", "meter"] = Field(
        "battery", description="what is measured: the home's battery, charging counted against it, or its meter"
    )
    baseline: Baseline = Field("none", description="what counts only beyond: nothing, or what a method expects")
    household_share: float = Field(0.5, ge=0, le=1, description="the households' share of the money")

    @field_validator(*RATES, "months", mode="before")
    @classmethod
    def _one_is_some(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value

    @field_validator("months")
    @classmethod
    def _each_once(cls, months: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(months)) < len(months):
            raise ValueError("a month is named twice; name each once")
        return months

    @model_validator(mode="after")
    def _complete(self) -> Programme:
        if not self.months:
            raise ValueError(f"programme {self.name} has no months; name those in which it runs, such as [5, 6, 7]")
        given = [name for name in RATES if getattr(self, name)]
        if len(given) != 1:
            told = f"has {len(given)} rates" if given else "pays nothing"
            raise ValueError(f"programme {self.name} {told}; give one of {', '.join(RATES)}")
        rates = getattr(self, given[0])
        if len(rates) not in (1, len(self.months)):
            raise ValueError(
                f"programme {self.name} has {len(rates)} values of {given[0]} for {len(self.months)} months; "
                "give one, or one for each month"
            )
        first, end = self.hours
        if end - first < self.event_hours:
            raise ValueError(
                f"programme {self.name} has events of {self.event_hours} h within hours {first} to {end}; let them fit"
            )
        if self.measured == "meter" and self.baseline == "none" and not self.usd_per_home_month:
            raise ValueError(f"programme {self.name} measures the meter; name a baseline for it")
        triggered = self.day_ahead_above_usd_per_mwh is not None or self.emergencies
        if not (triggered or self.drawn_events_per_month or self.test_event or self.usd_per_home_month):
            raise ValueError(
                f"programme {self.name} never has an event; give day_ahead_above_usd_per_mwh, emergencies, "
                "drawn_events_per_month or test_event"
            )
        return self

    def rate(self, name: str, month: int) -> float:
        """Find one of the rates in a month of the year.

        Parameters
        ----------
        name : str
            One of `RATES`, which has the unit.
        month : int
            1 to 12.

        Returns
        -------
        float
            0 where the programme does not run or pays otherwise.
        """
        values: tuple[float, ...] = getattr(self, name)
        if month not in self.months or not values:
            return 0.0
        return values[self.months.index(month)] if len(values) > 1 else values[0]


DSGS = Programme(
    name="dsgs_option_3",
    months=(5, 6, 7, 8, 9, 10),
    usd_per_kw_month=(7.00, 7.25, 13.10, 14.04, 14.97, 8.19),
    day_ahead_above_usd_per_mwh=200.0,
    emergencies=True,
    test_event=True,
)
"""Demand Side Grid Support, option 3, of the California Energy Commission: rates of May to October, trigger, hours and
the two-hour capacity as its guidelines have them; a month without an event is shown by a test. Assumptions: the
battery's output counts whole (the guidelines take off a prescribed one of homes alike), a test's day, half for
households."""
ELRP = Programme(
    name="elrp_residential",
    months=(5, 6, 7, 8, 9, 10),
    usd_per_kwh=(2.0,),
    event_hours=5,
    emergencies=True,
    measured="meter",
    baseline="5_in_10_adjusted",
)
"""Emergency Load Reduction Program: May to October, any day, 16 to 21 h, after an alert or emergency of the grid
operator; $2 a kWh by CPUC decision D.21-12-015 (residential customers have had $1 since D.23-12-005: then set
`usd_per_kwh`). Assumptions: the baseline, events of all five hours, that it is paid through the aggregator, as its
group of virtual power plants is, half for households."""
PROGRAMMES = {programme.name: programme for programme in (DSGS, ELRP)}
"""By name; a scenario names them, or writes its own."""


def programmes_of(given: Any) -> Any:
    """Put records in the place of the names of programmes that ship.

    Parameters
    ----------
    given : Any
        A scenario's list of names and records; what is no list is left to validation.

    Returns
    -------
    Any
        A tuple, or what was no list.

    Raises
    ------
    ValueError
        Where no programme has that name.
    """
    if not isinstance(given, list | tuple):
        return given
    unknown = [one for one in given if isinstance(one, str) and one not in PROGRAMMES]
    if unknown:
        raise ValueError(
            f"no programme is called {unknown[0][:40]!r}; known are {', '.join(PROGRAMMES)}, or write one as an object"
        )
    return tuple(PROGRAMMES[one] if isinstance(one, str) else one for one in given)
