"""Who is overdue at a gate counts by how often such stores have come."""

import numpy as np

from vpp_core.dispatch.arrivals import PRIOR_CHANCE, Arrivals

HERE, DUE, OVERDUE, GONE = range(4)
CONNECTED = np.array([True, False, False, False])
EXPECTED = np.array([True, True, True, False])
USUALLY = np.array([True, False, True, False])


def test_only_the_overdue_count_less_and_what_came_is_learned() -> None:
    arrivals = Arrivals()
    assert arrivals.surely(7, CONNECTED, EXPECTED, USUALLY).tolist() == [1.0, 1.0, PRIOR_CHANCE, 1.0]
    arrivals.see(6, np.ones(4, dtype=bool))
    assert arrivals.chance == PRIOR_CHANCE, "nobody was awaited then"
    for interval in range(7, 107):
        arrivals.surely(interval, CONNECTED, EXPECTED, USUALLY)
        arrivals.see(interval, np.array([True, True, interval % 2 == 0, False]))
    assert 0.45 < arrivals.chance < 0.5
