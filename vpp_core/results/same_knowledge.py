"""Negotiation beside the optimiser that knows and obeys the same: what share of its surplus, by source, and why.

The surplus of energy is deviation offered × share of it that cleared × what each cleared MWh of deviation brought; of
reserves, capacity committed × share of it that was held × what each held MW-h brought. Where negotiation stays clearly
behind, the factor that is furthest behind is named: it says where the money went, not who is to blame. Deviation counts
a car that is held off for hours in each of them, for both alike, and is bid for all stores together: so it explains the
energy of all of them, not of one kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_core.devices import APPLIANCES
from vpp_core.results.run import Run, once_a_run
from vpp_core.results.rungs import COMMANDED, NEGOTIATED
from vpp_core.results.statistics import Interval, ratio_interval, sum_interval
from vpp_core.results.text import NONE, interval, listed, percent, usd

OWN, OTHER = NEGOTIATED, COMMANDED
BEHIND = 0.85
"""Below this share a reason is given."""
_APPLIANCES = {f"surplus_{device.source}_usd": device.plural for device in APPLIANCES}
SOURCES = {
    "surplus_battery_usd": "battery energy",
    "surplus_ev_usd": "EVs",
    **_APPLIANCES,
    "surplus_reserves_usd": "reserves",
    "programme_usd": "programmes",
}
"""Columns of the key figures that add up to the surplus, where a run has them."""
_MIN_USD = 0.005
_MIN_SHARE = 0.01
"""A source below this share of the optimiser's surplus is too small for a ratio to mean anything."""


@dataclass(frozen=True)
class Beside:
    """One source, or the whole: both surpluses [$], and their ratio with its interval over days."""

    what: str
    column: str
    own_usd: float
    other_usd: float
    ratio: Interval | None
    """None where the optimiser earned nothing to compare with"""


@once_a_run
def beside(run: Run) -> list[Beside]:
    """The whole first, then each source the run has; empty where one of the two strategies was not run."""
    if not {OWN, OTHER} <= set(run.by_strategy.index):
        return []
    whole = run.figure(OTHER, "surplus_usd") or 0.0
    columns = {"surplus_usd": "in all"} | {name: what for name, what in SOURCES.items() if _is_there(run, name)}
    by_day_of = run.daily.set_index(["local_day", "strategy"])
    made = []
    for column, what in columns.items():
        own, other = (run.figure(key, column) or 0.0 for key in (OWN, OTHER))
        by_day = by_day_of[column].unstack()  # noqa: PD010
        days = by_day[[OWN, OTHER]].dropna().to_numpy(dtype=float)
        counts = other > max(_MIN_SHARE * whole, 0.01)
        made.append(Beside(what, column, own, other, ratio_interval(days[:, 0], days[:, 1]) if counts else None))
    return made


@dataclass(frozen=True)
class Difference:
    """How far negotiation is behind in one source [$], with its interval over days."""

    what: str
    column: str
    behind: Interval


def differences(run: Run) -> list[Difference]:
    """By source, in which negotiation is behind the other or ahead of it; empty where one was not run."""
    made = []
    for part in beside(run)[1:]:
        by_day = run.daily.set_index(["local_day", "strategy"])[part.column].unstack()  # noqa: PD010
        days = by_day[[OWN, OTHER]].dropna()
        if max(abs(part.own_usd), abs(part.other_usd)) > _MIN_USD:
            made.append(
                Difference(part.what, part.column, sum_interval((days[OTHER] - days[OWN]).to_numpy(dtype=float)))
            )
    return made


def bills_behind(run: Run) -> Interval | None:
    """By how much less homes' bills fell under negotiation than under the other [$]; None where one was not run."""
    if not {OWN, OTHER} <= set(run.by_strategy.index) or "bill_change_usd" not in run.daily:
        return None
    by_day = run.daily.set_index(["local_day", "strategy"])["bill_change_usd"].unstack()  # noqa: PD010
    days = by_day[[OWN, OTHER]].dropna()
    return sum_interval((days[OWN] - days[OTHER]).to_numpy(dtype=float))


def reason(run: Run, column: str) -> str:
    """Why negotiation is behind in a source, or in all, where it is clearly so; empty where it is not."""
    part = next((part for part in beside(run) if part.column == column), None)
    clearly = part is not None and part.ratio is not None and part.ratio.estimate < BEHIND
    return _reason(run, part) if part is not None and clearly else ""


def _is_there(run: Run, source: str) -> bool:
    """Whether the run tells this source apart; what most runs have none of, only where it earns."""
    rare = source in (*_APPLIANCES, "programme_usd")
    return source in run.kpis and (not rare or bool(run.kpis[source].abs().max() > _MIN_USD))


def beside_table(run: Run) -> pd.DataFrame:
    """Display rows of `beside`."""
    return pd.DataFrame(
        [
            {
                "source": part.what,
                OWN: usd(part.own_usd),
                OTHER: usd(part.other_usd),
                "share": percent(100 * part.ratio.estimate) if part.ratio else NONE,
                "95 % interval": _ends(part.ratio),
            }
            for part in beside(run)
        ]
    )


def _ends(ratio: Interval | None) -> str:
    if ratio is None or ratio.low is None or ratio.high is None:
        return NONE
    return f"{percent(100 * ratio.low)} to {percent(100 * ratio.high)}"


def beside_sentence(run: Run) -> str:
    """Share in all and by source, and the reason where it is below `BEHIND`."""
    parts = beside(run)
    if not parts or parts[0].ratio is None:
        return ""
    whole, *sources = parts
    ratio = whole.ratio
    assert ratio is not None
    hundred = Interval(100 * ratio.estimate, *(None if end is None else 100 * end for end in (ratio.low, ratio.high)))
    where = interval(hundred, percent)
    if ratio.low is None and run.days > 1:
        where = "no interval: in some mixes of these days the other earns nothing"
    told = [f"{percent(100 * part.ratio.estimate)} from {part.what}" for part in sources if part.ratio]
    by_source = f" ({listed(told)})" if told else ""
    sentence = (
        f"Negotiation made {percent(hundred.estimate)} ({where}) of the surplus of "
        f"{OTHER}, which knows and obeys the same{by_source}."
    )
    behind = [part for part in parts if part.ratio and part.ratio.estimate < BEHIND]
    if whole in behind:  # deviation is not told apart by source, so the whole's reason is that of all energy
        behind = [part for part in behind if part.column in ("surplus_usd", "surplus_reserves_usd")]
    reasons = [reason for part in behind if (reason := _reason(run, part))]
    return " ".join([sentence, *dict.fromkeys(filter(None, reasons))])


def _reason(run: Run, part: Beside) -> str:
    """The factor furthest behind, with its number: quantity offered, share cleared, or surplus per cleared unit; empty
    where none is.
    """
    if part.column == "programme_usd":
        return ""
    reserves = part.column == "surplus_reserves_usd"
    own_usd, other_usd = (part.own_usd, part.other_usd) if reserves else (_energy_usd(run, key) for key in (OWN, OTHER))
    (own_offered, own_cleared), (offered, cleared) = (_quantities(run, key, reserves) for key in (OWN, OTHER))
    unit = "MW-h held" if reserves else "MWh of deviation that cleared"
    did, part_of = ("committed", "was held") if reserves else ("offered", "cleared")
    what = "reserve" if reserves else "deviation"
    if min(offered, cleared, other_usd) <= 0:
        return ""
    subject = "It" if part.column == "surplus_usd" else "Its reserve" if reserves else "Its energy"
    if own_offered <= 0 or own_cleared <= 0:
        return f"{subject} stayed behind because it {did if own_offered <= 0 else 'cleared'} none."
    factors = {
        f"it {did} {percent(100 * own_offered / offered)} as much {what}": own_offered / offered,
        f"of what it {did} {percent(100 * own_cleared / own_offered)} {part_of}, against "
        f"{percent(100 * cleared / offered)}": (own_cleared / own_offered) / (cleared / offered),
        f"each {unit} brought {usd(own_usd / own_cleared)} against {usd(other_usd / cleared)}": (
            (own_usd / own_cleared) / (other_usd / cleared)
        ),
    }
    words = min(factors, key=lambda name: factors[name])
    return f"{subject} stayed behind mostly because {words}." if factors[words] < 1 else ""


def _energy_usd(run: Run, key: str) -> float:
    """The surplus but for what reserves and programmes brought [$]."""
    whole, *apart = (run.figure(key, name) or 0.0 for name in ("surplus_usd", "surplus_reserves_usd", "programme_usd"))
    return whole - sum(apart)


def _quantities(run: Run, key: str, reserves: bool) -> tuple[float, float]:
    """Deviation offered and cleared [MWh], or reserve committed and held [MW-h]."""
    kinds = ("spin", "nonspin") if reserves else ("sell", "buy")
    names = ("committed_{}_mw_h", "held_{}_mw_h") if reserves else ("offered_{}_mwh", "cleared_{}_mwh")
    offered, cleared = (sum(run.figure(key, name.format(kind)) or 0.0 for kind in kinds) for name in names)
    return offered, cleared
