"""Intervals over days, and measures of how equally a good is shared.

The interval of every headline number is a paired day-block bootstrap. One local day is one block, because prices,
loads and states of charge within a day hang together. All strategies saw the same days, so one draw of days is used
for all of them at once: what they share (a hot day, a price spike) cancels in their differences. The interval says
how far the period's number would move if its days had come in another mix. It does not cover what one month cannot
show: another season, another fleet, other forecasts, or a wrong model. Days are taken as exchangeable; the lag-1
autocorrelation stands beside each difference, so that a reader sees where that is doubtful.

References
----------
[1] B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 (percentile interval).
[2] E. Raffinetti, E. Siletti, A. Vernizzi, On the Gini coefficient normalization when attributes with negative
    values are considered, Statistical Methods & Applications 24, 2015.
[3] R. Jain, D. Chiu, W. Hawe, A quantitative measure of fairness and discrimination, DEC-TR-301, 1984.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 10_000
LEVEL = 0.95
FEW_DAYS = 10
"""Below so many days intervals are too narrow: of those of a normal mean 50 % hold it with 2 days, 75 % with 3, 86 %
with 5, 91 % with 10 and 94 % with 31."""
FEWEST_TO_DOMINATE = 3
"""Of two terms the larger always makes half of a sum."""
_SEED = 20_230_801


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval; `low` and `high` are None where one day gives none."""

    estimate: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.estimate:,.2f}"
        return f"{self.estimate:,.2f} [{self.low:,.2f}, {self.high:,.2f}]"

    @property
    def sign(self) -> int:
        """1 or −1 where the whole interval is on one side of 0; 0 where it holds 0 or there is none."""
        if self.low is None or self.high is None:
            return 0
        return int(self.low > 0) - int(self.high < 0)

    def __neg__(self) -> Interval:
        if self.low is None or self.high is None:
            return Interval(-self.estimate, None, None)
        return Interval(-self.estimate, -self.high, -self.low)


def resampled_sums(daily: Floats, resamples: int = RESAMPLES) -> Floats | None:
    """Sums over days drawn with replacement.

    All K columns share each draw of days, and every call with the same D shares them too: that is the pairing.

    Parameters
    ----------
    daily : array of float
        Daily values, shape (D, K).
    resamples : int, optional
        How often days are drawn.

    Returns
    -------
    array of float or None
        Sums, shape (resamples, K); None with fewer than two days, from which nothing can be said about other days.
    """
    if len(daily) < 2:
        return None
    # einsum instead of a BLAS product: the same bits whatever number of threads BLAS has
    return np.einsum("rd,dk->rk", draws_of_days(len(daily), resamples), np.asarray(daily, dtype=np.float64))


@lru_cache(maxsize=4)
def draws_of_days(days: int, resamples: int) -> Floats:
    """How often each day is drawn: always the same for the same number of days.

    Parameters
    ----------
    days : int
        D, how many days there are.
    resamples : int
        How often D of them are drawn.

    Returns
    -------
    array of float
        Counts, shape (resamples, D).
    """
    rng = np.random.Generator(np.random.Philox(_SEED))
    counts = rng.multinomial(days, np.full(days, 1 / days), size=resamples).astype(np.float64)
    counts.flags.writeable = False
    return counts


def interval_of(estimate: float, resampled: Floats | None, level: float = LEVEL) -> Interval:
    """Percentile interval [1] of resampled values.

    Parameters
    ----------
    estimate : float
        The value itself.
    resampled : array of float or None
        Its resamples, shape (resamples,); None where there are none.
    level : float, optional
        Share of resamples within the interval, 0 to 1.

    Returns
    -------
    Interval
        The estimate and its ends, which are None without resamples.
    """
    if resampled is None:
        return Interval(estimate, None, None)
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(estimate, float(low), float(high))


def sum_interval(daily: Floats, level: float = LEVEL) -> Interval:
    """The sum over days with its interval.

    Parameters
    ----------
    daily : array of float
        Daily values, shape (D,).
    level : float, optional
        Share of resamples within the interval, 0 to 1.

    Returns
    -------
    Interval
        In the unit of `daily`.
    """
    sums = resampled_sums(np.asarray(daily)[:, None])
    return interval_of(float(np.sum(daily)), None if sums is None else sums[:, 0], level)


def ratio_interval(numerator: Floats, denominator: Floats, least: float = 0.0) -> Interval | None:
    """The ratio of two sums over the same days with its interval.

    Resamples whose denominator is not above 0 have no ratio and make the interval unbounded: then there is none.

    Parameters
    ----------
    numerator, denominator : array of float
        Daily values, shape (D,).
    least : float, default 0
        What the denominator's sum has to be above.

    Returns
    -------
    Interval or None
        None where the denominator's sum is not above `least`.
    """
    if not np.sum(denominator) > least:
        return None
    estimate = float(np.sum(numerator) / np.sum(denominator))
    sums = resampled_sums(np.column_stack([numerator, denominator]))
    if sums is None or (sums[:, 1] <= 0).any():
        return Interval(estimate, None, None)
    return interval_of(estimate, sums[:, 0] / sums[:, 1])


def largest_share(values: Floats) -> float | None:
    """Share of a sum that its largest term makes, of the sum's sign.

    Parameters
    ----------
    values : array of float
        Terms, shape (n,).

    Returns
    -------
    float or None
        Above 1 where the others take some of it back; None where the sum is nothing.
    """
    total = float(np.sum(values))
    return None if abs(total) < 1e-9 else float(np.max(np.sign(total) * np.asarray(values))) / abs(total)


def dominates(values: Floats) -> bool:
    """Whether one of several terms makes more than half of their sum.

    Then the sum says something about that one, not about all.

    Parameters
    ----------
    values : array of float
        Terms, shape (n,).

    Returns
    -------
    bool
        False with fewer than `FEWEST_TO_DOMINATE` terms.
    """
    share = largest_share(values)
    return len(values) >= FEWEST_TO_DOMINATE and share is not None and share > 0.5


def autocorrelation(daily: Floats) -> float | None:
    """Lag-1 autocorrelation of daily values.

    Parameters
    ----------
    daily : array of float
        Values, shape (D,).

    Returns
    -------
    float or None
        −1 to 1; None with fewer than four days or no variation.
    """
    centred = np.asarray(daily) - np.mean(daily)
    variation = float(centred @ centred)
    if len(centred) < 4 or variation <= 1e-12:
        return None
    return float(centred[1:] @ centred[:-1]) / variation


def gini(values: Floats) -> float | None:
    """Gini coefficient, normalised by the mean absolute value [2].

    Equals the usual one where no value is negative.

    Parameters
    ----------
    values : array of float
        What each has, shape (n,).

    Returns
    -------
    float or None
        0 to 1, also where some lose; None where nobody has anything, and for one alone.
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    n = len(x)
    if n < 2 or np.abs(x).sum() == 0:
        return None
    return float((2 * np.arange(1, n + 1) - n - 1) @ x / (n * np.abs(x).sum()))


def jain(values: Floats) -> float | None:
    """Jain's index of fairness [3]: (Σx)² / (n Σx²).

    Parameters
    ----------
    values : array of float
        What each has, shape (n,).

    Returns
    -------
    float or None
        1 where all are equal, 1/n where one has all; None where none has any, and for one alone.
    """
    x = np.asarray(values, dtype=np.float64)
    squares = float(x @ x)
    return None if len(x) < 2 or squares == 0 else float(x.sum() ** 2 / (len(x) * squares))
