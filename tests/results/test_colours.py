"""Colours that stand side by side in one plot are told apart by colour-blind readers too."""

from itertools import combinations

import numpy as np
import pytest

from vpp_core.results.figures import base, days
from vpp_core.results.figures.base import colour
from vpp_core.results.figures.money import _PARTS, _SOURCE_COLOURS
from vpp_core.strategies.registry import STRATEGIES

SEEN = {
    "by all": np.eye(3),
    "without red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "without green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "without blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""Linear RGB as it is seen (Machado, Oliveira & Fernandes 2009, severity 1)."""


def lab(rgb):
    """CIE L*a*b* (D65) of linear RGB."""
    to_xyz = np.array([[0.41246, 0.35758, 0.18044], [0.21267, 0.71515, 0.07218], [0.01933, 0.11919, 0.9503]])
    x, y, z = np.cbrt(to_xyz @ np.clip(rgb, 1e-4, 1) / [0.95047, 1.0, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one, other, seen):
    """ΔE (CIE76) between two tints."""
    bytes_ = [np.array([int(tint[i : i + 2], 16) / 255 for i in (1, 3, 5)]) for tint in (one, other)]
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in bytes_]
    return float(np.linalg.norm(np.subtract(*(lab(np.asarray(SEEN[seen]) @ rgb) for rgb in linear))))


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize(
    "tints",
    [
        [colour(key) for key in STRATEGIES],
        [tint for *_, tint in _PARTS],
        list(_SOURCE_COLOURS),
        [base.PRICE, base.NEUTRAL, base.AWARD, base.SOLAR, *base.DEVICE_COLOUR.values()],
        [base.PRICE, base.RESERVE, base.NEUTRAL, base.AWARD, base.SOLAR],
        [base.RESERVE, base.NONSPIN, base.CALLED],
        [base.PRICE, base.MOVED_OUT, base.MOVED_IN, base.AWARD, base.NEUTRAL],
        [base.MOVED_OUT, base.MOVED_IN, base.PRICE, base.FORECAST],
        [tint for _, tint in days._DIVERGING],
    ],
    ids=[
        "strategies",
        "kinds of money",
        "sources",
        "a home",
        "a home with a heater",
        "reserve",
        "the fleet",
        "a day",
        "loss to gain",
    ],
)
def test_tints_of_one_plot_are_told_apart(tints, seen):
    least = 15 if seen == "without blue" else 20  # a tenth of a per mille of readers see no blue
    assert min(distance(one, other, seen) for one, other in combinations(tints, 2)) >= least


def test_a_tint_means_one_thing_and_no_thing_has_a_strategy_s():
    things = ("SOLAR", "RESERVE", "NONSPIN", "CALLED", "PROGRAMME", "KEPT", "BILL", "WEAR")
    things += ("PENALTY", "PRICE", "FORECAST", "AWARD", "MOVED_OUT", "MOVED_IN", "GAINED", "LOST", "NEUTRAL")
    tints = (
        [colour(key) for key in STRATEGIES] + [*base.DEVICE_COLOUR.values()] + [getattr(base, name) for name in things]
    )
    assert min(distance(one, other, "by all") for one, other in combinations(tints, 2)) >= 8
