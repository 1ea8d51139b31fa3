"""The scenario record, its name and its fingerprint."""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from vpp_core.calendar import Month, Period
from vpp_core.devices import APPLIANCES
from vpp_core.errors import InputError, shortened
from vpp_core.iso import DEFAULT, ISOS, Iso, iso_of
from vpp_core.scenario import forms
from vpp_core.scenario.market_rules import FLEET_SHARE, MarketRules
from vpp_core.scenario.negotiation_rules import NegotiationRules
from vpp_core.scenario.programmes import Programme, programmes_of
from vpp_core.scenario.reliability import Reliability
from vpp_core.scenario.retail import TODAYS_MIX, mix_in_force, shipped_tariffs, tariffs_of
from vpp_core.scenario.rules import Rules
from vpp_core.scenario.tariff import Tariff
from vpp_core.scenario.transform import DataTransform
from vpp_core.strict_json import parse_json

NAME_PATTERN = r"[a-z][a-z0-9_-]{0,99}"

MAX_LOAD_PROFILES = 2048
"""Homes beyond share the loads of the first so many: that bounds the table of a month (6 million rows, 2 GB of memory
while it is made), and a fleet's load is smooth by then, whoever is in it."""

LOOK_AHEAD_DAYS = 2
"""Beyond the last day that is simulated: a plan reaches 38 hours from a gate, reserve is sold a day ahead."""


class Scenario(Rules):
    """Everything that makes a result, besides the month."""

    name: str = Field("reference", description="lower-case name, a folder in the lake")
    description: str = Field("California today: default fleet, prices, rules and tariffs", max_length=500)
    homes: int = Field(200, ge=1, le=1_000_000, description="homes in the fleet")
    seed: int = Field(42, ge=0, lt=2**32, description="draws the fleet")
    data_seed: int = Field(1, ge=0, lt=2**32, description="draws weather, synthetic prices and events")
    iso: str = Field(
        DEFAULT.key,
        description=f"market: {', '.join(ISOS)}; its rules, clock and place hold where nothing else is said",
        exclude_if=lambda key: key == DEFAULT.key,
    )
    node: str | None = Field(
        None,
        max_length=64,
        pattern=forms.NODE,
        description=f"pricing node, such as {DEFAULT.default_node}; none: the files' only one, else the market's",
    )
    source: Literal["auto", "live", "file", "synthetic"] = Field("auto", description="where prices come from")
    reserve_zone: str = Field(
        DEFAULT.reserve_zone,
        description="whose reserve regions add up to the node's reserve price; by default the market's first",
    )
    model_missing_reserves: bool = Field(
        True, description="model reserve prices on the real LMP where none are published; false leaves them empty"
    )
    longest_filled_gap_minutes: int = Field(
        60, ge=0, le=24 * 60, multiple_of=15, description="longest gap in real prices that is filled and marked [min]"
    )
    preference_strictness: float = Field(
        1.0,
        ge=0,
        le=3,
        description="scales what drawn homes withhold and ask: power, backup hours, discharge share, compensation; "
        "0: no such preferences, 1: as drawn",
    )
    appliance_shares: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {},
        description="shares of drawn homes with an appliance that the VPP may move, by kind: "
        + ", ".join(device.name for device in APPLIANCES),
    )
    reliability: Reliability = Reliability()
    transform: DataTransform = DataTransform()
    market: MarketRules = MarketRules()
    tariffs: tuple[Tariff, ...] = Field(
        TODAYS_MIX,
        min_length=1,
        max_length=20,
        description="what homes are billed by, with shares: own ones, or names of those that ship",
    )
    programmes: tuple[Programme, ...] = Field(
        (), max_length=10, description="what pays the fleet beside the market: names of those that ship, or own ones"
    )
    negotiation: NegotiationRules = NegotiationRules()
    first_days: int | None = Field(
        None, ge=1, le=31, description="only the month's first days; none, or more than it has: all"
    )
    strategies: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        max_length=50,
        description="which strategies are run beside no_vpp; none: all there are",
        exclude_if=lambda chosen: chosen is None,
    )

    @model_validator(mode="before")
    @classmethod
    def _as_the_market_has_it(cls, given: Any) -> Any:
        """What a scenario of another market than the default one does not say is as that market has it."""
        key = given.get("iso", DEFAULT.key) if isinstance(given, dict) else DEFAULT.key
        if not isinstance(key, str) or key == DEFAULT.key or key not in ISOS:
            return given
        iso = ISOS[key]
        market = given.get("market", {})
        if isinstance(market, dict):
            market = iso.market_rules() | market
        tariffs = {"tariffs": tariffs_of(iso)} if not {"tariff", "tariffs"} & set(given) else {}
        return {"reserve_zone": iso.reserve_zone, **tariffs, **given, "market": market}

    @model_validator(mode="before")
    @classmethod
    def _as_it_was_called(cls, given: Any) -> Any:
        """`water_heater_share`, a field of its own until there were other appliances."""
        if isinstance(given, dict) and "water_heater_share" in given:
            given = dict(given)
            share, shares = given.pop("water_heater_share"), given.get("appliance_shares", {})
            given["appliance_shares"] = {"water_heater": share} | shares if isinstance(shares, dict) else shares
        return given

    @field_validator("appliance_shares")
    @classmethod
    def _known_appliances(cls, shares: dict[str, float]) -> dict[str, float]:
        known = [device.name for device in APPLIANCES]
        if unknown := sorted(set(shares) - set(known)):
            raise ValueError(f"{unknown[0]!r} is no appliance; known are {', '.join(known)}")
        return {name: shares[name] for name in known if shares.get(name)}

    @model_validator(mode="before")
    @classmethod
    def _one_tariff(cls, given: Any) -> Any:
        """`tariff`: one for all homes."""
        if isinstance(given, dict) and "tariff" in given and "tariffs" in given:
            raise ValueError("give tariff, one for all homes, or tariffs with shares, not both")
        if isinstance(given, dict) and "tariff" in given:
            given = {**given, "tariffs": (given["tariff"],)}
            del given["tariff"]
        return given

    @field_validator("iso")
    @classmethod
    def _known_market(cls, key: str) -> str:
        if key not in ISOS:
            raise ValueError(f"known markets are {', '.join(ISOS)}")
        return key

    @model_validator(mode="after")
    def _places_of_the_market(self) -> Scenario:
        iso = self.operator
        if self.reserve_zone not in iso.reserve_zones:
            known = ", ".join(iso.reserve_zones)
            raise ValueError(f"reserve_zone {self.reserve_zone!r} is none of {iso.name}'s: {known}")
        if self.node is not None and not re.fullmatch(iso.node_pattern, self.node):
            raise ValueError(f"node {self.node} is none of {iso.name}'s ({iso.node_means}: {iso.default_node})")
        return self

    @field_validator("tariffs", mode="before")
    @classmethod
    def _tariffs_by_name(cls, given: Any) -> Any:
        return shipped_tariffs(given)

    @field_validator("tariffs")
    @classmethod
    def _shares_of_all_homes(cls, tariffs: tuple[Tariff, ...]) -> tuple[Tariff, ...]:
        total = math.fsum(tariff.share for tariff in tariffs)
        if abs(total - 1) > 1e-9:
            raise ValueError(f"their shares add up to {total:g}; let them add up to 1")
        names = [tariff.name for tariff in tariffs]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two tariffs are named {min(twice)}; name them apart")
        return tariffs

    @field_validator("programmes", mode="before")
    @classmethod
    def _programmes_by_name(cls, given: Any) -> Any:
        return programmes_of(given)

    @field_validator("programmes")
    @classmethod
    def _named_apart(cls, programmes: tuple[Programme, ...]) -> tuple[Programme, ...]:
        names = [programme.name for programme in programmes]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two programmes are named {min(twice)}; name them apart")
        return programmes

    @field_validator("name")
    @classmethod
    def _safe_name(cls, name: str) -> str:
        if not re.fullmatch(NAME_PATTERN, name):
            raise ValueError(
                f"name {name!r} must be lower-case letters, digits, _ or -, start with a letter, 100 at most"
            )
        return name

    @field_validator("description")
    @classmethod
    def _one_line(cls, description: str) -> str:
        """It stands in tables, pages and terminals: nothing in it may act there."""
        acting = [letter for letter in description if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
        if acting:
            raise ValueError(f"the character U+{ord(acting[0]):04X} cannot be shown; write one line of plain text")
        return description

    def __str__(self) -> str:
        """What a person asks of it first, and where it differs from the defaults; `to_json` has all."""
        days = f", {self.days_in_words}" if self.days_in_words else ""
        place = f"{self.operator.name} at {self.node or self.operator.default_node}"
        told = ("name", "description", "homes", "seed", "iso", "node", "first_days", "tariffs")
        changed = [text for text in _changes(self.model_dump(), _DEFAULTS) if text.partition("=")[0] not in told]
        if self.tariffs != TODAYS_MIX:
            changed.append("tariffs " + ", ".join(f"{tariff.name} {tariff.share:.0%}" for tariff in self.tariffs))
        other = f"; {', '.join(changed)}" if changed else ""
        homes = "1 home" if self.homes == 1 else f"{self.homes:,} homes"
        return f"{self.name}: {homes} (seed {self.seed}), {place}{days}{other}"

    @property
    def days_in_words(self) -> str:
        """Which part of a month is simulated, such as `first 6 days`; nothing where it is all."""
        if self.first_days is None:
            return ""
        return "first day" if self.first_days == 1 else f"first {self.first_days} days"

    def __repr__(self) -> str:
        return f"<Scenario {self}>"

    def __hash__(self) -> int:
        """Equal ones alike; shares of appliances are a mapping, which has no hash of its own."""
        return hash((self.name, self.homes, self.seed, self.data_seed, self.negotiation))

    @property
    def operator(self) -> Iso:
        """The market's record."""
        return iso_of(self.iso)

    def month(self, month: str | Month) -> Month:
        """Give a month as one of this scenario's market.

        Parameters
        ----------
        month : str or Month
            A month such as `2023-08`.

        Returns
        -------
        Month
            In the market's time zone.
        """
        return (Month.parse(month) if isinstance(month, str) else month).of(self.iso)

    def period(self, month: str | Month) -> Period:
        """Give the intervals that this scenario simulates of a month.

        Parameters
        ----------
        month : str or Month
            A month such as `2023-08`.

        Returns
        -------
        Period
            The month, or its first days.
        """
        return Period.of(self.month(month), self.first_days)

    def known_period(self, month: str | Month, intervals: int | None = None) -> Period:
        """Give the intervals that tables of prices, sun and load hold for it.

        Plans look ahead, and what is sold for a day is sold the day before. Where only the first days of a month are
        simulated the tables hold two days more, as far as the month goes, so that these days are those of the month.

        Parameters
        ----------
        month : str or Month
            A month such as `2023-08`.
        intervals : int, optional
            How many a table holds: where that is less, the period alone.

        Returns
        -------
        Period
            The period, or days more of the same month.
        """
        period = self.period(month)
        if self.first_days is None:
            return period
        longer = Period.of(self.month(month), self.first_days + LOOK_AHEAD_DAYS)
        return longer if intervals is None or intervals >= len(longer) else period

    def in_month(self, month: Month) -> Scenario:
        """Give the scenario as it holds in a month.

        Rules for a fleet of its size, today's mix of tariffs as it was, and the whole month where its first days are
        all that the month has.

        Parameters
        ----------
        month : Month
            Which month.

        Returns
        -------
        Scenario
            Often itself.

        Raises
        ------
        InputError
            Where the month is from before the market began, or the rules of then do not go together.
        """
        month = self.month(month)
        try:
            rules = self.market.in_month(month)
        except ValidationError as error:
            raise InputError(f"scenario {self.name} in {month}: {describe_validation_error(error)}") from None
        if rules.fleet_share == FLEET_SHARE and self.homes >= rules.homes_per_aggregation:
            rules = rules.model_copy(update={"fleet_share": 1.0})
        tariffs = self.tariffs
        if self.market.rulebook == "historical" and tariffs == TODAYS_MIX:
            tariffs = mix_in_force(date(month.year, month.month, 1))
        first_days = self.first_days
        if first_days is not None and Period(month, first_days).timestamps[-1] == Period(month).timestamps[-1]:
            first_days = None  # 30 days of a February: all of it, and told as such
        if (rules, tariffs, first_days) == (self.market, self.tariffs, self.first_days):
            return self
        return self.model_copy(update={"market": rules, "tariffs": tariffs, "first_days": first_days})

    def to_json(self) -> str:
        """Write canonical JSON: same scenario, same bytes.

        Returns
        -------
        str
            Indented, with sorted keys.
        """
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, content: str | bytes, where: str = "the scenario") -> Scenario:
        """Read a scenario.

        Parameters
        ----------
        content : str or bytes
            JSON.
        where : str, optional
            What it is called where something is wrong with it.

        Returns
        -------
        Scenario
            Validated.

        Raises
        ------
        InputError
            One sentence that names `where` and the field at fault.
        """
        try:
            return cls.model_validate(parse_json(content))
        except ValidationError as error:
            raise InputError(f"{where} is not a valid scenario: {describe_validation_error(error)}") from None
        except InputError as error:
            raise InputError(f"{where} is not a valid scenario: {error}") from None

    def fingerprint(self) -> str:
        """Digest the content without name and description.

        Returns
        -------
        str
            12 hexadecimal digits.
        """
        content = self.model_dump(mode="json", exclude={"name", "description"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


LONGEST_VALUE = 60
"""Characters of a changed value that are shown of a scenario."""
_DEFAULTS = Scenario().model_dump()


def _changes(content: dict[str, Any], default: dict[str, Any], path: str = "") -> list[str]:
    """Fields that differ, as `path=value`."""
    found: list[str] = []
    for name, value in content.items():
        usual = default.get(name)
        if value == usual:
            continue
        if isinstance(value, dict) and isinstance(usual, dict) and name != "home_tactics":
            found += _changes(value, usual, f"{path}{name}.")
        else:
            found.append(f"{path}{name}={shortened(str(value), LONGEST_VALUE)}")
    return found


MAX_FAULTS, LONGEST_FAULT = 3, 200
"""How much of a file that is wrong all over is told: faults, and characters of each."""
_IN_WORDS_OF_JSON = {
    "extra_forbidden": "no such field in this version",
    "model_type": "it should be an object, in braces",
    "dict_type": "it should be an object, in braces",
    "tuple_type": "it should be a list, in square brackets",
    "too_short": "it holds too few entries",
    "too_long": "it holds too many entries",
    "string_type": "it should be text, in quotation marks",
    "int_parsing_size": "it is too large a number",
}
"""What whoever writes JSON calls it, where validation speaks of Python's types."""


def describe_validation_error(error: ValidationError) -> str:
    """Tell each fault as `field: reason`, without echoing what was put in (it may be private).

    Parameters
    ----------
    error : pydantic.ValidationError
        What validation found.

    Returns
    -------
    str
        Faults parted by semicolons, the first few of many.
    """
    faults = error.errors(include_input=False, include_url=False)
    # A list whose entries are at fault is empty once they are left out: that says nothing more.
    faults = [
        f
        for f in faults
        if f["type"] != "too_short" or not any(f["loc"] == o["loc"][:-1][: len(f["loc"])] for o in faults)
    ]
    parts = []
    for fault in faults[:MAX_FAULTS]:
        field = ".".join(str(part) for part in fault["loc"])
        reason = fault["msg"].removeprefix("Value error, ")
        reason = _IN_WORDS_OF_JSON.get(fault["type"], reason)
        if fault["type"] == "string_pattern_mismatch":
            reason = forms.IN_WORDS.get(fault["ctx"]["pattern"], reason)
        parts.append(shortened(f"{field}: {reason}" if field else reason, LONGEST_FAULT))
    further = len(faults) - MAX_FAULTS
    return "; ".join([*parts, f"and {further} more"] if further > 0 else parts)
