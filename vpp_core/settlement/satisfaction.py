"""The one satisfaction scorer: component formulas, and their mean, for every strategy and for a coalition's plan.

Each component is 0–1 and NaN where it does not apply to the household that day. Fed only with what happened.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_core.fleet.fleet import Floats

COMPONENTS = ("backup", "discharge", "ev_ready", "compensation", "autonomy", "bill")


def backup_score(stored_kwh: Any, backup_kwh: Any) -> Any:
    """min(1, stored / reserve) of one interval; NaN without a reserve."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(backup_kwh > 0, np.minimum(1.0, np.divide(stored_kwh, backup_kwh)), np.nan)


def discharge_score(taken_kwh: Any, limit_kwh: Any) -> Any:
    """1 up to the daily limit, falling to 0 at twice the limit; NaN without a battery."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(limit_kwh > 0, np.clip(2.0 - np.divide(taken_kwh, limit_kwh), 0.0, 1.0), np.nan)


def ev_ready_score(energy_kwh: Any, asked_kwh: Any) -> Any:
    """Energy at departure over what was asked, at most 1; NaN where nothing was asked."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(asked_kwh > 0, np.clip(np.divide(energy_kwh, asked_kwh), 0.0, 1.0), np.nan)


def compensation_score(paid_usd_per_kwh: Any, minimum_usd_per_kwh: Any, ask_usd_per_kwh: Any) -> Any:
    """0 at nothing, 0.5 at the minimum, 1 at the opening ask, linear in between; NaN where nothing was owed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.where(minimum_usd_per_kwh > 0, 0.5 * np.divide(paid_usd_per_kwh, minimum_usd_per_kwh), 0.5)
        room = ask_usd_per_kwh - minimum_usd_per_kwh
        above = 0.5 + 0.5 * np.where(room > 0, np.divide(paid_usd_per_kwh - minimum_usd_per_kwh, room), 1.0)
    scored = np.clip(np.where(paid_usd_per_kwh < minimum_usd_per_kwh, below, above), 0.0, 1.0)
    # An ask that equals the minimum leaves no room to interpolate in, and with it no NaN to pass on.
    return np.where(np.isnan(paid_usd_per_kwh), np.nan, scored)


def autonomy_score(beyond_kwh: Any, offered_kwh: Any) -> Any:
    """1 − energy moved beyond what was offered, over what was offered; 0 where nothing was offered and some moved."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(offered_kwh > 0, np.divide(beyond_kwh, offered_kwh), np.where(beyond_kwh > 0, 1.0, 0.0))
    return np.clip(1.0 - ratio, 0.0, 1.0)


def bill_score(gain_usd: Any, scale_usd: Any) -> Any:
    """1 where the household is not worse off, falling linearly to 0 at a loss of `scale_usd` (a day's usual bill)."""
    return np.clip(1.0 + np.minimum(gain_usd, 0.0) / np.maximum(scale_usd, 0.01), 0.0, 1.0)


def satisfaction(components: dict[str, Floats], weights: dict[str, Floats] | None = None) -> Floats:
    """Weighted mean of the components that apply (equal weights by default); NaN where none does."""
    stacked = np.stack([components[name] for name in COMPONENTS])
    weight = np.ones_like(stacked) if weights is None else np.stack([weights[name] for name in COMPONENTS])
    weight = np.where(np.isnan(stacked), 0.0, weight)
    total = weight.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean: Floats = np.where(total > 0, (np.nan_to_num(stacked) * weight).sum(axis=0) / total, np.nan)
    return mean
