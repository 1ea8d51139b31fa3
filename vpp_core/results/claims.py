"""A predecessor's headline claims, put to the test with this run's numbers.

A claim about a quantity that this run measures is judged by the interval: it holds where the whole interval meets
it, does not where the whole interval misses it, and is undecided in between, or where the interval has no ends. A
claim whose definition we reject, or which this run cannot measure, is not comparable, and the reason says why.
Wall-clock times are never part of a result (the same inputs must make the same bytes), so claims about time point to
the run log and the benchmarks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.results.rungs import COMMANDED, NEGOTIATED, UNHEEDING
from vpp_core.results.statistics import Interval, ratio_interval, sum_interval
from vpp_core.tables import CLAIMS
from vpp_core.tables.outcome import A_CENT

_RUN_LOG = "wall-clock time is kept outside results, which must be the same bytes each time; run_log.jsonl has it, as "


@dataclass(frozen=True)
class Claim:
    """A claim, how it is measured (None: this run cannot), what would meet it, and why it is or is not comparable."""

    key: str
    statement: str
    claimed: str
    unit: str
    measure: Callable[[pd.DataFrame, pd.DataFrame], Interval | None] | None
    meets: Callable[[float], bool]
    because: str
    comparable: bool = True
    has_interval: bool = True
    """whether days make an interval of it, where there are several"""


def _daily(daily: pd.DataFrame, strategy: str, column: str) -> np.ndarray | None:
    rows = daily[daily["strategy"] == strategy].sort_values("local_day")
    values = rows[column].to_numpy(dtype=float)
    return None if len(values) == 0 or np.isnan(values).all() else values


def _mean(column: str, strategy: str) -> Callable[[pd.DataFrame, pd.DataFrame], Interval | None]:
    def measure(kpis: pd.DataFrame, daily: pd.DataFrame) -> Interval | None:
        values = _daily(daily, strategy, column)
        return None if values is None else sum_interval(values / len(values))

    return measure


def _total(column: str, strategy: str) -> Callable[[pd.DataFrame, pd.DataFrame], Interval | None]:
    def measure(kpis: pd.DataFrame, daily: pd.DataFrame) -> Interval | None:
        values = _daily(daily, strategy, column)
        return None if values is None else sum_interval(values)

    return measure


def _ratio(
    upper: tuple[str, str], lower: tuple[str, str], shape: Callable[[float], float]
) -> Callable[[pd.DataFrame, pd.DataFrame], Interval | None]:
    """Ratio of two daily columns, each given as (strategy, column), passed through an increasing `shape`."""

    def measure(kpis: pd.DataFrame, daily: pd.DataFrame) -> Interval | None:
        over, under = _daily(daily, *upper), _daily(daily, *lower)
        if over is None or under is None:
            return None
        ratio = ratio_interval(over, under, A_CENT if lower[1].endswith("_usd") else 0.0)
        if ratio is None:
            return None
        ends = [None if end is None else shape(end) for end in (ratio.low, ratio.high)]
        return Interval(shape(ratio.estimate), *ends)

    return measure


def _figure(column: str, strategy: str) -> Callable[[pd.DataFrame, pd.DataFrame], Interval | None]:
    """A monthly figure without an interval (a median, a quantile)."""

    def measure(kpis: pd.DataFrame, daily: pd.DataFrame) -> Interval | None:
        values = kpis.loc[kpis["strategy"] == strategy, column].dropna()
        return None if values.empty else Interval(float(values.iloc[0]), None, None)

    return measure


def _of_perfect(kpis: pd.DataFrame, daily: pd.DataFrame) -> Interval | None:
    """Negotiation's share of the proven bound, as the key figures have it."""
    names = ["percent_of_perfect", "percent_of_perfect_low", "percent_of_perfect_high"]
    rows = kpis.loc[kpis["strategy"] == NEGOTIATED, names].astype(float)
    if rows.empty or rows.iloc[0].isna().iloc[0]:
        return None
    estimate, *ends = rows.iloc[0].tolist()
    return Interval(estimate, *(None if np.isnan(end) else end for end in ends))


KNOWN_CLAIMS = (
    Claim(
        "satisfaction_over_centralized",
        "negotiation raises satisfaction by 33.3 % over centralized control",
        "+33.3 %",
        "%",
        _ratio((NEGOTIATED, "satisfaction_mean"), (UNHEEDING, "satisfaction_mean"), lambda r: 100 * (r - 1)),
        lambda value: value >= 33.3,
        "one scorer, fed only with what happened, for both; its scale ends at 1, so what centralized control leaves up "
        "to there is all that can be gained; the claim set the scores by formula",
    ),
    Claim(
        "satisfaction_negotiated",
        "negotiated satisfaction is 0.7–0.9",
        "0.7–0.9",
        "of 1",
        _mean("satisfaction_mean", NEGOTIATED),
        lambda value: 0.7 <= value <= 0.9,
        "weighted mean of components that happened, over households and days",
    ),
    Claim(
        "satisfaction_centralized",
        "centralized satisfaction is 0",
        "0",
        "of 1",
        _mean("satisfaction_mean", UNHEEDING),
        lambda value: value == 0,
        "the claim fixed the score at 0 by definition, which we reject; the same scorer gives what is shown here",
        comparable=False,
    ),
    Claim(
        "profit_of_optimum",
        "negotiated profit is within 15 % of the optimum",
        "≥ 85 %",
        "%",
        _of_perfect,
        lambda value: value >= 85,
        "surplus over the most that perfect foresight could have made, a true upper bound that nobody can reach; the "
        "claim took cost as 70 % of revenue",
    ),
    Claim(
        "profit_of_centralized",
        "negotiated profit is within 15 % of the centralized result, which the claim took as the optimum",
        "≥ 85 %",
        "%",
        _ratio((NEGOTIATED, "surplus_usd"), (UNHEEDING, "surplus_usd"), lambda r: 100 * r),
        lambda value: value >= 85,
        "surplus over that of centralized, which ignores preferences",
    ),
    Claim(
        "profit_of_same_knowledge",
        "negotiated profit is within 15 % of an optimiser that knows and obeys the same",
        "≥ 85 %",
        "%",
        _ratio((NEGOTIATED, "surplus_usd"), (COMMANDED, "surplus_usd"), lambda r: 100 * r),
        lambda value: value >= 85,
        "surplus over that of centralized_aware: the fairest reading of the claim",
    ),
    Claim(
        "violations_centralized",
        "centralized control breaks 20–50 preferences in a simulation",
        "20–50",
        "(household, window, kind)",
        _total("violations", UNHEEDING),
        lambda value: 20 <= value <= 50,
        "every breached (household, window, kind) is counted; the claim does not say over how many homes and days, and "
        "a count grows with both",
        comparable=False,
    ),
    Claim(
        "violations_negotiated",
        "negotiation violates no constraint",
        "0",
        "(household, window, kind)",
        _total("violations", NEGOTIATED),
        lambda value: value == 0,
        "preferences counted from what happened; device limits hold by construction and are tested",
    ),
    Claim(
        "bids_successful",
        "more than 80 % of bids are successful",
        "> 80 %",
        "%",
        _ratio((NEGOTIATED, "bids_cleared"), (NEGOTIATED, "bids_submitted"), lambda r: 100 * r),
        lambda value: value > 80,
        "a bid counts where some part of its curve met the realised price; the claim cleared bids by chance",
    ),
    Claim(
        "coalitions_formed",
        "99.2 % of negotiations form a coalition",
        "99.2 %",
        "%",
        _ratio((NEGOTIATED, "coalitions"), (NEGOTIATED, "negotiations"), lambda r: 100 * r),
        lambda value: value >= 99.2,
        "windows in which a bid was agreed, over windows in which something was negotiated",
    ),
    Claim(
        "coalition_size",
        "a coalition has 3–10 members",
        "3–10",
        "households (median)",
        _figure("coalition_size_median", NEGOTIATED),
        lambda value: 3 <= value <= 10,
        "households that a bid may call on; the fleet bids as one, so nobody is left out to keep a coalition small",
        has_interval=False,
    ),
    Claim(
        "negotiation_time",
        "a negotiation takes less than 45 s",
        "< 45 s",
        "s",
        None,
        lambda value: value < 45,
        _RUN_LOG + "seconds_negotiated_decide for all windows of the month",
    ),
    Claim(
        "centralized_step_time",
        "a centralized step takes less than 1 s, 0.5 s on average",
        "0.5 s",
        "s",
        None,
        lambda value: value <= 0.5,
        _RUN_LOG + "seconds_centralized_decide for all windows of the month",
    ),
    Claim(
        "month_time",
        "200 homes × 744 h in less than 2 h",
        "< 2 h",
        "h",
        None,
        lambda value: value < 2,
        _RUN_LOG + "seconds of every stage",
    ),
    Claim(
        "week_time",
        "20 homes × 7 days in 3–5 min",
        "3–5 min",
        "min",
        None,
        lambda value: value <= 5,
        _RUN_LOG + "seconds of every stage, for 20 homes and --first-days 7",
    ),
    Claim(
        "fleet_generation",
        "a fleet of 1,000 homes is made in 5 s at 2 KB a home",
        "5 s, 2 KB",
        "s",
        None,
        lambda value: value <= 5,
        "measured by the benchmarks in tests/benchmarks, not by a month's run",
    ),
    Claim(
        "household_text",
        "90 % of household descriptions are parsed right",
        "90 %",
        "%",
        None,
        lambda value: value >= 90,
        "no description is parsed in a month's run; the parsers are scored against labelled sentences in the tests",
    ),
)


def claims(kpis: pd.DataFrame, daily: pd.DataFrame) -> pd.DataFrame:
    """Every known claim with what this month measures, its interval and a verdict: columns of `CLAIMS`.

    `kpis` and `daily` are `KPI_MONTHLY` and `KPI_DAILY` of one month and scenario. With a single day there is no
    interval, and the verdict is that of the one number, which `because` then says.
    """
    rows = []
    days = daily["local_day"].nunique()
    for claim in KNOWN_CLAIMS:
        measured = claim.measure(kpis, daily) if claim.measure else None
        verdict, because = _verdict(claim, measured, days)
        rows.append(
            {
                "month": kpis["month"].iloc[0],
                "scenario": kpis["scenario"].iloc[0],
                "claim": claim.key,
                "statement": claim.statement,
                "claimed": claim.claimed,
                "measured": measured.estimate if measured else None,
                "low": measured.low if measured else None,
                "high": measured.high if measured else None,
                "unit": claim.unit,
                "verdict": verdict,
                "because": because,
            }
        )
    return CLAIMS.arrow(pd.DataFrame(rows)).to_pandas()


def _verdict(claim: Claim, measured: Interval | None, days: int) -> tuple[str, str]:
    if claim.measure is None or not claim.comparable:
        return "not comparable", claim.because
    if measured is None:
        return "not comparable", "this run has nothing to measure it by; " + claim.because
    if measured.low is None or measured.high is None:
        if claim.has_interval and days > 1:
            return "undecided", claim.because + " (in some mixes of these days there is nothing to divide by)"
        verdict = "holds" if claim.meets(measured.estimate) else "does not hold"
        return verdict, claim.because + " (a single number: no interval)"
    met = [claim.meets(value) for value in (measured.low, measured.estimate, measured.high)]
    if all(met):
        return "holds", claim.because
    if not any(met) and not _straddles(claim, measured):
        return "does not hold", claim.because
    return "undecided", claim.because + " (the interval holds both answers)"


def _straddles(claim: Claim, measured: Interval) -> bool:
    """Whether a claimed range lies inside the interval, so that both ends miss it on opposite sides."""
    assert measured.low is not None and measured.high is not None
    return any(claim.meets(float(value)) for value in np.linspace(measured.low, measured.high, 201))
